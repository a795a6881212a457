"""Pictures: arrays in, Axes out. Nothing here computes what a lesson teaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.runtime import FAINT, INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_losses(
    losses: Sequence[float],
    ax: Axes | None = None,
    valid: tuple[Sequence[int], Sequence[float]] | None = None,
    baseline: dict[str, float] | None = None,
    label: str = "training",
) -> Axes:
    """Draw losses over steps with their running mean, validation points, and a named horizontal line per baseline.

    Every single loss is drawn faintly, and the mean of the last twentieth of the run, so far, boldly.
    """
    ax = _axes(ax)
    steps, losses = np.arange(1, len(losses) + 1), np.asarray(losses, dtype=float)
    window = max(1, len(losses) // 20)
    sums = np.cumsum(np.concatenate([[0.0], losses]))
    begin = np.maximum(steps - window, 0)
    (line,) = ax.plot(steps, (sums[steps] - sums[begin]) / (steps - begin), label=label)
    ax.plot(steps, losses, color=line.get_color(), alpha=0.25, linewidth=1, zorder=1)
    if valid is not None:
        ax.plot(*valid, "o", color=line.get_color(), markeredgecolor="white", label=f"{label}, held-out data")
    for name, value in (baseline or {}).items():
        ax.axhline(value, color=FAINT, linestyle="--", linewidth=1.5, zorder=1)
        ax.annotate(
            name, (1, value), (-2, 3), ("axes fraction", "data"), "offset points", ha="right", color=INK
        )
    ax.set(xlabel="step", ylabel="loss")
    ax.legend()
    return ax


def draw_levels(ax: Axes, x: np.ndarray, y: np.ndarray, heights: np.ndarray) -> Axes:
    """Draw a loss over two parameters as a map, pale where it is low; all three arrays have the same two axes.

    The levels are spaced evenly in the square root of the loss, so that a bowl gets evenly spaced rings.
    """
    from matplotlib.colors import PowerNorm

    x, y, heights = np.asarray(x), np.asarray(y), np.asarray(heights)
    levels = heights.min() + np.linspace(0, np.sqrt(np.ptp(heights)), 21) ** 2
    ax.contourf(x, y, heights, levels=levels, cmap="Blues", alpha=0.8, norm=PowerNorm(0.5))
    ax.contour(x, y, heights, levels=levels[1:-1:2], colors="white", linewidths=0.8)
    ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
    ax.grid(False)
    return ax


def draw_descent(ax: Axes, path: np.ndarray, color: str = PALETTE["vermilion"]) -> Axes:
    """Draw a path of descent, shape (steps + 1, 2), on a map drawn before: black dot at the start, star at the end.

    A path that leaves the map is drawn to its first step outside, without the star.
    """
    ranges = np.array([ax.get_xlim(), ax.get_ylim()])
    path = np.asarray(path)
    seen = _until_it_leaves(path, ranges)
    ax.plot(
        *seen.T, "o-", color=color, markersize=4, linewidth=1.5, markeredgecolor="white", markeredgewidth=0.4
    )
    ax.plot(*seen[0], "o", color=INK, markersize=8, markeredgecolor="white")
    if len(seen) == len(path):
        ax.plot(*seen[-1], "*", color=INK, markersize=13, markeredgecolor="white")
    ax.set(xlim=ranges[0], ylim=ranges[1])
    return ax


def _until_it_leaves(path: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    """Cut a path, shape (steps + 1, 2), after its first point outside the ranges, and pull that point near the edge."""
    low, high = ranges[:, 0], ranges[:, 1]
    outside = ~((path >= low) & (path <= high)).all(axis=1)
    end = int(outside.argmax()) + 1 if outside.any() else len(path)
    return np.clip(np.nan_to_num(path[:end]), low - 3 * (high - low), high + 3 * (high - low))


def _axes(ax: Any) -> Any:
    from matplotlib import pyplot

    return pyplot.subplots()[1] if ax is None else ax
