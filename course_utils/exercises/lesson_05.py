"""Checks for lesson 05, word2vec."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.framework import Wrong, compare, expect, function_exercise, number, value_exercise


@value_exercise
def check_n_pairs(answer: Any) -> str:
    """n_pairs: skip-gram pairs of 10 words with a window of 3."""
    compare(
        number(answer, "n_pairs"),
        48,
        {
            "the words at both ends have fewer than six neighbours.": 60,
            "each couple once, where each is the centre in turn; or only the four words in the middle.": 24,
            "only the words before the centre, or only those after it, at that: the window has two sides.": 30,
            "the words at one end are counted right, those at the other end not.": 54,
            "the centre is not its own neighbour.": 58,
            "one word is missing on each side: the word 3 places away still counts.": 34,
            "that is every pair of words in the sentence. The window is 3.": 90,
        },
        "not the number of pairs.",
        tolerance=1e-9,
    )
    return "Four words have six neighbours, and the three at each end have 3, 4 and 5."


@function_exercise
def check_cbow_examples(answer: Callable) -> str:
    """cbow_examples(words, window): for each word its neighbours, in order, and the word."""
    cases = [(["the", "king", "lost", "his", "crown", "today"], 2), (["go", "go", "stop"], 1), (["alone"], 3)]
    cases += [(list("abcdefgh"), 3), (["to", "be", "or", "to", "go"], 3)]
    for words, window in cases:
        _examine_examples(answer(words, window), words, window)
    return "Even a sentence of one word gives an entry, with nothing around it."


def _examine_examples(got: Any, words: list[str], window: int) -> None:
    n = len(words)

    def examples(before: int, after: int, own: bool = False) -> list[tuple[list[str], str]]:
        return [
            ([*words[max(0, i - before) : i], *words[i : i + own], *words[i + 1 : i + 1 + after]], words[i])
            for i in range(n)
        ]

    right = examples(window, window)
    asked = f"for {words} and a window of {window}"
    got = list(got) if isinstance(got, tuple) else got
    expect(isinstance(got, list), f"return a list; yours is of the type {type(got).__name__}.")
    shaped = all(isinstance(entry, (tuple, list)) and len(entry) == 2 for entry in got)
    expect(shaped, "each entry is a pair, `(around, centre)`.")
    expect(len(got) == n, f"{asked} your list has {len(got)} entries, expected one for each of {n} words.")
    swapped = all(isinstance(around, str) and isinstance(centre, (list, tuple)) for around, centre in got)
    expect(not swapped, "the pair is the wrong way round: first the words around, then the centre.")
    lists = all(isinstance(around, (list, tuple)) and isinstance(centre, str) for around, centre in got)
    expect(lists, "an entry is a list of words and one word, `([...], centre)`.")
    got = [(list(around), centre) for around, centre in got]
    only_words = all(isinstance(word, str) for around, _ in got for word in around)
    expect(
        only_words,
        "around holds words and nothing else: join two lists with +, and pass over places beyond the ends.",
    )
    if got == right:
        return
    wraps = [
        (words[i - window : i] + words[i + 1 : i + 1 + window], words[i]) for i in range(n)
    ]  # a negative start counts from the end
    mistakes = {
        "the centre is among its own neighbours: leave it out.": examples(window, window, own=True),
        "only the words before the centre are there: the window has two sides.": examples(window, 0),
        "only the words after the centre are there: the window has two sides.": examples(0, window),
        "one word is missing after the centre: the end of a slice is not part of it.": examples(
            window, window - 1
        ),
        "one word is missing on each side: a word `window` places away still counts.": examples(
            window - 1, window - 1
        ),
        "near the beginning i - window is negative, and a slice then counts from the end: use max(0, ...).": wraps,
        "a neighbour that occurs twice must stay twice.": [
            (list(dict.fromkeys(around)), centre) for around, centre in right
        ],
        "`remove` takes away the first such word, which may not be the centre: leave out the place i.": [
            (_without_first(around, centre), centre) for around, centre in examples(window, window, own=True)
        ],
        "a word that occurs twice loses its twin: leave out the place i, not the word.": [
            ([word for word in around if word != centre], centre) for around, centre in right
        ],
    }
    for hint, wrong in mistakes.items():
        if got == wrong:
            raise Wrong(hint)
    if [(sorted(around), centre) for around, centre in got] == [(sorted(x), centre) for x, centre in right]:
        raise Wrong("the right words, in another order: keep them as in the sentence.")
    i = next(i for i in range(n) if got[i] != right[i])
    raise Wrong(f"{asked} entry {i} is {got[i]}, expected {right[i]}.")


def _without_first(words: list[str], word: str) -> list[str]:
    i = words.index(word)
    return words[:i] + words[i + 1 :]


@function_exercise
def check_pair_loss(answer: Callable) -> str:
    """pair_loss(v, u, made_up): the loss of one real pair and N made-up ones."""
    generator = torch.Generator().manual_seed(5)
    for n, d in ((5, 4), (3, 7), (1, 6)):
        v, u, made_up = (torch.randn(*shape, generator=generator) for shape in ((d,), (d,), (n, d)))
        _examine_loss(number(answer(v, u, made_up)), v, u, made_up)
    return "Its gradient is what SkipGram.step moves against."


def _examine_loss(got: float, v: Tensor, u: Tensor, made_up: Tensor) -> None:
    real, others = u @ v, made_up @ v

    def loss(pull: Tensor, push: Tensor) -> float:
        return float(pull + push)

    pull, push = -F.logsigmoid(real), -F.logsigmoid(-others).sum()
    compare(
        got,
        loss(pull, push),
        {
            "the sign is wrong: a loss is small when the probabilities are near what they should be.": -loss(
                pull, push
            ),
            "the made-up pairs are treated as real: their scores need a minus inside the sigmoid.": loss(
                pull, -F.logsigmoid(others).sum()
            ),
            "the real pair is treated as made up: no minus inside its sigmoid.": loss(
                -F.logsigmoid(-real), push
            ),
            "real and made-up are the wrong way round.": loss(
                -F.logsigmoid(-real), -F.logsigmoid(others).sum()
            ),
            "the made-up words are scored against u. The centre's v is what they are held against.": loss(
                pull, -F.logsigmoid(-(made_up @ u)).sum()
            ),
            "one sigmoid for all made-up pairs together. Each is a question of its own.": loss(
                pull, -F.logsigmoid(-others.sum())
            ),
            "these are logarithms with base 2. The course's losses are natural ones.": loss(pull, push)
            / 0.6931472,
            "that is the mean over the made-up pairs: sum them.": loss(pull, push / len(made_up)),
            "that is the mean over all questions: sum them.": loss(pull, push) / (len(made_up) + 1),
            "the made-up pairs are missing.": float(pull),
            "the real pair is missing.": float(push),
            "the logarithms are missing.": loss(-torch.sigmoid(real), -torch.sigmoid(-others).sum()),
            "this is the cross-entropy of a softmax. Here each pair is a question of its own: use the sigmoid.": float(
                -F.log_softmax(torch.cat([real[None], others]), 0)[0]
            ),
        },
        "not the loss of negative sampling.",
        tolerance=1e-5,
    )


@function_exercise
def check_solve(answer: Callable) -> str:
    """solve(vectors, a, b, c): the row nearest to b - a + c by cosine, the inputs left out."""
    questions = _telling_questions(4)
    got = [_row(answer(vectors, *inputs)) for vectors, inputs in questions]
    expected = [_rows(vectors, *inputs) for vectors, inputs in questions]
    # A hint has to explain all answers: one row in sixty is met by chance.
    mistakes = {hint: [wrong[hint] for _, wrong in expected] for hint in expected[0][1]}
    right = [row for row, _ in expected]
    compare(got, right, mistakes, "not the row nearest to b - a + c.", 1e-9, show=False)
    # All but the right row are inputs, and its cosine is negative: an input that is only half left out wins here.
    angles = torch.tensor([0.0, 59.0, 61.0, -90.0]).deg2rad()
    few = torch.stack([angles.cos(), angles.sin()], 1) * torch.tensor([[1.0], [0.5], [2.0], [0.3]])
    last = _row(answer(few, 0, 1, 2))
    expect(
        last not in (0, 1, 2),
        "an input word is the answer where all others are far away. Give the inputs -torch.inf.",
    )
    expect(last == 3, f"of four words, three are inputs. The answer is row 3, yours is {last:g}.")
    return "analogy_answers does the same for thousands of questions at a time."


def _telling_questions(n: int) -> list[tuple[Tensor, tuple[int, int, int]]]:
    """Return n questions over vectors of very different lengths, in which every mistake leads to another row."""
    generator, found = torch.Generator().manual_seed(7), []
    while len(found) < n:
        vectors = torch.randn(60, 5, generator=generator)
        vectors = vectors * (torch.rand(60, 1, generator=generator) * 3 + 0.1)
        inputs = tuple(torch.randperm(60, generator=generator)[:3].tolist())
        right, mistakes = _rows(vectors, *inputs)
        if len({right, *mistakes.values()}) == 1 + len(mistakes):
            found.append((vectors, inputs))
    return found


def _rows(vectors: Tensor, a: int, b: int, c: int) -> tuple[int, dict[str, int]]:
    """Return the right row, and for each hint the row to which its mistake leads."""
    unit = vectors / vectors.norm(dim=1, keepdim=True)

    def best(table: Tensor, target: Tensor, allowed: bool = False) -> int:
        scores = table @ target
        if not allowed:
            scores[[a, b, c]] = -torch.inf
        return int(scores.argmax())

    target = unit[b] - unit[a] + unit[c]
    long_target = vectors[b] - vectors[a] + vectors[c]
    return best(unit, target), {
        "an input word is the answer. Do not allow a, b and c.": best(unit, target, allowed=True),
        "the signs are exchanged: start from b, take away a, add c.": best(unit, unit[a] - unit[b] + unit[c]),
        "c has the wrong sign: b - a + c.": best(unit, unit[b] - unit[a] - unit[c]),
        "c is missing: b - a + c.": best(unit, unit[b] - unit[a]),
        "that is b + c, without taking a away.": best(unit, unit[b] + unit[c]),
        "long vectors win: bring all to length 1 before the products, or divide by the lengths.": best(
            vectors, target
        ),
        "the offset comes from vectors of different lengths: bring them to length 1 first.": best(
            unit, long_target
        ),
        "long vectors win: nothing was brought to length 1 (each row by its own norm, dim=1).": best(
            vectors, long_target
        ),
        "that is the row farthest away: look for the largest cosine.": int((unit @ target).argmin()),
    }


def _row(got: Any) -> float:
    if isinstance(got, Tensor) and got.numel() > 1:
        raise Wrong(f"your result has shape {tuple(got.shape)}, expected one row number: take argmax.")
    got = number(got)
    expect(
        got == int(got), f"your result is {got:.3g}. Return the row's number (argmax), not its cosine (max)."
    )
    return got
