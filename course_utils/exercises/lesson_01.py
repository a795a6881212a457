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
        return p[0].exp() + p[0] * p[1].cos() + p[2] ** 3 * p[3]

    params, h = torch.tensor([0.5, 1.0, -0.7, 2.0], dtype=torch.float64), 1e-3

    def change(nudge: Tensor) -> Tensor:
        return loss(params + nudge) - loss(params - nudge)

    nudges = h * torch.eye(4, dtype=torch.float64)
    ahead = torch.stack([loss(params + nudge) for nudge in nudges])
    behind = torch.stack([loss(params - nudge) for nudge in nudges])
    here, central = loss(params), (ahead - behind) / (2 * h)
    p = params.clone().requires_grad_()
    exact = torch.autograd.grad(loss(p), p)[0]
    got = answer(loss, params, h)
    scalar = isinstance(got, Tensor) and got.ndim == 0
    expect(not scalar, "one number came back: nudge each parameter by itself, and keep every slope.")
    got = tensor(got, (4,)).double()
    forward, backward = (ahead - here) / h, (here - behind) / h
    almost = bool((got - exact).abs().max() < 3e-5)
    compare(
        got,
        central,
        {
            "twice the true slope at every point. The two points are 2h apart, not h.": 2 * central,
            "half the true slope at every point. Are the two points really 2h apart?": central / 2,
            "`/ 2 * h` divides by 2 and then multiplies by h. Put 2 * h in brackets.": central * h**2,
            "that is the change of the loss. A slope is the change divided by the distance, 2 * h.": 2
            * h
            * central,
            "the change is divided by 2, but not by h: the two points are 2 * h apart.": h * central,
            "this is the forward difference: its error shrinks like h, a central one's like h squared. "
            "Step both ways.": forward,
            "this steps behind only. Step ahead as well, and divide by the distance of the two points.": backward,
            "the sign is wrong: take the loss ahead minus the loss behind.": -central,
            "a slope may be negative: leave out abs.": central.abs(),
            "the two losses are added. A slope needs their difference.": (ahead + behind) / (2 * h),
            "only the first slope is there. Is the return inside the loop?": central * torch.eye(4)[0],
            "earlier nudges are still there when the next one comes. Start each from zeros.": torch.stack(
                [change(nudges[: i + 1].sum(0)) for i in range(4)]
            )
            / (2 * h),
            "all parameters are nudged together. Nudge one, and leave the others alone.": (
                change(h * torch.ones(4)) / (2 * h)
            ).expand(4),
        },
        "very nearly the slope, but not from one step of h ahead and one step of h behind. Use the h that is given, "
        "and the loss, not its derivative."
        if almost
        else "not the central difference.",
        tolerance=1e-7,
        show=not almost,
    )
    better = ((forward - exact).abs().max() / (got - exact).abs().max()).item()
    return f"Its error at h = 1e-3 is {better:,.0f} times smaller than the forward difference's."


