"""Attention: a soft search over vectors. Built in lesson 08 for one query, in lesson 10 for all tokens at once."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from course_utils.shapes import check_at_least_one


class AdditiveAttention(nn.Module):
    """Scores e_j = v · tanh(W query + U h_j), a small network for every pair (Bahdanau, Cho and Bengio, 2014, eq. 6).

    Raises ValueError if a width is not above 0.
    """

    def __init__(self, d_query: int, d_memory: int, d_hidden: int) -> None:
        super().__init__()
        check_at_least_one(d_query=d_query, d_memory=d_memory, d_hidden=d_hidden)
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
        check_at_least_one(d_query=d_query, d_memory=d_memory)
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


def scaled_dot_product_attention(
    query: Float[Tensor, "*B T K"],
    key: Float[Tensor, "*B S K"],
    value: Float[Tensor, "*B S K_v"],
    mask: Bool[Tensor, "..."] | None = None,
) -> tuple[Float[Tensor, "*B T K_v"], Float[Tensor, "*B T S"]]:
    """Return softmax(query key^T / sqrt(K)) value, and the weights (Vaswani and others, 2017, eq. 1).

    Built in lesson 10. `mask` broadcasts to (*B, T, S); True = may attend. A query that may attend to nothing gets
    zeros, weights and context, as from F.scaled_dot_product_attention. Forbidden scores fall to the lowest number
    there is, not to -inf: so the softmax of such a query is finite, and so are all gradients.
    """
    scores = query / math.sqrt(query.shape[-1]) @ key.mT  # (*B, T, S)
    if mask is not None:
        scores = scores + (~mask).to(scores.dtype) * torch.finfo(scores.dtype).min
    weights = scores.softmax(dim=-1)  # (*B, T, S)
    if mask is not None and not mask.any(dim=-1).all():  # some query may attend to nothing
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ value, weights  # (*B, T, K_v), (*B, T, S)


class KeyValueCache:
    """Keys and values of the positions that were read before, so that nothing is computed twice while writing."""

    def __init__(self, key: Tensor | None = None, value: Tensor | None = None) -> None:
        self.key, self.value = key, value

    def __len__(self) -> int:
        return 0 if self.key is None else self.key.shape[2]

    def extend(
        self, key: Float[Tensor, "B H T K"], value: Float[Tensor, "B H T K"]
    ) -> tuple[Float[Tensor, "B H S K"], Float[Tensor, "B H S K"]]:
        """Append the keys and values of new positions, and return all of them."""
        if self.key is not None:
            key, value = torch.cat([self.key, key], dim=2), torch.cat([self.value, value], dim=2)
        self.key, self.value = key, value
        return key, value


class MultiHeadAttention(nn.Module):
    """H attentions side by side, each with d_model / H numbers of its own (Vaswani and others, 2017, section 3.2.2).

    Built in lesson 10. `weights`, shape (B, H, T, S), holds the attention weights of the last call, for looking at.
    Raises ValueError if n_heads does not divide d_model.
    """

    def __init__(self, d_model: int, n_heads: int, bias: bool = True) -> None:
        super().__init__()
        check_heads(d_model, n_heads)
        self.n_heads = n_heads
        self.W_q, self.W_k, self.W_v, self.W_o = (nn.Linear(d_model, d_model, bias=bias) for _ in range(4))
        self.weights: Tensor | None = None

    def split(self, x: Float[Tensor, "B T D"]) -> Float[Tensor, "B H T K"]:
        """Cut the D numbers of every token into H heads of K numbers each."""
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # (B, T, H, K) -> (B, H, T, K)

    def place(self, heads: Float[Tensor, "B H T K"], start: int) -> Float[Tensor, "B H T K"]:
        """Tell queries and keys where they stand, beginning with position `start`: here not at all."""
        return heads

    def keys_values(
        self, memory: Float[Tensor, "B S D"], start: int = 0
    ) -> tuple[Float[Tensor, "B H S K"], Float[Tensor, "B H S K"]]:
        """Return what every position advertises and what it hands over."""
        return self.place(self.split(self.W_k(memory)), start), self.split(self.W_v(memory))

    def attend(
        self,
        x: Float[Tensor, "B T D"],
        key: Float[Tensor, "B H S K"],
        value: Float[Tensor, "B H S K"],
        mask: Bool[Tensor, "..."] | None = None,
        start: int = 0,
    ) -> Float[Tensor, "B T D"]:
        """Return what x gathers from keys and values that are there already; mask broadcasts to (B, H, T, S)."""
        query = self.place(self.split(self.W_q(x)), start)  # (B, H, T, K)
        context, weights = scaled_dot_product_attention(query, key, value, mask)  # (B, H, T, K), (B, H, T, S)
        self.weights = weights.detach()
        return self.W_o(context.transpose(1, 2).flatten(-2))  # (B, T, H, K) -> (B, T, D)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        mask: Bool[Tensor, "..."] | None = None,
        cache: KeyValueCache | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Let x attend to itself, and with a cache to what was read before; mask broadcasts to (B, H, T, S)."""
        start = 0 if cache is None else len(cache)
        key, value = self.keys_values(x, start)  # (B, H, T, K)
        if cache is not None:
            key, value = cache.extend(key, value)  # (B, H, S, K)
        return self.attend(x, key, value, mask, start)


def causal_mask(n: int) -> Bool[Tensor, "T T"]:
    """Return the mask by which each position attends to itself and to earlier ones only. Raises ValueError below 1."""
    check_at_least_one(n=n)
    return torch.ones(n, n, dtype=torch.bool).tril()


def check_heads(d_model: int, n_heads: int) -> None:
    """Raise ValueError unless n_heads divides d_model."""
    check_at_least_one(d_model=d_model, n_heads=n_heads)
    if d_model % n_heads:
        raise ValueError(f"n_heads is {n_heads}, expected a divisor of d_model, which is {d_model}")
