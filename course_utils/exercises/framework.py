"""What every exercise check is made of: it runs the learner's answer safely and prints one short verdict.

A check is a function that examines an answer and returns a sentence of praise with a fact in it, or raises `Wrong` with
a hint. Decorated with `function_exercise` or `value_exercise` it becomes check_<name>(answer), which prints the verdict
and never raises, whatever the answer does: the answer runs in a thread with a time limit, its arguments are copies,
what it prints is held back, and the random numbers of the notebook are as before.
"""

from __future__ import annotations

import contextlib
import copy
import ctypes
import dis
import functools
import inspect
import io
import random
import reprlib
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

TIME_LIMIT = 10.0  # seconds for a whole check; right answers need well under one
PRINTED_LINES = 3  # of what the answer printed, this much is shown under the verdict


class Wrong(Exception):
    """The answer is wrong; the text is the hint for the learner."""


class NotAttempted(Exception):
    """The answer is still the stub."""


class _Stop(BaseException):
    """Thrown into the thread of an answer that runs for too long."""


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


def compare(
    got: Any, right: Any, mistakes: list[tuple[Any, str]], otherwise: str, tolerance: float = 1e-6
) -> None:
    """Accept `got` if it equals `right`; otherwise raise Wrong with the hint of the mistake that explains it.

    `mistakes` pairs the value that a mistake leads to with the hint for it. Numbers, arrays and tensors are equal if
    they agree to `tolerance`, relative and absolute. A value that no mistake explains gets the hint `otherwise` and
    both values.
    """
    if _close(got, right, tolerance):
        return
    for value, hint in mistakes:
        if _close(got, value, tolerance):
            raise Wrong(hint)
    raise Wrong(f"{otherwise} Yours: {_brief(got)}, expected: {_brief(right)}.")


def number(value: Any, what: str = "your result") -> float:
    """Return a finite number as a float; anything else is Wrong, with a hint that says what it is."""
    _attempted(value)
    expect(value is not None, f"{what} is None. Does every path through your code end in a return?")
    if isinstance(value, (np.ndarray, Tensor)) and value.ndim == 0:
        value = value.item()
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    expect(real, f"{what} is {_described(value)}, expected a single number.")
    expect(
        bool(np.isfinite(value)),
        f"{what} is {value}: look for a division by zero or a number that overflows.",
    )
    return float(value)


def tensor(value: Any, shape: tuple[int, ...], what: str = "your result") -> Tensor:
    """Return a finite floating-point tensor of the given shape; anything else is Wrong, with a hint that says why."""
    _attempted(value)
    expect(value is not None, f"{what} is None. Does every path through your code end in a return?")
    expect(
        isinstance(value, Tensor), f"{what} is {_described(value)}, expected a torch tensor of shape {shape}."
    )
    expect(tuple(value.shape) == shape, f"{what} has shape {tuple(value.shape)}, expected {shape}.")
    hint = f"{what} holds {value.dtype}, expected floating-point numbers: whole numbers lose what is after the point."
    expect(value.dtype.is_floating_point, hint)
    expect(
        bool(torch.isfinite(value).all()),
        f"{what} holds nan or inf: look for a division by zero or an overflow.",
    )
    return value.detach()


def _exercise(check: Callable[[Any], str], prepare: Callable[[Any], Any]) -> Callable[[Any], None]:
    name = check.__name__.removeprefix("check_")

    @functools.wraps(check)
    def run(answer: Any) -> None:
        printed = io.StringIO()
        verdict = _verdict(lambda: check(prepare(answer)), printed)
        print(f"{name}: {verdict}")
        lines = printed.getvalue().splitlines()
        for line in lines[:PRINTED_LINES]:
            print(f"    your code printed: {line[:100]}")
        if len(lines) > PRINTED_LINES:
            print(f"    ... and {len(lines) - PRINTED_LINES} more lines")

    return run


def _verdict(job: Callable[[], str], printed: io.StringIO) -> str:
    """Run the job in a thread of its own and say in one sentence how it ended."""
    ended: list[Any] = []

    def work() -> None:
        try:
            ended.append(job())
        except (
            BaseException
        ) as problem:  # a thread must not print a traceback at the learner, not even for SystemExit
            ended.append(problem)

    thread = threading.Thread(target=work, daemon=True)
    with _undisturbed(printed):
        thread.start()
        in_time = _wait(thread, TIME_LIMIT)
        stopped = in_time or _stop(thread)
    if not in_time:
        rest = "" if stopped else " It cannot be stopped from here: restart the kernel to be rid of it."
        return f"stopped after {TIME_LIMIT:g} s. Is there a loop that never ends?{rest}"
    outcome = ended[0]
    if isinstance(outcome, NotAttempted):
        return "not attempted yet."
    if isinstance(outcome, Wrong):
        return str(outcome)
    if isinstance(outcome, BaseException):
        return f"your answer could not be examined ({type(outcome).__name__}: {_said(outcome)})."
    return f"correct. {outcome}"


def _wait(thread: threading.Thread, seconds: float) -> bool:
    # Short joins, because on Windows a long one cannot be interrupted from the keyboard.
    deadline = time.monotonic() + seconds
    try:
        while thread.is_alive() and time.monotonic() < deadline:
            thread.join(0.05)
    except KeyboardInterrupt:
        return False
    return not thread.is_alive()


def _stop(thread: threading.Thread) -> bool:
    # The exception arrives between two lines of Python. An answer that catches everything gets it again.
    for _ in range(10):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_Stop))
        if _wait(thread, 0.1):
            return True
    return False


@contextlib.contextmanager
def _undisturbed(printed: io.StringIO) -> Iterator[None]:
    """Hold back what is printed and warned, and put the global random numbers back as they were."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])
            torch.set_rng_state(states[2])


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
        except _Stop:
            raise
        except NotImplementedError as stub:
            raise NotAttempted from stub
        except BaseException as problem:
            place = ", ".join(_brief(arg) for arg in args)
            hint = f"your code raised {type(problem).__name__} at {name}({place}): {_said(problem)}"
            raise Wrong(hint) from problem
        if result is Ellipsis or (result is None and _is_stub(function)):
            raise NotAttempted
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
        raise Wrong(f"{name}{signature} cannot be called with {len(args)} arguments: {problem}.") from problem


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


def _brief(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(_brief, value[:6]))}{', ...' if len(value) > 6 else ''})"
    if isinstance(value, (np.ndarray, Tensor)) and value.ndim == 1:
        return f"[{', '.join(f'{x:.6g}' for x in value.tolist()[:6])}{', ...' if len(value) > 6 else ''}]"
    if isinstance(value, (np.ndarray, Tensor)) and value.ndim > 1:
        return f"an array of shape {tuple(value.shape)}"
    if isinstance(value, (float, np.floating, np.ndarray, Tensor)):
        return f"{float(value):.6g}"
    return value.__name__ if inspect.isfunction(value) else reprlib.repr(value)


def _described(value: Any) -> str:
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind} ({reprlib.repr(value)})"


def _said(problem: BaseException) -> str:
    try:
        return " ".join(str(problem).split())[:200] or "no message"
    except Exception:
        return "its message cannot be shown"
