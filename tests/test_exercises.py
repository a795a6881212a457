"""Every check accepts the folded solution, calls a stub a stub, answers each typical mistake, and survives anything."""

import importlib
import math
import random
import re
import threading
import time
from typing import Any

import numpy as np
import pytest
import torch
from jupyter_client.manager import start_new_kernel

from course_utils.exercises import framework, sandbox
from tools import lessons

NAMESPACE = {"torch": torch, "np": np, "math": math}


def run(code: str) -> dict[str, Any]:
    """Execute code as a notebook would, with the names that lessons import."""
    scope = dict(NAMESPACE)
    exec(code, scope)
    return scope


def exercises() -> dict[tuple[str, str], dict[str, str]]:
    """Return for every exercise of every lesson the code of its stub and of its folded solution, by lesson and name."""
    found = {}
    for number, path in lessons.lesson_paths().items():
        notebook = lessons.read(path)
        stubs, checks, solutions = (lessons.find(notebook, tag) for tag in ("exercise", "check", "solution"))
        for stub, check, solution in zip(stubs, checks, solutions, strict=True):
            name = re.search(r"^check_(\w+)\(\w+\)$", check.source, flags=re.M)[1]
            code = re.search(r"```python\n(.*?)```", solution.source, flags=re.S)[1]
            found[number, name] = {"stub": stub.source, "solution": code}
    return found


EXERCISES = exercises()
CHOICES = [pytest.param(*key, id="-".join(key)) for key in EXERCISES]
MODULES = {number: importlib.import_module(f"tests.wrong_answers.lesson_{number}") for number, _ in EXERCISES}
WRONG = {
    (number, name): answers for number, module in MODULES.items() for name, answers in module.WRONG.items()
}


def verdict(number: str, name: str, answer: Any, capsys: pytest.CaptureFixture) -> str:
    """Hand an answer to a check and return what it prints."""
    check = getattr(importlib.import_module(f"course_utils.exercises.lesson_{number}"), f"check_{name}")
    capsys.readouterr()
    assert check(answer) is None, "a check returns nothing: a notebook would show it"
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.startswith(f"{name}: ")
    return printed.out.removeprefix(f"{name}: ").strip()


@pytest.mark.parametrize(("number", "name"), CHOICES)
def test_the_folded_solution_is_accepted(number: str, name: str, capsys: pytest.CaptureFixture) -> None:
    answer = run(EXERCISES[number, name]["solution"])[name]
    assert verdict(number, name, answer, capsys).startswith("correct. ")


@pytest.mark.parametrize(("number", "name"), CHOICES)
def test_the_stub_is_not_attempted_yet(number: str, name: str, capsys: pytest.CaptureFixture) -> None:
    assert verdict(number, name, run(EXERCISES[number, name]["stub"])[name], capsys) == "not attempted yet."


@pytest.mark.parametrize(
    ("number", "name", "code", "hint"),
    [
        pytest.param(*key, *wrong, id=f"{'-'.join(key)}-{wrong[1]}")
        for key, answers in WRONG.items()
        for wrong in answers
    ],
)
def test_a_typical_wrong_answer_gets_its_hint(
    number: str, name: str, code: str, hint: str, capsys: pytest.CaptureFixture
) -> None:
    said = verdict(number, name, run(code)[name], capsys)
    assert hint in said
    assert not said.startswith("correct")


@pytest.mark.parametrize(("number", "name"), CHOICES)
def test_every_exercise_has_its_wrong_answers(number: str, name: str) -> None:
    assert len(WRONG[number, name]) >= 4
    assert len({hint for _, hint in WRONG[number, name]}) == len(WRONG[number, name])


@pytest.mark.parametrize(
    ("number", "name", "code"),
    [
        pytest.param(number, name, code, id=f"{number}-{name}-{i}")
        for number, module in MODULES.items()
        for name, answers in getattr(module, "ALSO_RIGHT", {}).items()
        for i, code in enumerate(answers)
    ],
)
def test_another_right_answer_is_accepted(
    number: str, name: str, code: str, capsys: pytest.CaptureFixture
) -> None:
    assert verdict(number, name, run(code)[name], capsys).startswith("correct. ")


class Unprintable:
    """An object that raises whatever one does with it."""

    def _refuse(self, *args: Any) -> Any:
        raise RuntimeError("no")

    __repr__ = __str__ = __eq__ = __float__ = __len__ = __bool__ = __iter__ = __array__ = _refuse
    __hash__ = None


