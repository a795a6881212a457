"""A widget over word vectors: neighbours, analogies and maps of words, for vectors that we learned ourselves."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.analogy_world import PEOPLE, PLACES, world_sentences
from course_utils.archives import ARCHIVES, cache_folder
from course_utils.controls import controls_over
from course_utils.corpora import glove, wikipedia
from course_utils.metrics import nearest
from course_utils.models.word2vec import SkipGram, SoftmaxSkipGram, learn
from course_utils.runtime import PALETTE, show
from course_utils.text import Vocab, split_sentences, split_words
from course_utils.word_plots import draw_words, flatten

AXES = {"1 and 2": (0, 1), "1 and 3": (0, 2), "2 and 3": (1, 2)}
NEIGHBOURS = 8
GLOVE_WORDS = 30_000
WIKIPEDIA_EPOCHS = 10


def world_vectors() -> tuple[Tensor, Vocab]:
    """Learn the micro-world by skip-gram with a softmax, in about a second; return vectors (V, 32) and vocabulary."""
    world = world_sentences()
    vocab = Vocab.build((word for words in world for word in words), specials=())
    ids = torch.tensor([vocab.encode(words) for words in world])  # (288, 12)
    near = [(i, j) for i in range(12) for j in range(12) if i != j]
    centres, neighbours = (ids[:, list(side)].flatten() for side in zip(*near))
    model = SoftmaxSkipGram(len(vocab), 32)
    optimizer = torch.optim.Adam(model.parameters())
    for step in range(1000):
        optimizer.param_groups[0]["lr"] = 0.03 * (1 - step / 1000)
        rows = torch.randint(len(centres), (1024,))
        optimizer.zero_grad()
        F.cross_entropy(model(centres[rows]), neighbours[rows]).backward()
        optimizer.step()
    return model.W_in.detach(), vocab


def wikipedia_text() -> tuple[list[list[str]], Vocab]:
    """Return the sentences of the Wikipedia articles and their vocabulary: lower-case words that occur five times."""
    text = [
        [word.lower() for word in split_words(sentence) if word[0].isalpha()]
        for article in wikipedia().values()
        for sentence in split_sentences(article)
    ]
    vocab = Vocab.build((word for words in text for word in words), specials=(), min_count=5)
    return [[word for word in words if word in vocab] for words in text], vocab


def wikipedia_vectors() -> tuple[Tensor, Vocab]:
    """Learn the Wikipedia articles by skip-gram, in about ten seconds; return vectors (V, 100) and vocabulary."""
    text, vocab = wikipedia_text()
    ids = torch.tensor([i for words in text for i in vocab.encode(words)])
    sentence_ids = torch.arange(len(text)).repeat_interleave(torch.tensor([len(words) for words in text]))
    model = SkipGram(len(vocab), 100)
    learn(model, ids, sentence_ids, vocab.counts, WIKIPEDIA_EPOCHS)
    return model.W_in, vocab


def glove_vectors() -> tuple[Tensor, Vocab]:
    """Return the most frequent of the GloVe vectors, (30000, 50), and their vocabulary."""
    words, vectors = glove()
    return torch.tensor(vectors[:GLOVE_WORDS]), Vocab(words[:GLOVE_WORDS])


TEXTS = {"micro-world": world_vectors, "Wikipedia": wikipedia_vectors, "GloVe": glove_vectors}


@cache
def _learned(text: str) -> tuple[Tensor, Vocab]:
    """Return unit vectors and vocabulary of a text, always the same; random numbers outside go on as before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        vectors, vocab = TEXTS[text]()
    return vectors / vectors.norm(dim=1, keepdim=True), vocab


