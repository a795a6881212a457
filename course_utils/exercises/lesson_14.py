"""Checks for lesson 14, GPT."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

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
from course_utils.text import merge


@value_exercise
def check_llama_price(answer: Any) -> str:
    """llama_price: 184,320 hours of one GPU, when 8 of them cost 30 US dollars an hour."""
    hours, gpus, price = 184_320, 8, 30
    compare(
        number(answer, "llama_price"),
        hours / gpus * price,
        {
            "30 dollars are the price of one hour of eight GPUs, and the hours are those of single ones.": hours
            * price,
            "the hours are those of single GPUs already: eight of them need an eighth of the time.": hours
            * gpus
            * price,
            "those are the hours for which the machine is rented. Each of them costs 30 dollars.": hours
            / gpus,
            "those are the days for which the machine is rented. What do they cost?": hours / gpus / 24,
            "those are the machine's hours divided by the price. Multiply: each hour costs 30 dollars.": hours
            / gpus
            / price,
            "those are thousands of dollars. Give the whole number.": hours / gpus * price / 1000,
        },
        "not the price.",
        tolerance=1e-9,
    )
    return "For a model of 7 billion parameters, in 2023, and for the final run alone."


@function_exercise
def check_next_token_loss(answer: Callable) -> str:
    """next_token_loss(logits, token_ids): the mean cross-entropy of each next token, in nats."""
    for seed, (B, T, V) in enumerate(((2, 4, 5), (3, 2, 7), (1, 6, 3), (4, 3, 2), (2, 5, 9))):
        logits = 2 * draw(seed, B, T, V)
        token_ids = torch.randint(V, (B, T), generator=torch.Generator().manual_seed(seed + 50))
        _examine_loss(answer(logits, token_ids), logits, token_ids)
    logits, token_ids = 1000 * draw(9, 2, 3, 4), torch.tensor([[0, 1, 2], [3, 0, 1]])
    loss = answer(logits, token_ids)
    if isinstance(loss, (Tensor, float)) and not math.isfinite(loss):
        raise Wrong(
            "inf or nan where logits are in the thousands: the exponential overflows, or the logarithm of 0 is taken. "
            "Use log_softmax or cross_entropy."
        )
    _examine_loss(loss, logits, token_ids)
    return "T tokens are T - 1 labels here: the last one has no successor in view."


def _examine_loss(got: Any, logits: Tensor, token_ids: Tensor) -> None:
    B, T, _ = logits.shape

    def nats(scores: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(scores.flatten(0, 1), labels.flatten(), reduction="none")

    each = nats(logits[:, :-1], token_ids[:, 1:])  # (B * (T - 1),)
    right = each.mean()
    backwards = nats(logits[:, 1:], token_ids[:, :-1]).mean()
    last = nats(logits[:, -2:-1], token_ids[:, -1:]).mean()
    compare(
        number(got, "the loss"),
        right.item(),
        {
            "the labels are not shifted: each token is asked to foretell itself.": nats(logits, token_ids)
            .mean()
            .item(),
            "shifted the wrong way: each token is asked to name the one before it.": backwards.item(),
            "the last token is asked to foretell the first one. `roll` goes round; cut instead.": nats(
                logits, token_ids.roll(-1, 1)
            )
            .mean()
            .item(),
            "that is the sum. Take the mean over all tokens that are asked for.": each.sum().item(),
            "that is the sum over each text, averaged over texts. Take the mean over tokens, too.": each.sum().item()
            / B,
            "the sum is divided by B * T. Only B * (T - 1) tokens are asked for.": each.sum().item()
            / (B * T),
            "that is minus the loss: a logarithm of a probability is below 0, a loss above.": -right.item(),
            "that is in bits, log2. This exercise asks for nats, the natural logarithm.": right.item()
            / math.log(2),
            "only the last token counts here. Every token but the first is a label.": last.item(),
            "cross_entropy takes logits, and has a softmax inside. These went through one before.": nats(
                logits[:, :-1].softmax(-1), token_ids[:, 1:]
            )
            .mean()
            .item(),
        },
        "not the mean cross-entropy of the next tokens.",
    )


@function_exercise
def check_nucleus(answer: Callable) -> str:
    """nucleus(probabilities, top_p): the smallest set of likeliest tokens with at least top_p, scaled to 1."""
    # Sums of these are exact, so that a set can have exactly top_p.
    cases = [
        ([1, 5, 2, 4, 3, 1], 16, 0.7),
        ([1, 5, 2, 4, 3, 1], 16, 0.15),
        ([1, 4, 2, 1], 8, 0.7),
        ([1, 4, 2, 1], 8, 0.75),
        ([1, 4, 2, 1], 8, 0.8),
        ([2, 1, 9, 1, 3], 16, 0.5),
        ([2, 1, 9, 1, 3], 16, 0.6),
        ([4, 4, 4, 4], 16, 0.5),
        ([3, 1, 1, 1, 1, 1], 8, 0.6),
        ([3, 0, 4, 1], 8, 1.0),
        ([1], 1, 0.3),
        ([5, 2, 1], 8, 0.01),
    ]
    for counts, total, top_p in cases:
        probabilities = torch.tensor(counts, dtype=torch.float64) / total
        got = answer(probabilities, top_p)
        if isinstance(got, Tensor) and bool(got.isnan().any()):
            raise Wrong(
                "nan: nothing was left to divide by. The token with which the set reaches top_p stays."
            )
        got = tensor(got, tuple(probabilities.shape))
        _examine_nucleus(got, probabilities, top_p)
    return "It also works where the set has exactly top_p, and among equals."


def _examine_nucleus(got: Tensor, probabilities: Tensor, top_p: float) -> None:
    values, order = probabilities.sort(descending=True, stable=True)
    total = values.cumsum(0)

    def keep(kept: Tensor, scaled: bool = True) -> Tensor:
        """Return the probabilities of those ranks that are kept, each in its token's place."""
        left = torch.where(kept, values, 0.0)
        left = left / left.sum().clamp(min=1e-12) if scaled else left
        return torch.zeros_like(left).scatter(0, order, left)

    right = total - values < top_p
    n = int(right.sum())
    ranks = torch.arange(len(values))
    from_below = probabilities.flip(0).sort(descending=True, stable=True).indices
    others = torch.zeros_like(probabilities)
    others[len(values) - 1 - from_below[:n]] = 1.0
    compare(
        got,
        keep(right),
        {
            "the tokens are the right ones, but their probabilities do not sum to 1: divide by what is left.": keep(
                right, scaled=False
            ),
            "the result is sorted. Each probability belongs in its own token's place.": keep(right)[order],
            "one token is missing: the one with which the set reaches top_p belongs to it.": keep(
                total < top_p
            ),
            "the set has fewer than top_p: the one with which it reaches top_p belongs to it. Where the first token "
            "alone is enough, only it stays.": keep(total <= top_p),
            "one token too many: the set is complete as soon as it has at least top_p, not more than that.": keep(
                total - values <= top_p
            ),
            "one token too many: the set is complete with the token that reaches top_p.": keep(ranks <= n),
            "those are the tokens whose own probability is at least top_p. Add them up, from the likeliest "
            "down.": keep((values >= top_p) | (ranks == 0)),
            "those are the top_p of all tokens by number. The set is measured by its probability.": keep(
                ranks < math.ceil(top_p * len(values))
            ),
            "of equal ones the lower id counts as likelier: sort with stable=True.": others
            * probabilities
            / (others * probabilities).sum(),
            "what is left went through a softmax. Divide by the sum: these are probabilities already.": torch.where(
                keep(right) > 0, probabilities, -torch.inf
            ).softmax(0),
        },
        f"not the nucleus of {[round(p, 4) for p in probabilities.tolist()]} for top_p = {top_p}.",
    )