class Quiet(Exception):
    """An exception whose message cannot be shown."""

    def __str__(self) -> str:
        raise ValueError


def raises(problem: BaseException) -> Any:
    """Return a function that raises, whatever it is called with."""

    def answer(*args: Any) -> Any:
        raise problem

    return answer


def recurse(*args: Any) -> Any:
    return recurse(*args)


def spoils_everything(*args: Any) -> Any:
    """Change every argument that can be changed."""
    for arg in args:
        if isinstance(arg, torch.Tensor):
            arg.resize_(0)
        if isinstance(arg, list):
            arg.clear()
    return torch.zeros(3, dtype=torch.float64)


def yields(*args: Any) -> Any:
    yield 1.0


HOSTILE = {
    "raises": raises(ZeroDivisionError("division by zero")),
    "raises an exception without a message": raises(Quiet()),
    "leaves the interpreter": raises(SystemExit(1)),
    "interrupts": raises(KeyboardInterrupt()),
    "recurses for ever": recurse,
    "returns None after work": lambda *args: print(len(args)),
    "returns text": lambda *args: "0.5",
    "returns a list of lists": lambda *args: [[1, 2], [3]],
    "returns nan": lambda *args: float("nan"),
    "returns nans": lambda *args: torch.full((3,), float("nan")),
    "returns integers": lambda *args: torch.zeros(3, dtype=torch.int64),
    "returns booleans": lambda *args: torch.zeros(3, dtype=torch.bool),
    "returns complex numbers": lambda *args: torch.zeros(3, dtype=torch.complex128),
    "returns a wrong shape": lambda *args: torch.zeros(7, 5),
    "returns an empty tensor": lambda *args: torch.zeros(0),
    "returns an array of objects": lambda *args: np.array([None, "a", {}], dtype=object),
    "returns something unprintable": lambda *args: Unprintable(),
    "returns a pair of unprintables": lambda *args: (Unprintable(), Unprintable()),
    "is a generator": yields,
    "spoils its arguments": spoils_everything,
    "takes no arguments": lambda: 1.0,
    "takes too many": lambda a, b, c, d, e, f, g: 1.0,
    "is a class": Unprintable,
    "is an unprintable object": Unprintable(),
    "is None": None,
    "is a number": 41,
    "is true": True,
    "is nan": float("nan"),
    "is infinite": float("inf"),
    "is complex": 1j,
    "is a huge integer": 10**400,
    "is text": "def f(): ...",
    "is a dictionary": {"a": 1},
    "is a tensor": torch.zeros(2, 2),
    "is a tensor that needs a gradient": torch.tensor(1.0, requires_grad=True),
    "is a module": math,
}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(("number", "name"), CHOICES)
def test_a_hostile_answer_is_survived_and_rejected(
    number: str, name: str, hostile: str, capsys: pytest.CaptureFixture
) -> None:
    said = verdict(number, name, HOSTILE[hostile], capsys)
    assert said
    assert not said.startswith(("correct", "not attempted"))


def loop_for_ever(*args: Any) -> Any:
    while True:
        pass


def loop_for_ever_and_catch_everything(*args: Any) -> Any:
    begun = time.monotonic()
    while time.monotonic() < begun + 3:
        try:
            time.sleep(0.01)
        except BaseException:
            continue


@framework.function_exercise
def check_anything(answer: Any) -> str:
    """anything(x): accepts every number."""
    return f"{framework.number(answer(1.0)):g}"


def said_of(answer: Any, capsys: pytest.CaptureFixture) -> str:
    """Return what a check that accepts every number says of the answer."""
    capsys.readouterr()
    check_anything(answer)
    return capsys.readouterr().out.removeprefix("anything: ").strip()


def test_an_endless_loop_is_stopped_and_its_thread_ends(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "TIME_LIMIT", 0.3)
    threads = threading.active_count()
    assert said_of(loop_for_ever, capsys) == "stopped after 0.3 s. Is there a loop that never ends?"
    assert threading.active_count() == threads


def test_a_loop_that_catches_everything_is_reported_as_still_running(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "TIME_LIMIT", 0.2)
    assert "restart the kernel" in said_of(loop_for_ever_and_catch_everything, capsys)


def test_printing_is_held_back_and_shown_in_part(capsys: pytest.CaptureFixture) -> None:
    def chatty(x: float) -> float:
        for line in range(10):
            print(f"line {line}")
        return x

    lines = said_of(chatty, capsys).splitlines()
    assert lines[0] == "correct. 1"
    assert lines[1].strip() == "your code printed: line 0"
    assert lines[-1].strip() == "... and 7 more lines"


