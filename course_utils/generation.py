"""Writing token by token.

Greedy and beam search work with any model that has `start(src)` and `step(token_ids, state)`; `sample` with any model
that is called as model(token_ids, state) and returns logits and state.
"""

from __future__ import annotations

from collections.abc import Callable
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