@function_exercise
def check_momentum_step(answer: Callable) -> str:
    """momentum_step(params, velocity, gradient, learning_rate, momentum): new parameters and new velocity."""
    params, old, gradient = (
        torch.tensor(v, dtype=torch.float64) for v in ([1.0, -2.0], [0.5, 3.0], [4.0, -1.0])
    )
    rate, momentum = 0.03, 0.8  # not the 0.1 of the lesson: a rate written into the answer must show
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
        {
            "uphill: the step is added. The gradient points up, so subtract.": [params + rate * new, new],
            "the parameters move along the old velocity. Update the velocity first.": [
                params - rate * old,
                new,
            ],
            "the parameters ignore the velocity: this is a plain step.": [params - rate * gradient, new],
            "the old velocity does not fade: multiply it by momentum.": [params - rate * heavy, heavy],
            "the old velocity is lost: add the gradient to momentum times the old one.": [
                params - rate * gradient,
                gradient,
            ],
            "this is a running mean, with 1 - momentum before the gradient, as in Adam. Add the whole gradient.": [
                params - rate * mean,
                mean,
            ],
            "the learning rate is inside the velocity. The formula applies it when the parameters move.": [
                params - scaled,
                scaled,
            ],
            "the learning rate is missing: the step is the rate times the velocity.": [params - new, new],
            "this is the other common form, with a velocity that points downhill and holds the rate. Here it adds "
            "the gradient to the velocity, and the rate comes when the parameters move.": [
                params + momentum * old - rate * gradient,
                momentum * old - rate * gradient,
            ],
            "this looks ahead, like Nesterov's momentum. Move along the velocity itself.": [
                params - rate * (momentum * new + gradient),
                new,
            ],
            "the gradient is multiplied by momentum, too. Only the old velocity fades.": [
                params - rate * momentum * (old + gradient),
                momentum * (old + gradient),
            ],
            "momentum belongs to the old velocity, not to the gradient. Are the arguments in the order given?": [
                params - rate * (old + momentum * gradient),
                old + momentum * gradient,
            ],
            "the parameters are right, but the old velocity came back. Return the new one.": [
                params - rate * new,
                old,
            ],
            "the velocity is right, but the old parameters came back. Return the new ones.": [params, new],
            "the two results are swapped: parameters first, then velocity.": [new, params - rate * new],
        },
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

    triples = list(zip(moments, got, curve(ramp, fall), strict=True))
    first, mine, wanted = next((t for t in triples if abs(t[1] - t[2]) > 1e-6), triples[0])
    compare(
        got,
        curve(ramp, fall),
        {
            "the rate is 0 at step 0, which wastes a step. The first share of the peak is (0 + 1) / warmup.": curve(
                lambda step: peak * step / warmup, fall
            ),
            "the rate jumps down after the warm-up. Count the steps of the wave from the end of the warm-up.": curve(
                ramp, lambda step: wave(step / steps)
            ),
            "the rate does not reach 0 at the end: the wave has only steps - warmup steps to run.": curve(
                ramp, lambda step: wave((step - warmup) / steps)
            ),
            "the rate becomes negative: a cosine runs from 1 to -1. Add 1 and halve it.": curve(
                ramp, lambda step: 2 * wave((step - warmup) / (steps - warmup)) - peak
            ),
            "the wave runs a full turn and comes back up: half a wave is math.pi, not 2 * math.pi.": curve(
                ramp, lambda step: wave(2 * (step - warmup) / (steps - warmup))
            ),
            "the warm-up is missing: the rate starts at its peak.": [wave(step / steps) for step in moments],
            "the rate stays at its peak after the warm-up: the fall is missing.": curve(
                ramp, lambda step: peak
            ),
            "one step too many is warm-up: at step `warmup` the fall begins.": [
                ramp(step) if step <= warmup else fall(step) for step in moments
            ],
            "the warm-up runs from 0 to the peak in warmup - 1 steps: its first share is to be 1 / warmup.": curve(
                lambda step: peak * step / (warmup - 1), fall
            ),
            "`peak * step + 1 / warmup` adds 1 / warmup at the end. Put step + 1 in brackets.": curve(
                lambda step: peak * step + 1 / warmup, fall
            ),
            "the rate jumps to twice its peak after the warm-up: 1 + cosine runs from 2 to 0. Halve it.": curve(
                ramp, lambda step: 2 * fall(step)
            ),
            "the fall starts from 1: multiply it by peak.": curve(ramp, lambda step: fall(step) / peak),
            "the rates are shares of the peak: multiply them by peak.": [r / peak for r in curve(ramp, fall)],
            "this is a straight fall. Bend it: half a cosine wave.": curve(
                ramp, lambda step: peak * (steps - step) / (steps - warmup)
            ),
            "the wave is upside down: cosine starts at 1, so add it, and do not subtract it.": curve(
                ramp, lambda step: peak - fall(step)
            ),
            "this is a quarter of a cosine wave: half a wave runs to math.pi.": curve(
                ramp, lambda step: peak * math.cos(math.pi / 2 * (step - warmup) / (steps - warmup))
            ),
            "math.cos counts in radians: half a wave is math.pi, not 180 (and not 1).": curve(
                ramp, lambda step: peak * (1 + math.cos(180 * (step - warmup) / (steps - warmup))) / 2
            ),
            "in the warm-up the rate is a whole number of peaks: // throws away what is after the point.": curve(
                lambda step: peak * ((step + 1) // warmup), fall
            ),
        },
        f"not the schedule. The first step that differs is {first}: yours {mine:.6g}, expected {wanted:.6g}.",
        show=False,
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
        {
            "that takes 3 for the curvature. In 3 a**2 = c a**2 / 2, what is c?": 2 / 3,
            "one step at this rate lands exactly at the bottom in a. One can overshoot by as much again: "
            "2 / c, not 1 / c.": 1 / 6,
            "that is the limit of the flat direction, b. The steep one flies apart long before.": 2.0,
            "that is the curvature itself. The limit is 2 divided by it.": 6.0,
            "the curvatures are added. The directions do not share: the steeper one alone sets the limit.": 2
            / 7,
        },
        _what_happens_at(rate),
        tolerance=3e-3,
        show=False,
    )
    return "At 99 % of 1/3 the walk arrives, at 101 % it flies apart."


def _what_happens_at(rate: float) -> str:
    def loss(p: Tensor) -> Tensor:
        return 3 * p[0] ** 2 + p[1] ** 2 / 2

    start = torch.tensor([1.0, 1.0], dtype=torch.float64)
    ends = [
        loss(descend(lambda p: numerical_gradient(loss, p), start, share * rate, 200)[-1])
        for share in (0.9, 1.1)
    ]
    if not ends[0] < loss(start):  # also when it is nan, from inf - inf
        return "already at 90 % of this rate the walk flies apart."
    if ends[1] < loss(start):
        return "at 110 % of this rate the walk still arrives, so the limit is higher."
    return "close: the limit is a simple fraction, 2 divided by the largest curvature."
