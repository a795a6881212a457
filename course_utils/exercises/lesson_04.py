"""Checks for lesson 04, autoencoders and semantic hashing."""

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
    function_exercise,
    number,
    tensor,
    value_exercise,
)


@value_exercise
def check_times_smaller(answer: Any) -> str:
    """times_smaller: 2,000 counts of 4 bytes against 32 bits."""
    compare(
        number(answer, "times_smaller"),
        2000.0,
        {
            "bytes on one side, bits on the other: a byte has 8 bits, and the code has 32 bits.": 2000
            * 4
            / 32,
            "that is the number of counts over the number of bits. A count takes 4 bytes.": 2000 / 32,
            "the 4 bytes of a count are missing.": 2000 * 8 / 32,
            "upside down: that is what part of the space is left.": 1 / 2000,
            "the million is on both sides, and cancels.": 2000 * 1e6,
            "those are the bits of one document's counts. Divide by the bits of its code.": 2000 * 4 * 8,
            "those are the bytes of one document's counts. Divide by the bytes of its code.": 2000 * 4,
            "the 8 is on the wrong side: a code of 32 bits has 32 / 8 bytes.": 2000 * 4 / (32 * 8),
        },
        "not the ratio of the two sizes.",
        tolerance=1e-9,
        show=False,
    )
    return "A million documents fit into 4 MB instead of 8 GB."


@function_exercise
def check_nearby(answer: Callable) -> str:
    """nearby(address, n_bits): all addresses at a Hamming distance of at most 1."""
    for address, n_bits in ((0b1011, 5), (0, 3), (70_000, 20)):
        _examine_addresses(answer(address, n_bits), address, n_bits)
    return "With 32 bits these are 33 addresses, whether there are a thousand documents or a billion."


def _examine_addresses(got: Any, address: int, n_bits: int) -> None:
    where = f"nearby({address}, {n_bits})"
    if isinstance(got, (np.ndarray, Tensor)):
        got = got.tolist()
    expect(
        isinstance(got, (list, tuple, set, frozenset)),
        f"{where} should return a list of addresses, which are whole numbers; yours is of type {type(got).__name__}.",
    )
    entries = [number(entry, f"an address in {where}") for entry in got]
    expect(all(entry == int(entry) for entry in entries), f"{where} holds numbers that are not whole.")
    found, single = {int(entry) for entry in entries}, [1 << i for i in range(n_bits)]
    right = {address, *(address ^ bit for bit in single)}
    flips = {
        "`| 1 << i` only sets bits, so those that are 1 already stay. `^` flips.": [
            address | b for b in single
        ],
        "`& ~` only clears bits, so those that are 0 already stay. `^` flips.": [
            address & ~b for b in single
        ],
        "adding carries over into other bits. `^` flips one bit.": [address + b for b in single],
        "subtracting borrows from other bits. `^` flips one bit.": [address - b for b in single],
        "these are addresses with one bit set. Flip that bit in the address.": single,
        "the last bit is missing: n_bits bits have the numbers 0 to n_bits - 1.": [
            address ^ b for b in single[:-1]
        ],
        "bit 0 is missing: it has the value 1, `1 << 0`.": [address ^ b for b in single[1:]],
        "one bit too many: the bits have the numbers 0 to n_bits - 1.": [
            address ^ b for b in [*single, 1 << n_bits]
        ],
        "off by one: bit 0 is missing, and there is no bit n_bits. Begin with `1 << 0`.": [
            address ^ b for b in [*single[1:], 1 << n_bits]
        ],
        "`i` is the number of a bit. Its value is `1 << i`.": [address ^ i for i in range(n_bits)],
        "`2 * i` is not the value of bit i. It is 2 to the power i, `1 << i`.": [
            address ^ (2 * i) for i in range(n_bits)
        ],
        "`^` is not a power in Python: it flips bits. Write `1 << i` for 2 to the power i.": [
            address ^ (2 ^ i) for i in range(n_bits)
        ],
    }
    expect(found != right - {address}, "the address itself is missing: it is at distance 0.")
    for hint, wrong in flips.items():
        expect(found == right or found != {address, *wrong}, hint)
    _examine_what_no_mistake_explains(found, right, address, where)
    expect(len(found) == len(entries), f"{where} holds an address more than once.")


