"""The shared package of "From Gradient Descent to GPT": each lesson builds a part, later lessons import it."""

__version__ = "0.1.0"
