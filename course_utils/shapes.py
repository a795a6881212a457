"""Names for the sizes of tensors, and one check that speaks in those names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

LEGEND = {
    "B": "batch: examples handled together",
    "T": "own length: positions of the query or target sequence",
    "S": "source length: positions of the key or source sequence",
    "V": "vocabulary: different tokens",
    "D": "model width: numbers per token",
    "H": "heads",
    "K": "head size: numbers per head",
    "F": "feed-forward width",
    "N": "negatives: wrong answers drawn per right one",
    "L": "layers",
    "P": "parameters: numbers that training adjusts",
}


@runtime_checkable
class Shaped(Protocol):
    """Anything with a shape: a torch tensor or a numpy array."""

    @property
    def shape(self) -> Sequence[int]: ...


def check_shape(name: str, tensor: Shaped, axes: str, **sizes: int) -> dict[str, int]:
    """Check a tensor's shape against axis names such as "B T D" and return the size of every name.

    `axes` holds one entry per axis, separated by spaces: a name, or a plain number for a fixed size. A name that
    occurs twice must have the same size both times; `sizes` fixes names beforehand. Raises ValueError that says
    which axis disagrees.
    """
    shape, wanted, found = tuple(tensor.shape), axes.split(), dict(sizes)
    if len(shape) != len(wanted):
        raise ValueError(
            f"{name} has shape {shape}: {_count(len(shape))}, expected {_count(len(wanted))} ({axes})"
        )
    for axis, (size, label) in enumerate(zip(shape, wanted, strict=True)):
        expected = int(label) if label.isdecimal() else found.setdefault(label, size)
        if size != expected:
            rule = "" if label.isdecimal() else f", but {_named(label)} is {expected}"
            raise ValueError(f"{name} has shape {shape}, expected ({axes}): axis {axis} is {size}{rule}")
    return found


def check_dtype(name: str, tensor: Any, dtype: Any, reason: str) -> None:
    """Raise TypeError, with the reason for the demand, unless the tensor's numbers are of the given type."""
    if tensor.dtype != dtype:
        raise TypeError(f"{name} has dtype {tensor.dtype}, expected {dtype}: {reason}")


def check_at_least_one(**values: int) -> None:
    """Raise ValueError, with its name, for the first of the values that is below 1."""
    for name, value in values.items():
        if value < 1:
            raise ValueError(f"{name} is {value}, expected at least 1")


def _named(label: str) -> str:
    return f"{label} ({LEGEND[label]})" if label in LEGEND else label


def _count(axes: int) -> str:
    return "1 axis" if axes == 1 else f"{axes} axes"
