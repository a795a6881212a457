"""Recurrent networks: the same weights at every step, and a state that is passed on. Built in lesson 06.

A cell takes one step: `cell(x, state)` returns the new state, a tuple of tensors of shape (B, D) whose first one is
the hidden state. `unroll` takes the steps of a whole sequence.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

State = tuple[Tensor, ...]


class ElmanCell(nn.Module):
    """One step of the simple recurrent network: h' = tanh(x W_x + h W_h + b) (Elman, 1990, with a sigmoid there).

    As in PyTorch there are two biases, one in `read` and one in `recall`; they only ever count as their sum.
    """

    def __init__(self, d_input: int, d_model: int) -> None:
        super().__init__()
        self.read = nn.Linear(d_input, d_model)
        self.recall = nn.Linear(d_model, d_model)

    def forward(self, x: Float[Tensor, "B d_input"], state: State) -> State:
        """Return the state after reading x."""
        (hidden,) = state
        return (torch.tanh(self.read(x) + self.recall(hidden)),)  # (B, D)


class LSTMCell(nn.Module):
    """One step of long short-term memory (Hochreiter and Schmidhuber, 1997; the forget gate by Gers and others, 2000).

    c' = f c + i g and h' = o tanh(c'), with gates i, f, o between 0 and 1 and g between -1 and 1.
    """

    def __init__(self, d_input: int, d_model: int) -> None:
        super().__init__()
        self.read = nn.Linear(d_input, 4 * d_model)
        self.recall = nn.Linear(d_model, 4 * d_model)

    def forward(self, x: Float[Tensor, "B d_input"], state: State) -> State:
        """Return hidden state and memory cell after reading x."""
        hidden, cell = state
        scores = self.read(x) + self.recall(hidden)  # (B, 4 * D)
        take_in, forget, new, give_out = scores.chunk(4, dim=-1)  # each (B, D)
        cell = forget.sigmoid() * cell + take_in.sigmoid() * new.tanh()
        return give_out.sigmoid() * cell.tanh(), cell


class GRUCell(nn.Module):
    """One step of the gated recurrent unit (Cho and others, 2014): two gates, and no cell beside the hidden state.

    h' = (1 - z) n + z h, where z, `keep`, is the update gate. As in PyTorch, the reset gate r acts on h after the
    multiplication with its table; in the paper it acts before.
    """

    def __init__(self, d_input: int, d_model: int) -> None:
        super().__init__()
        self.read = nn.Linear(d_input, 3 * d_model)
        self.recall = nn.Linear(d_model, 3 * d_model)

    def forward(self, x: Float[Tensor, "B d_input"], state: State) -> State:
        """Return the state after reading x."""
        (hidden,) = state
        read_reset, read_keep, read_new = self.read(x).chunk(3, dim=-1)  # each (B, D)
        reset, keep, new = self.recall(hidden).chunk(3, dim=-1)  # each (B, D)
        keep = (read_keep + keep).sigmoid()  # (B, D)
        new = (read_new + (read_reset + reset).sigmoid() * new).tanh()  # (B, D)
        return ((1 - keep) * new + keep * hidden,)


def unroll(
    cell: nn.Module, inputs: Float[Tensor, "B T d_input"], state: State
) -> tuple[Float[Tensor, "B T D"], State]:
    """Let a cell read a sequence step by step; return the hidden state after every step, and the last state.

    Raises ValueError if there is no step to take.
    """
    check_steps(inputs)
    outputs = []
    for x in inputs.unbind(dim=1):  # (B, d_input)
        state = cell(x, state)
        outputs.append(state[0])
    return torch.stack(outputs, dim=1), state  # (B, T, D)


def copy_weights(layer: nn.RNNBase, cell: nn.Module) -> None:
    """Give a cell the weights of PyTorch's layer of the same kind: one layer deep, one direction, with biases.

    Raises ValueError if the sizes differ, which they also do between different kinds.
    """
    pairs = [
        (cell.read.weight, layer.weight_ih_l0),
        (cell.recall.weight, layer.weight_hh_l0),
        (cell.read.bias, layer.bias_ih_l0),
        (cell.recall.bias, layer.bias_hh_l0),
    ]
    for own, given in pairs:
        if own.shape != given.shape:
            raise ValueError(
                f"layer has weights of shape {tuple(given.shape)}, expected {tuple(own.shape)}, as in the cell"
            )
        own.data.copy_(given.data)


class CharRNN(nn.Module):
    """A network that reads characters and says after each what may come next: embedding, recurrent layer, logits.

    `layer` is one of PyTorch's recurrent layers: nn.RNN (Elman's), nn.LSTM or nn.GRU. An LSTM starts with forget gates
    that are open, so that at first it keeps rather than forgets (a bias of 1: Jozefowicz and others, 2015).
    """

    def __init__(self, vocab_size: int, d_model: int, layer: type[nn.RNNBase] = nn.LSTM) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.recurrent = layer(d_model, d_model, batch_first=True)
        self.output = nn.Linear(d_model, vocab_size)
        if layer is nn.LSTM:
            nn.init.ones_(self.recurrent.bias_ih_l0[d_model : 2 * d_model].data)

    def forward(
        self, token_ids: Int[Tensor, "B T"], state: Tensor | State | None = None
    ) -> tuple[Float[Tensor, "B T V"], Tensor | State]:
        """Return the logits of the character after each one, and the state at the end.

        `state` is the state that an earlier call has returned; None starts with zeros.
        """
        hidden, state = self.recurrent(self.embedding(token_ids), state)  # (B, T, D)
        return self.output(hidden), state


def cut(state: Tensor | State) -> Tensor | State:
    """Return the same state without its past, so that `backward` goes no further back than here."""
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()


def check_steps(inputs: Tensor) -> None:
    """Raise ValueError unless a sequence has at least one step."""
    if inputs.shape[1] == 0:
        raise ValueError(f"inputs has shape {tuple(inputs.shape)}, expected at least one step along axis 1")
