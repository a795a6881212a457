"""Lesson 05 without its archive: what needs GloVe says what it would show, and nothing else needs it."""

import ast
import time

import nbformat
import pytest

from tools import lessons, store

LESSON = lessons.read(lessons.lesson_paths()["05"])
NEEDING = lessons.find(LESSON, "archive:glove")


def names(cells: list[nbformat.NotebookNode], context: type[ast.expr_context]) -> set[str]:
    """Return the names that the top level of cells sets, or that they read anywhere."""
    trees = [ast.parse(cell.source) for cell in cells]
    return {
        node.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, context)
    }


def test_it_runs_without_the_archive_and_without_a_network(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    setup = lessons.find(LESSON, "setup")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(c.source) for c in [*setup, *NEEDING]]
    )
    begun = time.monotonic()
    store.execute(notebook)
    assert time.monotonic() - begun < 60
    printed = ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells]
    told, *saying = [text for text in printed if text]
    for part in ("not in the cache", "pip download", str(tmp_path)):
        assert part in told
    assert len(saying) >= 5
    assert all(text.startswith("Here would stand ") for text in saying)


def test_nothing_else_needs_the_archive() -> None:
    others = [cell for cell in LESSON.cells if cell.cell_type == "code" and cell not in NEEDING]
    others.remove(lessons.find(LESSON, "setup")[0])  # its %pip is no Python
    loaded = {"real", "real_vocab", "results"}
    assert loaded <= names(NEEDING, ast.Store)
    assert not (loaded | {"glove", "ask", "mean_cosine"}) & (
        names(others, ast.Load) | names(others, ast.Store)
    )
