"""From lists of token ids to batches: padding, masks, buckets of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from course_utils.shapes import check_at_least_one


class TranslationBatch(NamedTuple):
    """Sentences as token_ids, padded at the end: the source, the target as the decoder reads it, and as it writes it.

    `tgt_in` begins with the start symbol and `tgt_out` ends with the end symbol, so tgt_out[t] is what should follow
    tgt_in[..t]. Shapes (B, S), (B, T) and (B, T).
    """

    src: Int[Tensor, "B S"]
    tgt_in: Int[Tensor, "B T"]
    tgt_out: Int[Tensor, "B T"]


class TextWindow(NamedTuple):
    """A piece of running text: token_ids as a model reads them, and next_ids, the token after each. Both (B, T)."""

    token_ids: Int[Tensor, "B T"]
    next_ids: Int[Tensor, "B T"]


def text_windows(token_ids: Int[Tensor, " N"], batch_size: int, length: int) -> list[TextWindow]:
    """Cut a text into batch_size streams of equal length, and these into windows of `length` tokens, in order.

    Row b of a window goes on where row b of the window before has ended, so that a state can be handed on. What is
    left over at the end of the streams is dropped. Raises ValueError if the text is too short for one window.
    """
    check_at_least_one(batch_size=batch_size, length=length)
    n_windows = (len(token_ids) - 1) // (batch_size * length)
    if n_windows < 1:
        needed = batch_size * length + 1
        raise ValueError(f"token_ids has {len(token_ids)} tokens, expected at least {needed} for one window")
    n = n_windows * length
    streams = token_ids[: batch_size * n].view(batch_size, n)  # (B, n)
    following = token_ids[1 : batch_size * n + 1].view(batch_size, n)  # (B, n)
    return [
        TextWindow(*pair) for pair in zip(streams.split(length, 1), following.split(length, 1), strict=True)
    ]


def pad(rows: Sequence[Sequence[int]], pad_id: int) -> Int[Tensor, "B T"]:
    """Return rows of different lengths as one tensor, filled up at the end. Raises ValueError if there is no row."""
    if not rows:
        raise ValueError("rows is empty, expected at least one list of token ids")
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[pad_id] * (longest - len(row))] for row in rows], dtype=torch.long)


class TranslationBatches:
    """Batches of source and target sentences, to be gone through as often as one likes.

    Sentences of similar length go into the same batch (a bucket), so that little is padding. Which ones, and in which
    order the batches come, changes from pass to pass if `shuffle` is on, and depends only on the seed. `sources` and
    `targets` hold one list of token ids a sentence, without start and end symbols; the end symbol is put after both.
    Raises ValueError if there are not as many targets as sources, or none.
    """

    def __init__(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        pad_id: int,
        start_id: int,
        end_id: int,
        batch_size: int = 64,
        shuffle: bool = True,
        seed: int = 0,
    ) -> None:
        if len(sources) != len(targets) or not sources:
            raise ValueError(
                f"sources and targets have {len(sources)} and {len(targets)} sentences, expected as many, at least one"
            )
        check_at_least_one(batch_size=batch_size)
        self.sources, self.targets = sources, targets
        self.pad_id, self.start_id, self.end_id = pad_id, start_id, end_id
        self.batch_size, self.shuffle = batch_size, shuffle
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return -(-len(self.sources) // self.batch_size)

    def __iter__(self) -> Iterator[TranslationBatch]:
        n = len(self.sources)
        order = torch.randperm(n, generator=self._generator).tolist() if self.shuffle else range(n)
        # Sorting is stable, so sentences of one length stay in the random order.
        order = sorted(order, key=lambda i: (len(self.sources[i]), len(self.targets[i])))
        batches = [order[i : i + self.batch_size] for i in range(0, n, self.batch_size)]
        if self.shuffle:
            batches = [batches[i] for i in torch.randperm(len(batches), generator=self._generator).tolist()]
        for chosen in batches:
            yield self.batch(chosen)

    def batch(self, chosen: Sequence[int]) -> TranslationBatch:
        """Return the chosen sentences, given by their places, as one batch."""
        sources, targets = [self.sources[i] for i in chosen], [self.targets[i] for i in chosen]
        return TranslationBatch(
            pad([[*source, self.end_id] for source in sources], self.pad_id),
            pad([[self.start_id, *target] for target in targets], self.pad_id),
            pad([[*target, self.end_id] for target in targets], self.pad_id),
        )
