"""Running a learner's code so that it can do no harm to the notebook: in a thread, for a limited time, unheard.

What the code prints is held back, the random numbers and the type of floats are afterwards as they were, and an answer
that takes too long is stopped. Two things are beyond this: a single call into C that does not return, which no thread
can be stopped in, and code that sets out to break the kernel, which can.
"""

from __future__ import annotations

import contextlib
import ctypes
import queue
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch

TIME_LIMIT = 10.0  # seconds for a whole check; right answers need well under one
KEPT_CHARACTERS = 1000


class Stop(BaseException):
    """Thrown into the thread of an answer that runs for too long."""


class Heard(NamedTuple):
    """What came out: the job's sentence, the beginning of what was printed, and how many lines that was."""

    verdict: str
    printed: str
    lines: int


def run_guarded(job: Callable[[], str]) -> Heard:
    """Run a job that touches the learner's code, and return what it says.

    The job must catch everything itself. If it takes longer than the time limit, or the user interrupts it, it is
    stopped and a sentence about that takes the place of what it would have said.
    """
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    thread = threading.Thread(target=lambda: said.put(job()), daemon=True)
    out, err = _Held(sys.stdout, thread), _Held(sys.stderr, thread)
    real, begun = (sys.stdout, sys.stderr), time.monotonic()
    verdict, stopped = None, False
    try:
        with _same_randomness():
            sys.stdout, sys.stderr = out, err
            try:
                thread.start()
                verdict = _wait(said, TIME_LIMIT)
            except KeyboardInterrupt:
                verdict = None
            finally:
                stopped = verdict is not None or _stop(thread, said)
    finally:
        # An answer that runs on keeps its held streams: it must not print into later cells.
        sys.stdout, sys.stderr = real if stopped else (out, err)
    if verdict is None:
        rest = "" if stopped else " It runs on in the background: restart the kernel to be rid of it."
        late = f"stopped after {TIME_LIMIT:g} s. Is there a loop that never ends?"
        verdict = ("interrupted." if time.monotonic() < begun + TIME_LIMIT else late) + rest
    return Heard(verdict, out.kept, out.lines)


def _wait(said: queue.SimpleQueue[str], seconds: float) -> str | None:
    # Not Thread.join: interrupted, it takes a running thread for an ended one (Python 3.10 to 3.12). And in short
    # pieces, because on Windows a long wait cannot be interrupted from the keyboard.
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(queue.Empty):
            return said.get(timeout=0.05)
    return None


def _stop(thread: threading.Thread, said: queue.SimpleQueue[str]) -> bool:
    # The exception arrives between two lines of Python. An answer that catches everything gets it again.
    for _ in range(10):
        with contextlib.suppress(KeyboardInterrupt):
            ident = ctypes.c_ulong(thread.ident or 0)
            gone = not ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(Stop))
            if gone or _wait(said, 0.1) is not None:
                return True
    return False


class _Held:
    """Stands in for a stream: keeps the beginning of what the answer prints, and passes on what others print."""

    def __init__(self, real: Any, thread: threading.Thread) -> None:
        self.real, self.thread, self.kept, self.lines = real, thread, "", 0

    def write(self, text: str) -> int:
        if threading.current_thread() is not self.thread:
            return self.real.write(text)
        self.kept += text[: max(0, KEPT_CHARACTERS - len(self.kept))]
        self.lines += text.count("\n")
        return len(text)

    def close(self) -> None:
        """Do nothing: the answer does not own the stream."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@contextlib.contextmanager
def _same_randomness() -> Iterator[None]:
    """Put the global random numbers, and the type of floats, back as they were."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state(), torch.get_default_dtype()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        torch.set_default_dtype(states[3])
