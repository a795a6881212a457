"""Automatic differentiation: numbers that remember how they were made, then arrays that do. Built in lesson 02."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from course_utils.shapes import check_shape


class Arithmetic:
    """What follows from adding, multiplying and raising to a power; a class adds those three and its own kind."""

    def _wrap(self, value: Any) -> Any:
        return value if isinstance(value, type(self)) else type(self)(value)

    def __neg__(self) -> Any:
        return self * -1.0

    def __sub__(self, other: Any) -> Any:
        return self + self._wrap(other) * -1.0

    def __truediv__(self, other: Any) -> Any:
        return self * self._wrap(other) ** -1.0

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __rsub__(self, other: Any) -> Any:
        return self._wrap(other) - self

    def __rtruediv__(self, other: Any) -> Any:
        return self._wrap(other) / self


class Scalar(Arithmetic):
    """A number that remembers its parents, each with the local slope towards it.

    `backward` fills in `grad`. Results take the operators + - * / **, with plain numbers as well, and the methods
    exp, log, tanh, sigmoid and relu.
    """

    def __init__(self, data: float, parents: Sequence[tuple[Scalar, float]] = ()) -> None:
        self.data, self.parents, self.grad = data, parents, 0.0

    def __add__(self, other: Scalar | float) -> Scalar:
        other = self._wrap(other)
        return Scalar(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other: Scalar | float) -> Scalar:
        other = self._wrap(other)
        return Scalar(self.data * other.data, [(self, other.data), (other, self.data)])

    def __pow__(self, n: float) -> Scalar:
        return Scalar(self.data**n, [(self, n * self.data ** (n - 1))])

    def exp(self) -> Scalar:
        """Return e to the power of this number."""
        e = math.exp(self.data)
        return Scalar(e, [(self, e)])

    def log(self) -> Scalar:
        """Return the natural logarithm."""
        return Scalar(math.log(self.data), [(self, 1 / self.data)])

    def tanh(self) -> Scalar:
        """Return the hyperbolic tangent, between -1 and 1."""
        t = math.tanh(self.data)
        return Scalar(t, [(self, 1 - t * t)])

    def sigmoid(self) -> Scalar:
        """Return 1 / (1 + exp(-x)), between 0 and 1, without overflow."""
        return (self * 0.5).tanh() * 0.5 + 0.5

    def relu(self) -> Scalar:
        """Return the number if it is positive, otherwise 0."""
        return Scalar(max(self.data, 0.0), [(self, float(self.data > 0))])


class Functions:
    """The functions of an `Array`: most act on every entry by itself, so their local slopes have its shape."""

    def __pow__(self, n: float) -> Array:
        return Array(self.data**n, [(self, n * self.data ** (n - 1))])

    def exp(self) -> Array:
        """Return e to the power of every entry."""
        e = self.data.exp()
        return Array(e, [(self, e)])

    def log(self) -> Array:
        """Return the natural logarithm of every entry."""
        return Array(self.data.log(), [(self, 1 / self.data)])

    def tanh(self) -> Array:
        """Return the hyperbolic tangent of every entry, between -1 and 1."""
        t = self.data.tanh()
        return Array(t, [(self, 1 - t * t)])

    def sigmoid(self) -> Array:
        """Return 1 / (1 + exp(-x)) for every entry x, between 0 and 1."""
        s = self.data.sigmoid()
        return Array(s, [(self, s * (1 - s))])

    def relu(self) -> Array:
        """Return every positive entry as it is, and 0 for the others."""
        return Array(self.data.clamp(min=0), [(self, (self.data > 0) * 1.0)])

    def sum(self, axis: int | None = None) -> Array:
        """Return the sum of all entries, or the sums along one axis, which is kept with size 1."""
        total = self.data.sum() if axis is None else self.data.sum(axis, keepdim=True)
        return Array(total, [(self, lambda grad: grad.expand(self.data.shape))])

    def mean(self, axis: int | None = None) -> Array:
        """Return the mean of all entries, or the means along one axis, which is kept with size 1."""
        total = self.sum(axis)
        return total * (total.data.numel() / self.data.numel())


class Array(Arithmetic, Functions):
    """A tensor that remembers its parents, each with a slope, or with a function that pulls the gradient back.

    It holds numbers of torch's default type, and torch's own autograd plays no part. Operators: + - * / ** with
    broadcasting, @ between arrays of at least two axes, and indexing.
    """

    def __init__(self, data: Any, parents: Sequence[tuple[Any, Any]] = ()) -> None:
        self.data = torch.as_tensor(data, dtype=torch.get_default_dtype()).detach()
        self.parents, self.grad = parents, 0.0

    def __add__(self, other: Any) -> Array:
        a, b = self, self._wrap(other)
        pull_a = (a, lambda grad: grad.sum_to_size(a.data.shape))
        pull_b = (b, lambda grad: grad.sum_to_size(b.data.shape))
        return Array(a.data + b.data, [pull_a, pull_b])

    def __mul__(self, other: Any) -> Array:
        a, b = self, self._wrap(other)
        pull_a = (a, lambda grad: (grad * b.data).sum_to_size(a.data.shape))
        pull_b = (b, lambda grad: (grad * a.data).sum_to_size(b.data.shape))
        return Array(a.data * b.data, [pull_a, pull_b])

    def __matmul__(self, other: Any) -> Array:
        a, b = self, self._wrap(other)
        pull_a = (a, lambda grad: (grad @ b.data.mT).sum_to_size(a.data.shape))
        pull_b = (b, lambda grad: (a.data.mT @ grad).sum_to_size(b.data.shape))
        return Array(a.data @ b.data, [pull_a, pull_b])

    def __getitem__(self, index: Any) -> Array:
        places = torch.arange(self.data.numel()).reshape(self.data.shape)[index]
        pull = (self, lambda grad: torch.zeros_like(self.data).put_(places, grad, accumulate=True))
        return Array(self.data[index], [pull])


def ancestors(output: Scalar | Array) -> list[Any]:
    """Return everything that `output` was made from, itself included, every node after all of its parents."""
    order, seen, stack = [], set(), [(output, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent, _ in node.parents)
    return order


def backward(output: Scalar | Array) -> None:
    """Fill in `grad` for everything that `output` was made from: the slope of the output in that number.

    What stood in `grad` before is replaced. Raises ValueError for an array that is not a single number.
    """
    check_single_number(output)
    order = ancestors(output)
    for node in order:
        node.grad = 0.0
    output.grad = output.data**0
    for node in reversed(order):
        for parent, slope in node.parents:
            pulled = slope(node.grad) if callable(slope) else slope * node.grad
            parent.grad = parent.grad + pulled


def check_single_number(output: Scalar | Array) -> None:
    """Raise ValueError for an array with more than one number: it has no single slope."""
    if isinstance(output, Array) and output.data.numel() != 1:
        raise ValueError(
            f"output has shape {tuple(output.data.shape)}, expected a single number such as a loss"
        )


def cross_entropy(logits: Array, targets: Int[Tensor, " B"]) -> Array:
    """Return the mean of -log softmax(logits)[target] over the rows of `logits`, shape (B, classes).

    The largest logit of each row is subtracted first, so that no exponential overflows.
    """
    check_shape("logits", logits.data, "B C", B=len(targets))
    shifted = logits - logits.data.max(-1, keepdim=True).values  # (B, C)
    log_sums = shifted.exp().sum(-1).log()  # (B, 1)
    picked = shifted[torch.arange(len(targets)), targets]  # (B,)
    return log_sums.mean() - picked.mean()
