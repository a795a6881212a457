"""Checks for lesson 10, self-attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.framework import (
    Wrong,
    compare,
    draw,
    expect,
    function_exercise,
    number,
    tensor,
    value_exercise,
)
from course_utils.models.transformer import sinusoids


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
            "that is one head's queries, keys and values. There are eight heads, and a table W_o.": 3
            * D
            * (D // H),
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
        ((3, 5, 4, 2), (5, 5, 3, 3), (1, 3, 9, 4), (5, 1, 2, 1), (2, 6, 1, 5))
    ):
        query, key, value = draw(seed, T, K), draw(seed + 10, S, K), draw(seed + 20, S, V)
        # Loud queries: a wrong scale shows, and the softmax of an even row would not.
        _examine_attend(answer(3 * query, key, value), 3 * query, key, value)
    query, key, value = draw(1, 2, 4) * 1e4, draw(2, 3, 4), draw(3, 3, 2)
    got = answer(query, key, value)
    if isinstance(got, Tensor) and not bool(torch.isfinite(got).all()):
        raise Wrong(
            "nan or inf for large scores: exp overflows, or a whole row of exponentials is 0. "
            "Use `.softmax`, or subtract from each row its own largest score."
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
    lengths = {"number of keys": S, "number of queries": T, "length of a value": value.shape[1]}
    mistakes = {
        "the softmax runs over the queries. Each query's weights sum to 1 over the keys: "
        "softmax over the last axis of (T, S).": scores.softmax(0) @ value,
        # Before the next one: for K = 3 it is the same, but whoever leaves the scale out is caught at K = 4.
        "the root of K is cut to a whole number here. √3 is 1.73, not 1.": (plain / int(K**0.5)).softmax(-1)
        @ value,
        "the scale is missing: divide the scores by the root of K.": plain.softmax(-1) @ value,
        "the scores are divided by K. Divide by its root: the variance is K, the size is √K.": (
            plain / K
        ).softmax(-1)
        @ value,
        "the scores are multiplied by the root of K. Divide by it.": (plain * K**0.5).softmax(-1) @ value,
        **{
            f"the scale is the root of the {name} here. It is the length of a key, K.": (
                (plain / n**0.5).softmax(-1) @ value
            )
            for name, n in lengths.items()
        },
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
    cases = [draw(seed, T, T) * 2 for seed, T in enumerate((4, 2, 1, 6))]
    # A score of 0 for what is forbidden would take all weight here. Whole 64ths are exact in float32 too.
    cases.append((draw(9, 5, 5) * 64).round() / 64 - 200)
    cases.append(draw(10, 3, 3) + 30)
    for scores in cases:
        T = len(scores)
        allowed = torch.ones(T, T, dtype=torch.bool).tril()
        forbidden = scores.masked_fill(~allowed, -torch.inf)
        got = answer(scores)
        strict = scores.masked_fill(~allowed.tril(-1), -torch.inf).softmax(-1)
        if isinstance(got, Tensor) and got.shape == scores.shape and bool(torch.isnan(got).any()):
            inverted = scores.masked_fill(allowed, -torch.inf).softmax(-1)
            hint = "your result holds nan: look for 0 / 0 or 0 times infinity. Use `masked_fill`."
            if torch.equal(torch.isnan(got), torch.isnan(strict)):
                hint = "the first row is nan: it may look at nothing. A token may look at itself: keep the diagonal."
            if T > 1 and torch.equal(torch.isnan(got), torch.isnan(inverted)):
                hint = "the last row is nan: the mask is the wrong way round. Forbid what is NOT allowed: `~allowed`."
            raise Wrong(hint)
        if isinstance(got, Tensor) and torch.equal(got, forbidden.to(got.dtype)) and T > 1:
            raise Wrong("these are scores, minus infinity included, not weights yet: the softmax is missing.")
        masked_after = scores.softmax(-1) * allowed
        multiplied = scores * allowed
        compare(
            tensor(got, (T, T)),
            forbidden.softmax(-1),
            {
                "nothing is forbidden here: every token looks to its right.": scores.softmax(-1),
                "the mask comes after the softmax: the rows no longer sum to 1, because the future has taken its "
                "share. Forbid before the softmax.": masked_after,
                "forbidden scores are 0 here, and exp(0) is 1. Make them minus infinity.": multiplied.softmax(
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
                "each column sums to 1 here: rows and columns have changed places.": forbidden.softmax(-1).T,
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
    for B, T, H, K in ((2, 3, 4, 5), (1, 4, 4, 2), (3, 2, 2, 2), (2, 5, 1, 3), (2, 1, 3, 2), (1, 3, 3, 1)):
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


def _pairs(first: Tensor, second: Tensor) -> Tensor:
    return torch.stack([first, second], dim=-1).flatten()


def _turned(sin: Tensor, cos: Tensor, b: Tensor) -> Tensor:
    return _pairs(sin * b.cos() + cos * b.sin(), cos * b.cos() - sin * b.sin())


@function_exercise
def check_moved(answer: Callable) -> str:
    """moved(address, k): the sinusoids of a position k further on."""
    for start, k, D in ((3, 2, 8), (10, 1, 4), (0, 7, 6), (25, -4, 8), (2, 30, 2), (5, 0, 4)):
        address = sinusoids(1, D, start)[0].double()
        got = tensor(answer(address, k), (D,))
        b = k * 10_000.0 ** (-torch.arange(0, D, 2, dtype=torch.float64) / D)
        without_2, upwards = (
            k * 10_000.0 ** (-torch.arange(D // 2) / D),
            k * 10_000.0 ** (torch.arange(0, D, 2) / D),
        )
        sin, cos, added = address[0::2], address[1::2], _pairs(b.sin(), b.cos())
        new_sin, new_cos = sin * b.cos() + cos * b.sin(), cos * b.cos() - sin * b.sin()
        first, second = address.chunk(2)
        halves = torch.cat([first * b.cos() + second * b.sin(), second * b.cos() - first * b.sin()])
        mistakes = {
            "the clocks turn backwards: this is k positions before. Mind the signs.": _turned(sin, cos, -b),
            "that is the address of position k. You want k further on from the one that is given.": added,
            "the two addresses are added. Angles add up; their sines do not.": address + added,
            "the addresses are multiplied number by number. Angles add up: use sin(a + b) and cos(a + b).": address
            * added,
            "this is the address that was given: nothing has moved.": address,
            "sines and cosines have changed places: the sine stands first in each pair.": _pairs(
                new_cos, new_sin
            ),
            "all sines stand before all cosines here. They take turns: stack them on a new last axis.": torch.cat(
                [new_sin, new_cos]
            ),
            "all clocks turn at the same speed: clock i turns by k times 10,000 to the power of -2i / D.": _turned(
                sin, cos, b[:1]
            ),
            "one sign is wrong: cos(a + b) = cos a cos b MINUS sin a sin b.": _pairs(
                new_sin, cos * b.cos() + sin * b.sin()
            ),
            "one sign is wrong: sin(a + b) = sin a cos b PLUS cos a sin b.": _pairs(
                sin * b.cos() - cos * b.sin(), new_cos
            ),
            "the sine of the pair was overwritten before its cosine was computed. Keep the old one.": _pairs(
                new_sin, cos * b.cos() - new_sin * b.sin()
            ),
            "the 2 is missing: clock i turns by k times 10,000 to the power of -2i / D.": _turned(
                sin, cos, without_2
            ),
            "later clocks turn slower, not faster: the power is MINUS 2i / D.": _turned(sin, cos, upwards),
            "sine and cosine of one clock are neighbours, numbers 2i and 2i + 1, not i and i + D / 2.": halves,
            "numbers have moved along the vector. The position is in the angles, not in the places.": address.roll(
                int(k)
            ),
        }
        compare(got, _pairs(new_sin, new_cos), mistakes, f"not the address {k} further on.", tolerance=1e-4)
    return "The same turn for every position: that is what a head can learn."
