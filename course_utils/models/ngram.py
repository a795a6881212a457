"""Counting: an n-gram model with interpolated Kneser-Ney smoothing, the rival of the network. Built in lesson 03."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.shapes import check_at_least_one


class KneserNey:
    """The probability of a word after the `order` - 1 words before it, from counts (Kneser and Ney, 1995).

    Interpolated, as in Chen and Goodman (1999): every count gives up a discount, and what is given up is shared out
    as the same model with one word less of context says, down to equal shares of 1 / vocab_size. Below the highest
    order an n-gram counts not how often it occurred, but after how many different words.

    `token_ids` is one running text, numbers from 0 to vocab_size - 1. Raises ValueError for other numbers, for a text
    shorter than `order`, and where vocab_size to the power of `order` is beyond 64 bits.
    """

    def __init__(self, token_ids: Int[Tensor, " N"], vocab_size: int, order: int = 3) -> None:
        check_text(token_ids, vocab_size, order)
        self.vocab_size, self.levels = vocab_size, []
        keys, counts = pack(token_ids.unfold(0, order, 1), vocab_size).unique(return_counts=True)
        for n in range(order, 0, -1):
            contexts, place, kinds = (keys // vocab_size).unique(return_inverse=True, return_counts=True)
            totals = torch.zeros_like(kinds).index_add_(0, place, counts)
            self.levels.insert(0, (keys, counts, contexts, kinds, totals, discount_of(counts)))
            keys, counts = (keys % vocab_size ** (n - 1)).unique(return_counts=True)

    def probability(self, context: Int[Tensor, "B T"], words: Int[Tensor, " B"]) -> Float[Tensor, " B"]:
        """Return P(word | context) for each row, in float64; of the context the last order - 1 words count.

        Raises ValueError if the context is shorter than that.
        """
        check_context(context, len(self.levels) - 1)
        p = torch.full(words.shape, 1 / self.vocab_size, dtype=torch.float64)
        for n, (keys, counts, contexts, kinds, totals, discount) in enumerate(self.levels):
            history = pack(context[:, context.shape[1] - n :], self.vocab_size)  # (B,) the last n words
            total = look_up(history, contexts, totals)
            kept = (look_up(history * self.vocab_size + words, keys, counts) - discount).clamp(min=0)
            spare = discount * look_up(history, contexts, kinds)
            p = torch.where(total > 0, (kept + spare * p) / total, p)
        return p

    def next_word(self, context: Int[Tensor, " T"]) -> Float[Tensor, " V"]:
        """Return the probability of every word of the vocabulary after one context."""
        return self.probability(context.expand(self.vocab_size, -1), torch.arange(self.vocab_size))


def pack(words: Int[Tensor, "B n"], vocab_size: int) -> Int[Tensor, " B"]:
    """Return each row as one whole number: its words as the digits of a number with the base vocab_size."""
    powers = vocab_size ** torch.arange(words.shape[1] - 1, -1, -1)
    return (words * powers).sum(1)


def look_up(
    keys: Int[Tensor, " B"], table: Int[Tensor, " n"], values: Int[Tensor, " n"]
) -> Float[Tensor, " B"]:
    """Return the value that stands beside each key in a sorted table, or 0 where the key is not in it, in float64."""
    place = torch.searchsorted(table, keys).clamp(max=len(table) - 1)
    return torch.where(table[place] == keys, values[place], 0).double()


def discount_of(counts: Int[Tensor, " n"]) -> float:
    """Return n1 / (n1 + 2 n2), where n1 n-grams have the count 1 and n2 the count 2; 0.5 if there is none of either.

    Ney, Essen and Kneser (1994) derive it as the discount under which left-out text becomes about most probable.
    """
    ones, twos = (counts == 1).sum().item(), (counts == 2).sum().item()
    return ones / (ones + 2 * twos) if ones else 0.5


def check_text(token_ids: Tensor, vocab_size: int, order: int) -> None:
    """Raise ValueError unless a text of this vocabulary can be counted in windows of `order` words."""
    check_at_least_one(order=order)
    if len(token_ids) < order:
        raise ValueError(f"token_ids has {len(token_ids)} words, expected at least order = {order}")
    if token_ids.min() < 0 or token_ids.max() >= vocab_size:
        span = f"{token_ids.min().item()} to {token_ids.max().item()}"
        raise ValueError(f"token_ids goes from {span}, expected numbers from 0 to {vocab_size - 1}")
    if vocab_size**order >= 2**63:
        raise ValueError(f"order is {order}, too high for {vocab_size} words: their windows overflow 64 bits")


def check_context(context: Tensor, least: int) -> None:
    """Raise ValueError unless the context has at least `least` words."""
    if context.shape[1] < least:
        raise ValueError(f"context has {context.shape[1]} words, expected at least order - 1 = {least}")
