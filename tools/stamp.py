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
LIST_BEGIN, LIST_END = "<!-- lessons: written by tools.stamp -->", "<!-- end of lessons -->"


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


def stamp_notebook(path: Path) -> NotebookNode:
    """Return the notebook with addresses, neighbours, the card's minutes and the list of lessons brought up to date."""
    notebook, number = lessons.read(path), path.name[:2]
    line = lessons.time_line(notebook)
    for cell in notebook.cells:
        cell.source = stamp_text(cell.source)
        if "title" in lessons.tags(cell):
            cell.source = re.sub(
                r"^(Before|After): .*$", lambda _: neighbours(number), cell.source, flags=re.M
            )
        if "card" in lessons.tags(cell):
            cell.source = re.sub(r"^\| \*\*Time\*\* \|.*$", lambda _: line, cell.source, flags=re.M)
        if "lessons" in lessons.tags(cell):
            cell.source = re.sub(r"^\|.*\|$(\n^\|.*\|$)*", lambda _: lesson_list(), cell.source, flags=re.M)
    return notebook


def stamp_readme() -> str:
    """Return the README with addresses and the list of lessons brought up to date."""
    text = stamp_text(README.read_text(encoding="utf-8"))
    pattern = f"{re.escape(LIST_BEGIN)}.*{re.escape(LIST_END)}"
    table = f"{LIST_BEGIN}\n{lesson_list('notebooks/')}\n{LIST_END}"
    return re.sub(pattern, lambda _: table, text, flags=re.S)


def outdated() -> dict[Path, str]:
    """Return the files that stamping would change, with their new contents."""
    fresh = {path: nbformat.writes(stamp_notebook(path)) + "\n" for path in lessons.lesson_paths().values()}
    fresh[README] = stamp_readme()
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
