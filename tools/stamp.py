"""Write what is known in one place into the notebooks and the README: addresses, neighbours, minutes, lessons.

    python -m tools.stamp            write
    python -m tools.stamp --check    only say what would change; exit status 1 if anything would

The repository's address and the version stand in pyproject.toml, the minutes follow from the stored runs.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import lessons

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

README = lessons.ROOT / "README.md"
IN_NUMBERS = lessons.ROOT / "docs" / "in_numbers.md"


def addresses() -> tuple[str, str]:
    """Return where Colab opens the notebooks, and what pip installs the package from."""
    project = tomllib.loads((lessons.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    repository, tag = project["urls"]["Repository"], f"v{project['version']}"
    owner_and_name = repository.removeprefix("https://github.com/")
    return (
        f"https://colab.research.google.com/github/{owner_and_name}/blob/{tag}/notebooks/",
        f"git+{repository}@{tag}",
    )


def stamp_text(text: str) -> str:
    """Return the text with every Colab link, pip address and link to a page under docs/ brought up to date."""
    colab, git = addresses()
    docs = colab.replace("colab.research.google.com/github", "github.com").replace("/notebooks/", "/docs/")
    text = re.sub(r"https://github\.com/[^)\s\"]*/docs/", docs, text)
    text = re.sub(r"https://colab\.research\.google\.com/github/[^)\s\"]*/notebooks/", colab, text)
    return re.sub(r"git\+https://[^\"\s`)]+", git, text)


def neighbours(number: str) -> str:
    """Return the line with links to the lessons before and after this one, of those that exist."""
    paths = list(lessons.lesson_paths().items())
    here = [n for n, _ in paths].index(number)
    colab, _ = addresses()
    named = []
    for word, place in (("Before", here - 1), ("After", here + 1)):
        if 0 <= place < len(paths):
            other, path = paths[place]
            named.append(
                f"{word}: [{other} {short_title(lessons.read(path))}]({path.name}) ([in Colab]({colab}{path.name}))"
            )
    return " · ".join(named) or "Before: none"


def short_title(notebook: NotebookNode) -> str:
    """Return a lesson's title up to its first colon."""
    return lessons.title(notebook).split(":")[0]


def lesson_list(folder: str = "") -> str:
    """Return the table of all lessons with their minutes, from the notebooks themselves; links begin with `folder`."""
    colab, _ = addresses()
    rows = ["| Lesson | Read | Run | Exercises | |", "|---|---|---|---|---|"]
    for number, path in lessons.lesson_paths().items():
        notebook = lessons.read(path)
        needed = lessons.minutes(notebook)
        exercises = f"{needed['exercises']} min" if needed["exercises"] else ""
        rows.append(
            f"| [{number} {lessons.title(notebook)}]({folder}{path.name}) | {needed['read']} min | {needed['run']} min "
            f"| {exercises} | [Colab]({colab}{path.name}) |"
        )
    return "\n".join(rows)


