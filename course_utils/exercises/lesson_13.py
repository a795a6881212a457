"""Checks for lesson 13, BERT."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.framework import (
    Wrong,
    compare,
    expect,
    f64,
    function_exercise,
    number,
    value_exercise,
)


def _whole(value: Any, shape: tuple[int, ...]) -> Tensor:
    """Return a tensor of whole numbers of the given shape as 64-bit floats; anything else is Wrong."""
    kind = type(value).__name__
    expect(isinstance(value, Tensor), f"your result is a {kind}, expected a torch tensor of shape {shape}.")
    expect(tuple(value.shape) == shape, f"your result has shape {tuple(value.shape)}, expected {shape}.")
    expect(
        value.dtype != torch.bool, "your result holds True and False, expected whole numbers: add .long()."
    )
    whole = not value.dtype.is_complex and not value.dtype.is_floating_point
    expect(whole, f"your result holds {value.dtype}, expected whole numbers, such as torch.int64.")
    return value.to(torch.float64)


@value_exercise
def check_n_changed(answer: Any) -> str:
    """n_changed: tokens of 2,000 that the model does not read as they were written, on average."""
    compare(
        number(answer, "n_changed"),
        2000 * 0.15 * 0.9,
        {
            "those are all that are chosen; a tenth of them stays as it is.": 2000 * 0.15,
            "those are the [MASK]s; words at random are not what was written, either.": 2000 * 0.15 * 0.8,
            "30 are the words at random, and 30 those that stay. The [MASK]s are not what was written, either.": 2000
            * 0.15
            * 0.1,
            "that is the share; how many of the 2,000 tokens are they?": 0.15 * 0.9,
            "80 and 10 per cent are shares of the chosen 15 per cent, not of all tokens.": 2000 * 0.9,
            "those are the tokens that are read as they were written. The others were asked for.": 2000
            - 2000 * 0.15 * 0.9,
            "those are the tokens that are not chosen.": 2000 * 0.85,
        },
        "not the number of tokens that are read otherwise.",
        tolerance=1e-9,
    )
    return "The loss asks about 300 places, and the 30 that stayed are among them."


@function_exercise
def check_read_by_model(answer: Callable) -> str:
    """read_by_model(token_ids, chosen, lot, others, mask_id): the 80/10/10 recipe for given lots."""
    token_ids = torch.tensor([[7, 8, 9, 10, 11, 12, 13], [14, 15, 16, 17, 18, 19, 20]])
    chosen = torch.tensor([[1, 1, 1, 1, 0, 0, 0], [0, 1, 1, 1, 1, 0, 1]]).bool()
    lot = f64([[0.05, 0.5, 0.8, 0.9, 0.1, 0.84, 0.97], [0.2, 0.79, 0.81, 0.91, 0.89, 0.99, 0.0]])
    others = torch.arange(30, 44).view(2, 7)
    for rows in (slice(None), slice(1)):
        _examine_recipe(answer, token_ids[rows], chosen[rows], lot[rows], others[rows], 4 if rows.stop else 3)
    return "That is `hide_words`, with the lots given instead of drawn."


def _examine_recipe(
    answer: Callable, token_ids: Tensor, chosen: Tensor, lot: Tensor, others: Tensor, mask_id: int
) -> None:
    got = _whole(answer(token_ids, chosen, lot, others, mask_id), tuple(token_ids.shape))

    def read(masked: Tensor, random: Tensor) -> Tensor:
        return torch.where(masked, mask_id, torch.where(random, others, token_ids)).double()

    low, middle, high = lot < 0.8, (lot >= 0.8) & (lot < 0.9), lot >= 0.9
    nothing = torch.zeros_like(chosen)
    compare(
        got,
        read(chosen & low, chosen & middle),
        {
            "tokens that were not chosen are changed, too: use `chosen &`.": read(low, middle),
            "it is the chosen ones that may change, not the others.": read(~chosen & low, ~chosen & middle),
            "every chosen token is [MASK]: lots from 0.8 on are for the other two.": read(chosen, nothing),
            "no word at random: lots from 0.8 to 0.9 take theirs from `others`.": read(chosen & low, nothing),
            "none of the chosen stays as it is: lots from 0.9 on do.": read(chosen & low, chosen & ~low),
            "lots from 0.8 to 0.9 take the other word, those from 0.9 on stay. Yours are swapped.": read(
                chosen & low, chosen & high
            ),
            "lots below 0.1 are not special: those below 0.8 become [MASK].": read(
                chosen & (lot >= 0.2), chosen & (lot >= 0.1) & (lot < 0.2)
            ),
            "[MASK] and the other word are swapped: lots below 0.8 become [MASK].": read(
                chosen & middle, chosen & low
            ),
            "the line for lots below 0.9 overwrites the [MASK]s: lots below 0.8 keep theirs.": read(
                nothing, chosen & (lot < 0.9)
            ),
            "this is the input: nothing is hidden.": token_ids.double(),
            "a word that was not chosen takes one from `others`: `chosen &` belongs in that line, too.": read(
                chosen & low, lot < 0.9
            ),
            "a lot from 0.8 to 0.9 changes a word that was not chosen: `chosen &` belongs there, too.": read(
                chosen & low, middle
            ),
            "a word that was not chosen is hidden: `chosen &` belongs in that line, too.": read(
                low, chosen & middle
            ),
            "a lot of exactly 0.8 takes the other word: < and not <=.": read(
                chosen & (lot <= 0.8), chosen & middle
            ),
            "a lot of exactly 0.9 stays: < and not <=.": read(
                chosen & low, chosen & (lot >= 0.8) & (lot <= 0.9)
            ),
            "a lot of exactly 0.8 takes the other word, one of exactly 0.9 stays: < and not <=.": read(
                chosen & (lot <= 0.8), chosen & (lot <= 0.9)
            ),
        },
        "not what the recipe gives.",
    )


@function_exercise
def check_segments_of(answer: Callable) -> str:
    """segments_of(token_ids, sep_id): 0 up to the first [SEP], 1 from there to the last one, 0 for padding."""
    cases = [
        ([[2, 9, 8, 3, 7, 6, 5, 3, 0, 0], [2, 9, 3, 7, 8, 3, 0, 0, 0, 0]], 3),
        ([[102, 3, 3, 103, 3, 5, 103]], 103),
        ([[2, 5, 5, 5, 3, 5, 3, 0]], 3),
        ([[2, 7, 1, 3, 1, 2, 8, 3, 0]], 3),
    ]
    for rows, sep_id in cases:
        token_ids = torch.tensor(rows)
        got = _whole(answer(token_ids, sep_id), tuple(token_ids.shape))
        is_sep = token_ids == sep_id
        after = is_sep.cumsum(1)  # (B, T)
        before = after - is_sep.long()
        padding = token_ids == 0
        right = before.masked_fill(padding, 0)
        compare(
            got,
            right.double(),
            {
                "the first [SEP] belongs to the first sentence: it is 0.": (
                    after.clamp(max=1).masked_fill(padding, 0)
                ).double(),
                "the first [SEP] belongs to the first sentence and the last one to the second: "
                "count those that stand before a token.": after.masked_fill(padding, 0).double(),
                "the last [SEP] belongs to the second sentence: it is 1.": (after == 1)
                .masked_fill(is_sep, False)
                .double(),
                "count the [SEP]s that stand before a token, not its own, and set padding to 0.": after.double(),
                "cumsum(0) counts down a column; cumsum(1) goes along the sentence.": (
                    is_sep.cumsum(0) - is_sep.long()
                )
                .masked_fill(padding, 0)
                .double(),
                "padding is 0 here.": before.double(),
                "padding is 0 here, and not 1.": before.clamp(max=1).double(),
                "first and second are swapped.": (1 - right).masked_fill(padding, 0).double(),
                "these are the [SEP]s themselves.": is_sep.double(),
                "everything is the first sentence.": torch.zeros_like(token_ids).double(),
                "the first [SEP] belongs to the first sentence, the last one to the second. Yours are the other way "
                "round.": ((after == 1) & ~padding).double(),
            },
            "not the segments.",
        )
    return "`join_pairs` makes the same from lists."


@function_exercise
def check_best_span(answer: Callable) -> str:
    """best_span(start_logits, end_logits, max_tokens): the span with the largest sum of start and end."""
    cases = [
        ([5.0, 0.0, 3.0, 0.0], [1.0, 4.0, 0.0, 0.0], 4),
        ([0.0, 2.0, 1.0, 0.5], [0.0, 0.5, 3.0, 1.0], 4),
        ([0.5, 1.0, 5.0, 0.0], [4.0, 1.5, 0.0, 2.0], 4),
        ([3.0, 0.0, 1.0, 1.5, 0.0], [0.0, 0.5, 0.0, 1.0, 4.0], 2),
        ([3.0, 0.0, 1.0, 2.0, 0.0], [0.0, 0.5, 0.0, 1.0, 4.0], 5),
        ([-1.0, -4.0, -3.0], [-5.0, -1.5, -0.5], 3),
        ([0.0, 5.0, 0.0], [1.0, 5.0, 4.5], 3),
        ([0.0, 4.0, 0.0, 2.5, 0.0], [0.0, 0.0, 1.0, 3.0, 0.5], 3),
        ([4.0, 0.0, 1.0, 0.0], [0.0, 1.0, 2.0, 0.0], 2),
        ([2.0], [-1.0], 1),
        ([0.0, 6.0, 4.0], [6.0, 2.0, 1.0], 3),
        ([-400.0, -150.0], [-120.0, -300.0], 2),
    ]
    for starts, ends, most in cases:
        _examine_span(answer, torch.tensor(starts).double(), torch.tensor(ends).double(), most)
    return "The paper scores a span in the same way: S · T_i + E · T_j, with j not before i."


def _examine_span(answer: Callable, starts: Tensor, ends: Tensor, most: int) -> None:
    got = answer(starts, ends, most)
    if isinstance(got, (Tensor, np.ndarray)) and got.shape == (2,):
        got = got.tolist()
    pair = isinstance(got, (tuple, list)) and len(got) == 2
    expect(pair, "return two places, the first and the last token of the span: `return start, end`.")
    got = [number(got[0], "your start"), number(got[1], "your end")]
    T = len(starts)
    for place in got:
        if not (place.is_integer() and 0 <= place < T):
            raise Wrong(f"{place:g} is not a place from 0 to {T - 1}.")
    sums = starts[:, None] + ends  # (T, T): start, end

    lengths = torch.arange(T)[None] - torch.arange(T)[:, None]  # end - start

    def best(table: Tensor, low: int, high: int) -> list[float]:
        allowed = table.masked_fill((lengths < low) | (lengths > high), -torch.inf)
        at = int(allowed.argmax())
        return [float(at // T), float(at % T)]

    right = best(sums, 0, most - 1)
    mistakes = {
        "a span of one token is allowed: start and end may be the same place.": best(sums, 1, most - 1),
        "the span is too long: it may have max_tokens tokens, both ends counted.": best(sums, 0, most),
        "the span is longer than max_tokens.": best(sums, 0, T),
        "the end stands before the start: look at start and end together, not at each alone.": best(
            sums, -T, T
        ),
        "the spans that you allow are one token too short: max_tokens counts both ends.": best(
            sums, 0, max(most - 2, 0)
        ),
        "start and end are swapped: return the start first.": right[::-1],
        "the first token may begin a span, too: count from 0.": best(
            sums.index_fill(0, torch.tensor([0]), -torch.inf), 0, most - 1
        ),
        "a span that is not allowed must lose to all others, and 0 beats a negative sum: fill with -inf.": best(
            sums.masked_fill((lengths < 0) | (lengths >= most), 0.0), -T, T
        ),
        "putting two places in order does not make them a pair: look at start and end together.": sorted(
            [float(starts.argmax()), float(ends.argmax())]
        ),
        "the two logits of a span are swapped: the start takes start_logits, the end end_logits.": best(
            sums.T, 0, most - 1
        ),
        "the end is counted from the start: add the start to it.": [right[0], right[1] - right[0]],
        "the start is the best one by itself. A worse start may have a much better end.": _greedy(
            starts, ends, most
        ),
        "sum the logits themselves: probabilities would have to be multiplied.": best(
            starts.softmax(0)[:, None] + ends.softmax(0), 0, most - 1
        ),
        "sum the two, do not multiply them: negative logits would turn the order round.": best(
            starts[:, None] * ends, 0, most - 1
        ),
    }
    compare(got, right, mistakes, f"not the best span of at most {most} tokens.")


def _greedy(starts: Tensor, ends: Tensor, most: int) -> list[float]:
    start = int(starts.argmax())
    return [float(start), float(start + int(ends[start : start + most].argmax()))]
