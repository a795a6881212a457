"""Fill in the blank: what masked language models put into a gap, and where they look for it. It computes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.models.bert import Bert
from course_utils.runtime import INK, PALETTE, show
from course_utils.text import Vocab

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Mask = Callable[[int], Bool[Tensor, "T T"]]
BLANK, BREAK = "___", "|"
TOKEN = re.compile(r"_{2,}|[^\W_]+|[^\w\s]")  # a blank, a word, or a sign
SENTENCES = (
    "the cat chased the brown dog | the brown dog was chased by the ___",
    "the ___ was helped by the white fox | the fox helped the black horse",
    "the bear ___ the bird in the park | the bird was found by the bear",
    "the white mouse saw ___ monkey | the monkey was seen by the white mouse",
    "the fox pushed the ___ in the forest | the horse was pushed by the fox",
)


def fill_blank(
    model: Bert, vocab: Vocab, sentence: str, mask: Mask
) -> tuple[list[str], Float[Tensor, " V"], Float[Tensor, "L H T"]]:
    """Return the tokens that are read, the probability of each word for the blank, and where the blank looks.

    The blank is written ___, of two or more strokes, and read as [MASK]; a | stands between a first and a second
    sentence. The last result holds the attention weights of the blank in every layer and head. Raises ValueError unless
    there is exactly one blank, for more than one |, for too many words, or if vocab has no [MASK].
    """
    if "[MASK]" not in vocab:
        raise ValueError("vocab has no '[MASK]', expected the vocabulary of a model that fills gaps")
    parts = [
        [BLANK if "__" in t else t for t in TOKEN.findall(part.lower())] for part in sentence.split(BREAK)
    ]
    blanks = sum(part.count(BLANK) for part in parts)
    if blanks != 1 or len(parts) > 2:
        raise ValueError(
            f"sentence has {blanks} of {BLANK} and {len(parts) - 1} of {BREAK}, expected 1 blank {BLANK} and at most 1 "
            f"{BREAK} between two sentences"
        )
    tokens = ["[CLS]"] + [token for part in parts for token in (*part, "[SEP]")]
    place = tokens.index(BLANK)
    device = model.pooler.weight.device
    token_ids = torch.tensor(
        [vocab.encode("[MASK]" if t == BLANK else t for t in tokens)], device=device
    )  # (1, T)
    segment_ids = torch.zeros_like(token_ids)
    segment_ids[:, len(parts[0]) + 2 :] = 1
    with torch.no_grad():
        hidden = model(token_ids, segment_ids, mask(len(tokens)).to(device))  # (1, T, D)
        probabilities = model.word_logits(hidden[0, place]).softmax(-1)  # (V,)
    weights = torch.stack([block.attention.weights[0, :, place] for block in model.blocks])  # (L, H, T)
    return tokens, probabilities.cpu(), weights.cpu()


def draw_blank(model: Bert, vocab: Vocab, sentence: str, mask: Mask, layer: int, head: int) -> Figure:
    """Return a figure: the five most probable words for the blank, and where it looks in one head.

    Layers and heads are counted from 1. Raises ValueError for one that is not there, and as fill_blank does.
    """
    from matplotlib import pyplot

    words, probabilities, weights = fill_blank(model, vocab, sentence, mask)
    check_head(layer, head, *weights.shape[:2])
    best = probabilities.topk(5)
    fig, (top, ax) = pyplot.subplots(2, 1, figsize=(8.5, 4.6), height_ratios=[1, 1.1])
    top.barh(range(5), best.values.tolist(), color=PALETTE["orange"])
    top.set_yticks(range(5), vocab.decode(best.indices.tolist()))
    top.invert_yaxis()
    top.set(
        xlim=(0, 1),
        xlabel="probability",
        title=f"What stands in the blank? First guess: {vocab.tokens[best.indices[0]]}",
    )
    for bar, share in enumerate(best.values.tolist()):
        top.text(share + 0.01, bar, f"{share:.2f}", va="center", color=INK, fontsize=9)
    colors = [PALETTE["orange"] if word == BLANK else PALETTE["blue"] for word in words]
    ax.bar(range(len(words)), weights[layer - 1, head - 1].tolist(), color=colors)
    known = [word if word in vocab or word == BLANK else f"({word})" for word in words]
    ax.set_xticks(range(len(words)), known, rotation=0 if len(words) <= 10 else 50)
    most = words[int(weights[layer - 1, head - 1].argmax())]
    ax.set(ylim=(0, 1), ylabel="weight", title=f"Layer {layer}, head {head} looks most at {most}")
    for axes, axis in ((top, "y"), (ax, "x")):
        axes.grid(axis=axis, visible=False)
        axes.set_axisbelow(True)
    return fig


def blank_explorer(
    models: Mapping[str, Bert], vocab: Vocab, masks: Mapping[str, Mask], sentences: Sequence[str] = SENTENCES
) -> Any:
    """Return controls for a sentence with a blank, a model, a layer and a head, over the picture that they give.

    `models` and `masks` have the same names: a mask says which words its model may look at. A word that the model does
    not know stands in round brackets. Raises ValueError for no model, no sentence or other names in `masks`.
    """
    check_choices(models, masks, sentences)
    import ipywidgets as widgets

    some = next(iter(models.values()))
    sentence = widgets.Combobox(
        value=sentences[0],
        options=tuple(sentences),
        description="sentence",
        continuous_update=False,
        layout=widgets.Layout(width="min(44em, 98%)"),
    )
    reads = widgets.Dropdown(options=tuple(models), description="reads")
    layer = widgets.IntSlider(1, min=1, max=len(some.blocks), description="layer", continuous_update=False)
    head = widgets.IntSlider(1, min=1, max=some.config.n_heads, description="head", continuous_update=False)

    def draw(sentence: str, reads: str, layer: int, head: int) -> None:
        try:
            fig = draw_blank(models[reads], vocab, sentence, masks[reads], layer, head)
        except ValueError as problem:
            print(f"{problem}.")
            return
        words, probabilities, weights = fill_blank(models[reads], vocab, sentence, masks[reads])
        first, place = vocab.tokens[int(probabilities.argmax())], int(weights[layer - 1, head - 1].argmax())
        looks = f"in layer {layer}, head {head} the blank looks most at '{words[place]}'"
        show(fig, alt=f"Reading {reads}: the first guess for '{' '.join(words)}' is '{first}'; {looks}.")

    controls = {"sentence": sentence, "reads": reads, "layer": layer, "head": head}
    row = widgets.HBox([reads, layer, head], layout=widgets.Layout(flex_flow="row wrap"))
    return widgets.VBox([sentence, row, widgets.interactive_output(draw, controls)])


def check_choices(models: Mapping[str, Any], masks: Mapping[str, Any], sentences: Sequence[str]) -> None:
    """Raise ValueError unless there are models, with the same names as masks, and sentences."""
    if not models or set(models) != set(masks):
        names = f"models and masks have the names {sorted(models)} and {sorted(masks)}"
        raise ValueError(f"{names}, expected the same ones, at least one")
    if not sentences:
        raise ValueError("sentences is empty, expected at least one")


def check_head(layer: int, head: int, n_layers: int, n_heads: int) -> None:
    """Raise ValueError unless there is such a layer, and such a head in it."""
    if not (1 <= layer <= n_layers and 1 <= head <= n_heads):
        raise ValueError(
            f"layer and head are {layer} and {head}, expected 1 to {n_layers} and 1 to {n_heads}"
        )
