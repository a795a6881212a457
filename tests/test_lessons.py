"""Every stored lesson keeps the anatomy that CONTRIBUTING.md describes; nothing is executed here."""

import ast
import importlib
import inspect
import re
import statistics
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tests.offline import names
from tools import gallery, lessons, stamp, store

PATHS = lessons.lesson_paths()
LESSONS = {number: lessons.read(path) for number, path in PATHS.items()}
ORDER = ["title", "card", "setup", "problem", "by-hand", "formula", "build", "prove", "train", "look-inside"]
ORDER += ["exercises", "recap", "quiz", "references"]
# Lesson 00 is the map: it builds, proves and trains nothing.
ORDER_OF_THE_MAP = ["title", "card", "setup", "problem", "exercises"]
REPEATABLE = {"build", "prove", "train"}
MAX_CODE_LINES, MEDIAN_CODE_LINES, SETUP_LINES, MAX_WORDS = 25, 6, 10, 120
MAX_SECONDS, MAX_CELL_SECONDS, MAX_PEAK_MIB = 150, 40, 1024
UNBOUNDED_PROSE = {"recap", "quiz", "references"}

everywhere = pytest.mark.parametrize("number", LESSONS)
in_lessons = pytest.mark.parametrize("number", [number for number in LESSONS if number != "00"])


def code_cells(number: str) -> list[NotebookNode]:
    """Return the lesson's code cells."""
    return [cell for cell in LESSONS[number].cells if cell.cell_type == "code"]


def prose(number: str) -> str:
    """Return all Markdown of a lesson without its code."""
    texts = [cell.source for cell in LESSONS[number].cells if cell.cell_type == "markdown"]
    return re.sub(r"```.*?```|`[^`\n]*`", " ", "\n\n".join(texts), flags=re.S)


def lines(cell: NotebookNode) -> int:
    """Return how many lines of a cell are not blank."""
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def figures(number: str) -> Iterator[tuple[int, dict]]:
    """Yield the position and the metadata of every stored picture, but for what widgets show at first."""
    for position, cell in enumerate(LESSONS[number].cells):
        for output in [] if "widget" in lessons.tags(cell) else cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                yield position, output.metadata.get("image/png", {})


@everywhere
def test_it_is_a_valid_notebook_with_unique_ids(number: str) -> None:
    nbformat.validate(LESSONS[number])
    ids = [cell.id for cell in LESSONS[number].cells]
    assert len(set(ids)) == len(ids)


@everywhere
def test_its_parts_stand_in_order(number: str) -> None:
    order = ORDER_OF_THE_MAP if number == "00" else ORDER
    parts = []
    for part in lessons.part_of_cells(LESSONS[number]):
        if not parts or parts[-1] != part:
            parts.append(part)
    assert set(parts) == set(order)
    for before, after in pairwise(parts):
        forward = order.index(after) == order.index(before) + 1
        again = {before, after} <= REPEATABLE and order.index(after) < order.index(before)
        assert forward or again, f"{after} stands after {before}"


@everywhere
def test_its_code_cells_are_short(number: str) -> None:
    sizes = [lines(cell) for cell in code_cells(number)]
    assert max(sizes) <= MAX_CODE_LINES
    assert statistics.median(sizes) <= MEDIAN_CODE_LINES
    (setup,) = lessons.find(LESSONS[number], "setup")
    assert lines(setup) <= SETUP_LINES


@everywhere
def test_its_prose_is_short_between_code_cells(number: str) -> None:
    run = 0
    for cell, part in zip(LESSONS[number].cells, lessons.part_of_cells(LESSONS[number]), strict=True):
        if cell.cell_type == "code":
            run = 0
        elif part not in UNBOUNDED_PROSE and not lessons.NOT_PROSE & set(lessons.tags(cell)):
            run += lessons.words(cell.source)
            assert run <= MAX_WORDS, f"{run} words without a code cell before: {cell.source[-60:]!r}"


@everywhere
def test_it_is_stored_as_executed_top_to_bottom(number: str) -> None:
    counts = [cell.execution_count for cell in code_cells(number)]
    assert counts == list(range(1, len(counts) + 1))
    assert all(lessons.seconds(cell) is not None for cell in code_cells(number))
    assert not store.problems(LESSONS[number])
    assert set(LESSONS[number].metadata) == {"kernelspec", "language_info", "course"}


