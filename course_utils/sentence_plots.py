"""Pictures of a network that reads a sentence and writes another one: arrays in, Axes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from course_utils.runtime import FAINT, INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN_UNITS = 16  # of a state, this many numbers fit into a box and can still be told apart


def draw_bleu_by_length(
    ax: Axes,
    lengths: Sequence[int],
    scores: dict[str, Sequence[float]],
    bands: dict[str, Sequence[tuple[float, float]]] | None = None,
    longest_trained: int | None = None,
) -> Axes:
    """Draw BLEU against the number of words in the source, a line for each model, with shaded bands around them.

    `scores[name]` holds one score a length and `bands[name]`, where there is one, the lower and the upper end of each
    score's band. Beyond `longest_trained`, lengths that no model met in training stand on a grey ground.
    """
    markers = dict(zip(scores, "os^Dv*" * len(scores)))
    for name, values in scores.items():
        (line,) = ax.plot(
            lengths, values, marker=markers[name], markersize=6, markeredgecolor="white", label=name
        )
        if name in (bands or {}):
            low, high = zip(*bands[name], strict=True)
            ax.fill_between(lengths, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    right = max(lengths) + 0.6
    if longest_trained is not None and longest_trained < max(lengths):
        ax.axvspan(longest_trained + 0.5, right, color="#F2F2F2", zorder=0)
        ax.annotate(
            "longer than in training",
            ((longest_trained + 0.5 + right) / 2, 1),
            (0, -14),
            ("data", "axes fraction"),
            "offset points",
            ha="center",
            color=INK,
            fontsize=9.5,
        )
    # Room above 100 for that text.
    ax.set(
        xlabel="words in the source sentence",
        ylabel="BLEU (0 to 100)",
        ylim=(0, 114),
        yticks=range(0, 101, 20),
    )
    ax.set_xlim(min(lengths) - 0.6, right)
    if len(scores) > 1:
        ax.legend(fontsize=9.5)
    return ax


def draw_encoder_decoder(
    ax: Axes,
    read: Sequence[str],
    given: Sequence[str],
    written: Sequence[str],
    states: np.ndarray | Tensor,
    probabilities: Sequence[float] | None = None,
    handed_over: str = "the sentence's\nvector",
) -> Axes:
    """Draw an encoder and a decoder unrolled in time, as in Sutskever, Vinyals and Le (2014), figure 1.

    A box is one step, and its stripes are the first numbers of the state after it, purple for negative and orange for
    positive ones. Below stand the words that go in, first those `read` by the encoder and then those `given` to the
    decoder; above stand the words `written`, one for each given one, with their probabilities if there are any. The
    thick arrow, named `handed_over`, is the sentence's vector, the one thing that the decoder gets. `states` has
    the shape (len(read) + len(given), D), with numbers from -1 to 1. Raises ValueError if the counts do not fit.
    """
    states = np.asarray(states, dtype=float)
    if len(states) != len(read) + len(given) or len(given) != len(written):
        raise ValueError(
            f"states has {len(states)} rows for {len(read)} words read, {len(given)} given and {len(written)} written, "
            "expected one row for each word read or given, and one word written for each given"
        )
    # Long words would run into each other where the boxes are many.
    turned = {"rotation": 45, "rotation_mode": "anchor"} if len(states) > 14 else {}
    below = {"ha": "right" if turned else "center", "va": "top", **turned}
    above = {"ha": "left" if turned else "center", "va": "bottom", **turned}
    for x, state in enumerate(states):
        encoding = x < len(read)
        color = PALETTE["blue"] if encoding else PALETTE["vermilion"]
        box = (x - 0.26, x + 0.26, 0.0, 1.0)
        ax.imshow(
            state[:SHOWN_UNITS, None], cmap="PuOr_r", vmin=-1, vmax=1, extent=box, aspect="auto", zorder=2
        )
        ax.plot(*_outline(box), color=color, linewidth=1.5, zorder=3)
        ax.text(x, -0.14, read[x] if encoding else given[x - len(read)], color=color, **below)
        if not encoding:
            said = written[x - len(read)]
            if probabilities is not None:
                said += f"{' ' if turned else chr(10)}{probabilities[x - len(read)]:.0%}"
            ax.text(x, 1.14, said, color=color, **above)
        if x:
            handover = x == len(read)
            arrow = {
                "arrowstyle": "-|>",
                "color": INK if handover else FAINT,
                "linewidth": 3.5 if handover else 1.5,
            }
            arrow |= {"shrinkA": 0, "shrinkB": 0, "mutation_scale": 22 if handover else 10}
            ax.annotate("", (x - 0.26, 0.5), (x - 0.74, 0.5), arrowprops=arrow)
    if read and given:
        ax.annotate(
            handed_over,
            (len(read) - 0.5, 0.62),
            (len(read) - 1.1, 1.2),
            ha="right",
            va="bottom",
            color=INK,
            arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.8},
        )
    room = 1.2 if turned else 0.6
    ax.set(xlim=(-0.6, len(states) - 1 + room), ylim=(-0.9, 2.0) if turned else (-0.45, 1.75))
    ax.axis("off")
    return ax


def draw_vectors(
    ax: Axes,
    places: np.ndarray | Tensor,
    groups: Sequence[str],
    hollow: Sequence[bool],
) -> Axes:
    """Draw points in the plane, shape (n, 2), colour and marker by group, hollow where asked for.

    Every second group is drawn smaller, and hollow points larger and last, so that all are seen on one spot. Groups are
    named for a legend in the order in which they first occur. Raises ValueError if there are over seven.
    """
    if len(set(groups)) > len(PALETTE):
        raise ValueError(f"groups has {len(set(groups))} different names, expected at most {len(PALETTE)}")
    places, names = np.asarray(places, dtype=float), list(dict.fromkeys(groups))
    looks = dict(zip(names, zip(PALETTE.values(), "os^DvXP", strict=True), strict=False))
    for (x, y), group, empty in zip(places, groups, hollow, strict=True):
        color, marker = looks[group]
        small = names.index(group) % 2
        ax.plot(
            x,
            y,
            marker,
            color="none" if empty else color,
            mec=color,
            mew=1.7 if empty else 0,
            markersize=(6 if small else 13) + (6 if empty else 0),
            zorder=3 + small + 2 * empty,
        )
    for name, (color, marker) in looks.items():
        ax.plot([], [], marker, color=color, markersize=8, label=name)
    ax.margins(0.12)
    return ax


def _outline(box: tuple[float, float, float, float]) -> tuple[list[float], list[float]]:
    left, right, low, high = box
    return [left, right, right, left, left], [low, low, high, high, low]
