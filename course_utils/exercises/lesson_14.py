"""Checks for lesson 14, GPT."""

from __future__ import annotations

import math
import numbers
from collections import Counter
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
    rented = hours / gpus
    of_eight = "30 dollars are the price of one hour of eight GPUs, and the hours are those of single ones."
    an_eighth = "the hours are those of single GPUs already: eight of them need an eighth of the time."
    divided = "those are the machine's hours divided by the price. Multiply: each hour costs 30 dollars."
    mistakes = {
        of_eight: hours * price,
        an_eighth: hours * gpus * price,
        "those are the hours for which the machine is rented. Each of them costs 30 dollars.": rented,
        "those are the days for which the machine is rented. What do they cost?": rented / 24,
        divided: rented / price,
        "those are thousands of dollars. Give the whole number.": rented * price / 1000,
    }
    compare(number(answer, "llama_price"), rented * price, mistakes, "not the price.", tolerance=1e-9)
    return "For a model of 7 billion parameters, in 2023, and for the final run alone."


@function_exercise
def check_next_token_loss(answer: Callable) -> str:
    """next_token_loss(logits, token_ids): the mean cross-entropy of each next token, in nats."""
    for seed, (B, T, V) in enumerate(((2, 4, 5), (3, 2, 7), (1, 6, 3), (4, 3, 2), (2, 5, 9))):
        logits = 2 * draw(seed, B, T, V)
        token_ids = torch.randint(V, (B, T), generator=torch.Generator().manual_seed(seed + 50))
        _examine_loss(_flattened(answer, logits, token_ids), logits, token_ids)
    logits, token_ids = 1000 * draw(9, 2, 3, 4), torch.tensor([[0, 1, 2], [3, 0, 1]])
    loss = _flattened(answer, logits, token_ids)
    if isinstance(loss, (Tensor, float)) and not math.isfinite(loss):
        overflow = (
            "inf or nan where logits are in the thousands: exp overflows, or the logarithm of 0 is taken."
        )
        raise Wrong(f"{overflow} Use log_softmax or cross_entropy.")
    _examine_loss(loss, logits, token_ids)
    return "T tokens are T - 1 labels here: the last one has no successor in view."


def _flattened(answer: Callable, logits: Tensor, token_ids: Tensor) -> Any:
    try:
        return answer(logits, token_ids)
    except Wrong as problem:
        hint = "cross_entropy wants the vocabulary on axis 1: flatten the first two axes of both."
        raise (Wrong(f"{hint} ({problem})") if "target size" in str(problem) else problem) from None


def _examine_loss(got: Any, logits: Tensor, token_ids: Tensor) -> None:
    B, T, _ = logits.shape
    scores, labels = logits[:, :-1], token_ids[:, 1:]

    def mean(scores: Tensor, labels: Tensor) -> float:
        return F.cross_entropy(scores.flatten(0, 1), labels.flatten()).item()

    def chosen(values: Tensor) -> Tensor:
        return values.gather(-1, labels[..., None])

    def nats(p: Tensor) -> float:
        return -p.log().mean().item()

    right, n, p = mean(scores, labels), B * (T - 1), chosen(scores.softmax(-1))
    capped = {
        f"{small:g} is added before the logarithm, which caps the loss: use log_softmax.": nats(p + small)
        for small in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-20)
    }
    goes_round = "the last token is asked to foretell the first one. `roll` goes round; cut instead."
    each_text = "that is the sum over each text, averaged over texts. Take the mean over tokens, too."
    softmax_twice = "cross_entropy takes logits, and has a softmax inside. These went through one before."
    over_places = "the softmax goes over the places of a text. It goes over the vocabulary, the last axis."
    mistakes = {
        "the labels are not shifted: each token is asked to foretell itself.": mean(logits, token_ids),
        "shifted the wrong way: each token is asked to name the one before it.": mean(
            logits[:, 1:], token_ids[:, :-1]
        ),
        goes_round: mean(logits, token_ids.roll(-1, 1)),
        "that is the sum. Take the mean over all tokens that are asked for.": right * n,
        each_text: right * n / B,
        "the sum is divided by B * T. Only B * (T - 1) tokens are asked for.": right * n / (B * T),
        "that is minus the loss: a logarithm of a probability is below 0, a loss above.": -right,
        "that is in bits, log2. This exercise asks for nats, the natural logarithm.": right / math.log(2),
        "only the last token counts here. Every token but the first is a label.": mean(
            scores[:, -1:], labels[:, -1:]
        ),
        softmax_twice: mean(scores.softmax(-1), labels),
        over_places: -chosen(scores.log_softmax(1)).mean().item(),
        "the probabilities of the right tokens are averaged as they are: the logarithm is missing.": -p.mean().item(),
        "that is the perplexity, exp of the loss. The loss itself is asked for.": math.exp(min(right, 700)),
        **capped,
    }
    compare(number(got, "the loss"), right, mistakes, "not the mean cross-entropy of the next tokens.")