def _examine_what_no_mistake_explains(found: set[int], right: set[int], address: int, where: str) -> None:
    for entry in sorted(found - right):
        expect(
            entry >= 0,
            f"{where} holds {entry}: no address is negative. (`~` flips every bit, the sign's too.)",
        )
        expect(
            (entry ^ address).bit_count() == 1,
            f"{where} holds {entry}, which differs from {address} in more than one bit.",
        )
        raise Wrong(
            f"{where} holds {entry}, with a bit flipped beyond the n_bits. Is n_bits used, and no fixed number?"
        )
    for entry in sorted(right - found):
        raise Wrong(f"{where} lacks {entry}. There are {len(right)} addresses: itself and one for each bit.")


@function_exercise
def check_precision_at(answer: Callable) -> str:
    """precision_at(k, distances, relevant): mean share of relevant documents among the k nearest."""
    # Chosen so that the mistakes below lead to different numbers.
    generator = torch.Generator().manual_seed(1344)
    distances = torch.rand(3, 11, generator=generator)
    relevant = torch.rand(3, 11, generator=generator) < 0.45
    for k, rows in ((4, slice(None)), (2, slice(0, 1)), (7, slice(None)), (1, slice(1, 3))):
        _examine_precision(answer, k, distances[rows], relevant[rows])
    return "With k from 1 to N it is the first half of precision_recall."


def _examine_precision(answer: Callable, k: int, distances: Tensor, relevant: Tensor) -> None:
    got = answer(k, distances, relevant)
    row = isinstance(got, (list, tuple)) or (isinstance(got, (np.ndarray, Tensor)) and got.ndim == 1)
    expect(
        not (row and len(got) == len(distances) > 1),
        "that is one number for each query: average over the queries.",
    )

    def first(ranked: Tensor, size: int = k) -> Tensor:
        return relevant.gather(1, ranked[:, :size]).double()

    near, far = distances.argsort(1), distances.argsort(1, descending=True)
    hits = first(near)
    right, got = hits.mean().item(), number(got)
    rounded = [round(right, places) for places in (2, 3, 4)]
    expect(abs(got - right) < 1e-9 or got not in rounded, "that is rounded: return the number as it is.")
    compare(
        got,
        right,
        {
            "these are the k farthest: the nearest have the smallest distances.": first(far).mean().item(),
            "that is recall: you divide by the number of relevant documents. Divide by k.": (
                hits.sum(1) / relevant.sum(1)
            )
            .mean()
            .item(),
            "these are the first k documents as they stand. Sort by distance first.": relevant[:, :k]
            .double()
            .mean()
            .item(),
            "that is the number of hits for a query: divide by k.": hits.sum(1).mean().item(),
            "that is the number of all hits: divide by k, and by the number of queries.": hits.sum().item(),
            "that is in percent: return a share, between 0 and 1.": 100 * right,
            "that is all hits over all relevant documents, which is recall. Divide by k.": (
                hits.sum() / relevant.sum()
            ).item(),
            "that is the k-th document alone. Take all of the first k, `[:, :k]`.": relevant.gather(
                1, near[:, k - 1 : k]
            )
            .double()
            .mean()
            .item(),
            "`[:k]` cuts the rows, which are the queries. The first k of each row are `[:, :k]`.": relevant[
                :k
            ]
            .double()
            .mean()
            .item(),
            "that is the sum over the queries: take the mean.": hits.mean(1).sum().item(),
            "you divide by the number of all documents. Divide by k.": hits.sum(1).mean().item()
            / distances.shape[1],
            "sort along each row, argsort(1): one query's distances stand in a row, not in a column.": first(
                distances.argsort(0)
            )
            .mean()
            .item(),
            "off by one: k - 1 documents are taken.": first(near, k - 1).mean().item() if k > 1 else -1.0,
            "off by one: k + 1 documents are taken.": first(near, k + 1).mean().item(),
            "the nearest document is left out. It counts here: no query is its own neighbour.": relevant.gather(
                1, near[:, 1 : k + 1]
            )
            .double()
            .mean()
            .item(),
        },
        f"not the mean share of relevant documents among the first {k}.",
    )


