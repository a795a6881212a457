"""Attention: a soft search over vectors. The scores of Bahdanau and of Luong are built in lesson 08."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class AdditiveAttention(nn.Module):
    """Scores e_j = v · tanh(W query + U h_j), a small network for every pair (Bahdanau, Cho and Bengio, 2014, eq. 6).

    Raises ValueError if a width is not above 0.
    """

    def __init__(self, d_query: int, d_memory: int, d_hidden: int) -> None:
        super().__init__()
        check_widths(d_query=d_query, d_memory=d_memory, d_hidden=d_hidden)
        self.W = nn.Linear(d_query, d_hidden, bias=False)
        self.U = nn.Linear(d_memory, d_hidden, bias=False)
        self.v = nn.Linear(d_hidden, 1, bias=False)

    def keys(self, memory: Float[Tensor, "B S d_memory"]) -> Float[Tensor, "B S d_hidden"]:
        """Return U h_j for every position: it is the same at every output step, so it is computed once."""
        return self.U(memory)

    def scores(
        self, query: Float[Tensor, "B d_query"], keys: Float[Tensor, "B S d_hidden"]
    ) -> Float[Tensor, "B S"]:
        """Return one score for each position of the source, how well it suits the query."""
        return self.v(torch.tanh(self.W(query)[:, None] + keys))[..., 0]


class DotAttention(nn.Module):
    """Scores e_j = query · h_j, without parameters; both need the same width (Luong, Pham and Manning, 2015)."""

    def keys(self, memory: Float[Tensor, "B S D"]) -> Float[Tensor, "B S D"]:
        """Return the memory itself."""
        return memory

    def scores(self, query: Float[Tensor, "B D"], keys: Float[Tensor, "B S D"]) -> Float[Tensor, "B S"]:
        """Return one score for each position of the source."""
        return (keys @ query[..., None])[..., 0]


class GeneralAttention(DotAttention):
    """Scores e_j = query · W h_j: a dot product after a learned map (Luong, Pham and Manning, 2015).

    Raises ValueError if a width is not above 0.
    """

    def __init__(self, d_query: int, d_memory: int) -> None:
        super().__init__()
        check_widths(d_query=d_query, d_memory=d_memory)
        self.W = nn.Linear(d_memory, d_query, bias=False)

    def keys(self, memory: Float[Tensor, "B S d_memory"]) -> Float[Tensor, "B S d_query"]:
        """Return W h_j for every position."""
        return self.W(memory)


def masked_softmax(scores: Float[Tensor, "B S"], mask: Bool[Tensor, "B S"]) -> Float[Tensor, "B S"]:
    """Return the attention weights: positive where the mask is True, exactly 0 elsewhere, and 1 in total in every row.

    Every row of the mask must allow at least one position: a row that allows none has no such weights, and gives NaN.
    """
    return scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)


def weighted_mean(
    weights: Float[Tensor, "B S"], memory: Float[Tensor, "B S d_memory"]
) -> Float[Tensor, "B d_memory"]:
    """Return the context: the mean of the memory's vectors, each counted with its weight (eq. 5)."""
    return (weights[:, None] @ memory)[:, 0]  # (B, 1, S) @ (B, S, d_memory)


def pull_weight(weights: Float[Tensor, "B S"], place: int, amount: float) -> Float[Tensor, "B S"]:
    """Return the weights with one of them moved by hand; they still sum to 1.

    An amount of 1 puts all weight on the place and -1 takes away all that it has; 0 changes nothing. What is given or
    taken is shared among the others in proportion to their weights. With -1 some other place must have a weight, or
    the result is NaN. Raises ValueError for an amount outside -1 to 1 or a place outside the source.
    """
    check_pull(place, amount, weights.shape[1])
    one = torch.zeros_like(weights)
    one[:, place] = 1.0
    if amount >= 0:
        return (1 - amount) * weights + amount * one
    rest = weights * (1 + amount * one)
    return rest / rest.sum(dim=-1, keepdim=True)


def check_pull(place: int, amount: float, n_places: int) -> None:
    """Raise ValueError unless the place exists and the amount is from -1 to 1."""
    if not 0 <= place < n_places:
        raise ValueError(f"place is {place}, expected a number from 0 to {n_places - 1}")
    if not -1 <= amount <= 1:
        raise ValueError(f"amount is {amount}, expected a number from -1 to 1")


def check_widths(**widths: int) -> None:
    """Raise ValueError unless every width is at least 1."""
    for name, width in widths.items():
        if width < 1:
            raise ValueError(f"{name} is {width}, expected at least 1")