@function_exercise
def check_nucleus(answer: Callable) -> str:
    """nucleus(probabilities, top_p): the smallest set of likeliest tokens with at least top_p, scaled to 1."""
    # Sums of these are exact, so that a set can have exactly top_p.
    cases = [
        # Here each mistake gives another answer; and sort shuffles equals in rows as long as this one.
        ([2, 8, 2, 2, 12, 2, 2, 4, 2, 2, 2, 4, *[2] * 9, 1, 1], 64, 0.45),
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
            raise Wrong("nan: nothing was left to divide by. The token that reaches top_p stays.")
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
    by_chance = torch.zeros_like(right).scatter(0, probabilities.sort(descending=True).indices, right)

    def share(kept: Tensor) -> Tensor:
        """Return the probabilities of those tokens that are kept, which sum to 1."""
        return probabilities * kept / (probabilities * kept).sum()

    unscaled = keep(right, scaled=False)
    softmaxed = torch.where(unscaled > 0, probabilities, -torch.inf).softmax(0)
    mistakes = [
        (
            "the tokens are the right ones, but their probabilities do not sum to 1: divide by what is left.",
            unscaled,
        ),
        ("nothing is left out here.", probabilities),
        ("divided by top_p. Divide by what is left, which may be more.", unscaled / top_p),
        ("the result is sorted. Each probability belongs in its own token's place.", keep(right)[order]),
        (
            "put back the wrong way: sorted[order] sorts again. Write result[order] = sorted.",
            keep(right)[order][order],
        ),
        (
            "one token is missing: the one with which the set reaches top_p belongs to it.",
            keep(total < top_p),
        ),
        ("the set has too few: the one with which it reaches top_p belongs to it.", keep(total <= top_p)),
        ("one token too many: a set that has top_p exactly is complete.", keep(total - values <= top_p)),
        ("one token too many: the set is complete with the token that reaches top_p.", keep(ranks <= n)),
        (
            "those are the tokens whose own probability is at least top_p. Add them up, from the likeliest down.",
            keep((values >= top_p) | (ranks == 0)),
        ),
        (
            "those are the top_p of all tokens by number. The set is measured by its probability.",
            keep(ranks < math.ceil(top_p * len(values))),
        ),
        ("of equal ones the lower id counts as likelier: sort with stable=True.", share(others)),
        ("among equals, chance decides here: sort with stable=True.", share(by_chance)),
        (
            "top_p is what the set reaches at least; your code compares with 1 - top_p.",
            keep(total - values < 1 - top_p),
        ),
        (
            "the tokens are added up by their ids here. Sort them: the likeliest come first.",
            share(probabilities.cumsum(0) - probabilities < top_p),
        ),
        (
            "all tokens as likely as the last of the set stay here. Of equal ones, the lower id comes first.",
            share(probabilities >= values[n - 1]),
        ),
        ("what is left is probabilities already, and needs no softmax. Divide by the sum.", softmaxed),
        ("the zeros went through a softmax, too, and exp(0) is 1. Divide by the sum.", unscaled.softmax(0)),
    ]
    otherwise = f"not the nucleus of {[round(p, 4) for p in probabilities.tolist()]} for top_p = {top_p}."
    compare(got, keep(right), dict(mistakes), otherwise)


@function_exercise
def check_encode_piece(answer: Callable) -> str:
    """encode_piece(token_ids, merges): byte ids, merged as byte-pair encoding has learned to."""
    for token_ids, merges in (
        ([5, 6, 7], [(5, 6)]),
        ([5, 6, 7, 9, 6, 7, 5], [(5, 6), (6, 7), (7, 5)]),
        ([1, 2, 3, 4, 5], [(2, 3), (1, 2), (3, 4), (4, 5)]),
        ([5, 6, 7], [(6, 7), (5, 6), (5, 256)]),
        ([1, 2, 1, 2, 3], [(1, 2), (256, 256), (257, 3)]),
        ([4, 4, 4, 4, 4], [(4, 4), (256, 4)]),
        ([1, 2, 3, 4], [(2, 3), (1, 2), (3, 4), (1, 256), (259, 4)]),
        ([9], [(9, 9)]),
        ([3, 8, 3], []),
        ([1, 2, 3, 1, 2], [(2, 3), (1, 2), (257, 257)]),
        ([1, 4, 2, 3], [(2, 3)]),
        ([2, 1, 3, 1, 2], [(1, 2)]),
        ([1, 23, 12, 3], [(12, 3)]),
        ([7, 8, 1, 2], [(5, 6), (1, 2), (7, 8)]),
        ([1, 2, 3, 2, 3], [(1, 2), (2, 3)]),
        ([], [(1, 2)]),
    ):
        got = answer(token_ids, merges)
        expect(isinstance(got, list), f"expected a list of ids, not {type(got).__name__}: {got!r:.60}")
        odd = [i for i in got if not isinstance(i, numbers.Integral) or isinstance(i, bool)]
        expect(not odd, f"expected a list of whole numbers, yours holds {type((odd or [0])[0]).__name__}")
        got = [int(i) for i in got]
        in_order = list(enumerate(merges))
        right = _merged(token_ids, in_order)
        leftmost = "your code takes the leftmost pair that it knows. Take the pair learned first, wherever it stands."
        frequent = (
            "your code takes the pair that is most frequent here. The order was settled while learning."
        )
        turned = "the merges are turned round, and with them their ids. The one learned first makes 256."
        last_first = "the merges are applied from the last to the first. The one learned first goes first."
        mistakes = {
            "nothing is merged here.": token_ids,
            last_first: _merged(token_ids, in_order[::-1]),
            "pair number 0 makes the token 256: yours are one too high.": [i + (i >= 256) for i in right],
            "the ids of new tokens begin at 256, after the bytes.": _merged(token_ids, in_order, first=0),
            "a merge happens only once here. It applies wherever the pair stands.": _first_only(
                token_ids, merges
            ),
            leftmost: _leftmost(token_ids, merges),
            frequent: _most_frequent(token_ids, merges),
            "a pair has an order: (2, 1) is not (1, 2).": _merged(token_ids, in_order, either=True),
            turned: _merged(token_ids, enumerate(merges[::-1])),
            "only the first merge is applied. Go on with the others.": _merged(token_ids, in_order[:1]),
        }
        compare(got, right, mistakes, f"not what the merges {merges} make of {token_ids}.")
    return "It holds for overlaps and where two merges compete, too."


def _merged(token_ids: list[int], merges: Any, first: int = 256, either: bool = False) -> list[int]:
    for i, pair in merges:
        token_ids = merge(token_ids, pair, first + i)
        token_ids = merge(token_ids, pair[::-1], first + i) if either else token_ids
    return token_ids


def _most_frequent(token_ids: list[int], merges: list) -> list[int]:
    while known := [pair for pair in zip(token_ids, token_ids[1:]) if pair in merges]:
        pair = Counter(known).most_common(1)[0][0]
        token_ids = merge(token_ids, pair, 256 + merges.index(pair))
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
