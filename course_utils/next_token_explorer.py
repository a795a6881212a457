"""The next-token explorer of lesson 14: what a GPT expects after a text, what you draw from, and where it looks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.generation import next_probabilities
from course_utils.models.gpt import GPT
from course_utils.runtime import FAINT, INK, PALETTE, show
from course_utils.text import Vocab

SHOWN = 12
SIGNS = {" ": "␣", "\n": "↵", "\t": "⇥"}


@torch.no_grad()
def read_prefix(model: GPT, vocab: Vocab, prefix: str) -> tuple[str, Tensor, Tensor]:
    """Return what the model sees of the prefix, the logits of the next token (1, V), and where it looks (L, T).

    It sees the end of the prefix. Row l of the looks holds the attention weights of the last token in block l, the mean
    over the heads. A new line is put before the prefix, for nothing was read before. Raises ValueError for characters
    that the vocabulary lacks.
    """
    seen = ("\n" + prefix)[-model.context_length :]
    if unknown := [c for c in seen if c not in vocab.tokens]:
        raise ValueError(
            f"prefix has {unknown[0]!r}, which is none of the {len(vocab)} characters that the model knows"
        )
    device = model.token_embedding.weight.device
    logits, _ = model(torch.tensor([vocab.encode(seen)], device=device))  # (1, T, V)
    looks = torch.stack([block.attention.weights[0, :, -1].mean(0) for block in model.blocks])  # (L, T)
    return seen, logits[:, -1].cpu(), looks.cpu()


def draw_next_token(
    model: GPT,
    vocab: Vocab,
    prefix: str,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Any:
    """Return a figure: above, what the model expects and what the choice leaves of it; below, where it looked.

    The arguments are those of `next_probabilities`. Raises ValueError as that and read_prefix do.
    """
    from matplotlib import pyplot

    seen, logits, looks = read_prefix(model, vocab, prefix)
    expected, left = logits.softmax(-1)[0], next_probabilities(logits, temperature, top_k, top_p)[0]
    best = expected.argsort(descending=True, stable=True)[:SHOWN]
    fig, (top, ax) = pyplot.subplots(2, 1, figsize=(9, 3.5 + 0.3 * len(looks)), height_ratios=[3, len(looks)])
    places = np.arange(len(best))
    top.bar(places - 0.2, expected[best].numpy(), 0.38, color=FAINT, label="what the model expects")
    top.bar(places + 0.2, left[best].numpy(), 0.38, color=PALETTE["blue"], label="what you draw from")
    top.set_xticks(places, [visible(vocab.tokens[i]) for i in best.tolist()], fontsize=12, parse_math=False)
    top.set(ylim=(0, 1), xlabel="next character", ylabel="probability", xlim=(-0.6, SHOWN - 0.4))
    top.set_title(f"{(left > 0).sum()} of {len(vocab)} characters can come next")
    top.grid(axis="x", visible=False)
    top.set_axisbelow(True)
    top.legend(loc="upper right")
    ax.imshow(looks.numpy(), cmap="Blues", vmin=0, vmax=max(0.3, looks.max().item()), aspect="auto")
    ax.set_xticks(range(len(seen)), [visible(c) for c in seen], fontsize=9, parse_math=False)
    ax.set_yticks(range(len(looks)), [f"block {i + 1}" for i in range(len(looks))], color=INK)
    ax.set_xlabel("where the last character looks (darker: more)")
    ax.tick_params(length=0)
    ax.grid(False)
    return fig


def visible(token: str) -> str:
    """Return a token with signs for what would be invisible."""
    return "".join(SIGNS.get(c, c) for c in token)


def next_token_explorer(
    model: GPT, vocab: Vocab, prefix: str, temperature: float = 1.0, top_p: float = 1.0
) -> Any:
    """Return controls for a text and for the choice, over what may come next; a click on a token appends it.

    `vocab` holds characters; the sliders begin at `temperature` and `top_p`. With "top k" at
    its end and "top p" at 1 nothing is left out.
    """
    import ipywidgets as widgets

    V = len(vocab)
    text = widgets.Textarea(
        value=prefix,
        placeholder="To be, or",
        description="prefix",
        continuous_update=False,
        rows=3,
        layout=widgets.Layout(width="min(44em, 98%)"),
    )
    options = {"continuous_update": False, "layout": widgets.Layout(width="280px")}
    controls = {
        "prefix": text,
        "temperature": widgets.FloatSlider(
            temperature, min=0.1, max=2.0, step=0.1, description="temperature", **options
        ),
        "top_k": widgets.IntSlider(V, min=1, max=V, description="top k", **options),
        "top_p": widgets.FloatSlider(top_p, min=0.05, max=1.0, step=0.05, description="top p", **options),
    }
    buttons = [widgets.Button(layout=widgets.Layout(width="3.2em")) for _ in range(SHOWN)]
    tokens = [""] * SHOWN
    draw_one = widgets.Button(description="draw one", tooltip="let chance choose")

    def probabilities() -> Tensor:
        _, logits, _ = read_prefix(model, vocab, text.value)
        return next_probabilities(
            logits, *(controls[name].value for name in ("temperature", "top_k", "top_p"))
        )[0]

    def offer(_: Any = None) -> None:
        try:
            p = probabilities()
        except ValueError:
            return  # the picture says what is wrong
        best = p.argsort(descending=True, stable=True)[:SHOWN].tolist()
        for place, (button, i) in enumerate(zip(buttons, best)):
            tokens[place] = vocab.tokens[i]
            button.description, button.disabled = visible(tokens[place]), p[i].item() == 0
            button.tooltip = f"append {tokens[place]!r}, {p[i]:.1%}"

    def append(button: widgets.Button) -> None:
        text.value += tokens[buttons.index(button)]

    def draw_token(_: Any) -> None:
        try:
            drawn = torch.multinomial(probabilities(), 1).item()
        except ValueError:
            return
        text.value += vocab.tokens[drawn]

    def draw(prefix: str, temperature: float, top_k: int, top_p: float) -> None:
        try:
            fig = draw_next_token(model, vocab, prefix, temperature, top_k, top_p)
        except ValueError as problem:
            print(f"{problem}.")
            return
        _, logits, _ = read_prefix(model, vocab, prefix)
        p = next_probabilities(logits, temperature, top_k, top_p)[0]
        ranked = p.argsort(descending=True, stable=True)[:3].tolist()
        told = ", ".join(f"{vocab.tokens[i]!r} {p[i]:.1%}" for i in ranked)
        choice = f"temperature {temperature:g}, top k {top_k}, top p {top_p:g}"
        show(
            fig, alt=f"After {prefix!r}, with {choice}: {told}; {int((p > 0).sum())} characters can be drawn."
        )

    for control in controls.values():
        control.observe(offer, "value")
    for button in buttons:
        button.on_click(append)
    draw_one.on_click(draw_token)
    offer()
    wrap = widgets.Layout(flex_flow="row wrap")
    sliders = widgets.HBox([controls[name] for name in ("temperature", "top_k", "top_p")], layout=wrap)
    row = widgets.HBox([*buttons, draw_one], layout=wrap)
    return widgets.VBox([text, sliders, row, widgets.interactive_output(draw, controls)])
