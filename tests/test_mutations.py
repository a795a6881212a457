"""benchmarks/mutations.py: its deliberate breaks still fit the package, and what it runs is noticed or not."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from benchmarks import mutations
from tools import lessons


@pytest.mark.parametrize("name", mutations.MUTATIONS)
def test_a_break_changes_one_place_and_is_still_python(name: str, tmp_path: Path) -> None:
    mutation = mutations.MUTATIONS[name]
    shutil.copytree(lessons.ROOT / "course_utils", tmp_path / "course_utils")
    path = tmp_path / "course_utils" / mutation.file
    before = ast.dump(ast.parse(path.read_text(encoding="utf-8")))
    mutations.apply(mutation, tmp_path)
    assert ast.dump(ast.parse(path.read_text(encoding="utf-8"))) != before
    assert (lessons.ROOT / "tests" / f"test_{mutation.tests}.py").is_file()
    assert mutation.lesson in lessons.lesson_paths()


def test_a_break_that_no_longer_fits_is_named(tmp_path: Path) -> None:
    (tmp_path / "course_utils").mkdir()
    (tmp_path / "course_utils" / "sums.py").write_text("a + b\na + b\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"sums.py has 'a \+ b' 2 times, expected once"):
        mutations.apply(mutations.Mutation("sums.py", "a + b", "a - b", "sums", "01"), tmp_path)


@pytest.mark.parametrize(("code", "failed"), [("assert 1 < 2", ""), ("assert 2 < 1", "test_it")])
def test_what_fails_is_named(tmp_path: Path, code: str, failed: str) -> None:
    (tmp_path / "test_sums.py").write_text(f"def test_it():\n    {code}\n", encoding="utf-8")
    assert mutations.noticed(tmp_path, ["test_sums.py"]) == failed


def test_tests_that_cannot_run_are_no_success(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="pytest could not run"):
        mutations.noticed(tmp_path, ["test_missing.py"])
