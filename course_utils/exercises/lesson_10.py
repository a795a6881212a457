"""Checks for lesson 10, self-attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.framework import (
    Wrong,
    compare,
    expect,
    function_exercise,
    number,
    tensor,
    value_exercise,
)
from course_utils.models.transformer import sinusoids


def _draw(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@value_exercise
def check_n_parameters(answer: Any) -> str:
    """n_parameters: of a multi-head attention with D = 512 and 8 heads, without biases."""
    D, H = 512, 8
    compare(
        number(answer, "n_parameters"),
        4 * D * D,
        {
            "that is three tables. The fourth, W_o, mixes what the heads have gathered.": 3 * D * D,
            "that is one table. Queries, keys, values and the output have one each.": D * D,
            "every head got tables of the full width. All heads together have that width.": 4 * H * D * D,
            "every head got three tables of the full width. All heads together have that width.": 3
            * H
            * D
            * D,
            "three tables a head of the full width, and W_o: the heads share the width among them.": 3
            * H
            * D
            * D
            + D * D,
            "that is an eighth: one head's share of all four tables, or tables of 64 x 64 for eight heads. Each head "
            "reads all 512 numbers of a token, and there are eight of them.": 4 * D * (D // H),
            "the tables are not 64 x 64: each head reads all 512 numbers of a token.": 4 * (D // H) ** 2,
            "the biases are counted here; this layer has none.": 4 * D * D + 4 * D,
            "those are the rows of the tables. Each row has 512 numbers.": 4 * D,
        },
        "not the number of parameters of four tables.",
        tolerance=1e-9,
    )
    return "That is 1,048,576, for 1, 8 or 512 heads alike."


@function_exercise
def check_attend(answer: Callable) -> str:
    """attend(query, key, value): scaled dot-product attention of one head."""
    for seed, (T, S, K, V) in enumerate(
        ((3, 5, 4, 2), (4, 4, 3, 3), (1, 3, 9, 4), (5, 1, 2, 1), (2, 6, 1, 5))
    ):
        query, key, value = _draw(seed, T, K), _draw(seed + 10, S, K), _draw(seed + 20, S, V)
        # Loud queries: a wrong scale shows, and the softmax of an even row would not.
        _examine_attend(answer(3 * query, key, value), 3 * query, key, value)
    query, key, value = _draw(1, 2, 4) * 1e4, _draw(2, 3, 4), _draw(3, 3, 2)
    got = answer(query, key, value)
    if isinstance(got, Tensor) and not bool(torch.isfinite(got).all()):
        raise Wrong(
            "nan or inf for large scores: exp overflows. Use `.softmax`, or subtract the largest score."
        )
    _examine_attend(got, query, key, value)
    return "One product for the scores, a softmax, one product for the means."


def _examine_attend(got: Any, query: Tensor, key: Tensor, value: Tensor) -> None:
    (T, K), S = query.shape, len(key)
    plain = query @ key.T  # (T, S)
    scores = plain / K**0.5
    right = scores.softmax(-1) @ value  # (T, V)
    if isinstance(got, Tensor) and got.shape == scores.shape != right.shape:
        for hint, wrong in {
            "those are the weights, (T, S). Mix the values with them: weights @ value.": scores.softmax(-1),
            "those are the scores, (T, S). Take their softmax, and mix the values with it.": scores,
        }.items():
            if torch.allclose(got.detach().to(torch.float64), wrong):
                raise Wrong(hint)
    mistakes = {
        "the softmax runs over the queries. Each query's weights sum to 1 over the keys: "
        "softmax over the last axis of (T, S).": scores.softmax(0) @ value,
        "the scale is missing: divide the scores by the root of K.": plain.softmax(-1) @ value,
        "the scores are divided by K. Divide by its root: the variance is K, the size is √K.": (
            plain / K
        ).softmax(-1)
        @ value,
        "the scores are multiplied by the root of K. Divide by it.": (plain * K**0.5).softmax(-1) @ value,
        "the scale is the root of the number of keys here. It is the length of a key, K.": (
            plain / S**0.5
        ).softmax(-1)
        @ value,
        "the scale is the root of the number of queries here. It is the length of a key, K.": (
            plain / T**0.5
        ).softmax(-1)
        @ value,
        "the scale is the root of the length of a value here. It is the length of a key, K.": (
            plain / value.shape[1] ** 0.5
        ).softmax(-1)
        @ value,
        "the scale comes after the softmax here. It belongs to the scores.": plain.softmax(-1)
        / K**0.5
        @ value,
        "the softmax is missing: the scores themselves are the weights here.": scores @ value,
        "the softmax is missing, and the scale as well.": plain @ value,
        "the exponentials are not divided by their sum.": scores.exp() @ value,
        "the whole table of weights sums to 1. Each query has a softmax of its own.": scores.flatten()
        .softmax(0)
        .view(T, S)
        @ value,
        "every key has the same weight: that is the plain mean of the values.": value.mean(0).expand(
            right.shape
        ),
        "a hard choice: this is the value with the highest score, not the weighted mean.": value[
            scores.argmax(-1)
        ],
    }
    if T == S:
        mistakes["the table of scores is the wrong way round: keys ask queries here."] = (
            scores.T.softmax(-1) @ value
        )
    if key.shape == value.shape:
        mistakes["keys are mixed here. The weights belong to the values."] = scores.softmax(-1) @ key
    compare(tensor(got, tuple(right.shape)), right, mistakes, "not the weighted means of the values.")


@function_exercise
def check_causal_weights(answer: Callable) -> str:
    """causal_weights(scores): softmax over the token itself and those to its left."""
    cases = [_draw(seed, T, T) * 2 for seed, T in enumerate((4, 2, 1, 6))]
    cases.append(_draw(9, 5, 5) - 200)  # a score of 0 for what is forbidden would take all weight here
    cases.append(_draw(10, 3, 3) + 30)
    for scores in cases:
        T = len(scores)
        allowed = torch.ones(T, T, dtype=torch.bool).tril()
        forbidden = scores.masked_fill(~allowed, -torch.inf)
        got = answer(scores)
        strict = scores.masked_fill(~allowed.tril(-1), -torch.inf).softmax(-1)
        if isinstance(got, Tensor) and got.shape == scores.shape and bool(torch.isnan(got).any()):
            raise Wrong(
                "the first row is nan: it may look at nothing. Every token may look at itself: keep the diagonal."
                if torch.equal(torch.isnan(got), torch.isnan(strict))
                else "your result holds nan: look for a division of 0 by 0."
            )
        masked_after = scores.softmax(-1) * allowed
        multiplied = scores * allowed
        compare(
            tensor(got, (T, T)),
            forbidden.softmax(-1),
            {
                "nothing is forbidden here: every token looks to its right.": scores.softmax(-1),
                "the mask comes after the softmax: the rows no longer sum to 1, because the future has taken its "
                "share. Forbid before the softmax.": masked_after,
                "forbidden scores are 0 here, and exp(0) is 1. They must be minus infinity.": multiplied.softmax(
                    -1
                ),
                "the mask is the wrong way round: this looks to the right.": scores.masked_fill(
                    ~allowed.T, -torch.inf
                ).softmax(-1),
                "the columns sum to 1: softmax over the last axis, the tokens that are looked at.": forbidden.softmax(
                    0
                ),
                "the columns sum to 1, and each token is looked at by earlier ones only. The softmax is over the last "
                "axis, and True is below the diagonal.": scores.masked_fill(~allowed.T, -torch.inf).softmax(
                    0
                ),
                "tokens cannot look at themselves here. Keep the diagonal.": strict.nan_to_num(0),
                "a token sees one word of its future: the diagonal is the last that is allowed.": scores.masked_fill(
                    ~torch.ones(T, T, dtype=torch.bool).tril(1), -torch.inf
                ).softmax(-1),
                "these are scores, not weights yet: the softmax is missing.": multiplied,
                "these are exponentials: divide each row by its sum.": scores.exp() * allowed,
                "all allowed words have the same weight: the scores are lost.": allowed.double()
                / allowed.sum(-1, keepdim=True),
            },
            "not the weights over the token itself and those to its left.",
        )
        expect(
            not torch.as_tensor(got)[~allowed].any(), "the future gets a little weight. It must be exactly 0."
        )
    return "The first token can look at nobody but itself: its weight is 1."


@function_exercise
def check_split_heads(answer: Callable) -> str:
    """split_heads(x, n_heads): (B, T, D) -> (B, H, T, K), consecutive numbers together."""
    for B, T, H, K in ((2, 3, 2, 4), (1, 4, 4, 2), (3, 2, 2, 2), (2, 5, 1, 3), (2, 1, 3, 2), (1, 3, 3, 1)):
        x = torch.arange(B * T * H * K, dtype=torch.float64).view(B, T, H * K)
        got = answer(x, H)
        if isinstance(got, Tensor) and tuple(got.shape) == (B, T, H, K) != (B, H, T, K):
            raise Wrong(
                f"your result has shape {(B, T, H, K)}, that is (B, T, H, K). Swap the two axes in the middle."
            )
        cut = x.unflatten(-1, (H, K))
        compare(
            tensor(got, (B, H, T, K)),
            cut.transpose(1, 2),
            {
                "the shape is right, the numbers are not: `view` straight to (B, H, T, K) gives head 0 whole tokens "
                "from the beginning of the sentence. Cut the last axis first, then swap.": x.reshape(
                    B, H, T, K
                ),
                "the shape is right, the numbers are not: head 0 has every H-th number here. Its numbers are the first "
                "K of each token: cut the last axis into (H, K), not into (K, H).": x.unflatten(
                    -1, (K, H)
                ).permute(0, 3, 1, 2),
                "the heads stand in reverse order.": cut.transpose(1, 2).flip(1),
                "the tokens stand in reverse order.": cut.transpose(1, 2).flip(2),
                "every head got the same numbers. Head 1 has the next K.": x[:, None, :, :K].expand(
                    B, H, T, K
                ),
                "the axes were swapped before the cut: numbers of different tokens are mixed.": x.mT.reshape(
                    B, H, T, K
                ),
            },
            "the shape is right, the numbers are in other places.",
        )
    return "No number is copied or computed: the same numbers, read in another order."


@function_exercise
def check_moved(answer: Callable) -> str:
    """moved(address, k): the sinusoids of a position k further on."""
    for start, k, D in ((3, 2, 8), (10, 1, 4), (0, 7, 6), (25, -4, 8), (2, 30, 2), (5, 0, 4)):
        address = sinusoids(1, D, start)[0].double()
        got = tensor(answer(address, k), (D,))
        b = k * 10_000.0 ** (-torch.arange(0, D, 2, dtype=torch.float64) / D)
        sin, cos = address[0::2], address[1::2]

        def pairs(first: Tensor, second: Tensor) -> Tensor:
            return torch.stack([first, second], dim=-1).flatten()

        compare(
            got,
            pairs(sin * b.cos() + cos * b.sin(), cos * b.cos() - sin * b.sin()),
            {
                "the clocks turn backwards: this is k positions before. Mind the signs.": pairs(
                    sin * b.cos() - cos * b.sin(), cos * b.cos() + sin * b.sin()
                ),
                "that is the address of position k. You want k further on from the one that is given.": pairs(
                    b.sin(), b.cos()
                ),
                "the two addresses are added. Angles add up; their sines do not.": address
                + pairs(b.sin(), b.cos()),
                "the addresses are multiplied number by number. Angles add up: use sin(a + b) and cos(a + b).": address
                * pairs(b.sin(), b.cos()),
                "this is the address that was given: nothing has moved.": address,
                "sines and cosines have changed places: the sine stands first in each pair.": pairs(
                    cos * b.cos() - sin * b.sin(), sin * b.cos() + cos * b.sin()
                ),
                "all sines stand before all cosines here. They take turns: stack them on a new last axis.": torch.cat(
                    [sin * b.cos() + cos * b.sin(), cos * b.cos() - sin * b.sin()]
                ),
                "all clocks turn at the same speed: clock i turns by k times 10,000 to the power of -2i / D.": pairs(
                    sin * b[:1].cos() + cos * b[:1].sin(), cos * b[:1].cos() - sin * b[:1].sin()
                ),
                "one sign is wrong: cos(a + b) = cos a cos b MINUS sin a sin b.": pairs(
                    sin * b.cos() + cos * b.sin(), cos * b.cos() + sin * b.sin()
                ),
                "numbers have moved along the vector. The position is in the angles, not in the places.": address.roll(
                    int(k)
                ),
            },
            f"not the address {k} further on.",
            tolerance=1e-4,
        )
    return "The same turn for every position: that is what a head can learn."
