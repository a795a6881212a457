"""Things to touch about words: the next word in a small world, as counts and as a network see it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from course_utils.controls import controls_over
from course_utils.families import FAMILIES, LONER, Family, family_sentences, is_gap
from course_utils.models.ngram import KneserNey
from course_utils.models.nplm import NPLM
from course_utils.runtime import FAINT, INK, PALETTE, show
from course_utils.text import Vocab
from course_utils.training import cosine

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONTEXT, STEPS, SHOWN = 3, 600, 6


@cache
def learn_families(sentences: int, d_model: int) -> tuple[Vocab, KneserNey, NPLM]:
    """Count, and train a network, on so many sentences of the families; return their vocabulary and both models.

    Always the same sentences and starting weights. The random numbers outside go on as if nothing had run.
    """
    words = [word for sentence in family_sentences(1, sentences) for word in sentence]
    vocab = Vocab.build([*words, *_nouns(), *_verbs()])
    token_ids = torch.tensor(vocab.encode(words))
    windows, schedule = token_ids.unfold(0, CONTEXT + 1, 1), cosine(0.02, STEPS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = NPLM(len(vocab), CONTEXT, d_model, 32)
        optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.1)
        for step in range(STEPS):
            optimizer.param_groups[0]["lr"] = schedule(step)
            batch = windows[torch.randint(len(windows), (256,))]
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(batch[:, :-1]), batch[:, -1]).backward()
            optimizer.step()
    return vocab, KneserNey(token_ids, len(vocab), CONTEXT + 1), model


def next_word_playground() -> Any:
    """Return controls for noun, verb, sentences and size of vectors, over what counts and a network expect next."""
    import ipywidgets as widgets

    def slider(label: str, value: int, low: int, high: int, step: int) -> widgets.IntSlider:
        return widgets.IntSlider(
            value, min=low, max=high, step=step, description=label, continuous_update=False
        )

    controls = {
        "noun": widgets.Dropdown(options=_nouns(), value="dog", description="noun"),
        "verb": widgets.Dropdown(options=_verbs(), value="running", description="verb"),
        "sentences": slider("sentences", 1200, 150, 2400, 150),
        "d_model": slider("numbers", 8, 1, 16, 1),
    }
    return controls_over(controls, _show_next_words)


def _show_next_words(noun: str, verb: str, sentences: int, d_model: int) -> None:
    from matplotlib import pyplot

    vocab, counts, network = learn_families(sentences, d_model)
    fig, axes = pyplot.subplots(2, 2, figsize=(9, 6), sharex=True)
    told = []
    for row, context, missing in zip(
        axes, (["a", noun, "was"], [verb, "in", "a"]), _missing(noun, verb), strict=True
    ):
        token_ids = torch.tensor(vocab.encode(context))
        with torch.no_grad():
            expected = {
                "counts": counts.next_word(token_ids),
                "network": network(token_ids[None]).softmax(1)[0].double(),
            }
        for ax, (name, p) in zip(row, expected.items(), strict=True):
            _draw_words(ax, vocab, p, missing)
            ax.set_title(f"{name}, after “{' '.join(context)}”")
        both = ", ".join(f"{p[vocab[missing]]:.2%} by {name}" for name, p in expected.items())
        told.append(
            f"after “{' '.join(context)}”, “{missing}” gets {both}"
            if missing
            else f"“{context[0]}” has no gap"
        )
    for ax in axes[1]:
        ax.set_xlabel("probability")
    show(
        fig,
        alt=f"Next words, learned from {sentences} sentences with {d_model} numbers a word: {'; '.join(told)}.",
    )


def _draw_words(ax: Axes, vocab: Vocab, p: Tensor, missing: str) -> None:
    """Draw the most probable words as bars, and below them the word that never stood there in training."""
    best = [i for i in p.argsort(descending=True).tolist() if vocab.tokens[i] != missing][:SHOWN]
    rows = [(vocab.tokens[i], p[i].item(), PALETTE["blue"]) for i in best]
    if missing:
        rows.append((missing, p[vocab[missing]].item(), PALETTE["vermilion"]))
    for place, (word, value, color) in enumerate(rows):
        ax.barh(place, value, color=color, hatch="//" if word == missing else "", edgecolor="white")
        ax.text(value + 0.01, place, f"{value:.1%}", va="center", color=INK, fontsize=9)
    ax.set(yticks=range(len(rows)), yticklabels=[word for word, *_ in rows], xlim=(0, 1.12))
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.invert_yaxis()
    ax.grid(False)
    ax.axhline(SHOWN - 0.5, color=FAINT, linewidth=1)


def _missing(noun: str, verb: str) -> tuple[str, str]:
    """Return the verb that never followed the noun, and the place that never followed the verb; "" for the loner."""
    return _gap(noun, "nouns", "verbs"), _gap(verb, "verbs", "places")


def _gap(word: str, own: str, following: str) -> str:
    for family in FAMILIES.values():
        if word in getattr(family, own):
            first, others = getattr(family, own).index(word), getattr(family, following)
            return next(other for second, other in enumerate(others) if is_gap(first, second))
    return ""


def _all() -> list[Family]:
    return [*FAMILIES.values(), LONER]


def _nouns() -> list[str]:
    return [noun for family in _all() for noun in family.nouns]


def _verbs() -> list[str]:
    return [verb for family in _all() for verb in family.verbs]