@function_exercise
def check_encode_piece(answer: Callable) -> str:
    """encode_piece(token_ids, merges): byte ids, merged as byte-pair encoding has learned to."""
    for token_ids, merges in (
        ([5, 6, 7], [(5, 6)]),
        ([1, 2, 3, 4, 5], [(2, 3), (1, 2), (3, 4), (4, 5)]),
        ([5, 6, 7], [(6, 7), (5, 6), (5, 256)]),
        ([1, 2, 1, 2, 3], [(1, 2), (256, 256), (257, 3)]),
        ([4, 4, 4, 4, 4], [(4, 4), (256, 4)]),
        ([1, 2, 3, 4], [(2, 3), (1, 2), (3, 4), (1, 256), (259, 4)]),
        ([9], [(9, 9)]),
        ([3, 8, 3], []),
        ([1, 2, 3, 1, 2], [(2, 3), (1, 2), (257, 257)]),
    ):
        got = answer(token_ids, merges)
        expect(
            isinstance(got, list) and all(isinstance(i, int) and not isinstance(i, bool) for i in got),
            f"expected a list of ids, not {type(got).__name__}: {got!r:.60}",
        )
        right = _merged(token_ids, enumerate(merges))
        compare(
            got,
            right,
            {
                "nothing is merged here.": token_ids,
                "the merges are applied from the last to the first. The one learned first goes first.": _merged(
                    token_ids, reversed(list(enumerate(merges)))
                ),
                "pair number 0 makes the token 256: yours are one too high.": [
                    i + (i >= 256) for i in _merged(token_ids, enumerate(merges))
                ],
                "the ids of new tokens begin at 256, after the bytes.": _merged(
                    token_ids, enumerate(merges), first=0
                ),
                "a merge happens only once here. It applies wherever the pair stands.": _first_only(
                    token_ids, merges
                ),
                "your code takes the leftmost pair that it knows. Take the pair learned first, wherever it "
                "stands.": _leftmost(token_ids, merges),
                "only the first merge is applied. Go on with the others.": _merged(
                    token_ids, [*enumerate(merges)][:1]
                ),
            },
            f"not what the merges {merges} make of {token_ids}.",
        )
    return "It holds for overlaps and where two merges compete, too."


def _merged(token_ids: list[int], merges: Any, first: int = 256) -> list[int]:
    for i, pair in merges:
        token_ids = merge(token_ids, pair, first + i)
    return token_ids


def _first_only(token_ids: list[int], merges: list) -> list[int]:
    for i, pair in enumerate(merges):
        places = [place for place in range(len(token_ids) - 1) if tuple(token_ids[place : place + 2]) == pair]
        if places:
            token_ids = [*token_ids[: places[0]], 256 + i, *token_ids[places[0] + 2 :]]
    return token_ids


def _leftmost(token_ids: list[int], merges: list) -> list[int]:
    while known := [place for place, pair in enumerate(zip(token_ids, token_ids[1:])) if pair in merges]:
        place = known[0]
        pair = tuple(token_ids[place : place + 2])
        token_ids = [*token_ids[:place], 256 + merges.index(pair), *token_ids[place + 2 :]]
    return token_ids