@function_exercise
def check_squeeze(answer: Callable) -> str:
    """squeeze(x, k): the rows of x through the first k principal components and back."""
    generator = torch.Generator().manual_seed(4)
    for rows, k in ((12, 2), (9, 1), (6, 3)):
        scales = torch.tensor([3.0, 2.0, 1.2, 0.6, 0.3], dtype=torch.float64)
        x = torch.randn(rows, 5, dtype=torch.float64, generator=generator) * scales + torch.arange(5.0) - 1
        got = tensor(answer(x, k), (rows, 5))
        _examine_squeeze(got, x, k)
    return "It is what sklearn's PCA does, and what the straight autoencoder found by walking downhill."


def _examine_squeeze(got: Tensor, x: Tensor, k: int) -> None:
    mean, spread = x.mean(0), x.std(0)
    u, _, directions = torch.linalg.svd(x - mean, full_matrices=False)
    scaled, level = (x - mean) / spread, x - x.mean()
    of_scaled, of_level = (torch.linalg.svd(rows, full_matrices=False)[2][:k] for rows in (scaled, level))
    raw = torch.linalg.svd(x, full_matrices=False)[2]

    def through(rows: Tensor, kept: Tensor) -> Tensor:
        return rows @ kept.T @ kept

    compare(
        got,
        through(x - mean, directions[:k]) + mean,
        {
            "the mean is missing: add it again at the end.": through(x - mean, directions[:k]),
            "the mean was never subtracted: these are the best directions from 0, not from the mean.": through(
                x, raw[:k]
            ),
            "subtract the mean before you multiply by the directions, too.": through(x, directions[:k]),
            "you add a mean that was not subtracted before encoding.": through(x, directions[:k]) + mean,
            "the directions come from x with its mean. Give svd the rows without it.": through(
                x - mean, raw[:k]
            )
            + mean,
            "these are the k least important directions. svd puts the most important one first.": through(
                x - mean, directions[-k:]
            )
            + mean,
            "nothing was left out: keep only k of the directions.": x,
            "that is the mean of each row. Subtract the mean of each column: x.mean(0).": _by_row_means(x, k),
            "the directions are the rows of svd's third table, not its columns.": through(
                x - mean, directions[:, :k].T
            )
            + mean
            if directions.shape[0] == directions.shape[1]
            else -x,
            "every row is the mean row: nothing came through. Add the parts along the directions.": mean.expand(
                x.shape
            ),
            "one direction too many. (Is k used, and no fixed number?)": through(
                x - mean, directions[: k + 1]
            )
            + mean,
            "one direction too few: `[:k]` are k of them.": through(x - mean, directions[: k - 1]) + mean,
            "that is the k-th direction alone. Keep all of the first k, `[:k]`.": through(
                x - mean, directions[k - 1 : k]
            )
            + mean,
            "off by one: the most important direction is number 0.": through(x - mean, directions[1 : k + 1])
            + mean,
            "the singular values are missing: they say how far each row goes along each direction.": u[:, :k]
            @ directions[:k]
            + mean,
            "`x.mean()` is one number for the whole table. Subtract the mean of each column: x.mean(0).": through(
                level, of_level
            )
            + x.mean(),
            "do not divide by the standard deviation: PCA keeps the directions in which x varies most.": through(
                scaled, of_scaled
            )
            + mean,
            "dividing by the standard deviation changes the directions, even if you multiply again.": through(
                scaled, of_scaled
            )
            * spread
            + mean,
        },
        f"not x through its first {k} principal components.",
        show=False,
    )


def _by_row_means(x: Tensor, k: int) -> Tensor:
    mean = x.mean(1, keepdim=True)
    kept = torch.linalg.svd(x - mean, full_matrices=False)[2][:k]
    return (x - mean) @ kept.T @ kept + mean
