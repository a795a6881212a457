"""A small world of sentences with gaps that we know: which words are alike, and which pairs never stood together."""

from __future__ import annotations

import random
from typing import NamedTuple


class Family(NamedTuple):
    """Words that take part in the same sentences: who acts, what is done, and where."""

    nouns: tuple[str, ...]
    verbs: tuple[str, ...]
    places: tuple[str, ...]


def _family(words: str) -> Family:
    return Family(*(tuple(part.split()) for part in words.split("|")))


FAMILIES = {
    "pets": _family(
        "cat dog rabbit puppy kitten | walking sleeping running playing | bedroom kitchen hall room"
    ),
    "ships": _family(
        "ship ferry canoe raft yacht | sailing drifting sinking floating | harbour bay lake river"
    ),
    "cars": _family("car bus truck van taxi | driving parking turning braking | street tunnel garage city"),
    "people": _family(
        "teacher student pupil poet tutor | reading writing learning thinking | school library office classroom"
    ),
    "flowers": _family(
        "tulip rose daisy lily violet | growing blooming wilting opening | garden meadow field park"
    ),
    "birds": _family(
        "eagle hawk falcon owl crow | flying hunting soaring gliding | forest valley canyon desert"
    ),
}
# Its words have no relatives: they occur in this one kind of sentence only, and nothing else does.
LONER = _family("comet | glowing | sky")


def is_gap(first: int, second: int) -> bool:
    """Return whether the words at these places of their lists never stand in one sentence.

    Every noun lacks one verb of its family, and every verb lacks one place.
    """
    return (first + 1) % 4 == second % 4


def sentence(noun: str, verb: str, place: str, draw: random.Random) -> list[str]:
    """Return such as "the cat is walking in a bedroom .", with articles and the tense left to chance."""
    first, second = draw.choice(["the", "a"]), draw.choice(["the", "a"])
    return [first, noun, draw.choice(["is", "was"]), verb, "in", second, place, "."]


def family_sentences(seed: int, n: int = 1200) -> list[list[str]]:
    """Return n sentences as lists of words, without any of the gaps; about one in eighteen is about the loner.

    Raises ValueError for fewer than 1 sentence.
    """
    if n < 1:
        raise ValueError(f"n is {n}, expected at least 1 sentence")
    draw, sentences = random.Random(seed), []
    while len(sentences) < n:
        family = LONER if draw.random() < 1 / 31 else draw.choice(list(FAMILIES.values()))
        i, j, k = (draw.randrange(len(words)) for words in family)
        if family is LONER or not (is_gap(i, j) or is_gap(j, k)):
            sentences.append(sentence(family.nouns[i], family.verbs[j], family.places[k], draw))
    return sentences


def gap_sentences(seed: int) -> list[list[str]]:
    """Return the 30 sentences of family members in which both pairs, noun and verb, verb and place, are gaps."""
    draw = random.Random(seed)
    return [
        sentence(noun, verb, place, draw)
        for family in FAMILIES.values()
        for i, noun in enumerate(family.nouns)
        for j, verb in enumerate(family.verbs)
        for k, place in enumerate(family.places)
        if is_gap(i, j) and is_gap(j, k)
    ]