@everywhere
def test_it_keeps_to_its_budget(number: str) -> None:
    times = [lessons.seconds(cell) for cell in code_cells(number)]
    assert sum(times) <= MAX_SECONDS
    assert max(times) <= MAX_CELL_SECONDS
    assert LESSONS[number].metadata["course"]["peak_mib"] <= MAX_PEAK_MIB


@everywhere
def test_its_card_states_the_measured_minutes(number: str) -> None:
    (card,) = lessons.find(LESSONS[number], "card")
    assert lessons.time_lines(LESSONS[number]) in card.source
    assert (
        len(re.findall(r"^\| (?:\*\*You will be able to\*\* )?\| ", card.source, flags=re.M)) == 4
    )  # header and 3


def test_addresses_neighbours_and_lists_are_up_to_date() -> None:
    assert not [path.name for path in stamp.outdated()], "run python -m tools.stamp"


@everywhere
def test_its_set_up_works_in_colab(number: str) -> None:
    (setup,) = lessons.find(LESSONS[number], "setup")
    _, address = stamp.addresses()
    guard = f'try:\n    import course_utils\nexcept ModuleNotFoundError:\n    %pip install -q "{address}"\n'
    assert setup.source.startswith(guard)
    assert "start_lesson(" in setup.source


def test_the_pictures_of_the_readme_are_the_lessons_own() -> None:
    for name, source in gallery.PICTURES.items():
        assert (gallery.IMAGES / name).read_bytes() == gallery.picture(*source), "run python -m tools.gallery"


