"""course_utils.text: words, sentences and numbered vocabularies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.text import UNKNOWN, Vocab, split_sentences, split_words


def test_words_keep_their_apostrophes_and_hyphens_and_marks_stand_alone():
    text = "Don't panic: a well-kept vocabulary (of 3.5 words) ends 'here'!"
    assert split_words(text) == (
        [
            "Don't",
            "panic",
            ":",
            "a",
            "well-kept",
            "vocabulary",
            "(",
            "of",
            "3",
            ".",
            "5",
            "words",
            ")",
            "ends",
            "'",
            "here",
            "'",
            "!",
        ]
    )


@given(st.text())
def test_splitting_loses_nothing_but_spaces(text):
    assert "".join(split_words(text)) == "".join(text.split())


def test_sentences_end_at_marks_before_a_capital_and_at_empty_lines():
    text = 'One came. "Two" went! Version 3.5 stayed? It did.\n\nHeading\n\nlower case. stays whole'
    assert split_sentences(text) == [
        "One came.",
        '"Two" went!',
        "Version 3.5 stayed?",
        "It did.",
        "Heading",
        "lower case. stays whole",
    ]


def test_a_sentence_over_two_lines_is_one():
    assert split_sentences("It goes\non here. ") == ["It goes on here."]
    assert split_sentences(" \n\n ") == []


def test_vocabulary_counts_ranks_and_gives_ids_back():
    vocab = Vocab.build(["b", "a", "c", "a", "b", "a", "d"])
    assert vocab.tokens == [UNKNOWN, "a", "b", "c", "d"]
    assert vocab.counts == [0, 3, 2, 1, 1]
    assert vocab.encode(["d", "a", "never seen"]) == [4, 1, 0]
    assert vocab.decode([4, 1, 0]) == ["d", "a", UNKNOWN]
    assert "a" in vocab
    assert "e" not in vocab
    assert len(vocab) == 5


def test_rare_tokens_are_counted_as_unknown():
    tokens = ["b", "a", "c", "a", "b", "a", "d"]
    assert Vocab.build(tokens, max_size=3).counts == [2, 3, 2]
    assert Vocab.build(tokens, min_count=3).counts == [4, 3]
    assert Vocab.build(tokens, min_count=2, specials=()).counts == [3, 2]


def test_specials_that_stand_in_the_text_are_counted_once():
    vocab = Vocab.build(["<s>", "a", "<s>"], specials=("<s>", UNKNOWN))
    assert (vocab.tokens, vocab.counts) == (["<s>", UNKNOWN, "a"], [2, 0, 1])


@given(st.lists(st.text(max_size=3)))
def test_every_text_comes_back_from_its_ids(tokens):
    vocab = Vocab.build(tokens)
    assert vocab.decode(vocab.encode(tokens)) == tokens
    assert sum(vocab.counts) == len(tokens)


def test_bad_input_is_named():
    vocab = Vocab("abc")
    assert vocab.encode("cab") == [2, 0, 1]
    with pytest.raises(ValueError, match="token is 'x', expected one of the 3 tokens"):
        vocab.encode("x")
    for outside in (3, -1):
        with pytest.raises(ValueError, match=f"token_ids has {outside}, expected numbers from 0 to 2"):
            vocab.decode([0, outside])
    with pytest.raises(ValueError, match="'a' more than once"):
        Vocab("aba")
    with pytest.raises(ValueError, match="counts has 1 entries"):
        Vocab("ab", [1])
    with pytest.raises(ValueError, match="max_size is 1, expected more than the 1 specials"):
        Vocab.build("ab", max_size=1)
