"""The attention calculator of lesson 10: six words, four numbers each, and what one head makes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from course_utils.attention_maps import draw_numbers
from course_utils.controls import controls_over
from course_utils.runtime import PALETTE, show
from course_utils.shapes import check_shape

SCALES = ("divide by √K", "leave it out")


def draw_calculation(
    words: Sequence[str],
    marks: Sequence[str],
    embeddings: Tensor,
    tables: Sequence[Tensor],
    scale: bool = True,
    chosen: int | None = None,
) -> Any:
    """Return a figure of one attention head, in four tables: vectors, scores, weights, new vectors.

    `embeddings` has the shape (T, D), a row for each word and a column for each mark; `tables` holds W_q, W_k and W_v,
    all (D, D). With `chosen`, the number of a word, that word's row is framed. Raises ValueError for other shapes.
    """
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    sizes = check_shape("embeddings", embeddings, "T D", T=len(words), D=len(marks))
    for name, table in zip(("W_q", "W_k", "W_v"), tables, strict=True):
        check_shape(name, table, "D D", D=sizes["D"])
    query, key, value = (embeddings @ table for table in tables)  # (T, D)
    scores = query @ key.mT / (math.sqrt(sizes["D"]) if scale else 1)  # (T, T)
    weights = scores.softmax(-1)  # (T, T)
    fig, axes = pyplot.subplots(1, 4, figsize=(12, 3.3), width_ratios=[4, 6, 6, 4], sharey=True)
    panels = {
        "Words": (embeddings, marks, 3.0),
        "Scores, scaled" if scale else "Scores, not scaled": (scores, words, 8.0),
        "Weights: rows sum to 1": (weights, words, 1.0),
        "New vectors": (weights @ value, marks, 3.0),
    }
    for ax, (title, (numbers, columns, largest)) in zip(axes, panels.items(), strict=True):
        draw_numbers(ax, numbers, words, columns, largest)
        ax.set_title(title, pad=12)
        if chosen is not None:
            corner, width = (-0.48, chosen - 0.48), len(columns) - 0.04
            edge = {"edgecolor": PALETTE["vermilion"], "linewidth": 2, "clip_on": False}
            ax.add_patch(Rectangle(corner, width, 0.96, fill=False, **edge))
    return fig


def attention_calculator(
    words: Sequence[str], marks: Sequence[str], embeddings: Tensor, tables: Sequence[Tensor]
) -> Any:
    """Return controls for a word, its numbers and the scale, over all that one attention head makes of the words.

    The arguments are those of `draw_calculation`. What is changed in one word stays while another one is chosen.
    """
    import ipywidgets as widgets

    current = embeddings.clone()
    names = [f"{place}. {word}" for place, word in enumerate(words, 1)]
    chosen = widgets.Dropdown(options=names, value=names[1], description="word")
    scale = widgets.Dropdown(options=SCALES, description="scale")
    numbers = [
        widgets.FloatSlider(
            number, min=-3, max=3, step=0.5, description=mark, readout_format=".1f", continuous_update=False
        )
        for mark, number in zip(marks, current[1].tolist(), strict=True)
    ]
    loading = False

    def load(_: Any) -> None:
        nonlocal loading
        loading = True  # each slider that moves asks for a picture, of a word that is half the old one
        for slider, number in zip(numbers, current[names.index(chosen.value)].tolist(), strict=True):
            slider.value = number
        loading = False

    def draw(word: str, scale: str, **values: float) -> None:
        if loading:
            return
        place = names.index(word)
        current[place] = current.new_tensor(list(values.values()))
        fig = draw_calculation(words, marks, current, tables, scale == SCALES[0], place)
        told = ", ".join(f"{mark} {value:g}" for mark, value in zip(marks, values.values(), strict=True))
        show(
            fig, alt=f"Four tables: vectors, scores, weights, new vectors. {word} has {told}; scale: {scale}."
        )

    chosen.observe(load, "value")  # before the picture listens
    sliders = {f"number_{i}": slider for i, slider in enumerate(numbers)}
    return controls_over({"word": chosen, "scale": scale, **sliders}, draw)
