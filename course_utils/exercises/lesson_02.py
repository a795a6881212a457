"""Checks for lesson 02, neural networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.framework import (
    Wrong,
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
    """n_params: weights and biases of a network 64 -> 32 -> 10."""
    compare(
        number(answer, "n_params"),
        64 * 32 + 32 + 32 * 10 + 10,
        {
            "the biases are missing: one for every neuron of both layers.": 64 * 32 + 32 * 10,
            "that is the first layer alone: the second has weights and biases, too.": 64 * 32 + 32,
            "one bias stands at every input. It belongs to every output.": 64 * 32 + 64 + 32 * 10 + 32,
            "the sizes of all layers are multiplied. Each layer has its own table: add them.": 64 * 32 * 10,
            "the biases of the last layer are missing: its ten neurons have them, too.": 64 * 32
            + 32
            + 32 * 10,
            "the biases of the hidden layer are missing: its 32 neurons have them, too.": 64 * 32
            + 32 * 10
            + 10,
            "the 64 inputs are not neurons: they have no bias.": 64 + 64 * 32 + 32 + 32 * 10 + 10,
            "that is the second layer alone: the first has weights and biases, too.": 32 * 10 + 10,
            "those are the neurons. A weight stands on every line between two of them.": 64 + 32 + 10,
        },
        "not the number of weights and biases.",
        tolerance=1e-9,
    )
    return "The first layer has 2,080 of them and the second 330."


@function_exercise
def check_neuron_gradient(answer: Callable) -> str:
    """neuron_gradient(x, w, b, target): slopes of (tanh(w @ x + b) - target)**2 in w and in b."""
    cases = [([0.5, -1.0, 2.0], [0.9, -0.3, 0.2], -0.1, -0.4), ([1.5, 0.25], [-0.4, 0.7], 0.3, -0.9)]
    for case in cases:
        _examine_gradient(answer, *map(f64, case))
    return "It equals the gradient that torch finds."


def _examine_gradient(answer: Callable, x: Tensor, w: Tensor, b: Tensor, target: Tensor) -> None:
    got = without_autograd(answer, x, w, b, target)
    pair = isinstance(got, (tuple, list)) and len(got) == 2
    expect(pair, "return two things, the slopes in w and the slope in b: `return w_grad, b_grad`.")
    swapped = all(isinstance(part, Tensor) for part in got) and [part.ndim for part in got] == [0, 1]
    expect(not swapped, "these are the slope in b and the slopes in w. Return w first, then b.")
    got = [tensor(got[0], tuple(x.shape), "your first result"), number(got[1], "your second result")]
    z = w @ x + b
    y = z.tanh()
    pull = 2 * (y - target) * (1 - y**2)

    def pair_of(pulled: Tensor) -> list[Tensor]:
        return [pulled * x, pulled]

    compare(
        got,
        pair_of(pull),
        {
            "half of it: the slope of a square is 2 times what is squared.": pair_of(pull / 2),
            "the sign is wrong: the error is y - target, and it falls as target grows.": pair_of(-pull),
            "the slope of tanh is missing: multiply by 1 - y**2.": pair_of(2 * (y - target)),
            "the slope of tanh is 1 - y**2 in its output y, not in its input.": pair_of(
                2 * (y - target) * (1 - z**2)
            ),
            "the slope of tanh is 1 - y**2, not y itself: that would be the slope of exp.": pair_of(
                2 * (y - target) * y
            ),
            "y * (1 - y) is the slope of a sigmoid. This is tanh.": pair_of(2 * (y - target) * y * (1 - y)),
            "a weight gets back what it was multiplied by: the slope of w * x in w is x.": [
                pull * w,
                pull,
            ],
            "the slope of z in b is 1: b is added, not multiplied.": [pull * x, pull * b],
            "the error is squared. The slope of a square is 2 times it.": pair_of(
                (y - target) ** 2 * (1 - y**2)
            ),
            "the error is y - target, after the tanh, not before it.": pair_of(2 * (z - target) * (1 - y**2)),
            "target is missing: the error is y - target.": pair_of(2 * y * (1 - y**2)),
            "b sits inside the tanh, too: its slope needs the slope of tanh.": [pull * x, 2 * (y - target)],
        },
        "right to a few digits only: nudged? Multiply slopes instead."
        if _nearly(got, pair_of(pull))
        else "not the slopes of the loss.",
    )


def _nearly(got: list[Any], right: list[Tensor]) -> bool:
    return all(
        torch.allclose(torch.as_tensor(g).double(), r, rtol=1e-3, atol=1e-3)
        for g, r in zip(got, right, strict=True)
    )


@function_exercise
def check_undo_broadcast(answer: Callable) -> str:
    """undo_broadcast(grad, shape): sum a gradient over all axes along which an array was copied."""
    grad = f64([[[1, 2, 3], [4, 5, 7]], [[8, 10, 13], [16, 19, 23]]])  # (2, 2, 3)
    cases = [((2, 2, 3), grad), ((2, 2, 1), grad.sum(2, True)), ((1, 2, 3), grad.sum(0, True))]
    cases += [((3,), grad.sum((0, 1))), ((2, 3), grad.sum(0)), ((2, 1), grad.sum((0, 2))[:, None])]
    cases += [((), grad.sum())]
    for shape, right in cases:
        got = answer(grad, shape)
        is_tensor = isinstance(got, Tensor) and got.dtype.is_floating_point
        if is_tensor and tuple(got.shape) != shape:
            raise Wrong(_misshapen(tuple(got.shape), shape))
        got = tensor(got, shape)
        copies = grad.numel() / right.numel()
        kept = right / copies
        first = grad[(0,) * (grad.ndim - len(shape))]
        for axis, size in enumerate(shape):
            first = first.narrow(axis, 0, 1) if size == 1 else first
        compare(
            got,
            right,
            {
                "that is the mean over the copies. Every copy sends its message back: sum them.": kept,
                "only the first copy counts here. Every copy sends its message back: sum them.": first,
                "every entry got the sum of all. Sum only along the copied axes.": grad.sum().expand(shape),
            },
            f"not the sums over the copies for shape {shape}.",
        )
    return "Tensor.sum_to_size does the same, and Array uses it in every + and *."


def _misshapen(got: tuple[int, ...], shape: tuple[int, ...]) -> str:
    said = f"for shape {shape} your result has shape {got}"
    if not got:
        return f"{said}: everything was summed. (`sum(())`, over no axes, sums over all of them.)"
    if len(got) < len(shape):
        return f"{said}: an axis of size 1 is lost. Sum with keepdim=True where the shape has a 1."
    if len(got) > len(shape):
        return f"{said}: axes that broadcasting put in front are still there. Sum them away first."
    if 1 not in shape:
        return (
            f"{said}: an axis was summed along which nothing was copied. New axes stand in front: shapes are "
            "matched from their right ends."
        )
    return f"{said}. An axis along which the array was copied must go back to size 1."


@function_exercise
def check_stable_softmax(answer: Callable) -> str:
    """stable_softmax(logits): probabilities along the last axis, for logits of any size."""
    small = f64([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])
    right = small.softmax(1)
    got = answer(small)
    if isinstance(got, Tensor) and bool(torch.isnan(got).any()):
        raise Wrong("nan already for small logits: look for a division of 0 by 0, or of inf by inf.")
    got = tensor(got, (2, 3))
    shifted = small - small.max(1, keepdim=True).values
    e = shifted.exp()
    mistakes = {
        "the columns sum to 1: sum the exponentials of each row, `sum(-1, keepdim=True)`.": e
        / e.sum(0, keepdim=True),
        "the whole table sums to 1: `e.sum()` adds up all rows. Give it the axis.": e / e.sum(),
        "the columns sum to 1: softmax over the last axis, so that every row does.": small.softmax(0),
        "the whole table sums to 1. Each row is one example: sum over the last axis.": small.exp()
        / small.exp().sum(),
        "the rows do not sum to 1: divide by the sum of the exponentials.": e,
        "these are exponentials: divide by their sum.": small.exp(),
        "these are logarithms of probabilities: leave the log away.": right.log(),
        "the exponential is missing.": shifted / shifted.sum(1, keepdim=True),
        "the largest is subtracted above the line only. Subtract it below as well, or the sums are off.": e
        / small.exp().sum(1, keepdim=True),
    }
    compare(got, right, mistakes, "not the softmax of the rows.")
    large = f64(
        [
            [0.0, 9_999.0, 10_000.0],
            [-10_001.0, -20_000.0, -10_000.0],
            [10_000.0, 0.0, 9_999.0],
            [0.0, 10_000.0, 0.0],
        ]
    )
    got = answer(large)
    if isinstance(got, Tensor) and got.shape == large.shape and not bool(torch.isfinite(got).all()):
        if bool(torch.isfinite(got[[0, 2, 3]]).all()):
            raise Wrong(
                "0 / 0 in a row of large negative logits. Subtract each row's own largest logit as it stands: "
                "not its absolute value, not the largest of the table."
            )
        raise Wrong("overflow: exp(10000) is infinite. Subtract the largest logit of each row before exp.")
    got = tensor(got, (4, 3))
    compare(got, large.softmax(1), {}, "right for small logits, wrong for logits near 10,000.")
    return "Logits of 10,000 give the same as logits of 1: only their differences count."