class _Bare(ast.NodeTransformer):
    """Take away docstrings, annotations and checks of arguments: a lesson shows the code without them."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_check = isinstance(node.value, ast.Call) and ast.unparse(node.value.func).startswith("check_")
        return None if is_check else node

    def _body(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._body(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._body(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        return ast.Assign([node.target], node.value or ast.Constant(None))


def bare(source: str, name: str) -> str:
    """Return the syntax tree of the function, class or constant `name` without docstrings, annotations and checks."""
    for node in ast.parse(source).body:
        targets = [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
        if name in (getattr(node, "name", None), *targets):
            return ast.dump(_Bare().visit(node), indent=1)
    raise AssertionError(f"no {name} is defined here")


SOURCES = [
    pytest.param(cell, tag.removeprefix("source:"), id=tag.removeprefix("source:"))
    for notebook in LESSONS.values()
    for cell in notebook.cells
    for tag in lessons.tags(cell)
    if tag.startswith("source:")
]


@pytest.mark.parametrize(("cell", "name"), SOURCES)
def test_what_is_written_out_is_what_the_package_holds(cell: NotebookNode, name: str) -> None:
    module, _, attribute = name.rpartition(".")
    package = inspect.getsource(importlib.import_module(module))
    assert bare(lessons.python(cell), attribute) == bare(package, attribute)


@in_lessons
def test_it_writes_something_of_the_package_out(number: str) -> None:
    assert any(tag.startswith("source:") for cell in code_cells(number) for tag in lessons.tags(cell))


@everywhere
def test_its_links_resolve(number: str) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(number))
    for target in targets:
        assert target.startswith("https://") or (PATHS[number].parent / target).exists(), target


@everywhere
def test_a_dollar_sign_is_never_money(number: str) -> None:
    for paragraph in re.split(r"\n\s*\n", prose(number).replace("$$", "")):
        for amount in re.finditer(r"\$\d([^$]*)(\$?)", paragraph):
            is_formula = amount[2] and not re.search(r"(?<![\\A-Za-z])[A-Za-z]{3,}", amount[1])
            assert is_formula, f"write 5 USD, not $5: {amount[0][:40]!r}"


@everywhere
def test_its_prose_has_no_hype(number: str) -> None:
    text = re.sub(r"!\[", "[", prose(number))
    assert "!" not in text
    assert not re.findall(r"\b(?:simply|obviously|just|of course|amazing|easy|easily)\b", text, flags=re.I)


@everywhere
def test_it_imports_nothing_that_it_does_not_use(number: str) -> None:
    trees = [ast.parse(lessons.python(cell)) for cell in code_cells(number)]
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    used = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert imported - used <= {"course_utils"}


@everywhere
def test_its_figures_have_words_for_those_who_cannot_see_them(number: str) -> None:
    for position, page in figures(number):
        assert len(page.get("alt", "")) > 30, f"cell {position}"


@in_lessons
def test_it_has_three_to_six_figures_each_followed_by_what_to_see(number: str) -> None:
    positions = [position for position, _ in figures(number)]
    assert 3 <= len(positions) <= 6
    for position in positions:
        assert LESSONS[number].cells[position + 1].cell_type == "markdown", f"cell {position}"


@in_lessons
def test_it_has_a_widget_with_a_picture_before_it(number: str) -> None:
    widgets = lessons.find(LESSONS[number], "widget")
    assert widgets
    first = LESSONS[number].cells.index(widgets[0])
    assert any(position < first for position, _ in figures(number))


@everywhere
def test_its_exercises_are_complete(number: str) -> None:
    wanted = ["exercise", "check", "hint", "solution"]
    found = [tag for cell in LESSONS[number].cells for tag in lessons.tags(cell) if tag in wanted]
    count = len(found) // 4
    assert found == wanted * count
    assert count >= (1 if number == "00" else 3)
    headings = re.findall(r"^\*\*(\d+)\. .+?\*\* \(\d+ minutes\)", prose(number), flags=re.M)
    assert headings == [str(n + 1) for n in range(count)]
    for cell in lessons.find(LESSONS[number], "solution"):
        assert re.fullmatch(
            r"<details><summary>Solution</summary>.*```python\n.*\n```\n</details>", cell.source, re.S
        )
        assert cell.source.count("```") == 2


@in_lessons
def test_it_asserts_at_least_as_many_claims_as_it_sums_up(number: str) -> None:
    (recap,) = lessons.find(LESSONS[number], "part:recap")
    claims = re.findall(r"^- ", recap.source, flags=re.M)
    asserts = sum(
        isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and "assert_" in ast.unparse(node.func))
        for cell in code_cells(number)
        for node in ast.walk(ast.parse(lessons.python(cell)))
    )
    assert 3 <= len(claims) <= 5
    assert asserts >= len(claims)
    assert "**You now own**" in recap.source


@in_lessons
def test_its_quiz_explains_every_option(number: str) -> None:
    (quiz,) = lessons.find(LESSONS[number], "part:quiz")
    questions = re.split(r"^\*\*\d\.\*\*", quiz.source, flags=re.M)[1:]
    answers = []
    for question in questions:
        asked, told = question.split("<details>")
        assert all(f"{letter}. " in asked for letter in "ABCD")
        answers.append(re.search(r"\*\*([ABCD])\.?\*\*", told)[1])
        explained = set(re.findall(r"\*([ABCD])\*", told)) | {answers[-1]}
        assert explained == set("ABCD"), f"{asked.strip()[:40]!r} explains only {sorted(explained)}"
    assert len(questions) == 5
    assert len(set(answers)) >= 3


@in_lessons
def test_a_repeated_use_of_its_names_is_safe_to_run_twice(number: str) -> None:
    """Names that a cell both reads and replaces by growing would differ when the cell runs twice."""
    for cell in code_cells(number):
        for node in ast.parse(lessons.python(cell)).body:
            assert not isinstance(node, ast.AugAssign), f"at top level: {ast.unparse(node)}"


def test_the_notebooks_folder_holds_nothing_else() -> None:
    others = [path.name for path in Path(lessons.NOTEBOOKS).iterdir() if path not in PATHS.values()]
    assert set(others) <= {".ipynb_checkpoints", ".ruff_cache"}


@everywhere
def test_no_exercise_overwrites_a_name_of_its_lesson(number: str) -> None:
    exercises = [cell for cell in code_cells(number) if "exercise" in lessons.tags(cell)]
    others = [cell for cell in code_cells(number) if cell not in exercises]
    assert names(exercises, ast.Store)
    assert not names(exercises, ast.Store) & names(others, ast.Store), (
        "whoever solves it and goes back to an earlier cell finds it broken"
    )
