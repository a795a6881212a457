"""course_utils.corpora: text that is on every machine, and the same at every call."""

from __future__ import annotations

import re
from collections import Counter
from pydoc_data import topics

from course_utils.corpora import language_reference


def test_language_reference_is_half_a_million_characters_of_english():
    text = language_reference()
    assert 400_000 < len(text) < 800_000
    words = Counter(re.findall("[a-z]+", text.lower()))
    assert words.most_common(1)[0][0] == "the"
    assert {"function", "expression", "nonlocal"} < words.keys()


def test_language_reference_does_not_depend_on_the_order_in_which_python_keeps_it(monkeypatch):
    text = language_reference()
    monkeypatch.setattr(topics, "topics", dict(reversed(topics.topics.items())))
    assert language_reference() == text


def test_topics_of_the_language_reference_are_kept_apart(monkeypatch):
    monkeypatch.setattr(topics, "topics", {"while": "Loops end.", "and": "Both hold."})
    assert language_reference() == "Both hold.\nLoops end."
