"""course_utils.microworld: two languages, one meaning, and the truth about which word is which."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import microworld
from course_utils.microworld import make_pairs, n_sentences, split_of, translate, vocabulary


def links(pair):
    return sorted((pair.english[i], pair.japanese[j]) for i, j in pair.alignment)


def all_parses(words):
    return [node for end, node in microworld._parse("SENTENCE", words, 0) if end == len(words)]


def all_sentences(symbol, length):
    """Every sentence of a length, by writing out the whole grammar: slow, and independent of the counting."""
    if symbol in microworld.WORDS:
        return [tuple(e.split()) for e, _ in microworld.WORDS[symbol] if len(e.split()) == length]
    if symbol not in microworld.RULES:
        return [(symbol,)] if length == 1 else []
    found = []
    for k in range(len(microworld.RULES[symbol])):
        rows = [()]
        for name in microworld._english_names(symbol, k):
            if not rows:
                break
            rows = [
                row + part
                for row in rows
                for m in range(length - len(row) + 1)
                for part in all_sentences(name.partition(":")[0], m)
            ]
        found += [row for row in rows if len(row) == length]
    return found


def test_active_passive_and_place():
    active = translate("the small cat saw the dog in the park")
    passive = translate("the dog was seen by the small cat in the park")
    assert "".join(active.japanese) == "小さい猫は公園で犬を見た"
    assert "".join(passive.japanese) == "犬は公園で小さい猫に見られた"
    assert links(passive) == sorted(
        [("small", "小さい"), ("cat", "猫"), ("dog", "犬"), ("park", "公園"), ("in", "で"), ("by", "に")]
        + [("was", "見られた"), ("seen", "見られた")]
    )


def test_relative_clauses_move_before_their_noun():
    pair = translate("the cat that chased the bird that the dog saw helped the fox")
    assert "".join(pair.japanese) == "犬が見た鳥を追いかけた猫は狐を助けた"
    assert links(pair)[:2] == [("bird", "鳥"), ("cat", "猫")]
    assert len(pair.alignment) == 7  # each content word once; articles, "that" and particles have no link


@pytest.mark.parametrize(
    ("english", "japanese"),
    [
        ("the cat and the small white dog saw the bird", "猫と小さい白い犬は鳥を見た"),
        ("the small white dog that saw the bird called the fox", "鳥を見た小さい白い犬は狐を呼んだ"),
        ("the cat that saw the small white dog called the fox", "小さい白い犬を見た猫は狐を呼んだ"),
        ("the cat that the dog saw called the fox", "犬が見た猫は狐を呼んだ"),
        (
            "the cat that the dog that saw the bird chased helped the fox",
            "鳥を見た犬が追いかけた猫は狐を助けた",
        ),
    ],
)
def test_adjectives_keep_their_order_and_particles_tell_who_did_it(english, japanese):
    assert "".join(translate(english).japanese) == japanese


def test_clauses_and_animals_are_joined_by_different_words():
    pair = translate("the cat and the dog saw the fox and the bird called the horse")
    assert "".join(pair.japanese) == "猫と犬は狐を見たそして鳥は馬を呼んだ"
    places = [i for i, word in enumerate(pair.english) if word == "and"]
    partners = [pair.japanese[j] for i in places for k, j in pair.alignment if k == i]
    assert partners == ["と", "そして"]


@pytest.mark.parametrize(
    ("reason", "noun", "japanese"),
    [
        ("tired", "dog", "犬が疲れすぎていたので犬は道を渡らなかった"),
        ("wide", "street", "道が広すぎたので犬は道を渡らなかった"),
    ],
)
def test_it_is_translated_by_what_it_stands_for(reason, noun, japanese):
    pair = translate(f"the dog did not cross the street because it was too {reason}")
    assert "".join(pair.japanese) == japanese
    pronoun, antecedent = pair.antecedent
    assert (pair.english[pronoun], pair.english[antecedent]) == ("it", noun)
    # The pronoun's link leads to the first of the two equal words, its noun's to the other.
    (first,) = [j for i, j in pair.alignment if i == pronoun]
    (second,) = [j for i, j in pair.alignment if i == antecedent]
    assert first == 0 < second


@pytest.mark.parametrize("length", [4, 5, 6, 7])
def test_counting_sentences_equals_writing_them_all_down(length):
    sentences = all_sentences("SENTENCE", length)
    assert len(sentences) == len(set(sentences)) == n_sentences(length)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 30))
def test_every_sentence_has_one_reading_and_translates_back(seed, length):
    (pair,) = make_pairs(1, [length], seed=seed)
    assert len(pair.english) == length
    assert len(all_parses(pair.english)) == 1
    assert translate(pair.english) == translate(" ".join(pair.english)) == pair


def test_capitals_and_a_full_stop_are_forgiven():
    expected = translate("the cat saw the dog")
    for typed in ("The cat saw the dog.", " THE CAT saw the dog . ", "the cat  saw the dog"):
        assert translate(typed) == expected
    with pytest.raises(ValueError, match="sentence has 'dog,', expected words"):
        translate("the cat saw the dog,")


@pytest.mark.parametrize("kind", ["SENTENCE", "CLAUSE", "REASON"])
def test_train_and_test_never_share_a_sentence(kind):
    train = {pair.english for pair in make_pairs(1500, (12, 13, 14, 16), kind=kind)}
    test = {pair.english for pair in make_pairs(500, (12, 13, 14, 16), "test", seed=7, kind=kind)}
    assert not train & test
    assert {split_of(english) for english in test} == {"test"}


def test_a_tenth_of_all_sentences_is_for_the_test():
    sentences = all_sentences("SENTENCE", 7)
    share = sum(split_of(english) == "test" for english in sentences) / len(sentences)
    assert 0.09 < share < 0.11


def shape(node):
    if node.symbol in microworld.WORDS:
        return node.symbol
    return (node.symbol, node.choice, *map(shape, node.children.values()))


def test_all_shapes_of_a_length_come_equally_often():
    rng = random.Random(0)
    counts = Counter(shape(microworld._draw("SENTENCE", 8, rng)) for _ in range(5000))
    # Three adjectives in four places, or one of them in a passive; two who did it; a place: 4 + 4 + 1 + 1.
    assert len(counts) == 10
    assert all(400 < count < 600 for count in counts.values())


def test_pairs_depend_on_the_seed_alone():
    assert make_pairs(20, seed=1) == make_pairs(20, seed=1) != make_pairs(20, seed=2)


def test_lengths_come_equally_often_and_all_constructions_come():
    pairs = make_pairs(4000)
    counts = Counter(len(pair.english) for pair in pairs)
    assert set(counts) == set(range(5, 21))
    assert min(counts.values()) > 0.7 * max(counts.values())
    used = {word for pair in pairs for word in pair.english}
    assert {"that", "by", "in", "and", "because", "white", "young"} < used
    assert vocabulary(0) >= used


def test_only_reasons_have_an_antecedent():
    assert all(pair.antecedent for pair in make_pairs(50, (12, 13, 17, 20), kind="REASON"))
    assert not any(pair.antecedent for pair in make_pairs(50, kind="CLAUSE"))


def test_words_of_both_languages_are_listed():
    assert (len(vocabulary(0)), len(vocabulary(1))) == (53, 56)
    assert {"cat", "seen", "because"} < vocabulary(0)
    assert {"猫", "見られた", "は"} < vocabulary(1)
    assert not any(name.isupper() or "|" in name for name in vocabulary(0) | vocabulary(1))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="sentence has 'unicorn', expected words of the microworld"):
        translate("the unicorn saw the dog")
    with pytest.raises(ValueError, match="'cat the saw', which the grammar cannot make"):
        translate("cat the saw")
    with pytest.raises(ValueError, match="'the cat saw the dog the', which the grammar cannot make"):
        translate("the cat saw the dog the")
    with pytest.raises(ValueError, match="lengths has 4, but no sentence of kind 'SENTENCE' has 4 English"):
        make_pairs(1, [4])
    with pytest.raises(ValueError, match="kind is 'QUESTION', expected one of SENTENCE, CLAUSE, REASON"):
        make_pairs(1, kind="QUESTION")
    with pytest.raises(ValueError, match="split is 'valid', expected one of train, test"):
        make_pairs(1, split="valid")
