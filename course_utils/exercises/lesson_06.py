"""Checks for lesson 06, recurrent networks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.framework import (
    compare,
    expect,
    f64,
    function_exercise,
    number,
    tensor,
    value_exercise,
    without_autograd,
)


@value_exercise
def check_n_params(answer: Any) -> str:
    """n_params: weights and biases of an LSTM layer that reads 64 numbers and has 128 units."""
    one, biases = 64 * 128 + 128 * 128, 2 * 128
    compare(
        number(answer, "n_params"),
        4 * (one + biases),
        {
            "the biases are missing: PyTorch has two for every gate and unit.": 4 * one,
            "two biases for each of the 128 units of every gate: one in each table's sum.": 4 * (one + 128),
            "the biases are those of one gate. All four have them.": 4 * one + biases,
            "that is one gate. An LSTM has three gates and a candidate, each with tables of its own.": one
            + biases,
            "that is Elman's cell with one bias. An LSTM has four such sets.": one + 128,
            "three gates, and the candidate as well: four sets of tables.": 3 * (one + biases),
            "the state is read, too: a table of 128 times 128 for each gate.": 4 * (64 * 128 + biases),
            "the tables that read the 64 inputs are missing.": 4 * (128 * 128 + biases),
        },
        "not the number of weights and biases.",
        tolerance=1e-9,
    )
    return "Elman's cell has a quarter of them."


@function_exercise
def check_with_temperature(answer: Callable) -> str:
    """with_temperature(logits, temperature): probabilities along the last axis, at a temperature."""
    cases = [
        ([[2.0, 1.0, -1.0, 0.5], [0.0, 3.0, 0.25, 3.0]], 0.5),
        ([[1.0, -2.0], [4.0, 1.5], [-3.0, 0.5]], 2.0),
        ([[0.2, 0.1, -0.1], [0.0, 0.15, 0.1]], 0.1),
    ]
    for logits, temperature in cases:
        _examine_temperature(answer, f64(logits), temperature)
    _examine_temperature(answer, f64([[600.0, 0.0, 300.0], [-600.0, -601.0, -590.0]]), 0.4)
    return "At 0.5, probabilities are squared and made to sum to 1 again; at 2 it is their square roots."


def _examine_temperature(answer: Callable, logits: Tensor, temperature: float) -> None:
    result = answer(logits, temperature)
    if isinstance(result, Tensor) and result.dtype.is_floating_point and result.isnan().any():
        expect(
            bool(logits.abs().max() < 100),
            "nan for logits as large as 600: exp overflows. Subtract each row's largest, or use `softmax`.",
        )
    got = tensor(result, tuple(logits.shape))
    scaled = logits / temperature
    compare(
        got,
        scaled.softmax(-1),
        {
            "the logits are multiplied: divide, so that a low temperature makes large ones stand out.": (
                logits * temperature
            ).softmax(-1),
            "the temperature does nothing here: divide the logits by it.": logits.softmax(-1),
            "it belongs inside the softmax: the rows no longer sum to 1.": logits.softmax(-1) / temperature,
            "the probabilities are divided and put through a softmax again. Divide the logits.": (
                logits.softmax(-1) / temperature
            ).softmax(-1),
            "the columns sum to 1: the softmax runs over the last axis.": scaled.softmax(0),
            "these are logarithms: take the softmax itself.": scaled.log_softmax(-1),
            "these are logits still: the softmax is missing.": scaled,
        },
        "not the probabilities.",
    )


@function_exercise
def check_lstm_step(answer: Callable) -> str:
    """lstm_step(scores, cell): hidden state and memory cell from the four scores of an LSTM, (B, 4 * D)."""
    generator = torch.Generator().manual_seed(6)
    for batch, width in ((2, 3), (4, 2), (1, 3), (3, 1)):
        scores = torch.randn(batch, 4 * width, generator=generator, dtype=torch.float64)
        cell = torch.randn(batch, width, generator=generator, dtype=torch.float64)
        _examine_lstm(answer, scores, cell)
    return "It is the step of torch.nn.LSTMCell, with the gates in PyTorch's order."


def _examine_lstm(answer: Callable, scores: Tensor, cell: Tensor) -> None:
    got = answer(scores, cell)
    pair = isinstance(got, (tuple, list)) and len(got) == 2
    expect(pair, "return two things, the hidden state and the cell: `return hidden, cell`.")
    shape = tuple(cell.shape)
    got = [tensor(got[0], shape, "your hidden state"), tensor(got[1], shape, "your cell")]
    i, f, g, o = scores.chunk(4, -1)

    def step(i: Tensor, f: Tensor, g: Tensor, o: Tensor) -> list[Tensor]:
        new = f.sigmoid() * cell + i.sigmoid() * g.tanh()
        return [o.sigmoid() * new.tanh(), new]

    blocks, new = (i, f, g, o), step(i, f, g, o)[1]
    bent = i.sigmoid() * g.sigmoid() + f.sigmoid() * cell
    interleaved = [scores.view(shape[0], shape[1], 4)[..., gate] for gate in range(4)]
    compare(
        got,
        step(i, f, g, o),
        {
            "the two results change places: first the hidden state, then the cell.": [
                new,
                step(i, f, g, o)[0],
            ],
            **{
                f"the order of the blocks is take in, forget, new, give out: i, f, g, o. Yours is {names}.": step(
                    *(blocks[names.index(name)] for name in "ifgo")
                )
                for names in map("".join, permutations("ifgo"))
                if names != "ifgo"
            },
            "the old cell is returned: return the new one.": [step(i, f, g, o)[0], cell],
            "the take-in gate is missing: it multiplies the new content.": [
                o.sigmoid() * (f.sigmoid() * cell + g.tanh()).tanh(),
                f.sigmoid() * cell + g.tanh(),
            ],
            "the give-out gate needs its sigmoid.": [o * new.tanh(), new],
            "each block is D columns side by side, not every fourth column: use chunk(4, -1).": step(
                *interleaved
            ),
            "the new content g is bent by a tanh, not by a sigmoid.": [o.sigmoid() * bent.tanh(), bent],
            "the cell passes through a tanh on its way out: sigmoid(o) * tanh(cell).": [
                o.sigmoid() * new,
                new,
            ],
            "the hidden state is read from the new cell, not from the old one.": [
                o.sigmoid() * cell.tanh(),
                new,
            ],
            "the forget gate is missing: it multiplies the old cell.": [
                o.sigmoid() * (cell + i.sigmoid() * g.tanh()).tanh(),
                cell + i.sigmoid() * g.tanh(),
            ],
            "the old cell is lost: add what the forget gate lets through.": [
                o.sigmoid() * (i.sigmoid() * g.tanh()).tanh(),
                i.sigmoid() * g.tanh(),
            ],
        },
        "not the step of an LSTM.",
    )


@function_exercise
def check_slope_through_time(answer: Callable) -> str:
    """slope_through_time(w, u, xs, target): slope in w of (h_T - target)**2 with h_t = tanh(w h_(t-1) + u x_t)."""
    cases = [
        (0.8, 0.5, [1.0, -2.0, 0.5], 0.3),
        (-1.2, 0.9, [0.4, 1.5, -0.7, 0.2, 1.0], -0.6),
        (0.7, 1.1, [0.5], 0.9),
        (1.1, 0.4, [0.6, -0.2, 0.3, -0.5, 0.1, 0.4, -0.3, 0.2], -0.7),
        (0.6, 0.8, [], 0.4),
    ]
    for case in cases:
        _examine_slope(answer, *case)
    return "It is the slope that torch finds, for no step, one, five and eight."


def _examine_slope(answer: Callable, w: float, u: float, xs: list[float], target: float) -> None:
    got = number(without_autograd(answer, w, u, xs, target))
    mistakes = {
        "only the last step counts here: w is used at every step, and the pulls of all of them add.": {
            "last": True
        },
        "the pull loses a factor on its way back: one step earlier it is multiplied by w as well.": {
            "carry": 1.0
        },
        "the slope of tanh, 1 - h**2, is missing.": {"bend": False},
        "half of it: the slope of a square is 2 times what is squared.": {"factor": 1.0},
        "the sign is wrong: the error is h - target.": {"factor": -2.0},
        "w multiplies the state before the step, h_(t-1), not the one after it.": {"after": True},
        "that is the slope in u: w is multiplied by the state, not by x.": {"by_input": True},
    }
    right = _slope(w, u, xs, target)
    values = {hint: _slope(w, u, xs, target, **how) for hint, how in mistakes.items()}
    # With a single step some mistakes make no difference.
    compare(got, right, values, "not the slope in w.")


def _slope(
    w: float,
    u: float,
    xs: list[float],
    target: float,
    *,
    last: bool = False,
    carry: float | None = None,
    bend: bool = True,
    factor: float = 2.0,
    after: bool = False,
    by_input: bool = False,
) -> float:
    """Return the slope, or what a mistake makes of it."""
    states = [torch.zeros((), dtype=torch.float64)]
    for x in xs:
        states.append(torch.tanh(w * states[-1] + u * x))
    pull, total = factor * (states[-1] - target), torch.zeros((), dtype=torch.float64)
    for t in range(len(xs), 0, -1):
        pull = pull * (1 - states[t] ** 2 if bend else 1.0)
        total = total + pull * (xs[t - 1] if by_input else states[t if after else t - 1])
        if last:
            break
        pull = pull * (w if carry is None else carry)
    return float(total)
