"""Typical wrong answers, one module a lesson: for each exercise pairs of a learner's code and the hint it gets."""
