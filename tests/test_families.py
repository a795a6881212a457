"""families: every noun lacks one verb, every verb one place, and no sentence fills such a gap."""

import random
from itertools import pairwise

import pytest

from course_utils.families import FAMILIES, LONER, family_sentences, gap_sentences, is_gap, sentence

SENTENCES = family_sentences(1, 3000)
PAIRS = {pair for words in SENTENCES for pair in pairwise(words[1:7])} | {
    (words[at], words[to]) for words in SENTENCES for at, to in ((1, 3), (3, 6), (1, 6))
}


def test_no_gap_is_filled_and_every_other_pair_occurs():
    for family in FAMILIES.values():
        for first, second in ((family.nouns, family.verbs), (family.verbs, family.places)):
            for i, word in enumerate(first):
                missing = [other for j, other in enumerate(second) if is_gap(i, j)]
                assert len(missing) == 1
                assert {other for other in second if (word, other) in PAIRS} == set(second) - set(missing)


def test_gap_sentences_are_all_those_with_both_pairs_missing():
    gaps = gap_sentences(1)
    assert len(gaps) == 30
    assert len({words[1] for words in gaps}) == 30
    for words in gaps:
        assert (words[1], words[3]) not in PAIRS
        assert (words[3], words[6]) not in PAIRS
        assert any(set(words[1::5]) <= {*family.nouns, *family.places} for family in FAMILIES.values())


def test_the_gaps_that_the_lesson_tells_of():
    pets = FAMILIES["pets"]
    assert is_gap(pets.nouns.index("dog"), pets.verbs.index("running"))
    assert is_gap(pets.verbs.index("running"), pets.places.index("room"))
    assert not is_gap(pets.nouns.index("cat"), pets.verbs.index("running"))


def test_no_word_is_in_two_families():
    words = [word for family in (*FAMILIES.values(), LONER) for part in family for word in part]
    assert len(words) == len(set(words))


def test_the_loner_keeps_to_itself_in_about_one_sentence_of_eighteen():
    lonely = [words for words in SENTENCES if "comet" in words]
    assert {(words[3], words[6]) for words in lonely} == {("glowing", "sky")}
    assert not any({"glowing", "sky"} & set(words) for words in SENTENCES if "comet" not in words)
    assert 120 < len(lonely) < 220


def test_the_same_seed_gives_the_same_sentences():
    assert family_sentences(2, 50) == family_sentences(2, 50) != family_sentences(3, 50)
    assert gap_sentences(2) == gap_sentences(2)


def test_a_sentence_has_eight_words():
    made = {" ".join(sentence("cat", "running", "room", random.Random(seed))) for seed in range(60)}
    assert made == {
        f"{a} cat {t} running in {b} room ."
        for a in ("a", "the")
        for t in ("is", "was")
        for b in ("a", "the")
    }


def test_no_sentences_are_refused():
    with pytest.raises(ValueError, match="n is 0, expected at least 1 sentence"):
        family_sentences(1, 0)
