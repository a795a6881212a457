"""What every exercise check is made of: it examines the learner's answer and prints one short verdict.

A check is a function that examines an answer and returns a sentence with a fact in it, or raises `Wrong` with a hint.
Decorated with `function_exercise` or `value_exercise` it becomes check_<name>(answer), which prints the verdict and
does not raise: the answer runs in the sandbox, on copies of its arguments.
"""

from __future__ import annotations

import copy
import decimal
import dis
import functools
import inspect
import math
import numbers
import reprlib
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.sandbox import Stop, run_guarded

PRINTED_LINES = 3  # of what the answer printed, this much is shown under the verdict


class Wrong(Exception):
    """The answer is wrong; the text is the hint for the learner."""


class NotAttempted(Exception):
    """The answer is still the stub."""


def function_exercise(check: Callable[[Callable], str]) -> Callable[[Any], None]:
    """Make a check of a function: it receives the answer wrapped so that every call is watched."""
    return _exercise(check, lambda answer: _watched(answer, check.__name__.removeprefix("check_")))


def value_exercise(check: Callable[[Any], str]) -> Callable[[Any], None]:
    """Make a check of a value, such as a number that the learner worked out."""
    return _exercise(check, _attempted)


def expect(condition: bool, hint: str) -> None:
    """Raise Wrong with the hint unless the condition holds."""
    if not condition:
        raise Wrong(hint)


def f64(values: Any) -> Tensor:
    """Return numbers as a tensor in float64."""
    return torch.tensor(values, dtype=torch.float64)


def draw(seed: int, *shape: int) -> Tensor:
    """Return normal numbers in float64 of the given shape, the same for the same seed."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def compare(
    got: Any, right: Any, mistakes: dict[str, Any], otherwise: str, tolerance: float = 1e-6, show: bool = True
) -> None:
    """Accept `got` if it equals `right`; otherwise raise Wrong with the hint of the mistake that explains it.

    `mistakes` maps each hint to the value that its mistake leads to. `got` must have been through `number` or
    `tensor`; lists of such are compared entry by entry. Two values are equal if they differ by less than
    tolerance * (1 + |right|). A value that no mistake explains gets the hint `otherwise`, and with `show` both values;
    of two tables, the first entry in which they differ.
    """
    if _close(got, right, tolerance):
        return
    for hint, value in mistakes.items():
        if _close(got, value, tolerance):
            raise Wrong(hint)
    raise Wrong(f"{otherwise} {_difference(got, right, tolerance)}" if show else otherwise)


def number(value: Any, what: str = "your result") -> float:
    """Return a finite number as a float; anything else is Wrong, with a hint that says what it is."""
    _attempted(value)
    if isinstance(value, (np.ndarray, Tensor)) and value.ndim == 0:
        value = value.item()
    real = isinstance(value, (numbers.Real, decimal.Decimal)) and not isinstance(value, bool)
    expect(real, f"{what} is {_described(value)}, expected a single number.")
    try:
        value = float(value)
    except OverflowError:
        value = math.inf
    expect(
        math.isfinite(value), f"{what} is {value}: look for a division by zero or a number that overflows."
    )
    return value


def tensor(value: Any, shape: tuple[int, ...], what: str = "your result") -> Tensor:
    """Return a finite floating-point tensor of the given shape; anything else is Wrong, with a hint that says why."""
    _attempted(value)
    expect(
        isinstance(value, Tensor), f"{what} is {_described(value)}, expected a torch tensor of shape {shape}."
    )
    expect(tuple(value.shape) == shape, f"{what} has shape {tuple(value.shape)}, expected {shape}.")
    expect(not value.dtype.is_complex, f"{what} holds complex numbers, expected real ones.")
    hint = f"{what} holds {value.dtype}, expected floating-point numbers: whole numbers lose what is after the point."
    expect(value.dtype.is_floating_point, hint)
    expect(
        bool(torch.isfinite(value).all()),
        f"{what} holds nan or inf: look for a division by zero or an overflow.",
    )
    return value.detach().to(torch.float64)


def without_autograd(answer: Callable, *args: Any) -> Any:
    """Return answer(*args), run so that PyTorch keeps no gradients; an answer that asks for them is Wrong."""
    try:
        with torch.no_grad():
            return answer(*args)
    except Wrong as hint:
        if "does not require grad" in str(hint):
            message = "torch's own gradients are switched off here. Multiply the slopes yourself."
            raise Wrong(message) from None
        raise


def _exercise(check: Callable[[Any], str], prepare: Callable[[Any], Any]) -> Callable[[Any], None]:
    name = check.__name__.removeprefix("check_")

    @functools.wraps(check)
    def run(answer: Any) -> None:
        heard = run_guarded(lambda: _verdict(check, prepare, answer))
        print(f"{name}: {heard.verdict}")
        for line in heard.printed.splitlines()[:PRINTED_LINES]:
            print(f"    your code printed: {line[:100]}")
        if heard.lines > PRINTED_LINES:
            print(f"    ... and {heard.lines - PRINTED_LINES} more lines")

    return run


def _verdict(check: Callable[[Any], str], prepare: Callable[[Any], Any], answer: Any) -> str:
    """Say in one sentence what the check finds. All that belongs to the learner is touched here, in the thread."""
    try:
        return f"correct. {check(prepare(answer))}"
    except NotAttempted:
        return "not attempted yet."
    except Wrong as hint:
        return str(hint)
    except BaseException as problem:  # even SystemExit must not print a traceback at the learner
        return f"your answer could not be examined ({_said(problem)})."


def _attempted(answer: Any) -> Any:
    if answer is Ellipsis:
        raise NotAttempted
    return answer


def _watched(function: Any, name: str) -> Callable:
    """Wrap the learner's function: copies of the arguments go in, and whatever goes wrong comes out as a hint."""
    _attempted(function)
    expect(
        callable(function),
        f"this is {_described(function)}, expected the function itself: {name}, without brackets.",
    )

    def call(*args: Any) -> Any:
        _check_signature(function, name, args)
        given = copy.deepcopy(args)
        try:
            result = function(*given)
        except Stop:
            raise
        except BaseException as problem:
            raise Wrong(f"{name}({_place(args)}) raised {_said(problem)}{_line(problem)}") from problem
        if inspect.iscoroutine(result):
            result.close()
            raise Wrong("your function is `async`, so calling it runs nothing. Take that word away.")
        if result is Ellipsis or (result is None and _is_stub(function)):
            raise NotAttempted
        if result is None:
            raise Wrong(
                f"{name}({_place(args)}) returned None. Does every path through your code end in a return?"
            )
        for position, (before, after) in enumerate(zip(args, given, strict=True)):
            parameter = _parameter(function, position)
            expect(
                _same(before, after), f"your code changes its argument {parameter} in place; change a copy."
            )
        return result

    return call


