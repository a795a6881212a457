"""Checks for lesson 07, sequence to sequence."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from typing import Any

from course_utils.exercises.framework import Wrong, compare, expect, function_exercise, number, value_exercise


@value_exercise
def check_n_numbers(answer: Any) -> str:
    """n_numbers: what an LSTM of 3 layers with 500 cells hands over."""
    compare(
        number(answer, "n_numbers"),
        3000,
        {
            "an LSTM cell hands over two numbers, its output and its memory.": 1500,
            "that is one layer: every layer of the decoder begins with the state of its own layer.": 1000,
            "those are the cells of one layer. Each hands over two numbers, and there are three layers.": 500,
            "that is the paper's own count. Do the same with 3 layers of 500 cells.": 8000,
            "the layers are taken to a power. They lie on top of each other: multiply by 3.": 500**3,
            "500 cells, not the paper's 1,000; or, if you counted four gates: a cell hands over two numbers.": 6000,
        },
        "not the numbers that are handed over.",
        tolerance=1e-9,
    )
    return "Layers times cells times two: 3 * 500 * 2, against 8,000 in the paper."


def _list(value: Any, what: str) -> list:
    """Return a list or tuple as a list; anything else is Wrong."""
    expect(isinstance(value, (list, tuple)), f"{what} is of type {type(value).__name__}, expected a list.")
    return list(value)


def _pair(value: Any, what: str) -> tuple[Any, Any]:
    """Return the two entries of a pair; anything else is Wrong."""
    kind = type(value).__name__
    expect(
        isinstance(value, (list, tuple)), f"this is of type {kind}, expected two things, as in a, b: {what}."
    )
    expect(len(value) == 2, f"these are {len(value)} things, expected two: {what}.")
    return value[0], value[1]


@function_exercise
def check_teacher_forcing(answer: Callable) -> str:
    """teacher_forcing(words, start, end): what the decoder reads, and what it should write."""
    cases = [
        (["W", "X", "Y", "Z"], "<s>", "</s>"),
        ([7, 0, 7, 5, 9, 5], 1, 2),
        ([7, 5], 1, 2),
        ([], "go", "stop"),
    ]
    for words, start, end in cases:
        given, wanted = _pair(answer(words, start, end), "what the decoder reads, and what it should write")
        given, wanted = _list(given, "your first result"), _list(wanted, "your second result")
        reads, writes = [start, *words], [*words, end]
        if not words and not given and not wanted:
            raise Wrong("an empty sentence still has a start to read and an end to write.")
        mistakes = [
            ((writes, reads), "the two lists have changed places: first what is read, then what is written."),
            ((words, writes), "the start is missing: before it writes the first word, the decoder reads it."),
            ((reads, words), "the end is missing: the decoder has to learn where to stop."),
            (
                (words, words),
                "both lists are the words themselves: then it would learn to copy what it reads.",
            ),
            (([*reads, end], writes), "the first list is one too long: after the end nothing is read."),
            (
                (reads, [*reads, end]),
                "the second list begins with the start, which the decoder never writes.",
            ),
            (
                ([*reads, end], [*reads, end]),
                "both lists are the same: what is written is one step ahead of what is read.",
            ),
        ]
        for mistake, hint in mistakes:
            expect((given, wanted) == (reads, writes) or (given, wanted) != mistake, hint)
        expect(
            (given, wanted) == (reads, writes),
            f"for words {words} you read {given} and write {wanted}; expected {reads} and {writes}.",
        )
    return "An empty sentence works as well: read the start, write the end."


# Machine's words, right words, n.
_MATCHES = [
    ("the the the cat", "the cat saw the dog", 1),
    ("a b a b a b", "a b a b c", 2),
    ("the cat saw", "the cat saw the dog and the cat saw the fox", 3),
    ("the cat", "the cat saw the dog", 4),
    ("猫 は 犬 を 犬 を 見た", "猫 は 公園 で 犬 を 見た", 2),
    ("the cat saw the dog", "the cat saw the fox and the cat saw the bird", 4),
    ("a b c", "c b a", 2),
    ("a b c", "a x c", 3),
    ("ab c", "a bc", 2),
    ("a a a", "a a a a", 2),
    ("he sat", "the cat sat", 1),
    ("a dog ran", "a dog", 3),
    ("The 猫 cat", "the 猫 cat", 1),
]


@function_exercise
def check_count_matches(answer: Callable) -> str:
    """count_matches(machine, right, n): matched n-grams and all n-grams of the machine's."""
    for machine_text, right_text, n in _MATCHES:
        machine, right = machine_text.split(), right_text.split()
        got = _pair(answer(machine, right, n), "how many are matched, and how many there are")
        got = [number(got[0], "your first result"), number(got[1], "your second result")]
        ours, theirs = _grams(machine, n), _grams(right, n)
        matched, total = (ours & theirs).total(), ours.total()
        compare(
            got,
            [matched, total],
            {
                "an n-gram is its words in their order: b, a is not a, b.": [
                    (_sorted(ours) & _sorted(theirs)).total(),
                    total,
                ],
                "the last n-gram is missing: a text of m words has m - n + 1 of them.": [
                    (_grams(machine[:-1], n) & theirs).total(),
                    max(total - 1, 0),
                ],
                "the second number counts different n-grams. One that stands twice counts twice.": [
                    matched,
                    len(ours),
                ],
                "the machine's n-grams count even if none of them is matched.": [0, 0],
                "an n-gram of the right text is used twice: each may be matched as often as it stands there.": [
                    sum(count for gram, count in ours.items() if gram in theirs),
                    total,
                ],
                "each n-gram counts once, however often it is matched: use counts, not sets.": [
                    len(ours.keys() & theirs.keys()),
                    len(ours),
                ],
                "the matches are those of different n-grams: one that stands twice on both sides counts twice.": [
                    len(ours.keys() & theirs.keys()),
                    total,
                ],
                "the second number counts the right text's n-grams. BLEU asks which share of the machine's is right.": [
                    matched,
                    theirs.total(),
                ],
                "the second number is that of the words. A text of m words has m - n + 1 n-grams, if any.": [
                    matched,
                    len(machine),
                ],
                "a text shorter than n has no n-gram, not a negative number of them.": [
                    matched,
                    len(machine) - n + 1,
                ],
                "single words are counted, whatever n is.": [
                    (Counter(machine) & Counter(right)).total(),
                    len(machine),
                ],
                "the two numbers have changed places.": [total, matched],
            },
            f"not the counts for {machine_text!r} against {right_text!r} with n = {n}.",
        )
    return "Four such pairs of counts, for n from 1 to 4, make a BLEU."


