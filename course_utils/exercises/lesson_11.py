"""Checks for lesson 11, the Transformer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.framework import compare, function_exercise, number, tensor, value_exercise


@value_exercise
def check_n_weights(answer: Any) -> str:
    """n_weights: the weights of a decoder block with D = 96, F = 200 and 8 heads."""
    D, F = 96, 200
    compare(
        number(answer, "n_weights"),
        8 * D * D + 2 * D * F,
        {
            "that is an encoder block. A decoder block has a second attention, the one at the source.": 4
            * D
            * D
            + 2 * D * F,
            "the feed-forward layer goes to width F and back: two tables.": 8 * D * D + D * F,
            "the feed-forward layer is missing.": 8 * D * D,
            "an attention has four tables: queries, keys, values and output. One is missing.": 6 * D * D
            + 2 * D * F,
            "heads share the width: 8 heads of 12 numbers have the tables of one head of 96.": 8 * (8 * D * D)
            + 2 * D * F,
            "each head has a table of 96 to 12 numbers; all 8 of them make one of 96 to 96.": 8 * D * D // 8
            + 2 * D * F,
            "the cross-attention has an output table, too.": 7 * D * D + 2 * D * F,
            "two attentions, not three.": 12 * D * D + 2 * D * F,
            "biases are to be left out.": 8 * (D * D + D) + 2 * D * F + F + D,
            "biases and norms are to be left out.": 8 * (D * D + D) + 2 * D * F + F + D + 6 * D,
        },
        "not the tables of two attentions and of the feed-forward layer.",
        tolerance=1e-9,
        show=False,
    )
    return (
        "In the paper the two attentions together have as many weights as the feed-forward layer: 2,097,152."
    )


@function_exercise
def check_learning_rate(answer: Callable) -> str:
    """learning_rate(step, d_model, warm_up_steps): the schedule of equation 3."""
    cases = [(1, 64, 100), (100, 64, 100), (900, 64, 100), (40, 512, 4000), (25_000, 512, 4000), (7, 16, 1)]

    def rates(make: Callable) -> list[float]:
        return [make(*case) for case in cases]

    def scaled(rate: Callable) -> list[float]:
        return rates(lambda s, D, w: D**-0.5 * rate(s, w))

    compare(
        [number(answer(*case)) for case in cases],
        scaled(lambda s, w: min(s**-0.5, s * w**-1.5)),
        {
            "that is the larger of the two branches: take the smaller one.": scaled(
                lambda s, w: max(s**-0.5, s * w**-1.5)
            ),
            "the factor that depends on d_model is missing.": rates(
                lambda s, D, w: min(s**-0.5, s * w**-1.5)
            ),
            "the rate has to be divided by the root of d_model, not multiplied by it.": rates(
                lambda s, D, w: D**0.5 * min(s**-0.5, s * w**-1.5)
            ),
            "it is d_model to the power of -0.5, not d_model to the power of -1.": rates(
                lambda s, D, w: min(s**-0.5, s * w**-1.5) / D
            ),
            "it goes on rising after the warm-up.": scaled(lambda s, w: s * w**-1.5),
            "it falls from the first step on: where is the warm-up?": scaled(lambda s, w: s**-0.5),
            "the branches do not meet: warm_up_steps has the power -1.5, not -1.": scaled(
                lambda s, w: min(s**-0.5, s / w)
            ),
            "the branches do not meet: warm_up_steps has the power -1.5, not -0.5.": scaled(
                lambda s, w: min(s**-0.5, s * w**-0.5)
            ),
            "after the warm-up it falls by the step itself, not by the steps since then.": scaled(
                lambda s, w: s * w**-1.5 if s <= w else min(w**-0.5, (s - w) ** -0.5)
            ),
            "you count from 0. The paper counts from 1, and so does `step` here.": scaled(
                lambda s, w: min((s + 1) ** -0.5, (s + 1) * w**-1.5)
            ),
            "after the warm-up it stays flat. It should fall like 1 / sqrt(step).": scaled(
                lambda s, w: min(w**-0.5, s * w**-1.5)
            ),
            "after the warm-up it falls like 1 / step. It should fall like 1 / sqrt(step).": scaled(
                lambda s, w: min(1 / s, s * w**-1.5)
            ),
        },
        f"not the rates of (step, d_model, warm_up_steps) = {', '.join(map(str, cases))}.",
    )
    return "Both branches meet at the end of the warm-up, where the rate is highest."


@function_exercise
def check_smoothed_loss(answer: Callable) -> str:
    """smoothed_loss(logits, target, epsilon): cross-entropy with smoothed labels."""
    generator = torch.Generator().manual_seed(11)
    for n, V, epsilon in ((3, 5, 0.1), (1, 4, 0.3), (4, 4, 0.0), (2, 7, 1.0), (5, 2, 0.2)):
        logits = 3 * torch.randn(n, V, generator=generator, dtype=torch.float64) + 40
        target = torch.randint(V, (n,), generator=generator)
        got = number(answer(logits, target, epsilon))
        log_p = logits.log_softmax(-1)
        chosen, rest = log_p[torch.arange(n), target], log_p.sum(-1)
        right = -((1 - epsilon) * chosen + epsilon * rest / V).mean()

        def value(x: Tensor) -> float:
            return x.item()

        compare(
            got,
            value(right),
            {
                "the sign is wrong: the loss is minus a mean logarithm.": -value(right),
                "that is the sum over the tokens. Take their mean.": n * value(right) if n > 1 else math.nan,
                "that is the plain cross-entropy: epsilon does nothing.": value(-chosen.mean()),
                "the share epsilon is missing: it is spread over the whole vocabulary.": value(
                    -(1 - epsilon) * chosen.mean()
                ),
                "each word of the vocabulary gets epsilon / V, not epsilon.": value(
                    -((1 - epsilon) * chosen + epsilon * rest).mean()
                ),
                "a mean over all N times V numbers: sum over the vocabulary, mean over the tokens only.": value(
                    right / V
                ),
                "the right word also gets its part of epsilon. Your target sums to less than 1.": value(
                    -((1 - epsilon) * chosen + epsilon / V * (rest - chosen)).mean()
                ),
                "log_p[:, target] takes every pair of token and target. Use log_p[torch.arange(N), target].": value(
                    -((1 - epsilon) * log_p[:, target].mean() + (epsilon * rest / V).mean())
                ),
                "here epsilon goes to the other words only. In this lesson, as in PyTorch, it is spread over all of "
                "them, the right one included.": value(
                    -((1 - epsilon) * chosen + epsilon * (rest - chosen) / max(V - 1, 1)).mean()
                ),
                "here the right word gets epsilon and the rest 1 - epsilon: it is the other way round.": value(
                    -(epsilon * chosen + (1 - epsilon) * rest / V).mean()
                ),
                "the softmax runs over the tokens. Each token has a distribution over the vocabulary: the last "
                "axis.": _over_tokens(logits, target, epsilon),
                "the right word keeps its whole share and epsilon comes on top: the target sums to more than 1.": value(
                    -(chosen + epsilon * rest / V).mean()
                ),
                "the logits are no logarithms of probabilities yet: take log_softmax first.": value(
                    -((1 - epsilon) * logits[torch.arange(n), target] + epsilon * logits.sum(-1) / V).mean()
                ),
            },
            "not the cross-entropy with the smoothed target.",
        )
    large = torch.tensor([[2000.0, 0.0, -1000.0]], dtype=torch.float64)
    compare(
        number(
            answer(large, torch.tensor([1]), 0.3),
            "the loss of logits as large as 2,000 (take log_softmax, not the log of a softmax)",
        ),
        0.7 * 2000 + 0.1 * (0 + 2000 + 3000),
        {},
        "right for small logits, not for logits as large as 2,000: use log_softmax.",
    )
    return "With epsilon above 0 it is never 0, however sure the model is: that is its purpose."


def _over_tokens(logits: Tensor, target: Tensor, epsilon: float) -> float:
    log_p, n = logits.log_softmax(0), torch.arange(len(logits))
    return -((1 - epsilon) * log_p[n, target] + epsilon * log_p.mean(-1)).mean().item()


@function_exercise
def check_cross_attention(answer: Callable) -> str:
    """cross_attention(x, memory, W_q, W_k, W_v, n_heads): every target token looks at the source, in several heads."""
    generator = torch.Generator().manual_seed(12)
    for T, S, D, H in ((2, 3, 12, 3), (3, 3, 6, 3), (3, 5, 6, 1), (1, 4, 8, 2), (4, 1, 6, 2), (4, 4, 4, 4)):
        shapes = ((T, D), (S, D), (D, D), (D, D), (D, D))
        x, memory, *tables = (torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes)
        right = _look(x, memory, *tables, H)
        mistakes = {
            "the softmax runs over the queries. Each query's weights sum to 1 over the source: the last axis.": _look(
                x, memory, *tables, H, axis=-2
            ),
            "the scale is missing: divide the scores by the root of the width of a head.": _look(
                x, memory, *tables, H, scale=1.0
            ),
            "the scores are divided by the root of D. Each head has D / n_heads numbers: divide by their root.": _look(
                x, memory, *tables, H, scale=D**-0.5
            ),
            "the scores are divided by the width of a head. Divide by its root.": _look(
                x, memory, *tables, H, scale=H / D
            ),
            "the scores are multiplied by the root of a head's width. Divide by it.": _look(
                x, memory, *tables, H, scale=(D / H) ** 0.5
            ),
            "the softmax runs over the heads. Each query's weights sum to 1 over the source: the last axis.": _look(
                x, memory, *tables, H, axis=0
            ),
            "W_q and W_k have changed places.": _look(x, memory, tables[1], tables[0], tables[2], H),
            "the heads are cut wrongly, though the shape is right: a head takes neighbouring columns of every token. "
            "Unflatten the last axis, then swap heads and tokens.": _look(
                x, memory, *tables, H, cut=_by_rows
            ),
            "the heads are cut wrongly: head h takes every n_heads-th column. It takes neighbouring ones.": _look(
                x, memory, *tables, H, cut=_interleaved, join=_join_interleaved
            ),
            "the heads are joined wrongly: swap heads and tokens back before you flatten.": _look(
                x, memory, *tables, H, join=_join_unswapped
            ),
            "that is one head of width D. Cut queries, keys and values into n_heads.": _look(
                x, memory, *tables, 1
            ),
            "the tables are the wrong way round: as in nn.Linear, it is x @ W.T.": _look(
                x, memory, *(table.T for table in tables), H
            ),
            "keys and values come from x here: that is self-attention. They come from the memory.": _look(
                x, x, *tables, H
            ),
            "the values come from the keys' table. They have W_v.": _look(
                x, memory, tables[0], tables[1], tables[1], H
            ),
            "the values are the memory itself: W_v is missing.": _look(
                x, memory, tables[0], tables[1], torch.eye(D, dtype=torch.float64), H
            ),
            "no word is preferred: that is the plain mean of the values.": (memory @ tables[2].T)
            .mean(0)
            .expand(T, D),
        }
        fitting = {hint: value for hint, value in mistakes.items() if value.shape == right.shape}
        compare(
            tensor(answer(x, memory, *tables, H), (T, D)),
            right,
            fitting,
            "not what the heads gather from the source.",
        )
    return "With one source word every token gets that word's value, whatever it asks."


def _by_columns(y: Tensor, H: int) -> Tensor:
    return y.unflatten(-1, (H, -1)).transpose(0, 1)  # (H, T, K)


def _by_rows(y: Tensor, H: int) -> Tensor:
    return y.reshape(H, len(y), -1)


def _interleaved(y: Tensor, H: int) -> Tensor:
    return y.unflatten(-1, (-1, H)).permute(2, 0, 1)


def _join(y: Tensor) -> Tensor:
    return y.transpose(0, 1).flatten(-2)  # (H, T, K) -> (T, D)


def _join_unswapped(y: Tensor) -> Tensor:
    return y.reshape(y.shape[1], -1)


def _join_interleaved(y: Tensor) -> Tensor:
    return y.permute(1, 2, 0).flatten(-2)


def _look(
    x: Tensor,
    memory: Tensor,
    W_q: Tensor,
    W_k: Tensor,
    W_v: Tensor,
    H: int,
    axis: int = -1,
    scale: float | None = None,
    cut: Callable = _by_columns,
    join: Callable = _join,
) -> Tensor:
    query, key, value = (cut(y, H) for y in (x @ W_q.T, memory @ W_k.T, memory @ W_v.T))  # (H, T|S, K)
    scores = query @ key.mT * (query.shape[-1] ** -0.5 if scale is None else scale)  # (H, T, S)
    return join(scores.softmax(axis) @ value)
