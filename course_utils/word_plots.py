"""Pictures of words as vectors: arrays in, Axes out, like course_utils.plotting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from course_utils.runtime import FAINT, INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def flatten(vectors: np.ndarray | Tensor, axes: tuple[int, int] = (0, 1)) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors (n, D) as places in the plane (n, 2), and the share of their variance along both axes (2,).

    The axes are principal components, numbered from 0: the directions in which the vectors spread most, then second
    most, and so on. Raises ValueError if there are not as many directions.
    """
    vectors = np.asarray(vectors.detach().cpu() if isinstance(vectors, Tensor) else vectors, dtype=float)
    if not all(0 <= axis < min(vectors.shape) for axis in axes):
        raise ValueError(f"axes is {axes}, expected two numbers from 0 to {min(vectors.shape) - 1}")
    U, S, _ = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)
    return (U * S)[:, list(axes)], (S**2 / max((S**2).sum(), 1e-12))[list(axes)]


def draw_words(
    ax: Axes,
    places: np.ndarray | Tensor,
    words: Sequence[str],
    arrows: Sequence[tuple[int, int]] = (),
    size: float = 9,
) -> Axes:
    """Draw words at their places, shape (n, 2), with an arrow from the first to the second of each pair in `arrows`.

    A word in an arrow is written on the side that the arrow does not cover; starts are blue and ends vermilion.
    """
    from matplotlib.patheffects import withStroke

    places = np.asarray(places)
    color, side = dict.fromkeys(range(len(words)), INK), dict.fromkeys(range(len(words)), 1)
    for start, end in arrows:
        ax.annotate(
            "",
            places[end],
            places[start],
            arrowprops={"arrowstyle": "->", "color": FAINT, "linewidth": 1.2, "shrinkA": 3, "shrinkB": 3},
        )
        color |= {start: PALETTE["blue"], end: PALETTE["vermilion"]}
        to_the_right = 1 if places[end, 0] >= places[start, 0] else -1
        side |= {start: -to_the_right, end: to_the_right}
    heights = _apart(places, side)
    for i, word in enumerate(words):
        ax.plot(*places[i], "o", color=color[i], markersize=4, zorder=6)
        spot, align = (places[i, 0], heights[i]), "left" if side[i] > 0 else "right"
        ax.annotate(
            word,
            spot,
            (5 * side[i], 0),
            textcoords="offset points",
            ha=align,
            va="center",
            color=color[i],
            fontsize=size,
            zorder=5,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],  # legible on arrows and dots, too
        )
    ax.margins(0.25, 0.08)
    ax.set(xlabel="first direction", ylabel="second direction")
    return ax


def _apart(places: np.ndarray, side: dict[int, int]) -> np.ndarray:
    """Return a height for each word: off the dots of others, and raised where it would cover a label below it."""
    heights, (width, height) = places[:, 1].copy(), np.ptp(places, axis=0)
    for i, (x, y) in enumerate(places):
        ahead = side[i] * (places[:, 0] - x)  # how far each dot lies on the label's side
        for dot in places[(0.02 * width < ahead) & (ahead < 0.16 * width), 1]:
            if abs(y - dot) < 0.03 * height:
                heights[i] = dot + (0.03 if y > dot else -0.03) * height
    for i in np.argsort(heights):
        for j in np.argsort(heights):
            near = side[int(i)] == side[int(j)] and abs(places[i, 0] - places[j, 0]) < 0.25 * width
            below = heights[j] <= heights[i] and (places[j, 1], j) < (places[i, 1], i)
            if near and below and heights[i] - heights[j] < 0.045 * height:
                heights[i] = heights[j] + 0.045 * height
    return heights


def draw_shares(ax: Axes, shares: dict[str, Sequence[float]], labels: Sequence[str]) -> Axes:
    """Draw shares from 0 to 1 as horizontal bars: a group for each name, and in it a bar for each of the labels."""
    names, height = list(shares), 0.8 / len(labels)
    for k, (label, color) in enumerate(zip(labels, ("blue", "orange", "green"))):
        spots = [i + height * (k - (len(labels) - 1) / 2) for i in range(len(names))]
        ax.barh(spots, [shares[name][k] for name in names], height, label=label, color=PALETTE[color])
    ax.set(yticks=range(len(names)), yticklabels=names, xlim=(0, 1), xlabel="share")
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.legend(loc="lower right", fontsize=9)
    return ax