def _grams(words: list, n: int) -> Counter:
    return Counter(zip(*[words[i:] for i in range(n)]))


def _sorted(grams: Counter) -> Counter:
    return Counter(tuple(sorted(gram)) for gram in grams.elements())


# Beginnings, log-probabilities of their next tokens, k.
_BEAMS = [
    ([([5], -0.5), ([7], -1.5)], [[-3.0, -0.2, -2.0], [-0.1, -4.0, -2.5]], 2),
    ([([2, 2], -4.0), ([2, 0], -1.0), ([1], -2.0)], [[-0.1, -5.0], [-1.3, -0.7], [-0.2, -3.0]], 3),
    ([([], 0.0)], [[-2.0, -1.0, -3.0, -0.5]], 3),
    ([([1], -1.0)], [[-1.0, -2.0]], 5),
    ([([4, 6], -5.0), ([2], -3.0), ([3], -1.0)], [[-0.5, -1.0], [-2.5, -1.0], [-1.0, -2.0]], 1),
    ([([4, 6, 1, 3], -3.0), ([2], -1.5)], [[-0.1, -4.0], [-1.25, -3.5]], 2),
    # So improbable that the probabilities themselves are 0 to the computer.
    ([([9, 1], -900.0), ([9, 2], -899.0)], [[-0.5, -2.0, -3.0], [-4.0, -1.25, -1.75]], 4),
    ([([3], -1.0), ([5], -2.0)], [[-1.5, -1.5, -9.0], [-7.0, -0.25, -8.0]], 3),
]


