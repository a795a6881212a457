"""A lesson on a machine that has no archives and no network, and the names that its cells set and read."""

import ast
import time
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tools import lessons, store


def needing_archives(lesson: NotebookNode) -> list[NotebookNode]:
    """Return the cells that say by a tag that they need an archive."""
    return [cell for cell in lesson.cells if any(tag.startswith("archive:") for tag in lessons.tags(cell))]


def needing_none(lesson: NotebookNode) -> list[NotebookNode]:
    """Return the other code cells."""
    needing = needing_archives(lesson)
    return [cell for cell in lesson.cells if cell.cell_type == "code" and cell not in needing]


def printed_without_archives(lesson: NotebookNode, cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run the set-up and the cells that need archives, with an empty cache and no network; return what each prints."""
    monkeypatch.setenv("COURSE_CACHE", str(cache))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    cells = [*lessons.find(lesson, "setup"), *needing_archives(lesson)]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.source) for cell in cells])
    begun = time.monotonic()
    store.execute(notebook)
    assert time.monotonic() - begun < 60
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells]


def names(cells: list[NotebookNode], context: type[ast.expr_context]) -> set[str]:
    """Return the names that the top level of cells sets, functions and classes too, or that they read anywhere."""
    found = set()
    for statement in ast.parse("\n".join(lessons.python(cell) for cell in cells)).body:
        if context is ast.Store and isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.add(statement.name)
        else:
            nodes = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
            found |= {node.id for node in nodes if isinstance(node.ctx, context)}
    return found
