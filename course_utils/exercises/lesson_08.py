"""Checks for lesson 08, attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.framework import (
    Wrong,
    compare,
    expect,
    f64,
    function_exercise,
    number,
    tensor,
    value_exercise,
)


@value_exercise
def check_n_tanh(answer: Any) -> str:
    """n_tanh: numbers that go through a tanh for 15 looks at 20 positions with 64 hidden numbers."""
    compare(
        number(answer, "n_tanh"),
        15 * 20 * 64,
        {
            "those are the scores. Each score sums up 64 numbers that went through a tanh.": 15 * 20,
            "that is a single look. There is one before each of the 15 words.": 20 * 64,
            "that is a single position. Every look goes through all 20.": 15 * 64,
            "the lengths are added. Every look meets every position: multiply.": (15 + 20) * 64,
            "the source looks at itself here. 15 words look at 20 positions.": 20 * 20 * 64,
            "the translation looks at itself here. 15 words look at 20 positions.": 15 * 15 * 64,
            "both parts are added before the tanh, not joined: 64 numbers go through it.": 15 * 20 * 128,
            "the looks and the positions are counted already, end symbols included.": 16 * 21 * 64,
        },
        "not the number of looks times positions times hidden numbers.",
        tolerance=1e-9,
    )
    return "Twice as long a sentence, twice as long a translation: four times the work."


@function_exercise
def check_attention_weights(answer: Callable) -> str:
    """attention_weights(scores, mask): softmax over the allowed positions, 0 elsewhere."""
    two = f64([[1.0, -0.5, 2.0, 0.3], [0.2, 1.5, -1.0, 3.0]])
    # The last row has small exponentials: a little that is added to them or to their sum would show.
    three = f64(
        [[1.0, -0.5, 2.0, 0.3, 0.0], [0.2, 1.5, -1.0, 3.0, -2.0], [-12.0, -13.5, -11.0, -14.0, -12.5]]
    )
    cases = [
        (two, [[True, True, False, True], [True, False, True, True]]),
        (two, [[False, True, True, True]] * 2),
        (three, [[True] * 5, [False, True, False, False, True], [True, False, True, True, False]]),
    ]
    for scores, rows in cases:
        mask = torch.tensor(rows)
        got = tensor(answer(scores, mask), tuple(scores.shape))
        e = scores.exp()
        masked = e * mask
        right = masked / masked.sum(-1, keepdim=True)
        inverted = e * ~mask
        compare(
            got,
            right,
            {
                "the mask is the wrong way round: True is where one may look.": inverted
                / inverted.sum(-1, keepdim=True),
                "padding gets weight: what may not be looked at must get exactly 0.": scores.softmax(-1),
                "the weights that are left do not sum to 1: divide by the sum of what is left, "
                "not by the sum of all exponentials.": scores.softmax(-1) * mask,
                "these are exponentials: divide each row by its sum.": masked,
                "padding has the score 0 here, and exp(0) is 1. Multiply the exponentials by the mask, "
                "not the scores.": (scores * mask).softmax(-1),
                "the columns sum to 1: sum over the last axis, the positions of the source.": masked
                / masked.sum(0, keepdim=True).clamp(min=1e-300),
                "the whole table sums to 1. Each row is a look of its own: sum over the last axis.": masked
                / masked.sum(),
                "the exponential is missing: these are the scores, divided by their sum.": scores
                * mask
                / (scores * mask).sum(-1, keepdim=True),
            },
            "not the weights of the allowed positions.",
        )
        expect(not got[~mask].any(), "padding gets a little weight. Set its exponential to exactly 0.")
    return "A position that may not be looked at has a weight of exactly 0."


@function_exercise
def check_contexts(answer: Callable) -> str:
    """contexts(queries, memory, W, U, v): additive attention of all queries to one sentence."""
    generator = torch.Generator().manual_seed(8)
    for T, S, Q, M, A in ((2, 4, 3, 5, 6), (3, 2, 4, 4, 4), (1, 4, 3, 2, 5), (3, 1, 2, 3, 4)):
        shapes = ((T, Q), (S, M), (A, Q), (A, M), (A,))
        case = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
        _examine_contexts(answer(*case), *case)
    return "No look waits for another: it needs no loop, and a processor can do all of them at once."


def _examine_contexts(got: Any, queries: Tensor, memory: Tensor, W: Tensor, U: Tensor, v: Tensor) -> None:
    inside = (queries @ W.T)[:, None] + memory @ U.T  # (T, S, A)
    scores = torch.tanh(inside) @ v  # (T, S)
    right = scores.softmax(-1) @ memory  # (T, M)
    if isinstance(got, Tensor) and got.shape == scores.shape != right.shape:
        for hint, value in {
            "those are the weights, shape (T, S). Mix the memory with them: weights @ memory.": scores.softmax(
                -1
            ),
            "those are the scores, shape (T, S). Take their softmax, and mix the memory with it.": scores,
        }.items():
            if torch.allclose(got.detach().to(torch.float64), value):
                raise Wrong(hint)
    compare(
        tensor(got, tuple(right.shape)),
        right,
        {
            "the softmax is over the queries. Each query's weights sum to 1 over the positions: "
            "softmax over the last axis of (T, S).": scores.softmax(0) @ memory,
            "the tanh is missing.": (inside @ v).softmax(-1) @ memory,
            "the softmax is missing: the scores themselves are the weights here.": scores @ memory,
            "v is missing: these scores are plain sums over the hidden numbers.": torch.tanh(inside)
            .sum(-1)
            .softmax(-1)
            @ memory,
            "these scores are a mean over the hidden numbers. They are a sum, weighted by v.": (
                torch.tanh(inside) * v
            )
            .mean(-1)
            .softmax(-1)
            @ memory,
            "additive scores are not scaled: that belongs to dot products.": (scores / len(v) ** 0.5).softmax(
                -1
            )
            @ memory,
            "first the tanh, then the product with v.": torch.tanh(inside @ v).softmax(-1) @ memory,
            "the whole table of weights sums to 1. Each query has a softmax of its own.": scores.flatten()
            .softmax(0)
            .view(scores.shape)
            @ memory,
            "every position has the same weight: that is the plain mean of the memory.": memory.mean(
                0, keepdim=True
            ).expand(right.shape),
            "a hard choice: this is the vector with the highest score, not the weighted mean.": memory[
                scores.argmax(-1)
            ],
            "the parts are multiplied inside the tanh. Add them.": torch.tanh(
                (queries @ W.T)[:, None] * (memory @ U.T)
            )
            .matmul(v)
            .softmax(-1)
            @ memory,
        },
        "not the weighted means of the memory.",
    )


@function_exercise
def check_error_rate(answer: Callable) -> str:
    """error_rate(weights, gold): alignment error rate of the links with the largest weights."""
    cases = [
        (
            f64([[0.05, 0.25, 0.7], [0.3, 0.55, 0.15], [0.15, 0.5, 0.35], [0.45, 0.05, 0.5]]),
            {(0, 0), (0, 3), (1, 1), (1, 3), (2, 1)},
        ),
        (
            f64([[0.1, 0.05, 0.1, 0.25, 0.5], [0.5, 0.05, 0.15, 0.2, 0.1], [0.45, 0.1, 0.05, 0.35, 0.05]]),
            {(0, 1), (2, 2)},
        ),
        (f64([[0.2, 0.8], [0.7, 0.3]]), {(1, 0), (0, 1)}),
    ]
    for weights, gold in cases:
        got = number(answer(weights, gold))
        links = {(i, j) for j, i in enumerate(weights.argmax(-1).tolist())}
        swapped = {(j, i) for i, j in links}
        by_source = {(i, j) for i, j in enumerate(weights.argmax(0).tolist())}
        right = len(links & gold)

        def rate(made: set, gold: set = gold) -> float:
            return 1 - 2 * len(made & gold) / (len(made) + len(gold))

        compare(
            got,
            rate(links),
            {
                "no link is found right. Do your pairs hold whole numbers (.tolist()), counted from 0?": 1.0,
                "that is in percent: 0 to 1 is asked for.": 100 * rate(links),
                "the pairs are the wrong way round: a true link is (source place, target place).": rate(
                    swapped
                ),
                "here every source place makes a link. Every target place makes one: argmax over the last "
                "axis.": rate(by_source),
                "that is the share of right and true, not 1 minus it.": 1 - rate(links),
                "this counts wrong links only. Missing ones are errors as well: divide by made + true.": 1
                - right / len(links),
                "this counts missing links only. Wrong ones are errors as well: divide by made + true.": 1
                - right / len(gold),
                "the 2 is missing: a right link counts once among the made and once among the true.": 1
                - right / (len(links) + len(gold)),
                "this divides by all different links, made or true. Divide by their two numbers added up.": 1
                - right / len(links | gold),
                "those are counts, not a rate: divide by made + true.": float(
                    len(links) + len(gold) - 2 * right
                ),
            },
            "not the alignment error rate.",
        )
    expect(
        abs(number(answer(f64([[0.9, 0.1]]), {(1, 0)})) - 1) < 1e-6,
        "if no link is right, the rate is 1. Yours is another.",
    )
    return "It is 0 for a perfect map, and 1 if no link is right."