def numbers_list() -> str:
    """Return the table of what every lesson costs and holds, from the notebooks themselves."""
    rows = [
        "| Lesson | Seconds | Longest cell | Peak MiB | Code cells | Figures | Exercises | Claims asserted |",
        "|---" + "|---:" * 7 + "|",
    ]
    total = [0, 0, 0, 0, 0]
    for number, path in lessons.lesson_paths().items():
        notebook = lessons.read(path)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        times = [lessons.seconds(cell) or 0 for cell in code]
        outputs = [output for cell in code for output in cell.outputs]
        figures = sum("image/png" in output.get("data", {}) for output in outputs)
        exercises = len(lessons.find(notebook, "exercise"))
        counts = [len(code), figures, exercises, lessons.claims(notebook)]
        total = [a + b for a, b in zip(total, [round(sum(times)), *counts], strict=True)]
        peak = notebook.metadata.get("course", {}).get("peak_mib", "")
        cells = [round(sum(times)), f"{max(times, default=0):.1f} s", peak, *counts]
        rows.append(f"| {number} {short_title(notebook)} | " + " | ".join(map(str, cells)) + " |")
    seconds, *counts = total
    rows.append(f"| **All** | {seconds} | | | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(rows)


def minutes_list() -> str:
    """Return the table of minutes, a row for every lesson and a column for every part."""
    needed = {path: lessons.minutes_by_part(lessons.read(path)) for path in lessons.lesson_paths().values()}
    # The last lesson has every part in its order; lesson 00 has not.
    parts = list(dict.fromkeys(part for by_part in reversed(needed.values()) for part in by_part))
    rows = [
        "| Lesson | " + " | ".join(part.replace("-", " ") for part in parts) + " | all |",
        "|---" + "|---:" * (len(parts) + 1) + "|",
    ]
    for path, by_part in needed.items():
        spent = [max(1, round(sum(by_part[part].values()))) if part in by_part else "" for part in parts]
        whole = round(sum(sum(minutes.values()) for minutes in by_part.values()))
        rows.append(f"| {path.name[:2]} | " + " | ".join(map(str, [*spent, whole])) + " |")
    return "\n".join(rows)


def fill(text: str, name: str, table: str) -> str:
    """Return the text with the table between the two marks of this name."""
    begin, end = f"<!-- {name}: written by tools.stamp -->", f"<!-- end of {name} -->"
    return re.sub(
        f"{re.escape(begin)}.*{re.escape(end)}", lambda _: f"{begin}\n{table}\n{end}", text, flags=re.S
    )


def stamp_notebook(path: Path) -> NotebookNode:
    """Return the notebook with addresses, neighbours, the card's minutes and the list of lessons brought up to date."""
    notebook, number = lessons.read(path), path.name[:2]
    lines = lessons.time_lines(notebook)
    for cell in notebook.cells:
        cell.source = stamp_text(cell.source)
        if "title" in lessons.tags(cell):
            cell.source = re.sub(
                r"^(Before|After): .*$", lambda _: neighbours(number), cell.source, flags=re.M
            )
        if "card" in lessons.tags(cell):
            stated = r"^\| \*\*Time\*\* \|.*$(\n\| \*\*(Minutes by part|In two halves)\*\* \|.*$)*"
            cell.source = re.sub(stated, lambda _: lines, cell.source, flags=re.M)
        if "lessons" in lessons.tags(cell):
            cell.source = re.sub(r"^\|.*\|$(\n^\|.*\|$)*", lambda _: lesson_list(), cell.source, flags=re.M)
    return notebook


def stamp_readme() -> str:
    """Return the README with addresses and the list of lessons brought up to date."""
    text = stamp_text(README.read_text(encoding="utf-8"))
    return fill(text, "lessons", lesson_list("notebooks/"))


def stamp_numbers() -> str:
    """Return the page of numbers with both tables brought up to date."""
    text = IN_NUMBERS.read_text(encoding="utf-8")
    return fill(fill(text, "numbers", numbers_list()), "minutes", minutes_list())


def outdated() -> dict[Path, str]:
    """Return the files that stamping would change, with their new contents."""
    fresh = {path: nbformat.writes(stamp_notebook(path)) + "\n" for path in lessons.lesson_paths().values()}
    fresh[README] = stamp_readme()
    fresh[IN_NUMBERS] = stamp_numbers()
    return {path: text for path, text in fresh.items() if path.read_text(encoding="utf-8") != text}


def main() -> int:
    """Stamp, or check; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.stamp", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if something is out of date"
    )
    check = parser.parse_args().check
    changes = outdated()
    for path, text in changes.items():
        print(f"{'out of date' if check else 'stamped'}: {path.relative_to(lessons.ROOT)}")
        if not check:
            path.write_text(text, encoding="utf-8")
    return 1 if check and changes else 0


if __name__ == "__main__":
    sys.exit(main())
