"""Gradient descent written out: slopes by nudging, the descent itself, Adam. Built in lesson 01."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.shapes import check_dtype, check_shape


def forward_difference(f: Callable, x, h: float):
    """Estimate the slope of f at x (a number or an array of numbers) from one step ahead; the error shrinks like h."""
    return (f(x + h) - f(x)) / h


def numerical_gradient(
    loss: Callable[[Tensor], Tensor], params: Float[Tensor, " P"], h: float = 1e-6
) -> Float[Tensor, " P"]:
    """Estimate the gradient of `loss` at `params` by nudging one parameter at a time: P + 1 evaluations of the loss.

    Raises ValueError unless `params` has one axis, and TypeError unless it holds 64-bit floats.
    """
    check_shape("params", params, "P")
    check_dtype("params", params, torch.float64, "smaller floats round a nudge of 1e-6 away")
    here = loss(params)
    gradient = torch.zeros_like(params)  # (P,)
    nudged = params.clone()
    for i in range(len(params)):
        nudged[i] += h
        gradient[i] = (loss(nudged) - here) / h
        nudged[i] = params[i]
    return gradient


def descend(
    gradient: Callable[[Tensor], Tensor],
    start: Float[Tensor, " P"],
    learning_rate: float | Callable[[int], float],
    steps: int,
) -> Float[Tensor, "{steps}+1 P"]:
    """Walk downhill: params <- params - learning_rate * gradient(params). Return every place visited, start included.

    `learning_rate` is a number, or a schedule: a function that gives the number for each step.
    """
    path = [start]
    for step in range(steps):
        rate = learning_rate(step) if callable(learning_rate) else learning_rate
        path.append(path[-1] - rate * gradient(path[-1]))
    return torch.stack(path)  # (steps + 1, P)


def descent_path(
    loss: Callable[[Tensor], Tensor],
    start: Float[Tensor, " P"],
    make_optimizer: Callable[[list[Tensor]], torch.optim.Optimizer | Adam],
    steps: int,
    schedule: Callable[[int], float] | None = None,
) -> Float[Tensor, "{steps}+1 P"]:
    """Let an optimizer walk downhill on `loss`, with gradients from autograd. Return every place visited.

    `make_optimizer` receives the list of parameters, as torch.optim's classes do. `schedule` gives the learning rate
    of each step; without it the optimizer's own stays.
    """
    params = start.detach().clone().requires_grad_()
    optimizer = make_optimizer([params])
    path = [start]
    for step in range(steps):
        if schedule is not None:
            optimizer.param_groups[0]["lr"] = schedule(step)
        optimizer.zero_grad()
        loss(params).backward()
        optimizer.step()
        path.append(params.detach().clone())
    return torch.stack(path)  # (steps + 1, P)


class Adam:
    """Adam (Kingma and Ba, 2015, algorithm 1): steps scaled by running means of the gradient and of its square."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        self.params, self.betas, self.eps, self.t = list(params), betas, eps, 0
        self.param_groups = [
            {"params": self.params, "lr": lr}
        ]  # where torch's optimizers keep their rate, too
        self.means = [torch.zeros_like(p) for p in self.params]
        self.squares = [torch.zeros_like(p) for p in self.params]

    def zero_grad(self) -> None:
        """Forget the gradients of the last step."""
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter once, against its gradient."""
        self.t += 1
        for p, m, v in zip(self.params, self.means, self.squares, strict=True):
            m += (1 - self.betas[0]) * (p.grad - m)
            v += (1 - self.betas[1]) * (p.grad**2 - v)
            m_hat = m / (1 - self.betas[0] ** self.t)
            v_hat = v / (1 - self.betas[1] ** self.t)
            p -= self.param_groups[0]["lr"] * m_hat / (v_hat.sqrt() + self.eps)