def _check_signature(function: Callable, name: str, args: tuple) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some functions written in C do not tell
        return
    try:
        signature.bind(*args)
    except TypeError as problem:
        taken = ", ".join(signature.parameters)
        raise Wrong(f"{name}({taken}) cannot be called with {len(args)} arguments: {problem}.") from problem


def _is_stub(function: Callable) -> bool:
    # A body of nothing but `...` compiles to at most three instructions: begin, load None, return it.
    code = getattr(function, "__code__", None)
    return code is not None and len(list(dis.get_instructions(code))) <= 3


def _parameter(function: Callable, position: int) -> str:
    try:
        return list(inspect.signature(function).parameters)[position]
    except (TypeError, ValueError, IndexError):
        return f"number {position + 1}"


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, Tensor):
        return before.shape == after.shape and torch.equal(before.nan_to_num(), after.nan_to_num())
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after)
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_same, before, after))
    return callable(before) or before == after


def _close(got: Any, wanted: Any, tolerance: float) -> bool:
    if isinstance(got, (list, tuple)):
        return len(got) == len(wanted) and all(
            _close(g, w, tolerance) for g, w in zip(got, wanted, strict=True)
        )
    got, wanted = np.asarray(got, dtype=float), np.asarray(wanted, dtype=float)
    return got.shape == wanted.shape and np.allclose(got, wanted, rtol=tolerance, atol=tolerance)


def _difference(got: Any, right: Any, tolerance: float) -> str:
    if isinstance(got, (np.ndarray, Tensor)) and got.ndim > 1 and got.shape == right.shape:
        for place in np.ndindex(*got.shape):
            if not _close(got[place], right[place], tolerance):
                return f"At {list(place)} yours is {_brief(got[place])}, expected {_brief(right[place])}."
    tables = isinstance(got, list) and any(getattr(part, "ndim", 0) > 1 for part in got)
    if tables and isinstance(right, list) and len(got) == len(right):
        i = next(i for i in range(len(got)) if not _close(got[i], right[i], tolerance))
        return f"Of your results, number {i + 1} is the first to differ. {_difference(got[i], right[i], tolerance)}"
    return f"Yours: {_brief(got)}, expected: {_brief(right)}."


def _place(args: tuple) -> str:
    return ", ".join(map(_brief, args))


def _line(problem: BaseException) -> str:
    """Return the learner's line at which the problem arose, if Python can show it."""
    frames = traceback.extract_tb(problem.__traceback__)[1:]
    return f", in the line `{frames[0].line}`" if frames and frames[0].line else ""


def _brief(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        inside = f"{', '.join(map(_brief, value[:6]))}{', ...' if len(value) > 6 else ''}"
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, (np.ndarray, Tensor)) and value.ndim == 1:
        return f"[{', '.join(f'{x:.6g}' for x in value.tolist()[:6])}{', ...' if len(value) > 6 else ''}]"
    if isinstance(value, (np.ndarray, Tensor)) and value.ndim > 1:
        return f"an array of shape {tuple(value.shape)}"
    if isinstance(value, (float, np.floating, np.ndarray, Tensor)):
        return f"{float(value):.6g}"
    return value.__name__ if inspect.isfunction(value) else reprlib.repr(value)


def _described(value: Any) -> str:
    kind = type(value).__name__
    shown = " ".join(reprlib.repr(value).split())
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind} ({shown})"


def _said(problem: BaseException) -> str:
    try:
        return f"{type(problem).__name__}: {' '.join(str(problem)[:1000].split())[:200] or 'no message'}"
    except Stop:
        raise
    except BaseException:
        return "an exception whose message cannot be shown"