@function_exercise
def check_beam_step(answer: Callable) -> str:
    """beam_step(beams, log_probs, k): the k best continuations of all beginnings."""
    for beams, log_probs, k in _BEAMS:
        got = [
            _pair(item, "for each continuation its token ids and its log-probability")
            for item in _list(answer(beams, log_probs, k), "your result")
        ]
        got = [
            ([number(v, "a token id") for v in _list(ids, "the first of a pair")], number(total, "a total"))
            for ids, total in got
        ]
        right = _continuations(beams, log_probs, operator.add)[:k]
        best_first = all(a[1] > b[1] - 1e-6 for a, b in zip(got, got[1:]))
        if not (best_first and _same(_unranked(got), _unranked(right))):
            raise Wrong(_beam_hint(got, beams, log_probs, k))
    return "Applied again and again, with endings set aside, this is beam search."


def _continuations(beams: list, log_probs: list, join: Callable[[float, float], float]) -> list:
    every = [
        ([*ids, v], join(total, more))
        for (ids, total), row in zip(beams, log_probs)
        for v, more in enumerate(row)
    ]
    return sorted(every, key=lambda item: -item[1])


def _unranked(items: list) -> list:
    """Return the items in an order that does not depend on how ties were broken."""
    return sorted(items, key=lambda item: (-round(item[1], 6), item[0]))


def _same(got: list, wanted: list) -> bool:
    return [ids for ids, _ in got] == [ids for ids, _ in wanted] and all(
        abs(a - b) < 1e-6 for (_, a), (_, b) in zip(got, wanted)
    )


def _beam_hint(got: list, beams: list, log_probs: list, k: int) -> str:
    every = _continuations(beams, log_probs, operator.add)
    fresh = _continuations(beams, log_probs, lambda a, b: b)
    times = _continuations(beams, log_probs, operator.mul)
    each = [
        item
        for i in range(len(beams))
        for item in _continuations(beams[i : i + 1], log_probs[i : i + 1], operator.add)
    ]
    greedy = [
        _continuations(beams[i : i + 1], log_probs[i : i + 1], operator.add)[0] for i in range(len(beams))
    ]
    first_k = [item for i in range(len(beams)) for item in each[i * len(log_probs[0]) :][:k]]
    ordered = sorted(greedy, key=lambda item: -item[1])
    # Each mistake with what it leads to, the most special ones first.
    if len(got) < min(k, len(every)):
        return f"only {len(got)}, expected {min(k, len(every))}: k = {k}, and there are {len(every)} continuations."
    if _same(got, every[::-1][:k]):
        return "these are the worst: log-probabilities are negative, and the highest is the best."
    if _same(got, every[:k][::-1]):
        return "the right ones, in the wrong order: the best first."
    if _same(got, sorted(every, key=lambda item: -item[1] / len(item[0]))[:k]):
        return "these are ranked by log-probability per token. Rank them by the whole."
    if _same(_unranked(got), _unranked(every[:k])):
        return "the right ones, in the wrong order: the best first."
    if _same(got, fresh[:k]):
        return "the log-probability of the beginning is lost: add it to that of the new token."
    if _same(got, times[:k]) or _same(got, times[::-1][:k]):
        return "logarithms of probabilities that multiply are added, not multiplied."
    if len(beams) > 1 and (_same(got, greedy) or _same(got, ordered) or _same(got, ordered[:k])):
        return "every beginning got one continuation. They compete: a good one may get several and a bad one none."
    if len(got) > min(k, len(every)):
        same_number = len(got) == len(first_k)
        return (
            "k of every beginning are kept. Keep k altogether."
            if same_number
            else f"keep no more than k = {k}."
        )
    if all(len(ids) == 1 for ids, _ in got) and [(ids, round(total, 6)) for ids, total in got] == [
        (i[-1:], round(t, 6)) for i, t in every[:k]
    ]:
        return "only the new token is left of each. Keep the whole beginning: [*token_ids, v]."
    return f"not the {k} best continuations of {beams}. Yours: {got[:3]}, expected: {every[:k][:3]}."
