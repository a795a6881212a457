"""Reading lessons: cells by tag, words, measured times, and the minutes that the card states."""

from __future__ import annotations

import math
import re
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"

# Reading speeds for text that is worked through, not skimmed: slower than a novel, and a pause at every code cell.
WORDS_PER_MINUTE = 140
SECONDS_PER_CODE_CELL = 25
NOT_PROSE = {"hint", "solution"}


def lesson_paths() -> dict[str, Path]:
    """Return the stored lessons by number, such as "01", in order."""
    return {path.name[:2]: path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}


def read(path: Path) -> NotebookNode:
    """Return a stored notebook."""
    return nbformat.read(path, as_version=4)


def tags(cell: NotebookNode) -> list[str]:
    """Return a cell's tags."""
    return list(cell.metadata.get("tags", []))


def find(notebook: NotebookNode, tag: str) -> list[NotebookNode]:
    """Return the cells that carry the tag."""
    return [cell for cell in notebook.cells if tag in tags(cell)]


def part_of_cells(notebook: NotebookNode) -> list[str]:
    """Return for every cell the part it stands in: the last "part:..." tag, or "card", "setup" before the first."""
    part, parts = "title", []
    for cell in notebook.cells:
        for tag in tags(cell):
            if tag in ("card", "setup") or tag.startswith("part:"):
                part = tag.removeprefix("part:")
        parts.append(part)
    return parts


def words(markdown: str) -> int:
    """Count the words of prose in a Markdown cell, without formulas, tables, code and folded text."""
    markdown = re.sub(r"<details>.*?</details>", " ", markdown, flags=re.S)
    markdown = re.sub(r"```.*?```|\$\$.*?\$\$|^\|[^\n]*$|\]\([^)]*\)", " ", markdown, flags=re.S | re.M)
    return len(re.findall(r"[A-Za-z]{2,}", markdown))


def seconds(cell: NotebookNode) -> float | None:
    """Return how long a stored code cell ran, or None if that was not recorded."""
    times = cell.metadata.get("execution", {})
    if not {"iopub.execute_input", "shell.execute_reply"} <= set(times):
        return None
    begun, ended = (
        datetime.fromisoformat(times[key].replace("Z", "+00:00"))
        for key in ("iopub.execute_input", "shell.execute_reply")
    )
    return (ended - begun).total_seconds()


def minutes(notebook: NotebookNode) -> dict[str, int]:
    """Return the whole minutes to "read", to "run" and for "exercises", from word counts, stored times and headings."""
    prose = sum(
        words(cell.source)
        for cell in notebook.cells
        if cell.cell_type == "markdown" and not NOT_PROSE & set(tags(cell))
    )
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    reading = prose / WORDS_PER_MINUTE + len(code) * SECONDS_PER_CODE_CELL / 60
    running = sum(seconds(cell) or 0 for cell in code) / 60
    exercises = re.findall(
        r"^\*\*\d+\..*?\*\* \((\d+) minutes\)", "\n".join(cell.source for cell in notebook.cells), flags=re.M
    )
    return {
        "read": 5 * max(1, round(reading / 5)),
        "run": max(1, round(running)),
        "exercises": sum(map(int, exercises)),
    }


def time_line(notebook: NotebookNode) -> str:
    """Return the line of the card that states the minutes."""
    needed = minutes(notebook)
    run = f"{needed['run']} minute{'' if needed['run'] == 1 else 's'} to run"
    exercises = f", {needed['exercises']} minutes of exercises" if needed["exercises"] else ""
    return f"| **Time** | {needed['read']} minutes to read, {run}{exercises} |"


def title(notebook: NotebookNode) -> str:
    """Return the lesson's title without its number, such as "Gradient descent: learning is a search for parameters"."""
    heading = re.match(r"# (?:\d\d · )?(.*)", notebook.cells[0].source)
    return heading[1] if heading else ""


def ceil_to(value: float, unit: float) -> float:
    """Round up to a multiple of `unit`."""
    return math.ceil(value / unit) * unit
