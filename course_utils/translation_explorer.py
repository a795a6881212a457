"""A translator to play with: type a sentence of the microworld, and watch it being read and written, word by word."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.controls import controls_over
from course_utils.data import TranslationBatch, TranslationBatches
from course_utils.microworld import make_pairs, translate, vocabulary
from course_utils.models.seq2seq import Seq2Seq, Seq2SeqConfig
from course_utils.runtime import PALETTE, show
from course_utils.sentence_plots import draw_encoder_decoder
from course_utils.text import Vocab
from course_utils.training import cosine, fit

SPECIALS = ("<pad>", "<s>", "</s>")
PAD, START, END = range(3)
LONGEST = 12  # words of a sentence for which the picture has room
MOST_STEPS = 16
SHOWN_WORDS = 5
# What may be done to the sentence's vector on its way to the decoder. Its numbers lie between -1 and 1.
VECTORS = {
    "as it is": lambda v: v,
    "five levels": lambda v: (2 * v).round() / 2,
    "signs only": lambda v: v.sign() / 2,
    "all zeros": torch.zeros_like,
}


class Translator(NamedTuple):
    """A trained model, and the vocabularies of what it reads and what it writes."""

    model: Seq2Seq
    source: Vocab
    target: Vocab


class Trace(NamedTuple):
    """What happened in a translation: words read and written, states, and the probabilities of every next word.

    `states` has one row for each word read and one for each written, `probabilities` one for each written. The
    decoder is given "<s>" first, and then what it has written.
    """

    read: list[str]
    written: list[str]
    states: Float[Tensor, "S+T D"]
    probabilities: Float[Tensor, "T V"]


@cache
def train_translator(steps: int = 800) -> Translator:
    """Train a Seq2Seq of 128 numbers, which reads backwards, on 10,000 sentences of 5 to 10 words: some 8 s at a time.

    Always the same sentences and starting weights. The random numbers outside go on as if nothing had run.
    """
    source, target = (Vocab([*SPECIALS, *sorted(vocabulary(side))]) for side in (0, 1))
    pairs = make_pairs(10_000, range(5, 11))
    batches = TranslationBatches(
        [source.encode(reversed(pair.english)) for pair in pairs],
        [target.encode(pair.japanese) for pair in pairs],
        pad_id=PAD,
        start_id=START,
        end_id=END,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = Seq2Seq(Seq2SeqConfig(len(source), len(target)))
    optimizer = torch.optim.Adam(model.parameters())
    fit(model, batches, _loss, optimizer, steps=steps, schedule=cosine(0.006, steps), clip_norm=1.0)
    return Translator(model, source, target)


def _loss(model: Seq2Seq, batch: TranslationBatch) -> Tensor:
    logits = model(batch.src, batch.tgt_in)  # (B, T, V)
    return nn.functional.cross_entropy(logits.flatten(0, 1), batch.tgt_out.flatten(), ignore_index=PAD)


@torch.no_grad()
def trace(translator: Translator, english: tuple[str, ...], vector: str = "as it is") -> Trace:
    """Translate a sentence greedily, with its vector treated in one of the ways in VECTORS, and keep all that is seen.

    Raises ValueError for a word that the translator does not know, or another way.
    """
    if vector not in VECTORS:
        raise ValueError(f"vector is {vector!r}, expected one of {', '.join(VECTORS)}")
    model, source, target = translator
    src = torch.tensor([[*source.encode(reversed(english)), END]])  # (1, S)
    states, last = model.encoder(model.src_embedding(src))  # (1, S, D), (1, 1, D)
    visited, token, written, probabilities = list(states[0]), START, [], []
    state = (VECTORS[vector](last[0]),)
    while token != END and len(written) < MOST_STEPS:
        logits, state = model.step(torch.tensor([token]), state)
        token = int(logits[0].argmax())
        written.append(token)
        visited.append(state[0][0])
        probabilities.append(logits[0].softmax(dim=-1))
    words = [*reversed(english), SPECIALS[END]]
    return Trace(words, target.decode(written), torch.stack(visited), torch.stack(probabilities))


def translation_playground() -> Any:
    """Return a field for a sentence, and controls for the step and for the vector, over a picture of the translation.

    The first call trains the translator.
    """
    import ipywidgets as widgets

    train_translator()
    sentence = widgets.Text(
        "the small cat chased the dog",
        placeholder="the white bird was seen by the fox",
        description="sentence",
        continuous_update=False,
        layout=widgets.Layout(width="min(36em, 98%)"),
    )
    step = widgets.IntSlider(3, min=1, max=MOST_STEPS, description="step", continuous_update=False)
    vector = widgets.Dropdown(options=list(VECTORS), description="vector")

    def fit_range(_: Any = None) -> None:
        try:
            english = translate(sentence.value).english
        except ValueError:
            return  # the picture says what is wrong
        step.max = len(trace(train_translator(), english, vector.value).written)

    for control in (sentence, vector):
        control.observe(fit_range, "value")  # before the picture listens, which then finds the new range
    fit_range()
    return controls_over({"sentence": sentence, "step": step, "vector": vector}, _show, wide=["sentence"])


def _show(sentence: str, step: int, vector: str) -> None:
    from matplotlib import pyplot

    try:
        pair = translate(sentence)
    except ValueError as problem:
        print(f"{problem}.")
        return
    if len(pair.english) > LONGEST:
        print(f"That sentence has {len(pair.english)} words; the picture has room for {LONGEST}.")
        return
    translator = train_translator()
    read, written, states, probabilities = trace(translator, pair.english, vector)
    chosen = probabilities.max(dim=-1).values[:step]
    fig, (above, below) = pyplot.subplots(2, 1, figsize=(10, 5.4), height_ratios=[2.2, 1])
    given = ["<s>", *written[: step - 1]]
    arrow = {} if vector == "as it is" else {"handed_over": f"the vector,\n{vector}"}
    draw_encoder_decoder(
        above, read, given, written[:step], states[: len(read) + step], chosen.tolist(), **arrow
    )
    ends = written[-1] == SPECIALS[END]
    done = tuple(written[:-1] if ends else written)
    verdict = "right" if done == pair.japanese else f"wrong: it should be {' '.join(pair.japanese)}"
    above.set_title(f"{' '.join(done)}  ({verdict})")
    best = probabilities[step - 1].topk(SHOWN_WORDS)
    words = translator.target.decode(best.indices.tolist())
    bars = below.barh(range(SHOWN_WORDS), best.values.tolist(), color=PALETTE["vermilion"])
    below.bar_label(bars, [f"{value:.1%}" for value in best.values.tolist()], padding=4)
    below.set(yticks=range(SHOWN_WORDS), yticklabels=words, xlim=(0, 1.1), xlabel="probability")
    below.set_title(f"word {step}: the {SHOWN_WORDS} most probable")
    below.invert_yaxis()
    below.grid(False)
    summary = (
        f"The translator reads '{' '.join(pair.english)}' and writes {' '.join(done)}, which is {verdict}."
    )
    show(fig, alt=f"{summary} Word {step} is {written[step - 1]}, with {chosen[-1]:.1%}; vector {vector}.")
