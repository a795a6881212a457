"""Byte pairs and word pieces in course_utils.text: lossless, and the same as the tokenizers library's."""

from __future__ import annotations

import re
from unicodedata import category, ucd_3_2_0

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer, ByteLevelBPETokenizer

from course_utils.corpora import language_reference, minilm
from course_utils.text import (
    BytePairEncoding,
    WordPiece,
    check_text,
    learn_merges,
    merge,
    read_gpt2_merges,
    split_pieces,
    split_uncased,
)
from tests.test_corpora import need_archive
from tests.varied_texts import VARIED_TEXTS

ENGLISH = language_reference()[:60_000]


@pytest.fixture(scope="module")
def english() -> BytePairEncoding:
    return BytePairEncoding(learn_merges(ENGLISH, 300))


def learned_by_the_library(text, n_merges, folder):
    """Return the library's tokenizer, and its merges as our ids."""
    theirs = ByteLevelBPETokenizer()
    theirs.train_from_iterator([text], vocab_size=256 + n_merges, min_frequency=1, show_progress=False)
    theirs.save_model(str(folder))
    return theirs, read_gpt2_merges(folder / "merges.txt")


def test_merges_by_hand():
    # ab stands there 5 times, bc 3 times; then (ab)c is left 3 times.
    merges = learn_merges("abc abc abc ab ab", 2)
    tokens = BytePairEncoding(merges).tokens
    assert tokens[256:] == [b"ab", b" ab"]
    # All pairs are equally frequent: the lowest ids win, here those of "!" and "#".
    assert BytePairEncoding(learn_merges("zy !#", 1)).tokens[256] == b"!#"
    assert merge([1, 1, 1, 2, 1], (1, 1), 9) == [9, 1, 2, 1]
    assert learn_merges("a", 5) == []


@pytest.mark.parametrize("text", [ENGLISH, "".join(VARIED_TEXTS) * 2], ids=["english", "varied"])
def test_merges_and_ids_are_the_librarys(text, tmp_path):
    merges = learn_merges(text, 300)
    theirs, expected = learned_by_the_library(text, 300, tmp_path)
    assert len(merges) == 300
    assert merges == expected
    ours = BytePairEncoding(merges)
    for sample in [*VARIED_TEXTS, text]:
        assert ours.encode(sample) == theirs.encode(sample).ids


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="ab é", max_size=60))
@example("aaaaaaa aaaa aaa")
def test_merges_are_the_librarys_on_texts_full_of_ties_and_overlaps(tmp_path_factory, text):
    _, expected = learned_by_the_library(text, 30, tmp_path_factory.mktemp("merges"))
    assert learn_merges(text, 30) == expected


@settings(deadline=None)
@given(st.text())
def test_encoding_loses_nothing(english, text):
    token_ids = english.encode(text)
    assert english.decode(token_ids) == text
    assert len(token_ids) <= len(text.encode())


@given(st.text())
def test_pieces_joined_are_the_text(text):
    assert "".join(split_pieces(text)) == text


def test_frequent_words_become_one_token(english):
    text = " the the the"
    assert len(english.encode(text)) == 3
    assert len(english.encode("日本")) == 6
    assert len(english) == 556


def test_half_a_character_does_not_stop_the_reader(english):
    token_ids = english.encode("日")
    assert english.decode(token_ids) == "日"
    assert english.decode(token_ids[:2]) == "\ufffd"


@pytest.mark.parametrize(
    ("merges", "message"),
    [
        ([(1, 300)], r"merges has \(1, 300\) as pair number 0, expected ids from 0 to 255"),
        ([(1, 2), (-1, 2)], r"merges has \(-1, 2\) as pair number 1, expected ids from 0 to 256"),
        (
            [(1, 2), (1, 2)],
            r"merges has \(1, 2\) as pair number 1, expected a pair that was not merged before",
        ),
    ],
)
def test_merges_that_cannot_be_are_refused(merges, message):
    with pytest.raises(ValueError, match=message):
        BytePairEncoding(merges)


def test_ids_and_numbers_of_merges_that_cannot_be_are_refused(english):
    with pytest.raises(ValueError, match="token_ids has 556, expected numbers from 0 to 555"):
        english.decode([3, 556])
    with pytest.raises(ValueError, match="token_ids has -1"):
        english.decode([-1])
    with pytest.raises(ValueError, match="n_merges is 0, expected at least 1"):
        learn_merges("text", 0)


@pytest.fixture(scope="module")
def pieces(tmp_path_factory):
    """Our reader of MiniLM's list of word pieces, and the library's."""
    need_archive("minilm")
    tokens = minilm().tokens
    path = tmp_path_factory.mktemp("vocab") / "vocab.txt"
    path.write_text("\n".join(tokens), "utf-8")
    return WordPiece(tokens), BertWordPieceTokenizer(str(path), lowercase=True)


def test_word_pieces_are_the_librarys(pieces):
    ours, theirs = pieces
    for text in VARIED_TEXTS:
        expected = theirs.encode(text, add_special_tokens=False)
        assert ours.split(text) == expected.tokens
        assert ours.encode(text) == expected.ids


# What Unicode 3.2 had and later versions left alone: of newer signs the library's tables know less than Python's.
SIGNS = [
    chr(code)
    for code in range(0x10000)
    if category(chr(code)) == ucd_3_2_0.category(chr(code)) and category(chr(code)) not in {"Cn", "Cs", "Co"}
]


# The library takes a special token that is written out in a text for the token itself; to ours it is ordinary text.
@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet=st.one_of(st.sampled_from("abcABC éÉ'.#[]日"), st.sampled_from(SIGNS))).filter(
        lambda text: not re.search(r"\[(PAD|UNK|CLS|SEP|MASK)\]", text)
    )
)
def test_word_pieces_are_the_librarys_on_any_text(pieces, text):
    ours, theirs = pieces
    assert ours.split(text) == theirs.encode(text, add_special_tokens=False).tokens


def test_words_are_cut_into_the_longest_pieces_known():
    ours = WordPiece(["[UNK]", "un", "unbe", "##be", "##bel", "##t", "##bly", "##y", "b", "!"])
    # Greedy: "unbe" is longer than "un", so the end of "unbelbly" is never found, although un + bel + bly would do.
    assert ours.split("unbelbly Unbet!") == ["[UNK]", "unbe", "##t", "!"]
    assert ours.split("unx b") == ["[UNK]", "b"]
    assert ours.encode("b unbet") == [8, 2, 5]


def test_cases_accents_and_signs():
    assert split_uncased("Crème BRÛLÉE, 50%!") == ["creme", "brulee", ",", "50", "%", "!"]
    assert split_uncased("猫a犬") == ["猫", "a", "犬"]


def test_a_list_without_unk_is_refused():
    with pytest.raises(ValueError, match=r"tokens has no '\[UNK\]'"):
        WordPiece(["a", "b"])


@pytest.mark.parametrize("text", [["the", "cat"], b"the", None])
def test_text_that_is_no_string_is_refused(text):
    with pytest.raises(TypeError, match=f"text is a {type(text).__name__}, expected a string"):
        check_text(text)
