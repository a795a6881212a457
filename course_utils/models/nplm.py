"""The neural probabilistic language model of Bengio, Ducharme, Vincent and Jauvin (2003). Built in lesson 03."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class NPLM(nn.Module):
    """A vector for every word, and a network from the vectors of the context to the logits of the next word.

    y = b + W x + U tanh(d + H x), equation 1 of the paper, where x is the rows of C for the words of the context, laid
    end to end. The biases d and b are those of the layers H and U. Without `direct` connections W is left out.
    """

    def __init__(
        self, vocab_size: int, context_length: int, d_model: int, d_hidden: int, direct: bool = False
    ) -> None:
        super().__init__()
        self.C = nn.Embedding(vocab_size, d_model)
        self.H = nn.Linear(context_length * d_model, d_hidden)
        self.U = nn.Linear(d_hidden, vocab_size)
        self.W = nn.Linear(context_length * d_model, vocab_size, bias=False) if direct else None
        nn.init.normal_(self.C.weight, std=0.1)

    def forward(self, context: Int[Tensor, "B T"]) -> Float[Tensor, "B V"]:
        """Return the logits of the next word after each row of `context`."""
        x = self.C(context).flatten(1)  # (B, T * D)
        logits = self.U(torch.tanh(self.H(x)))  # (B, V)
        return logits if self.W is None else logits + self.W(x)
