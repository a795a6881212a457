"""The pages under docs/ and the README: what they say of the lessons stands there, and their links lead somewhere."""

import re
from itertools import pairwise

import pytest
from nbformat import NotebookNode

from course_utils.shapes import LEGEND
from tools import lessons

DOCS = lessons.ROOT / "docs"
PATHS = lessons.lesson_paths()
LESSONS = {number: lessons.read(path) for number, path in PATHS.items()}
PAGES = [lessons.ROOT / "README.md", lessons.ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]


def table(page: str, heading: str) -> list[list[str]]:
    """Return the rows of the table that begins with this heading: lists of cells."""
    text = (DOCS / page).read_text(encoding="utf-8")
    body = text[text.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.removeprefix("|").removesuffix("|").split("|")] for row in body]


def headings(notebook: NotebookNode) -> list[str]:
    """Return the notebook's headings below the title."""
    markdown = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.findall(r"^##+ (.+)$", markdown, flags=re.M)


def lesson_of(cell: str) -> tuple[str, str]:
    """Return the number of the lesson that a cell links to, and what follows the link."""
    number, target, rest = re.fullmatch(r"\[(\d\d)\]\(([^)]+)\)\s*(.*)", cell).groups()
    assert number in PATHS, cell
    assert (DOCS / target).resolve() == PATHS[number], cell
    return number, rest


TERMS = table("glossary.md", "| Term |")
EXPECTED = table("misconceptions.md", "| Lesson |")


@pytest.mark.parametrize(("term", "symbols", "place", "meaning"), TERMS, ids=[row[0] for row in TERMS])
def test_a_term_of_the_glossary_stands_in_its_lesson(term, symbols, place, meaning) -> None:
    number, part = lesson_of(place)
    assert part in headings(LESSONS[number])
    text = "\n".join(cell.source for cell in LESSONS[number].cells)
    written = [code or formula for code, formula in re.findall(r"`([^`]+)`|\$([^$]+)\$", symbols)]
    for symbol in written:
        assert re.search(rf"(?<!\w){re.escape(symbol)}(?!\w)", text), symbol
    # What stands in brackets tells two meanings of a term apart.
    plain = re.sub(r"\s+", " ", text.replace("*", "")).lower()
    assert written or re.sub(r" \(.*\)$", "", term).lower() in plain
    assert meaning.endswith(".")


def test_the_glossary_is_in_the_order_of_the_alphabet() -> None:
    order = [re.sub(r"[^a-z0-9]", "", row[0].lower()) for row in TERMS]
    assert len(order) > 100
    for before, after in pairwise(order):
        assert before < after


def test_the_glossary_has_the_letters_of_the_shapes() -> None:
    assert table("glossary.md", "| Letter | Meaning |") == [list(entry) for entry in LEGEND.items()]


def test_every_lesson_has_one_misconception_in_a_part_of_its_own() -> None:
    assert [lesson_of(row[0])[0] for row in EXPECTED] == list(PATHS)
    for notebook, (_, expected, measured, parts) in zip(LESSONS.values(), EXPECTED, strict=True):
        assert expected.endswith(".")
        assert measured.endswith((".", ".)"))
        for part in parts.split("; "):
            assert any(heading.startswith(part) for heading in headings(notebook)), part


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_to_files(page) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    relative = [target.split("#")[0] for target in targets if "://" not in target]
    for target in relative:
        assert (page.parent / target).exists(), target


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (lessons.ROOT / "README.md").read_text(encoding="utf-8")
    for page in sorted(DOCS.glob("*.md")):
        assert f"](docs/{page.name})" in readme, page.name
