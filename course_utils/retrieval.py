"""Finding documents: distances between codes, and how good a ranking is. Built in lesson 04."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def hamming(queries: Bool[Tensor, "Q K"], documents: Bool[Tensor, "N K"]) -> Int[Tensor, "Q N"]:
    """Return for each pair of codes in how many bits they differ."""
    return (queries[:, None] != documents).sum(-1)


def precision_recall(
    distances: Float[Tensor, "Q N"] | Int[Tensor, "Q N"], relevant: Bool[Tensor, "Q N"]
) -> tuple[Float[Tensor, " N"], Float[Tensor, " N"]]:
    """Rank N documents for each of Q queries, the nearest first, and return precision and recall after 1 to N of them.

    Precision is the share of those retrieved that are relevant, recall the share of the relevant ones that are
    retrieved, both averaged over the queries. Documents at the same distance keep their order, so shuffle them
    beforehand. Raises ValueError if a query has no relevant document.
    """
    check_relevant(relevant)
    order = distances.argsort(dim=1, stable=True)  # (Q, N)
    found = relevant.gather(1, order).cumsum(1).double()  # (Q, N)
    precision = found / torch.arange(1, found.shape[1] + 1)
    recall = found / found[:, -1:]
    return precision.mean(0), recall.mean(0)


def check_relevant(relevant: Bool[Tensor, "Q N"]) -> None:
    """Raise ValueError if a query has no relevant document: its recall would be 0 / 0."""
    if not bool(relevant.any(1).all()):
        empty = int((~relevant.any(1)).nonzero()[0])
        raise ValueError(f"relevant has no True in row {empty}, expected a relevant document for every query")
