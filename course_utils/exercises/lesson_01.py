"""Checks for lesson 01, gradient descent."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.framework import (
    compare,
    expect,
    function_exercise,
    number,
    tensor,
    value_exercise,
)
from course_utils.optim import descend, numerical_gradient


@function_exercise
def check_central_gradient(answer: Callable) -> str:
    """central_gradient(loss, params, h): the central difference for every parameter."""

    def loss(p: Tensor) -> Tensor:
        return p[0].exp() + p[0] * p[1].sin() + p[2] ** 3

    params, h = torch.tensor([0.5, 1.0, -0.7], dtype=torch.float64), 1e-3
    nudges = h * torch.eye(3, dtype=torch.float64)
    ahead = torch.stack([loss(params + nudge) for nudge in nudges])
    behind = torch.stack([loss(params - nudge) for nudge in nudges])
    here, central = loss(params), (ahead - behind) / (2 * h)
    got = answer(loss, params, h)
    scalar = isinstance(got, Tensor) and got.ndim == 0
    expect(not scalar, "one number came back: nudge each parameter by itself.")
    got = tensor(got, (3,))
    forward, backward = (ahead - here) / h, (here - behind) / h
    everywhere = (loss(params + h) - loss(params - h)) / (2 * h)
    compare(
        got,
        central,
        [
            (2 * central, "twice the true slope at every point. The two points are 2h apart, not h."),
            (
                forward,
                "this is the forward difference: its error shrinks like h, a central one's like h squared. "
                "Step both ways.",
            ),
            (
                backward,
                "this steps behind only. Step ahead as well, and divide by the distance of the two points.",
            ),
            (-central, "the sign is wrong: take the loss ahead minus the loss behind."),
            ((ahead + behind) / (2 * h), "the two losses are added. A slope needs their difference."),
            (
                everywhere.expand(3),
                "all parameters are nudged together. Nudge one, and leave the others alone.",
            ),
        ],
        "not the central difference.",
        tolerance=1e-7,
    )
    exact = torch.stack([params[0].exp() + params[1].sin(), params[0] * params[1].cos(), 3 * params[2] ** 2])
    better = ((forward - exact).abs().max() / (got - exact).abs().max()).item()
    return f"Its error at h = 1e-3 is {better:,.0f} times smaller than the forward difference's."


@function_exercise
def check_momentum_step(answer: Callable) -> str:
    """momentum_step(params, velocity, gradient, learning_rate, momentum): new parameters and new velocity."""
    params, old, gradient = (
        torch.tensor(v, dtype=torch.float64) for v in ([1.0, -2.0], [0.5, 3.0], [4.0, -1.0])
    )
    rate, momentum = 0.1, 0.8
    got = answer(params, old, gradient, rate, momentum)
    pair = isinstance(got, (tuple, list)) and len(got) == 2
    expect(pair, "return two things, the new parameters and the new velocity: `return params, velocity`.")
    got = [
        tensor(value, (2,), what) for value, what in zip(got, ("your params", "your velocity"), strict=True)
    ]
    new, heavy = momentum * old + gradient, old + gradient
    mean, scaled = momentum * old + (1 - momentum) * gradient, momentum * old + rate * gradient
    compare(
        got,
        [params - rate * new, new],
        [
            ([params + rate * new, new], "uphill: the step is added. The gradient points up, so subtract."),
            (
                [params - rate * old, new],
                "the parameters move along the old velocity. Update the velocity first.",
            ),
            ([params - rate * gradient, new], "the parameters ignore the velocity: this is a plain step."),
            ([params - rate * heavy, heavy], "the old velocity does not fade: multiply it by momentum."),
            (
                [params - rate * gradient, gradient],
                "the old velocity is lost: add the gradient to momentum times the old one.",
            ),
            (
                [params - rate * mean, mean],
                "this is a running mean, with 1 - momentum before the gradient, as in Adam. Add the whole gradient.",
            ),
            (
                [params - scaled, scaled],
                "the learning rate is inside the velocity. The formula applies it when the parameters move.",
            ),
            ([new, params - rate * new], "the two results are swapped: parameters first, then velocity."),
        ],
        "not a momentum step.",
    )
    return "It is the step that torch.optim.SGD takes with momentum."


@function_exercise
def check_warmup_cosine(answer: Callable) -> str:
    """warmup_cosine(step, peak, warmup, steps): linear warm-up, then half a cosine wave down to 0."""
    peak, warmup, steps = 0.4, 10, 50
    moments = [0, 4, 9, 10, 20, 30, 45, 50]
    got = [number(answer(step, peak, warmup, steps), f"your rate at step {step}") for step in moments]

    def curve(ramp: Callable[[int], float], fall: Callable[[int], float]) -> list[float]:
        return [ramp(step) if step < warmup else fall(step) for step in moments]

    def ramp(step: int) -> float:
        return peak * (step + 1) / warmup

    def wave(done: float) -> float:
        return peak * (1 + math.cos(math.pi * done)) / 2

    def fall(step: int) -> float:
        return wave((step - warmup) / (steps - warmup))

    compare(
        got,
        curve(ramp, fall),
        [
            (
                curve(lambda step: peak * step / warmup, fall),
                "the rate is 0 at step 0, which wastes a step. The first share of the peak is (0 + 1) / warmup.",
            ),
            (
                curve(ramp, lambda step: wave(step / steps)),
                "the rate jumps down after the warm-up. Count the steps of the wave from the end of the warm-up.",
            ),
            (
                curve(ramp, lambda step: wave((step - warmup) / steps)),
                "the rate does not reach 0 at the end: the wave has only steps - warmup steps to run.",
            ),
            (
                curve(ramp, lambda step: 2 * wave((step - warmup) / (steps - warmup)) - peak),
                "the rate becomes negative: a cosine runs from 1 to -1. Add 1 and halve it.",
            ),
            (
                curve(ramp, lambda step: wave(2 * (step - warmup) / (steps - warmup))),
                "the wave runs a full turn and comes back up: half a wave is math.pi, not 2 * math.pi.",
            ),
            (
                [wave(step / steps) for step in moments],
                "the warm-up is missing: the rate starts at its peak.",
            ),
            (
                curve(ramp, lambda step: peak),
                "the rate stays at its peak after the warm-up: the fall is missing.",
            ),
            (
                curve(lambda step: peak * ((step + 1) // warmup), fall),
                "in the warm-up the rate is a whole number of peaks: // throws away what is after the point.",
            ),
        ],
        f"not the schedule at steps {moments}.",
    )
    return "It starts at a tenth of its peak here, and has fallen to half of the peak half-way down."


@value_exercise
def check_largest_rate(answer: Any) -> str:
    """largest_rate: the limit of the learning rate on 3 a**2 + b**2 / 2, worked out on paper."""
    rate = number(answer, "largest_rate")
    expect(rate > 0, f"largest_rate is {rate:g}. A rate of 0 stands still, and a negative one walks uphill.")
    compare(
        rate,
        1 / 3,
        [
            (2 / 3, "that takes 3 for the curvature. In 3 a**2 = c a**2 / 2, what is c?"),
            (
                1 / 6,
                "one step at this rate lands exactly at the bottom in a. One can overshoot by as much again: "
                "2 / c, not 1 / c.",
            ),
            (2.0, "that is the limit of the flat direction, b. The steep one flies apart long before."),
            (6.0, "that is the curvature itself. The limit is 2 divided by it."),
            (
                2 / 7,
                "the curvatures are added. The directions do not share: the steeper one alone sets the limit.",
            ),
        ],
        _what_happens_at(rate),
        tolerance=5e-3,
    )
    return "At 99 % of it the walk arrives, at 101 % it flies apart."


def _what_happens_at(rate: float) -> str:
    def loss(p: Tensor) -> Tensor:
        return 3 * p[0] ** 2 + p[1] ** 2 / 2

    start = torch.tensor([1.0, 1.0], dtype=torch.float64)
    ends = [
        loss(descend(lambda p: numerical_gradient(loss, p), start, share * rate, 200)[-1])
        for share in (0.9, 1.1)
    ]
    if ends[0] > loss(start):
        return "already at 90 % of this rate the walk flies apart."
    if ends[1] < loss(start):
        return "at 110 % of this rate the walk still arrives, so the limit is higher."
    return "close: the limit is a simple fraction, 2 divided by the largest curvature."
