"""Training as functions: `fit` is the loop of lesson 01, `evaluate` measures, schedules set the learning rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from course_utils.plotting import draw_losses
from course_utils.runtime import progress

Batch = TypeVar("Batch")
Schedule = Callable[[int], float]


class TrainingDiverged(FloatingPointError):
    """The loss or its gradient stopped being a finite number."""


@dataclass
class History:
    """What `fit` recorded: one entry per step, and one per validation.

    `seconds` is the time spent on training until each step, validation left out.
    """

    losses: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    valid_steps: list[int] = field(default_factory=list)
    valid_losses: list[float] = field(default_factory=list)

    def plot(self, ax: Any = None, baseline: dict[str, float] | None = None, label: str = "training") -> Any:
        """Draw the losses over the steps, beside a horizontal line per named loss in `baseline`; return the Axes."""
        valid = (self.valid_steps, self.valid_losses) if self.valid_losses else None
        return draw_losses(self.losses, ax=ax, valid=valid, baseline=baseline, label=label)


def fit(
    model: Any,
    batches: Iterable[Batch],
    loss_fn: Callable[[Any, Batch], Tensor],
    optimizer: Any,
    *,
    steps: int,
    schedule: Schedule | None = None,
    clip_norm: float | None = None,
    valid_batches: Iterable[Batch] | None = None,
    valid_every: int = 100,
    history: History | None = None,
) -> History:
    """Take `steps` optimizer steps on loss_fn(model, batch), going through `batches` as often as that needs.

    `schedule` gives the learning rate of each step; `clip_norm` shortens longer gradients to that length. With
    `valid_batches` their mean loss is recorded every `valid_every` steps and after the last one. A `history` from an
    earlier call is continued, and so is its count of steps. Interrupting keeps what was learned until then. The model
    is left in evaluation mode. Raises TrainingDiverged at a loss or gradient that is not finite, before the step that
    would spoil the parameters, and ValueError if `batches` runs out.
    """
    check_positive("steps", steps)
    check_positive("valid_every", valid_every)
    check_positive("clip_norm", math.inf if clip_norm is None else clip_norm)
    history = History() if history is None else history
    params = [p for group in optimizer.param_groups for p in group["params"]]
    stream, first = _forever(batches), len(history.losses)
    try:
        for step in progress(range(first, first + steps), "training"):
            started = time.perf_counter()
            if schedule is not None:
                for group in optimizer.param_groups:
                    group["lr"] = schedule(step)
            _set_mode(model, training=True)
            loss = loss_fn(model, next(stream))
            optimizer.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(params, math.inf if clip_norm is None else clip_norm)
            rate = optimizer.param_groups[0]["lr"]
            if not (torch.isfinite(loss) and torch.isfinite(norm)):
                raise TrainingDiverged(_advice(step, loss.item(), norm.item(), rate))
            optimizer.step()
            history.losses.append(loss.item())
            history.learning_rates.append(rate)
            before = history.seconds[-1] if history.seconds else 0.0
            history.seconds.append(before + time.perf_counter() - started)
            if valid_batches is not None and ((step + 1) % valid_every == 0 or step + 1 == first + steps):
                history.valid_losses.append(evaluate(model, valid_batches, loss_fn))
                history.valid_steps.append(step + 1)
    except KeyboardInterrupt:
        print(f"Interrupted after {len(history.losses)} steps. The model keeps what it has learned so far.")
    finally:
        _set_mode(model, training=False)
    return history


@torch.no_grad()
def evaluate(
    model: Any,
    batches: Iterable[Batch],
    loss_fn: Callable[[Any, Batch], Tensor],
    weight: Callable[[Batch], float] | None = None,
) -> float:
    """Return the mean of loss_fn(model, batch) over `batches`, without learning, in evaluation mode.

    `weight` says how many items a batch's loss is the mean of, such as its number of tokens; without it every batch
    counts the same. The model goes back to the mode it was in. Raises ValueError if there is no batch.
    """
    was_training = getattr(model, "training", False)
    _set_mode(model, training=False)
    total = items = 0.0
    try:
        for batch in batches:
            size = 1.0 if weight is None else weight(batch)
            total += size * float(loss_fn(model, batch))
            items += size
    finally:
        _set_mode(model, training=was_training)
    if items == 0:
        raise ValueError("batches is empty, expected at least one batch to evaluate on")
    return total / items


def constant(rate: float) -> Schedule:
    """Return a schedule that never changes."""
    check_positive("rate", rate)
    return lambda step: rate


def step_decay(rate: float, every: int, factor: float = 0.5) -> Schedule:
    """Return a schedule that is multiplied by `factor` after every `every` steps."""
    check_positive("rate", rate)
    check_positive("every", every)
    return lambda step: rate * factor ** (step // every)


def inverse_time(rate: float, half_life: float) -> Schedule:
    """Return a schedule that falls like 1 / step: half of `rate` at step `half_life` (Robbins and Monro, 1951)."""
    check_positive("rate", rate)
    check_positive("half_life", half_life)
    return lambda step: rate / (1 + step / half_life)


def cosine(rate: float, steps: int) -> Schedule:
    """Return a schedule that falls from `rate` to 0 along half a cosine wave in `steps` steps, and then stays there."""
    check_positive("rate", rate)
    check_positive("steps", steps)
    return lambda step: rate * (1 + math.cos(math.pi * min(step / steps, 1))) / 2


def warm_up(schedule: Schedule, steps: int) -> Schedule:
    """Return the schedule with its first `steps` steps scaled from 1 / steps up to 1, in a straight line."""
    check_positive("steps", steps)
    return lambda step: schedule(step) * min((step + 1) / steps, 1)


def inverse_root(d_model: int, warm_up_steps: int) -> Schedule:
    """Return the paper's schedule: a straight rise, then a fall like 1 / sqrt(step) (Vaswani and others, 2017, eq. 3).

    It peaks after `warm_up_steps` steps at 1 / sqrt(d_model * warm_up_steps). The paper counts steps from 1, `fit` from
    0.
    """
    check_positive("d_model", d_model)
    check_positive("warm_up_steps", warm_up_steps)
    return lambda step: d_model**-0.5 * min((step + 1) ** -0.5, (step + 1) * warm_up_steps**-1.5)


def check_positive(name: str, value: float) -> None:
    """Raise ValueError unless `value` is above zero."""
    if not value > 0:
        raise ValueError(f"{name} is {value!r}, expected a number above 0")


def _forever(batches: Iterable[Batch]) -> Iterator[Batch]:
    while True:
        empty = True
        for batch in batches:
            empty = False
            yield batch
        if empty:
            raise ValueError(
                "batches ran out, expected something that can be gone through again, such as a list or a DataLoader "
                "(a generator can be used up only once)"
            )


def _set_mode(model: Any, training: bool) -> None:
    if isinstance(model, nn.Module):
        model.train(training)


def _advice(step: int, loss: float, norm: float, rate: float) -> str:
    return (
        f"training diverged at step {step}: the loss is {loss}, the gradient's length {norm}. Try a learning rate "
        f"below {rate:g}, a warm-up or clip_norm=1.0; if that does not help, look for log(0), a division by 0 or "
        "the root of 0 in loss_fn"
    )