def embedding_explorer() -> Any:
    """Return controls for a text, a word, an analogy and two axes, over the word's neighbours and a map.

    The vectors are learned when a text is chosen for the first time. GloVe's are offered if their archive is here.
    """
    import ipywidgets as widgets

    texts = [
        name for name in TEXTS if name != "GloVe" or (cache_folder() / ARCHIVES["glove"].filename).exists()
    ]
    ideas = [word for kind in (PEOPLE, PLACES) for pair in kind for word in pair]

    def box(label: str, word: str) -> widgets.Combobox:
        return widgets.Combobox(value=word, options=ideas, description=label, continuous_update=False)

    controls = {
        "text": widgets.Dropdown(options=texts, description="text"),
        "axes": widgets.Dropdown(options=list(AXES), description="axes"),
        "word": box("word", "queen"),
        "a": box("a", "man"),
        "b": box("is to b", "woman"),
        "c": box("as c", "king"),  # all of these words stand in every text
    }
    return controls_over(controls, _show_words)


def _show_words(text: str, axes: str, word: str, a: str, b: str, c: str) -> None:
    from matplotlib import pyplot

    vectors, vocab = _learned(text)
    word, *inputs = (entry.strip().lower() for entry in (word, a, b, c))
    fig, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4.2), width_ratios=[1, 1.6])
    if word not in vocab:
        right.axis("off")
        says = _draw_advice(left, word, vocab, text)
    else:
        near = [i for i, _ in nearest(vectors, vectors[vocab[word]], NEIGHBOURS, leave_out=[vocab[word]])]
        says = _draw_neighbours(left, vectors, vocab, word, near)
        unknown = [entry for entry in inputs if entry not in vocab]
        if unknown:
            says += _draw_advice(right, unknown[0], vocab, text)
        else:
            says += _draw_analogy(right, vectors, vocab, inputs, [vocab[word], *near[:5]], AXES[axes])
    show(fig, alt=f"{text}, axes {axes}: {says}")


def _draw_neighbours(ax: Any, vectors: Tensor, vocab: Vocab, word: str, near: list[int]) -> str:
    """Draw how near a word's neighbours are, and say who they are."""
    names = vocab.decode(near)
    cosines = (vectors[near] @ vectors[vocab[word]]).tolist()
    ax.barh(names[::-1], cosines[::-1], color=PALETTE["sky"])
    ax.set(xlim=(0, 1), xlabel="cosine", title=f"Nearest to {word}")
    ax.grid(axis="y", visible=False)
    return f"nearest to {word}: {', '.join(names)}; "


def _draw_analogy(
    ax: Any, vectors: Tensor, vocab: Vocab, inputs: list[str], others: list[int], axes: tuple[int, int]
) -> str:
    """Draw a map of an analogy's three inputs, its answer and some other words, and say the analogy in words."""
    a, b, c = vocab.encode(inputs)
    target = vectors[b] - vectors[a] + vectors[c]
    found, free = nearest(vectors, target, 1, leave_out=[a, b, c])[0][0], nearest(vectors, target, 1)[0][0]
    shown = list(dict.fromkeys([a, b, c, found, *others]))
    places, shares = flatten(vectors[shown], axes)
    arrows = [(0, shown.index(b)), (shown.index(c), shown.index(found))]
    draw_words(ax, places, vocab.decode(shown), arrows)
    analogy = f"{inputs[0]} is to {inputs[1]} as {inputs[2]} is to {vocab.tokens[found]}"
    ax.set(
        title=analogy,
        xlabel=f"direction {axes[0] + 1} ({shares[0]:.0%} of the variance)",
        ylabel=f"direction {axes[1] + 1} ({shares[1]:.0%})",
    )
    rule = "" if free == found else f" (with the inputs allowed: {vocab.tokens[free]})"
    return f"{analogy}{rule}."


def _draw_advice(ax: Any, word: str, vocab: Vocab, text: str) -> str:
    """Write into an empty picture what to try instead of a word that is not there, and return it."""
    close = get_close_matches(word, vocab.tokens, n=3) or vocab.tokens[:3]
    advice = (
        f"{word!r} is not among the {len(vocab):,} words of {text}.\nTry one of these: {', '.join(close)}."
    )
    ax.axis("off")
    ax.text(0, 0.5, advice, va="center", fontsize=12)
    return advice
