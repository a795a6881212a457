"""Checks for the exercises: one module a lesson, all built on `framework`."""
