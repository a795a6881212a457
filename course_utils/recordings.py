"""What a model did while it wrote one sentence: every attention weight, and what it thought of writing at each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.shapes import check_at_least_one
from course_utils.text import Vocab

Guess = tuple[str, float]


@dataclass(frozen=True, eq=False)
class Generation:
    """One sentence as it was read and written, with L layers of H heads.

    `source` holds the S tokens read, end symbol included. `target` holds T + 1 tokens: step t of T reads target[t],
    which is the start symbol at first, and writes target[t + 1]. Row t of `decoder_self` and of `cross` says where step
    t looked: the row sums to 1, and a step sees no later one. `guesses[t]` holds the most probable tokens of step t
    with their probabilities, the best one first. A model without a decoder has no target and leaves `decoder_self` and
    `cross` out; one without an encoder has no source and leaves `encoder_self` and `cross` out. Raises ValueError where
    shapes do not fit or weights are none.
    """

    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    encoder_self: np.ndarray | None = None  # (L, H, S, S)
    decoder_self: np.ndarray | None = None  # (L, H, T, T)
    cross: np.ndarray | None = None  # (L, H, T, S)
    guesses: tuple[tuple[Guess, ...], ...] = ()

    def __post_init__(self) -> None:
        S, T = len(self.source), self.n_steps
        _check_weights("encoder_self", self.encoder_self, S, S)
        _check_weights("decoder_self", self.decoder_self, T, T)
        _check_weights("cross", self.cross, T, S)
        if not self.kinds():
            raise ValueError(
                "encoder_self, decoder_self and cross are all None, expected weights for one of them"
            )
        if self.decoder_self is not None and np.triu(self.decoder_self, 1).any():
            raise ValueError(
                "decoder_self has weights above the diagonal, expected zeros: no step sees a later one"
            )
        if len(self.guesses) != T or not all(self.guesses):
            raise ValueError(
                f"guesses has the lengths {[len(row) for row in self.guesses]}, expected at least one guess for each "
                f"of the {T} steps that a target of {len(self.target)} tokens takes"
            )

    @property
    def n_steps(self) -> int:
        """How many tokens were written, end symbol included."""
        return max(len(self.target) - 1, 0)

    def kinds(self) -> tuple[str, ...]:
        """Return the names of the kinds of attention that were recorded."""
        names = ("encoder_self", "cross", "decoder_self")
        return tuple(name for name in names if getattr(self, name) is not None)


@torch.no_grad()
def record_generation(
    model: Any,
    src: Int[Tensor, "B S"],
    src_vocab: Vocab,
    tgt_vocab: Vocab,
    *,
    start_id: int,
    end_id: int,
    max_length: int = 50,
    n_guesses: int = 5,
) -> Generation:
    """Write one sentence as `greedy` does, and return all that can be seen meanwhile.

    The model is a models.transformer.Transformer in evaluation mode. Raises ValueError if max_length or n_guesses is
    below 1, or if src holds another number of sentences than one.
    """
    check_at_least_one(max_length=max_length, n_guesses=n_guesses)
    if len(src) != 1:
        raise ValueError(f"src has {len(src)} rows, expected 1: record one sentence at a time")
    state, token_ids, written = model.start(src), src.new_tensor([start_id]), [start_id]
    encoder_self = torch.stack([block.attention.weights[0] for block in model.encoder])  # (L, H, S, S)
    own, cross, guesses = [], [], []
    while len(written) <= max_length and (len(written) == 1 or written[-1] != end_id):
        logits, state = model.step(token_ids, state)  # (1, V)
        best = logits[0].softmax(dim=-1).topk(min(n_guesses, logits.shape[1]))
        guesses.append(tuple(zip(tgt_vocab.decode(best.indices.tolist()), best.values.tolist())))
        own.append(torch.stack([block.attention.weights[0, :, 0] for block in model.decoder]))  # (L, H, t)
        cross.append(
            torch.stack([block.cross_attention.weights[0, :, 0] for block in model.decoder])
        )  # (L, H, S)
        token_ids = best.indices[:1]  # (1,)
        written.append(token_ids.item())
    steps = len(own)
    decoder_self = [
        torch.nn.functional.pad(row, (0, steps - row.shape[-1])) for row in own
    ]  # T times (L, H, T)
    return Generation(
        source=tuple(src_vocab.decode(src[0].tolist())),
        target=tuple(tgt_vocab.decode(written)),
        encoder_self=_array(encoder_self),
        decoder_self=_array(torch.stack(decoder_self, dim=2)),
        cross=_array(torch.stack(cross, dim=2)),
        guesses=tuple(guesses),
    )


def _array(weights: Float[Tensor, "L H T S"]) -> Float[np.ndarray, "L H T S"]:
    return weights.float().cpu().numpy()


def _check_weights(name: str, weights: Any, rows: int, columns: int) -> None:
    if weights is None:
        return
    if weights.ndim != 4 or weights.shape[2:] != (rows, columns) or not weights.size:
        raise ValueError(
            f"{name} has shape {weights.shape}, expected (layers, heads, {rows}, {columns}), as the tokens are counted"
        )
    if not (np.all(weights >= 0) and np.allclose(weights.sum(axis=-1), 1, atol=1e-3)):
        raise ValueError(
            f"{name} has rows that do not sum to 1 or numbers below 0, expected attention weights"
        )
