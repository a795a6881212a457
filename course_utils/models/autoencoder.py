"""Autoencoders: through a few numbers, or a few bits, and back. Built in lesson 04."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from course_utils.models.mlp import MLP
from course_utils.shapes import check_shape


class Autoencoder(nn.Module):
    """An encoder and its mirror image, the decoder (Hinton and Salakhutdinov, 2006).

    `sizes` counts the numbers that go in, those after each hidden layer of the encoder, and those of the code: 64, 128,
    2 makes a network 64 -> 128 -> 2 -> 128 -> 64. `bend` acts on all layers but the code and the output; `bend` and
    `gain` are those of MLP. Raises ValueError for fewer than two sizes.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        bend: Callable[[Tensor], Tensor] = torch.relu,
        gain: float = 2.0,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = MLP(sizes, bend, gain), MLP(sizes[::-1], bend, gain)

    def forward(self, x: Float[Tensor, "*B n_in"]) -> Float[Tensor, "*B n_in"]:
        """Return what the decoder makes of the code of x: as many numbers as went in."""
        return self.decoder(self.encoder(x))


class SemanticHash(Autoencoder):
    """An autoencoder whose code is bits (Salakhutdinov and Hinton, 2007 and 2009).

    Training adds random numbers with standard deviation `noise` to what enters the code's sigmoids; only outputs near
    0 or 1 get through that, so cutting them to bits afterwards loses little. Raises ValueError if `noise` is negative.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        bend: Callable[[Tensor], Tensor] = torch.tanh,
        gain: float = 1.0,
        noise: float = 4.0,
    ) -> None:
        super().__init__(sizes, bend, gain)
        check_noise(noise)
        self.noise = noise

    def forward(self, x: Float[Tensor, "*B n_in"]) -> Float[Tensor, "*B n_in"]:
        """Return what the decoder makes of the code of x before it is cut to bits, in training through the noise."""
        z = self.encoder(x)
        if self.training:
            z = z + self.noise * torch.randn_like(z)
        return self.decoder(z.sigmoid())

    def bits(self, x: Float[Tensor, "*B n_in"]) -> Bool[Tensor, "*B K"]:
        """Return the code: True where the sigmoid is above one half."""
        return self.encoder(x) > 0

    def decode(self, bits: Bool[Tensor, "*B K"]) -> Float[Tensor, "*B n_in"]:
        """Return what the decoder makes of codes of bits."""
        return self.decoder(bits.float())


def check_noise(noise: float) -> None:
    """Raise ValueError unless `noise` is 0 or above."""
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}, expected 0 or a number above")


def word_shares(counts: Float[Tensor, "B V"]) -> Float[Tensor, "B V"]:
    """Return each word's share of its document: rows sum to 1, and a document without words stays 0."""
    return counts / counts.sum(-1, keepdim=True).clamp(min=1)


def document_loss(logits: Float[Tensor, "B V"], counts: Float[Tensor, "B V"]) -> Float[Tensor, ""]:
    """Return the cross-entropy between the words of documents and softmax(logits), the mean over the documents.

    It is the surprise, in nats, at a word drawn at random from a document. Raises ValueError unless both have the same
    shape.
    """
    check_shape("logits", logits, "B V", B=len(counts), V=counts.shape[-1])
    return -(word_shares(counts) * logits.log_softmax(-1)).sum(-1).mean()
