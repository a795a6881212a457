"""Watch a Transformer write: recorded generations as a view to explore that needs no kernel, and as a picture."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.recordings import Generation
from course_utils.runtime import INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VIEWS = Path(__file__).parent / "views"
# The kinds of attention in the order in which information flows, with the colours that they have in the view, too.
TITLES = {
    "encoder_self": "encoder self-attention",
    "cross": "cross-attention",
    "decoder_self": "decoder self-attention",
}
COLOURS = {"encoder_self": PALETTE["blue"], "cross": PALETTE["vermilion"], "decoder_self": PALETTE["green"]}
NOT_ALIVE = (
    "This view moves where its script may run: in a notebook that was run or is trusted, and in exported pages. "
    "Here stands what it tells of the first sentence"
)


def generation_explorer(
    generations: Sequence[Generation], heads: Mapping[str, tuple[int, int]] | None = None
) -> Any:
    """Return recorded generations as one view: choose a sentence, go through its steps, and choose layers and heads.

    The view begins with the mean over the heads of every last layer. `heads` begins elsewhere: it holds (layer, head),
    counted from 1 as in the view, under the name of a kind of attention, such as {"cross": (2, 1)}. Everything is
    inside the returned HTML: it works in a saved notebook and in exported pages; where scripts are taken out, a table
    of the first generation remains. Raises ValueError without a generation, where generations differ in layers or
    heads, or for heads that some generation lacks.
    """
    if not generations:
        raise ValueError("generations is empty, expected at least one Generation")
    heads = dict(heads or {})
    for generation in generations:
        for kind, place in heads.items():
            _check_head(generation, kind, place)
    for kind in TITLES:
        shapes = {weights.shape[:2] for own in generations if (weights := getattr(own, kind)) is not None}
        if len(shapes) > 1:
            raise ValueError(
                f"generations have {kind} of {sorted(shapes)} (layers, heads), expected the same for all"
            )
    data, chosen = _script([_recorded(generation) for generation in generations]), _script(heads)
    key = "generation-" + hashlib.sha256((data + chosen).encode()).hexdigest()[:12]
    parts = {"GENERATIONS": data, "HEADS": chosen, "KEY": key}
    script = "".join((VIEWS / name).read_text(encoding="utf-8") for name in ("helpers.js", "generation.js"))
    script = re.sub(r"\b(?:GENERATIONS|HEADS|KEY)\b", lambda name: parts[name[0]], script)
    style = (VIEWS / "generation.css").read_text(encoding="utf-8")
    # JupyterLab shall leave the arrow keys to the view.
    root = (
        f'<div class="generation-view {key}" data-lm-suppress-shortcuts="true">{_table(generations[0])}</div>'
    )
    from IPython.display import HTML

    return HTML(f"<style>\n{style}</style>\n{root}\n<script>\n(() => {{\n{script}}})();\n</script>")


def draw_generation(
    generation: Generation, layer: int | None = None, heads: Sequence[int] | None = None
) -> Figure:
    """Return a figure with a row of maps for each head, a map for each kind of attention that was recorded.

    Layer and heads are counted from 1; the layer is the last one by default. Without `heads` there is one row, the mean
    over all heads of the layer. In a map a row is a token that looks, and it is dark where it looks. Raises ValueError
    for a layer or head that was not recorded.
    """
    from matplotlib import pyplot

    kinds, rows = generation.kinds(), [None] if heads is None else list(heads)
    if not rows:
        raise ValueError("heads is empty, expected at least one head, or None for the mean over all")
    layers = {kind: len(getattr(generation, kind)) if layer is None else layer for kind in kinds}
    for kind in kinds:
        for head in rows:
            _check_head(generation, kind, (layers[kind], 1 if head is None else head))
    side = 0.17 * max(len(generation.source), generation.n_steps, 8)
    size = (len(kinds) * (side + 0.95), len(rows) * (side + 1.4))
    fig, grid = pyplot.subplots(len(rows), len(kinds), figsize=size, squeeze=False, layout="compressed")
    for axes, head in zip(grid, rows):
        for ax, kind in zip(axes, kinds):
            weights = getattr(generation, kind)[layers[kind] - 1]  # (H, T, S)
            own = weights.mean(axis=0) if head is None else weights[head - 1]  # (T, S)
            _draw_kind(ax, generation, kind, own)
            which = "mean of the heads" if head is None else f"head {head}"
            ax.set_title(f"{TITLES[kind]}\nlayer {layers[kind]}, {which}", fontsize=10, color=INK)
    return fig


def _draw_kind(ax: Axes, generation: Generation, kind: str, weights: np.ndarray) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    read, written = generation.target[:-1], generation.target[1:]
    labels = {
        "encoder_self": (generation.source, generation.source),
        "cross": (generation.source, written),
        "decoder_self": (read, written),
    }
    columns, rows = labels[kind]
    shades = LinearSegmentedColormap.from_list(kind, ["white", COLOURS[kind]])
    ax.set_xlabel("looks at: " + {"decoder_self": "read so far"}.get(kind, "source"), fontsize=8)
    ax.set_ylabel({"encoder_self": "source"}.get(kind, "being written"), fontsize=8)
    ax.imshow(weights, cmap=shades, vmin=0, vmax=1, aspect="equal")
    ax.set_xticks(range(len(columns)), columns, rotation=90, fontsize=8, parse_math=False)
    ax.set_yticks(range(len(rows)), rows, fontsize=8, parse_math=False)
    ax.tick_params(length=0)
    ax.set_xticks(np.arange(len(columns)) + 0.5, minor=True)
    ax.set_yticks(np.arange(len(rows)) + 0.5, minor=True)
    ax.grid(False)
    ax.grid(which="minor", color="#E6E6E6", linewidth=0.5)
    ax.tick_params(which="minor", length=0)


def _check_head(generation: Generation, kind: str, place: tuple[int, int]) -> None:
    if kind not in generation.kinds():
        raise ValueError(f"heads names {kind!r}, expected one of {', '.join(generation.kinds())}")
    layers, heads = getattr(generation, kind).shape[:2]
    layer, head = place
    if not (1 <= layer <= layers and 1 <= head <= heads):
        raise ValueError(
            f"layer {layer}, head {head} of {kind} was asked for, expected layers from 1 to {layers} and heads from 1 "
            f"to {heads}"
        )


def _recorded(generation: Generation) -> dict[str, Any]:
    """Return what the script needs, weights as thousandths."""
    return {
        "source": generation.source,
        "target": generation.target,
        "guesses": [[(token, round(float(p), 3)) for token, p in row] for row in generation.guesses],
        **{
            kind: np.rint(1000 * getattr(generation, kind)).astype(int).tolist()
            for kind in generation.kinds()
        },
    }


def _table(generation: Generation) -> str:
    """Return the steps of a generation, or where its words look, as plain HTML that any sanitizer leaves in."""
    looks = "looks most at (last layer, mean of the heads)"
    if generation.n_steps:
        head = ["step", "having read", "chooses", "probability"]
        rows = [
            [str(t + 1), *generation.target[t : t + 2], _percent(dict(guesses).get(generation.target[t + 1]))]
            for t, guesses in enumerate(generation.guesses)
        ]
        weights = generation.cross
    else:
        head, rows, weights = ["word"], [[token] for token in generation.source], generation.encoder_self
    if weights is not None:
        head.append(looks)
        for row, own in zip(rows, weights[-1].mean(axis=0)):
            row.append(f"{generation.source[own.argmax()]} ({own.max():.2f})")
    lines = "".join([_row("th", head), *(_row("td", row) for row in rows)])
    sentence = html.escape(" ".join(generation.source or generation.target))
    return f"<p>{NOT_ALIVE}: {sentence}</p><table>{lines}</table>"


def _percent(probability: float | None) -> str:
    return "not among the most probable" if probability is None else f"{100 * probability:.0f} %"


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _script(data: Any) -> str:
    """Return data as JavaScript that cannot end the script it stands in."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
