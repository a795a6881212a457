"""The shared package of the course "From Gradient Descent to GPT": each lesson builds a part of it, later lessons import it."""

__version__ = "0.1.0"
