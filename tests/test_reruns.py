"""Lessons run again in other ways: every cell twice, under other seeds, without a network, and again from any set-up.

The first two take as long as the lessons and run only for the lessons that are asked for:

    pytest tests/test_reruns.py --lessons 01,02 --run-twice
    pytest tests/test_reruns.py --lessons 01 --course-seeds 1,2,3,4,5
"""

import copy
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tools import lessons, store

BLOCKED_NETWORK = """
import socket
def _refuse(*args, **kwargs):
    raise OSError("this test blocks the network")
socket.socket.connect = _refuse
socket.socket.connect_ex = _refuse
socket.create_connection = _refuse
socket.getaddrinfo = _refuse
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    config, paths = metafunc.config, lessons.lesson_paths()
    asked = config.getoption("lessons")
    chosen = list(paths) if asked == "all" else [number for number in asked.split(",") if number]
    if unknown := set(chosen) - set(paths):
        raise pytest.UsageError(f"--lessons names {sorted(unknown)}, expected some of {list(paths)}")
    if "twice" in metafunc.fixturenames:
        metafunc.parametrize("twice", chosen if config.getoption("run_twice") else [])
    if "seed" in metafunc.fixturenames:
        seeds = [seed for seed in config.getoption("course_seeds").split(",") if seed]
        metafunc.parametrize(("number", "seed"), [(number, seed) for number in chosen for seed in seeds])


def run(notebook: nbformat.NotebookNode) -> None:
    """Execute a notebook and fail with the cell's own traceback, or with what it wrote to stderr."""
    try:
        store.execute(notebook)
    except CellExecutionError as problem:
        pytest.fail(str(problem), pytrace=False)
    assert not [problem for problem in store.problems(notebook) if "stderr" in problem]


def test_every_code_cell_twice_in_a_row(twice: str) -> None:
    notebook = lessons.read(lessons.lesson_paths()[twice])
    doubled = []
    for cell in notebook.cells:
        doubled += [cell, copy.deepcopy(cell)] if cell.cell_type == "code" else [cell]
    for position, cell in enumerate(doubled):
        cell.id = f"cell-{position}"
    notebook.cells = doubled
    run(notebook)


def test_claims_hold_under_another_seed(number: str, seed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_SEED", seed)
    run(lessons.read(lessons.lesson_paths()[number]))


@pytest.mark.parametrize("number", ["01"])
def test_a_lesson_runs_with_sockets_blocked(number: str, tmp_path: Path) -> None:
    notebook = lessons.read(lessons.lesson_paths()[number])
    notebook.cells.insert(0, nbformat.v4.new_code_cell(BLOCKED_NETWORK))
    run(notebook)


def test_blocked_sockets_do_block() -> None:
    attempt = "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9')"
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code) for code in (BLOCKED_NETWORK, attempt)]
    )
    with pytest.raises(CellExecutionError, match="this test blocks the network"):
        store.execute(notebook)
