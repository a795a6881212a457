"""Points of two classes in the plane, made by our own formulas: the smallest tasks for a network."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor


def make_points(
    name: str, n: int = 300, noise: float = 0.06
) -> tuple[Float[Tensor, "B 2"], Int[Tensor, " B"]]:
    """Return `n` points, shape (B, 2), within about -1.5 to 1.5, and the class of each, 0 or 1, in turns.

    `name` is one of SHAPES; `noise` is the standard deviation of what is added to every coordinate. They are drawn
    from torch's own random numbers. Raises ValueError for another name.
    """
    if name not in SHAPES:
        raise ValueError(f"name is {name!r}, expected one of {sorted(SHAPES)}")
    labels = torch.arange(n) % 2  # (B,)
    along = torch.rand(n)
    points = SHAPES[name](along, torch.rand(n), labels)
    return points + noise * torch.randn(n, 2), labels


def _spirals(along: Tensor, across: Tensor, labels: Tensor) -> Tensor:
    # One and a quarter turns; the root spreads the points evenly along the arm.
    distance = along.sqrt()
    angle = 2.5 * math.pi * distance + math.pi * labels
    return 1.3 * (0.08 + distance)[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)


def _moons(along: Tensor, across: Tensor, labels: Tensor) -> Tensor:
    angle = math.pi * along + math.pi * labels
    return torch.stack(
        [0.8 * angle.cos() + 0.8 * labels - 0.4, 0.8 * angle.sin() + 0.4 * labels - 0.2], dim=1
    )


def _rings(along: Tensor, across: Tensor, labels: Tensor) -> Tensor:
    angle, distance = 2 * math.pi * along, 0.45 + 0.75 * labels
    return distance[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)


def _corners(along: Tensor, across: Tensor, labels: Tensor) -> Tensor:
    # Class 0: both coordinates of the same sign. Class 1: of different signs.
    right = torch.where(across < 0.5, -1.0, 1.0)
    up = torch.where(labels == 0, right, -right)
    inside = torch.stack([0.3 + 0.8 * along, 0.3 + 0.8 * (2 * across).frac()], dim=1)
    return inside * torch.stack([right, up], dim=1)


SHAPES = {"spirals": _spirals, "moons": _moons, "rings": _rings, "XOR": _corners}
