"""Writing token by token.

Greedy and beam search work with any model that has `start(src)` and `step(token_ids, state)`; `sample` and `generate`
with any model that is called as model(token_ids, state) and returns logits and state.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.shapes import check_at_least_one


class Hypothesis(NamedTuple):
    """What was written, without start and end symbols, and the logarithm of its probability, end symbol included."""

    token_ids: list[int]
    log_prob: float


@torch.no_grad()
def greedy(
    model: Any, src: Int[Tensor, "B S"], *, start_id: int, end_id: int, max_length: int = 50
) -> list[list[int]]:
    """Write the most probable next token until the end symbol; return what was written for each row of src.

    A row that does not end within `max_length` tokens is cut off there. Raises ValueError if max_length is below 1.
    """
    check_at_least_one(max_length=max_length)
    state = model.start(src)
    token_ids = src.new_full((len(src),), start_id)  # (B,)
    written, ended = [], torch.zeros_like(token_ids, dtype=torch.bool)
    while len(written) < max_length and not ended.all():
        logits, state = model.step(token_ids, state)  # (B, V)
        token_ids = logits.argmax(dim=-1)  # (B,)
        written.append(token_ids)
        ended = ended | (token_ids == end_id)
    rows = torch.stack(written, dim=1).tolist()  # (B, T)
    return [row[: row.index(end_id)] if end_id in row else row for row in rows]


@torch.no_grad()
def guided(
    model: Any,
    src: Int[Tensor, "1 S"],
    guide: Callable[[int, Float[Tensor, "1 S"]], Float[Tensor, "1 S"]],
    *,
    start_id: int,
    end_id: int,
    max_length: int = 50,
) -> tuple[list[int], Float[Tensor, "T S"]]:
    """Write one sentence as `greedy` does, with somebody's hand on the attention weights.

    `guide(t, weights)` gets the weights with which the model wants to write word t, counted from 0, and returns those
    that it shall use. The result is what was written, and the weights used, with a last row for the end symbol if
    there was room for it. The model needs a decoder that can `look` and `write`, as AttentionSeq2Seq has. Raises
    ValueError if max_length is below 1.
    """
    check_at_least_one(max_length=max_length)
    state, token_ids = model.start(src), src.new_tensor([start_id])
    written: list[int] = []
    used: list[Tensor] = []
    for t in range(max_length):
        used.append(guide(t, model.decoder.look(state)))
        logits, state = model.decoder.write(token_ids, used[-1], state)  # (1, V)
        token_ids = logits.argmax(dim=-1)  # (1,)
        if token_ids == end_id:
            break
        written.append(token_ids.item())
    return written, torch.cat(used)


@torch.no_grad()
def beam_search(
    model: Any,
    src: Int[Tensor, "1 S"],
    *,
    start_id: int,
    end_id: int,
    beam_size: int = 4,
    max_length: int = 50,
    length_penalty: float = 0.0,
) -> list[Hypothesis]:
    """Keep the `beam_size` best beginnings at every step; return the finished sentences, the best one first.

    The best one has the highest log_prob / (tokens + 1) ** length_penalty: 0 compares probabilities, 1 the mean of a
    token, end symbol included. The search ends when no open beginning can still win, or at `max_length` tokens, where
    what is open is cut off and counts as it stands. Raises ValueError if beam_size or max_length is below 1.
    """
    check_at_least_one(beam_size=beam_size)
    check_at_least_one(max_length=max_length)

    def score(hypothesis: Hypothesis) -> float:
        return hypothesis.log_prob / (len(hypothesis.token_ids) + 1) ** length_penalty

    state, rows, totals = model.start(src), [[start_id]], torch.zeros(1, device=src.device)
    finished: list[Hypothesis] = []
    for _ in range(max_length):
        logits, state = model.step(src.new_tensor([row[-1] for row in rows]), state)  # (beams, V)
        candidates = totals[:, None] + logits.log_softmax(dim=-1)  # (beams, V)
        # A row can end in one way only, so among twice as many there are enough that go on.
        best = candidates.flatten().topk(min(2 * beam_size, candidates.numel()))
        beams, tokens = best.indices // candidates.shape[1], best.indices % candidates.shape[1]
        for i in (tokens[:beam_size] == end_id).nonzero()[:, 0]:
            finished.append(Hypothesis(rows[beams[i]][1:], best.values[i].item()))
        goes_on = (tokens != end_id).nonzero()[:beam_size, 0]
        beams, tokens, totals = beams[goes_on], tokens[goes_on], best.values[goes_on]
        rows = [[*rows[beam], token] for beam, token in zip(beams.tolist(), tokens.tolist())]
        state = tuple(part[beams] for part in state)
        finished.sort(key=score, reverse=True)
        if not rows or (finished and score(finished[0]) >= totals.max() / (max_length + 1) ** length_penalty):
            return finished
    open_ends = [Hypothesis(row[1:], total) for row, total in zip(rows, totals.tolist())]
    return sorted(finished + open_ends, key=score, reverse=True)


@torch.no_grad()
def sample(
    model: Any, prefix: Int[Tensor, "B T"], n_tokens: int, temperature: float = 1.0
) -> Int[Tensor, "B n_tokens"]:
    """Let a recurrent model go on writing after each row of prefix, drawing every token from its probabilities.

    The logits are divided by `temperature` first: below 1 likely tokens become likelier, above 1 less so. Raises
    ValueError if the temperature is not above 0, or n_tokens below 1.
    """
    check_at_least_one(n_tokens=n_tokens)
    check_temperature(temperature)
    written, token_ids, state = [], prefix, None
    for _ in range(n_tokens):
        logits, state = model(token_ids, state)  # (B, T, V) at first, then (B, 1, V)
        probabilities = (logits[:, -1] / temperature).softmax(dim=-1)  # (B, V)
        token_ids = torch.multinomial(probabilities, 1)  # (B, 1)
        written.append(token_ids)
    return torch.cat(written, dim=1)


def check_temperature(temperature: float) -> None:
    """Raise ValueError unless the temperature is above 0."""
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature!r}, expected a number above 0")


def next_probabilities(
    logits: Float[Tensor, "B V"],
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Float[Tensor, "B V"]:
    """Return the probabilities from which the next token is drawn.

    The logits are divided by `temperature`. Then all but the `top_k` likeliest tokens are left out (Fan and others,
    2018), and all that are not in the nucleus, the smallest set of likeliest tokens that together have at least the
    probability `top_p` (Holtzman and others, 2020). What stays is scaled to a sum of 1; of equals the lower id counts
    as likelier. Raises ValueError for a temperature not above 0, top_k below 1, top_p outside 0 to 1, or nan among the
    logits.
    """
    check_choice(temperature, top_k, top_p)
    if logits.isnan().any():
        raise ValueError("logits hold nan, expected numbers")
    sorted_logits, order = (logits / temperature).sort(dim=-1, descending=True, stable=True)  # (B, V)
    probabilities = sorted_logits.softmax(dim=-1)
    if top_k is not None:
        probabilities[:, top_k:] = 0.0
        probabilities /= probabilities.sum(dim=-1, keepdim=True)
    if top_p is not None and top_p < 1:  # a nucleus of all: a rounded sum must not leave the rarest out
        before = probabilities.cumsum(dim=-1) - probabilities  # (B, V) what the likelier tokens have together
        probabilities[before >= top_p] = 0.0
        probabilities /= probabilities.sum(dim=-1, keepdim=True)
    return torch.zeros_like(probabilities).scatter(-1, order, probabilities)


@torch.no_grad()
def generate(
    model: Any,
    prefix: Int[Tensor, "B T"],
    n_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Int[Tensor, "B n_tokens"]:
    """Go on writing after each row of prefix, drawing every token from its `next_probabilities`; top_k=1 is greedy.

    The model is called as `sample` calls it. If it has a `context_length`, it reads the last half of that again, from
    an empty cache, whenever that many tokens are in view. Raises ValueError as next_probabilities does, if n_tokens is
    below 1, or if the prefix is empty.
    """
    check_at_least_one(n_tokens=n_tokens)
    if not prefix.shape[-1]:
        raise ValueError(f"prefix has shape {tuple(prefix.shape)}, expected at least one token a row")
    room = getattr(model, "context_length", math.inf)
    text, unread, state, n_read = prefix, prefix, None, 0
    for _ in range(n_tokens):
        if n_read + unread.shape[1] > room:
            unread, state, n_read = text[:, -max(room // 2, 1) :], None, 0
        logits, state = model(unread, state)  # (B, T, V) at first, then (B, 1, V)
        n_read += unread.shape[1]
        unread = torch.multinomial(next_probabilities(logits[:, -1], temperature, top_k, top_p), 1)  # (B, 1)
        text = torch.cat([text, unread], dim=1)
    return text[:, prefix.shape[1] :]


def distinct(token_ids: Sequence[int] | Int[Tensor, " T"], n: int) -> float:
    """Return distinct-n, the share of different n-grams in a text: 1 if none comes twice (Li and others, 2016).

    Raises ValueError if n is below 1 or the text is shorter than n.
    """
    grams = n_grams(token_ids, n)
    return len(set(grams)) / len(grams)


def longest_repeat(token_ids: Sequence[int] | Int[Tensor, " T"]) -> int:
    """Return the length of the longest sequence of tokens that occurs at least twice; the two may overlap."""
    length = 0
    while length + 1 < len(token_ids) and distinct(token_ids, length + 1) < 1:
        length += 1
    return length


def n_grams(token_ids: Sequence[int] | Int[Tensor, " T"], n: int) -> list[tuple[int, ...]]:
    """Return all runs of n tokens. Raises ValueError if n is below 1 or there are fewer than n tokens."""
    check_at_least_one(n=n)
    if len(token_ids) < n:
        raise ValueError(f"token_ids has {len(token_ids)} tokens, expected at least n = {n}")
    # Two equal numbers of a tensor are two objects, and would count as different.
    tokens = token_ids.tolist() if isinstance(token_ids, Tensor) else token_ids
    return list(zip(*(tokens[i:] for i in range(n))))


def check_choice(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Raise ValueError unless there is something to choose from."""
    check_temperature(temperature)
    check_at_least_one(top_k=1 if top_k is None else top_k)
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p is {top_p}, expected a number above 0, up to 1")
