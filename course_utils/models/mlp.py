"""The multi-layer perceptron: weighted sums, a bend, weighted sums again. Built in lesson 02."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn


class MLP(nn.Module):
    """Layers of neurons: `sizes` counts the numbers that go in, those after each hidden layer, and those that come out.

    `bend` acts after every layer but the last. Weights start at random with variance gain / inputs, biases at 0: a
    gain of 2 suits ReLU (He and others, 2015), and 1 suits tanh. Raises ValueError for fewer than two sizes.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        bend: Callable[[Tensor], Tensor] = torch.relu,
        gain: float = 2.0,
    ) -> None:
        super().__init__()
        check_sizes(sizes)
        self.layers, self.bend = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes)), bend
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=(gain / layer.in_features) ** 0.5)
            nn.init.zeros_(layer.bias)

    def hidden(self, x: Float[Tensor, "*B n_in"]) -> list[Tensor]:
        """Return what comes out of every hidden layer, after its bend."""
        outputs = []
        for layer in self.layers[:-1]:
            x = self.bend(layer(x))
            outputs.append(x)
        return outputs

    def forward(self, x: Float[Tensor, "*B n_in"]) -> Float[Tensor, "*B n_out"]:
        """Return the output of the last layer, which is not bent: the logits."""
        return self.layers[-1]([x, *self.hidden(x)][-1])


def check_sizes(sizes: Sequence[int]) -> None:
    """Raise ValueError unless there are at least an input and an output."""
    if len(sizes) < 2:
        raise ValueError(f"sizes is {list(sizes)}, expected at least the numbers of inputs and of outputs")
