"""Pictures of attention: arrays in, Axes out, like course_utils.plotting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from course_utils.runtime import INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_alignment(
    ax: Axes,
    weights: np.ndarray | Tensor,
    source: Sequence[str],
    target: Sequence[str],
    gold: Iterable[tuple[int, int]] = (),
    numbers: bool = False,
) -> Axes:
    """Draw attention weights, shape (T, S), as a map: a row for each word written, dark where it looked.

    The source stands above and the target to the left. Orange frames surround the true links `gold`, given as (source
    place, target place). With `numbers` every weight is written into its cell. Raises ValueError if the words do not
    fit the shape.
    """
    weights = np.asarray(weights)
    check_words(weights.shape, source, target)
    ax.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for i, j in gold:
        frame(ax, i, j)
    if numbers:
        for (j, i), weight in np.ndenumerate(weights):
            color = "white" if weight > 0.6 else INK
            ax.text(i, j, f"{weight:.2f}", ha="center", va="center", color=color, fontsize=10)
    ax.set_xticks(range(len(source)), source, rotation=0 if numbers else 90)
    ax.set_yticks(range(len(target)), target)
    ax.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
    # Thin white lines between the cells.
    ax.set_xticks(np.arange(len(source)) + 0.5, minor=True)
    ax.set_yticks(np.arange(len(target)) + 0.5, minor=True)
    ax.grid(False)
    ax.grid(which="minor", color="#E6E6E6", linewidth=0.6)
    ax.tick_params(which="minor", length=0)
    ax.spines[["left", "bottom"]].set_visible(False)
    return ax


def frame(ax: Axes, source_place: int, target_place: int, color: str = PALETTE["vermilion"]) -> None:
    """Put a frame around one cell of a map."""
    from matplotlib.patches import Rectangle

    corner = (source_place - 0.42, target_place - 0.42)
    ax.add_patch(Rectangle(corner, 0.84, 0.84, fill=False, edgecolor=color, linewidth=1.6))


def draw_looks(ax: Axes, weights: np.ndarray | Tensor, source: Sequence[str], target: Sequence[str]) -> Axes:
    """Draw attention weights, shape (T, S), as lines from every target word, below, to the words that it looks at.

    A line is as thick and as dark as its weight. Raises ValueError if the words do not fit the shape.
    """
    weights = np.asarray(weights)
    check_words(weights.shape, source, target)
    places = [np.linspace(0, 1, n + 2)[1:-1] for n in (len(source), len(target))]
    for (j, i), weight in np.ndenumerate(weights):
        x = [places[1][j], places[0][i]]
        ax.plot(x, [0, 1], color=PALETTE["blue"], linewidth=0.5 + 7 * weight, alpha=0.15 + 0.85 * weight)
    for words, xs, y in ((source, places[0], 1), (target, places[1], 0)):
        for word, x in zip(words, xs, strict=True):
            box = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": PALETTE["blue"]}
            ax.text(x, y, word, ha="center", va="center", color=INK, bbox=box, fontsize=12)
    ax.set(xlim=(0, 1), ylim=(-0.2, 1.2))
    ax.axis("off")
    return ax


def check_words(shape: tuple[int, ...], source: Sequence[str], target: Sequence[str]) -> None:
    """Raise ValueError unless weights of this shape have a row for each target word, a column for each source word."""
    if shape != (len(target), len(source)):
        raise ValueError(
            f"weights has shape {shape}, expected ({len(target)}, {len(source)}): a row for each word of "
            "target and a column for each word of source"
        )


def draw_numbers(
    ax: Axes, numbers: np.ndarray | Tensor, rows: Sequence[str], columns: Sequence[str], largest: float
) -> Axes:
    """Draw a table of numbers, shape (rows, columns): every cell has its number and a shade.

    Positive numbers are blue and negative ones orange, darkest at `largest`. Raises ValueError if the names do not fit
    the shape.
    """
    from matplotlib.colors import LinearSegmentedColormap

    numbers = np.asarray(numbers)
    check_words(numbers.shape, columns, rows)
    shades = LinearSegmentedColormap.from_list("signed", [PALETTE["orange"], "white", PALETTE["blue"]])
    ax.imshow(numbers, cmap=shades, vmin=-largest, vmax=largest, aspect="auto")
    for (row, column), value in np.ndenumerate(numbers):
        text = f"{value:.2f}".rstrip("0").rstrip(".")
        color = "white" if value > 0.6 * largest else INK
        ax.text(
            column, row, text if text != "-0" else "0", ha="center", va="center", color=color, fontsize=9.5
        )
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
    ax.grid(False)
    ax.spines[["left", "bottom"]].set_visible(False)
    return ax
