"""Reading lessons: cells by tag, words, measured times, and the minutes that the card states."""

from __future__ import annotations

import ast
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
LONGEST_SITTING = 30  # minutes; what takes longer may be cut in two


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


def minutes_of(cell: NotebookNode) -> dict[str, float]:
    """Return the minutes that a cell takes to "read", to "run" and, if it states any, for "exercises"."""
    if cell.cell_type == "code":
        return {
            "read": SECONDS_PER_CODE_CELL / 60,
            "run": (seconds(cell) or 0) / 60,
            "exercises": 0.0,
        }
    if NOT_PROSE & set(tags(cell)):
        return {"read": 0.0, "run": 0.0, "exercises": 0.0}
    stated = re.findall(r"^\*\*\d+\..*?\*\* \((\d+) minutes\)", cell.source, flags=re.M)
    return {
        "read": words(cell.source) / WORDS_PER_MINUTE,
        "run": 0.0,
        "exercises": float(sum(map(int, stated))),
    }


def minutes_by_part(notebook: NotebookNode) -> dict[str, dict[str, float]]:
    """Return for every part, in order, the minutes to "read", to "run" and for "exercises", not rounded.

    They follow from word counts, stored times and the exercises' headings. What stands before the first part, title,
    card and set-up, is called "opening".
    """
    found: dict[str, dict[str, float]] = {}
    for cell, part in zip(notebook.cells, part_of_cells(notebook), strict=True):
        part = "opening" if part in ("title", "card", "setup") else part
        total = found.setdefault(part, {"read": 0.0, "run": 0.0, "exercises": 0.0})
        for kind, spent in minutes_of(cell).items():
            total[kind] += spent
    return found


def halves(notebook: NotebookNode) -> tuple[str, float, float] | None:
    """Return the heading before which a class may stop, and the minutes before and from there, exercises apart.

    It is the heading that comes nearest to the middle; None if there is none.
    """
    cells = [
        (cell, minutes_of(cell))
        for cell, part in zip(notebook.cells, part_of_cells(notebook), strict=True)
        if part != "exercises"
    ]
    whole = sum(spent["read"] + spent["run"] for _, spent in cells)
    before, found = 0.0, []
    for cell, spent in cells:
        if cell.cell_type == "markdown" and (heading := re.match(r"## (.+)", cell.source)):
            found.append((heading[1], before, whole - before))
        before += spent["read"] + spent["run"]
    return min(found, key=lambda half: abs(half[1] - half[2]), default=None)


def minutes(notebook: NotebookNode) -> dict[str, int]:
    """Return the whole minutes to "read", to the next 5, to "run" and for "exercises"."""
    parts = minutes_by_part(notebook).values()
    needed = {kind: sum(part[kind] for part in parts) for kind in ("read", "run", "exercises")}
    return {
        "read": 5 * max(1, round(needed["read"] / 5)),
        "run": max(1, round(needed["run"])),
        "exercises": round(needed["exercises"]),
    }


def time_lines(notebook: NotebookNode) -> str:
    """Return the lines of the card that state the minutes: in all, part by part, and in two halves if it is long."""
    needed = minutes(notebook)
    run = f"{needed['run']} minute{'' if needed['run'] == 1 else 's'} to run"
    exercises = f", {needed['exercises']} minutes of exercises" if needed["exercises"] else ""
    parts = minutes_by_part(notebook).items()
    by_part = ", ".join(
        f"{part.replace('-', ' ')} {max(1, round(sum(spent.values())))}" for part, spent in parts
    )
    lines = [
        f"| **Time** | {needed['read']} minutes to read, {run}{exercises} |",
        f"| **Minutes by part** | {by_part} |",
    ]
    if needed["read"] > LONGEST_SITTING and (half := halves(notebook)):
        heading, before, after = half
        lines.append(
            f"| **In two halves** | {before:.0f} minutes, and {after:.0f} from *{heading}*; exercises apart |"
        )
    return "\n".join(lines)


def claims(notebook: NotebookNode) -> int:
    """Count the claims that a lesson asserts: its assert statements, and its calls of functions named assert_...."""
    found = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(python(cell))):
                name = getattr(node, "func", None)
                called = getattr(name, "attr", getattr(name, "id", ""))
                found += isinstance(node, ast.Assert) or called.startswith("assert_")
    return found


def python(cell: NotebookNode) -> str:
    """Return a code cell with IPython's own lines replaced by `pass`, so that it parses."""
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", cell.source, flags=re.M)


def title(notebook: NotebookNode) -> str:
    """Return the lesson's title without its number, such as "Gradient descent: learning is a search for parameters"."""
    heading = re.match(r"# (?:\d\d · )?(.*)", notebook.cells[0].source)
    return heading[1] if heading else ""


def ceil_to(value: float, unit: float) -> float:
    """Round up to a multiple of `unit`."""
    return math.ceil(value / unit) * unit
