"""Pictures: arrays in, Axes out. Nothing here computes what a lesson teaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from course_utils.runtime import FAINT, INK, PALETTE
from course_utils.timeline import Stop

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_losses(
    losses: Sequence[float] | np.ndarray,
    ax: Axes | None = None,
    valid: tuple[Sequence[int], Sequence[float]] | None = None,
    baseline: dict[str, float] | None = None,
    label: str = "training",
) -> Axes:
    """Draw losses over steps with their moving mean, validation points, and a named horizontal line per baseline.

    Every single loss is drawn faintly. The bold line is the mean over a twentieth of the run around each step; near
    the beginning, where losses fall steeply, over fewer steps, and at the end over those that there are.
    """
    ax = _axes(ax)
    steps, losses = np.arange(1, len(losses) + 1), np.asarray(losses, dtype=float)
    reach = np.minimum((steps - 1) // 2, len(losses) // 40)  # to either side
    begin, end = steps - reach - 1, np.minimum(steps + reach, len(losses))
    sums = np.cumsum(np.concatenate([[0.0], losses]))
    (line,) = ax.plot(steps, (sums[end] - sums[begin]) / (end - begin), label=label)
    ax.plot(steps, losses, color=line.get_color(), alpha=0.25, linewidth=1, zorder=1)
    if valid is not None:
        ax.plot(*valid, "o", color=line.get_color(), markeredgecolor="white", label="held-out data")
    for name, value in (baseline or {}).items():
        ax.axhline(value, color=FAINT, linestyle="--", linewidth=1.5, zorder=1)
        ax.annotate(
            name, (1, value), (-2, 3), ("axes fraction", "data"), "offset points", ha="right", color=INK
        )
    ax.set(xlabel="step", ylabel="loss")
    ax.legend()
    return ax


def draw_levels(
    ax: Axes, x: np.ndarray | Tensor, y: np.ndarray | Tensor, heights: np.ndarray | Tensor
) -> Axes:
    """Draw a loss over two parameters as a map, pale where it is low; all three arrays have the same two axes.

    The levels are spaced evenly in the square root of the loss, so that a bowl gets evenly spaced rings.
    """
    from matplotlib.colors import PowerNorm

    x, y, heights = np.asarray(x), np.asarray(y), np.asarray(heights)
    levels = heights.min() + np.linspace(0, np.sqrt(np.ptp(heights)), 21) ** 2
    darkest = 1.6 * np.ptp(heights)  # beyond the data: the deepest blues would hide what is drawn on the map
    ax.contourf(
        x,
        y,
        heights,
        levels=levels,
        cmap="Blues",
        norm=PowerNorm(0.5, heights.min(), darkest + heights.min()),
    )
    ax.contour(x, y, heights, levels=levels[1:-1:2], colors="white", linewidths=0.8, linestyles="solid")
    ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
    ax.grid(False)
    return ax


def draw_descent(ax: Axes, path: np.ndarray | Tensor, color: str = PALETTE["vermilion"]) -> Axes:
    """Draw a path of descent, shape (steps + 1, 2), on a map drawn before: black dot at the start, star at the end.

    A path that leaves the map is drawn to its first step outside, without the star.
    """
    ranges = np.array([ax.get_xlim(), ax.get_ylim()])
    path = np.asarray(path)
    seen = _until_it_leaves(path, ranges)
    ax.plot(*seen.T, "o-", color=color, markersize=3.5, linewidth=1.5)
    ax.plot(*seen[0], "o", color=INK, markersize=8, markeredgecolor="white")
    if len(seen) == len(path):
        ax.plot(*seen[-1], "*", color=INK, markersize=13, markeredgecolor="white")
    ax.set(xlim=ranges[0], ylim=ranges[1])
    return ax


def draw_regions(
    ax: Axes,
    x: np.ndarray | Tensor,
    y: np.ndarray | Tensor,
    share: np.ndarray | Tensor,
    points: np.ndarray | Tensor,
    labels: np.ndarray | Tensor,
) -> Axes:
    """Draw where a model sees class 1, and points of classes 0 (blue discs) and 1 (orange triangles) over it.

    `share` is the model's probability of class 1 on a grid: x, y and share have the same two axes. A black line runs
    where it is one half. `points` has the shape (B, 2).
    """
    from matplotlib.colors import LinearSegmentedColormap

    # Paler than the palette's sky and orange, so that points stand out, but not transparent: that would show seams.
    shades = LinearSegmentedColormap.from_list("classes", ["#A9D7F2", "white", "#F2D48F"])
    x, y, share = np.asarray(x), np.asarray(y), np.asarray(share)
    ax.contourf(x, y, share, levels=np.linspace(0, 1, 21), cmap=shades)
    if share.min() < 0.5 < share.max():
        ax.contour(x, y, share, levels=[0.5], colors=INK, linewidths=1.5)
    points, labels = np.asarray(points), np.asarray(labels)
    for label, marker, color in ((0, "o", PALETTE["blue"]), (1, "^", PALETTE["vermilion"])):
        own = points[labels == label]
        ax.plot(own[:, 0], own[:, 1], marker, color=color, markersize=5, mec="white", mew=0.4, linewidth=0)
    ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()), aspect="equal")
    ax.grid(False)
    return ax


def draw_network(ax: Axes, weights: Sequence[np.ndarray | Tensor], names: Sequence[Sequence[str]]) -> Axes:
    """Draw layers of neurons as columns of discs, joined by lines as thick as their weights.

    `weights` holds one table of shape (inputs, outputs) per layer; `names` one list of texts per column, which are
    written into the discs. Positive weights are blue and drawn through, negative ones orange and dashed.
    """
    tables = [np.asarray(table) for table in weights]
    largest = max(np.abs(table).max() for table in tables)
    for column, table in enumerate(tables):
        starts, ends = _column(table.shape[0]), _column(table.shape[1])
        for (i, j), weight in np.ndenumerate(table):
            color, style = (PALETTE["blue"], "-") if weight > 0 else (PALETTE["vermilion"], "--")
            width = 0.3 + 6 * abs(weight) / largest
            ax.plot([column, column + 1], [starts[i], ends[j]], style, color=color, linewidth=width, zorder=1)
    for column, texts in enumerate(names):
        for text, height in zip(texts, _column(len(texts)), strict=True):
            ax.plot(column, height, "o", color="white", markeredgecolor=INK, markersize=30, zorder=2)
            ax.text(column, height, text, ha="center", va="center", color=INK, fontsize=9.5, zorder=3)
    ax.set(xlim=(-0.35, len(tables) + 0.35))
    ax.margins(y=0.2)
    ax.axis("off")
    return ax


def draw_graph(
    ax: Axes,
    places: dict[str, tuple[float, float]],
    texts: dict[str, str],
    edges: Sequence[tuple[str, str, str]],
) -> Axes:
    """Draw a computation as boxes joined by arrows: `places` and `texts` by name, `edges` as (from, to, label)."""
    boxes = {}
    for name, (x, y) in places.items():
        box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": PALETTE["blue"]}
        boxes[name] = ax.text(
            x, y, texts[name], ha="center", va="center", color=INK, bbox=box
        ).get_bbox_patch()
    for start, end, label in edges:
        (x0, y0), (x1, y1) = places[start], places[end]
        arrow = {"arrowstyle": "-|>", "color": FAINT, "linewidth": 1.5, "shrinkA": 3, "shrinkB": 3}
        ax.annotate(
            "", (x1, y1), (x0, y0), arrowprops={**arrow, "patchA": boxes[start], "patchB": boxes[end]}
        )
        # Beside an arrow that rises, the label stands below on the right, out of its way and of arrows above.
        rises = y1 > y0
        where = {"ha": "left", "va": "top"} if rises else {"ha": "center", "va": "bottom"}
        ax.annotate(
            label,
            ((x0 + x1) / 2, (y0 + y1) / 2),
            (8, -2) if rises else (0, 4),
            textcoords="offset points",
            color=PALETTE["vermilion"],
            weight="bold",
            **where,
        )
    across, up = zip(*places.values(), strict=True)
    ax.set(xlim=(min(across) - 0.5, max(across) + 0.5), ylim=(min(up) - 0.5, max(up) + 0.6))
    ax.axis("off")
    return ax


def draw_classes(
    ax: Axes,
    points: np.ndarray | Tensor,
    labels: np.ndarray | Tensor,
    names: Sequence[str],
    markers: Sequence[str] = "o^sDvPX<>",
) -> Axes:
    """Draw points of many classes, shape (B, 2), each class with a colour and a marker of its own.

    `labels` holds each point's class, a position in `names`, which a legend will show. Raises ValueError
    if there are more names than markers.
    """
    if len(names) > len(markers):
        raise ValueError(
            f"names has {len(names)} entries, expected at most one for each of {len(markers)} markers"
        )
    points, labels = np.asarray(points), np.asarray(labels)
    colors = [*PALETTE.values(), FAINT, "#8C510A", "#4D9221"]
    for label, (name, marker, color) in enumerate(zip(names, markers, colors, strict=False)):
        own = points[labels == label]
        edge = {"linewidths": 0} if "$" in marker else {"linewidths": 0.4, "edgecolors": "white"}
        ax.scatter(*own.T, s=38, marker=marker, color=color, alpha=0.9, label=name, **edge)
    ax.set_axisbelow(True)
    ax.set(xlabel="first number of the code", ylabel="second number of the code")
    return ax


def _column(n: int) -> np.ndarray:
    """Return the heights of n discs, the first on top, around 0."""
    return (n - 1) / 2 - np.arange(n)


def draw_timeline(ax: Axes, stops: Sequence[Stop]) -> Axes:
    """Draw stops from the oldest, at the top, to the newest: dots on a true scale of years, names evenly spaced."""
    years = np.array([stop.year for stop in stops], dtype=float)
    same_year = np.array(
        [stop.year == before.year for stop, before in zip(stops[1:], stops, strict=False)], dtype=bool
    )
    years[1:][same_year] += 0.5
    rows = np.linspace(years[0], years[-1], len(stops))
    ax.plot([0, 0], [years[0] - 1, years[-1] + 1], color=FAINT, linewidth=3, solid_capstyle="round", zorder=1)
    for stop, year, row in zip(stops, years, rows, strict=True):
        lesson = "" if stop.lesson is None else f"lesson {stop.lesson:02d}"
        ax.plot([0, 0.9, 1.3], [year, row, row], color="0.8", linewidth=1, zorder=0)
        ax.plot(0, year, "o", color=PALETTE["blue"], markersize=8, markeredgecolor="white")
        ax.text(1.4, row, str(stop.year), va="center", color=PALETTE["blue"], weight="bold")
        ax.text(2.1, row, stop.name, va="center", color=INK, weight="bold", fontsize=10.5)
        ax.text(5.3, row, stop.idea, va="center", color=INK, fontsize=9.5)
        ax.text(11.7, row, lesson, va="center", ha="right", color=PALETTE["blue"], fontsize=9.5)
    ax.set(xlim=(-0.2, 11.8), ylim=(years[-1] + 2, years[0] - 2))
    ax.axis("off")
    return ax


def _until_it_leaves(path: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    """Cut a path, shape (steps + 1, 2), after its first point outside the ranges, and pull that point near the edge."""
    low, high = ranges[:, 0], ranges[:, 1]
    outside = ~((path >= low) & (path <= high)).all(axis=1)
    end = int(outside.argmax()) + 1 if outside.any() else len(path)
    return np.clip(path[:end], low - 3 * (high - low), high + 3 * (high - low))


def _axes(ax: Any) -> Any:
    from matplotlib import pyplot

    return pyplot.subplots()[1] if ax is None else ax