def test_random_numbers_go_on_as_if_nothing_had_run(capsys: pytest.CaptureFixture) -> None:
    def draw() -> tuple:
        return random.random(), np.random.rand(), torch.rand(1).item()

    def gambler(x: float) -> float:
        torch.manual_seed(99)
        return sum(draw())

    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = draw()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    assert said_of(gambler, capsys).startswith("correct")
    assert draw() == expected


@pytest.mark.parametrize(
    "stub",
    [
        "def f(x): ...",
        "def f(x):\n    'doc'\n    ...",
        "def f(x):\n    pass",
        "f = ...",
        "def f(x):\n    return ...",
    ],
)
def test_stubs_of_every_form_are_not_attempted(stub: str, capsys: pytest.CaptureFixture) -> None:
    assert said_of(run(stub)["f"], capsys) == "not attempted yet."


def test_a_raised_error_is_shown_with_the_arguments(capsys: pytest.CaptureFixture) -> None:
    said = said_of(lambda x: 1 / (x - 1), capsys)
    assert said.startswith("anything(1) raised ZeroDivisionError: float division by zero, in the line `")
    assert "1 / (x - 1)" in said


def test_whole_numbers_count_as_numbers(capsys: pytest.CaptureFixture) -> None:
    assert said_of(lambda x: 3, capsys) == "correct. 3"
    assert said_of(lambda x: torch.tensor(3), capsys) == "correct. 3"
    assert said_of(lambda x: np.float32(3), capsys) == "correct. 3"
    assert "a bool (True)" in said_of(lambda x: True, capsys)


@pytest.mark.parametrize("make", [torch.tensor, np.array])
def test_of_two_tables_the_first_entry_that_differs_is_shown(make: Any) -> None:
    got, right = make([[0.1, 0.3], [9.0, 0.5]]), make([[0.1, 0.7], [0.4, 0.5]])
    with pytest.raises(framework.Wrong, match=r"^wrong\. At \[0, 1\] yours is 0\.3, expected 0\.7\.$"):
        framework.compare(got, right, {}, "wrong.")
    with pytest.raises(framework.Wrong, match=r"^wrong\.$"):
        framework.compare(got, right, {}, "wrong.", show=False)


def test_of_two_rows_both_are_shown() -> None:
    got, right = torch.tensor([0.1, 0.3]), torch.tensor([0.1, 0.7])
    with pytest.raises(framework.Wrong, match=r"^wrong\. Yours: \[0\.1, 0\.3\], expected: \[0\.1, 0\.7\]\.$"):
        framework.compare(got, right, {}, "wrong.")


KERNEL_SETUP = """
import contextlib, io, time
from course_utils.exercises import framework
@framework.function_exercise
def check_anything(answer):
    return f"{framework.number(answer(1.0)):g}"
def stubborn(x):
    while time.sleep(0.05) is None:
        try:
            time.sleep(0.05)
        except BaseException:
            print("caught")
def redirects(x):
    with contextlib.redirect_stdout(io.StringIO()):
        while True:
            time.sleep(0.3)
"""


@pytest.mark.parametrize(("answer", "rest"), [("stubborn", "restart the kernel"), ("redirects", "")])
def test_an_interrupt_from_the_notebook_ends_a_check_and_leaves_later_cells_alone(
    answer: str, rest: str
) -> None:
    manager, client = start_new_kernel()
    try:
        client.execute_interactive(KERNEL_SETUP, output_hook=print)
        request = client.execute(f"check_anything({answer})")
        time.sleep(1.5)
        manager.interrupt_kernel()
        printed: list[str] = []

        def hear(message: dict) -> None:
            printed.append(message["content"].get("text", message["content"].get("ename", "")))

        while client.get_shell_msg(timeout=30)["parent_header"].get("msg_id") != request:
            pass
        while (message := client.get_iopub_msg(timeout=30))["content"].get("execution_state") != "idle":
            if message["parent_header"].get("msg_id") == request:
                hear(message)
        said = "".join(printed)
        assert "anything: interrupted." in said
        assert rest in said
        printed.clear()
        client.execute_interactive("time.sleep(0.5); print('still heard')", output_hook=hear, timeout=30)
        assert "".join(printed).strip().endswith("still heard")
        assert "caught" not in "".join(printed)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
