"""More things to touch: widgets over a model that a lesson has trained. They compute, so they need a running kernel."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from torch import Tensor

from course_utils.attention_maps import draw_alignment, frame
from course_utils.controls import controls_over
from course_utils.data import pad
from course_utils.generation import guided
from course_utils.microworld import translate
from course_utils.models.attention import pull_weight
from course_utils.models.seq2seq import AttentionSeq2Seq
from course_utils.runtime import INK, PALETTE, show
from course_utils.text import Vocab

SENTENCES = (
    "the cat saw the big dog in the garden",
    "the young fox that chased the bird called the bear",
    "the mouse was pushed by the white horse that the monkey helped",
    "the bird helped the cat and the bear found the mouse in the forest",
)


def alignment_explorer(model: AttentionSeq2Seq, src_vocab: Vocab, tgt_vocab: Vocab) -> Any:
    """Return controls for a sentence, a step, a word and a pull, over the map of the translation that they give.

    The sentence is any English one of the microworld. At the chosen step the weight of the chosen word is pulled up or
    down, as `pull_weight` does, and the translation goes on from there. The vocabularies begin with "<pad>", "<s>" and
    "</s>", as in lessons 07 and 08.
    """
    import ipywidgets as widgets

    sentence = widgets.Combobox(
        value=SENTENCES[0],
        options=SENTENCES,
        description="sentence",
        continuous_update=False,
        layout=widgets.Layout(width="min(44em, 98%)"),
    )
    step = widgets.IntSlider(1, min=1, max=8, description="step", continuous_update=False)
    word = widgets.IntSlider(2, min=1, max=9, description="word", continuous_update=False)
    pull = widgets.FloatSlider(0.0, min=-1, max=1, step=0.1, description="pull", continuous_update=False)

    def fit_ranges(_: Any = None) -> None:
        try:
            pair = translate(sentence.value)
        except ValueError:
            return  # the picture says what is wrong
        step.max, word.max = len(pair.japanese) + 1, len(pair.english) + 1

    def draw(sentence: str, step: int, word: int, pull: float) -> None:
        _show_alignment(model, src_vocab, tgt_vocab, sentence, step, word, pull)

    sentence.observe(fit_ranges, "value")  # before the picture listens, which then finds the new ranges
    fit_ranges()
    controls = {"sentence": sentence, "step": step, "word": word, "pull": pull}
    return controls_over(controls, draw, wide=["sentence"])


def _show_alignment(
    model: AttentionSeq2Seq,
    src_vocab: Vocab,
    tgt_vocab: Vocab,
    sentence: str,
    step: int,
    word: int,
    pull: float,
) -> None:
    from matplotlib import pyplot

    try:
        pair = translate(sentence)
    except ValueError as problem:
        print(f"{problem}.")
        return
    src = pad([[*src_vocab.encode(pair.english), src_vocab["</s>"]]], src_vocab["<pad>"])
    src = src.to(next(model.parameters()).device)
    place = min(word, src.shape[1]) - 1

    def write(amount: float) -> tuple[list[str], Tensor]:
        token_ids, weights = guided(
            model,
            src,
            lambda t, own: pull_weight(own, place, amount) if t == step - 1 else own,
            start_id=tgt_vocab["<s>"],
            end_id=tgt_vocab["</s>"],
            max_length=len(pair.japanese) + 6,
        )
        return tgt_vocab.decode(token_ids), weights.cpu()

    (alone, _), (words, weights) = write(0.0), write(pull)
    source, target = [*pair.english, "</s>"], [*words, "</s>"][: len(weights)]
    row, rows_height = min(step, len(weights)) - 1, 0.34 * len(target)
    fig, (top, ax) = pyplot.subplots(
        2, 1, figsize=(8, 2.8 + rows_height), height_ratios=[1.3, rows_height], sharex=True
    )
    bars = top.bar(range(len(source)), weights[row], color=PALETTE["blue"])
    bars[place].set_color(PALETTE["purple"])
    top.set(ylim=(0, 1), ylabel="weight", title=f"step {row + 1} writes {target[row]}")
    draw_alignment(ax, weights, source, target)
    ax.set_aspect("auto")
    ax.tick_params(labeltop=False, labelbottom=True)
    top.tick_params(which="both", bottom=False)
    top.grid(axis="x", which="both", visible=False)
    top.set_axisbelow(True)
    frame(ax, place, row, PALETTE["purple"])
    own_words = [*alone, "</s>", *[""] * len(target)]
    for label, said, own in zip(ax.get_yticklabels(), target, own_words):
        label.set_color(INK if said == own else PALETTE["vermilion"])
    lines = {"truth": pair.japanese, "by itself": alone, "with your pull": words}
    told = [fill(f"{name}: {' '.join(said)}", 60, subsequent_indent="    ") for name, said in lines.items()]
    ax.set_xlabel("\n".join(told), loc="left")
    looks = f"step {row + 1} of translating '{' '.join(pair.english)}' looks at '{source[weights[row].argmax()]}' most"
    show(fig, alt=f"With the pull {pull:g} on '{source[place]}', {looks}; it writes {' '.join(words)}.")
