"""A small world of stories: two sentences that tell the same event, one in the active and one in the passive voice.

What is hidden in one sentence stands in the other, but not at the same place: "the cat chased the brown dog", "the
brown dog was chased by the cat". So a model that is to fill gaps has to find out who did what to whom. The words are
those of the microworld.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from course_utils.microworld import WORDS, split_of
from course_utils.shapes import check_at_least_one

ANIMALS, COLOURS, VERBS, PLACES = (
    [word for word, _ in WORDS[name]] for name in ("ANIMAL", "COLOUR", "VERB", "PLACE")
)
PASSIVES = [word.split() for word, _ in WORDS["PASSIVE"]]  # in the order of VERBS


class Event(NamedTuple):
    """Who did what to whom: two animals with or without a colour, and the verb's number; and perhaps where."""

    agent: tuple[str, ...]
    patient: tuple[str, ...]
    verb: int
    place: tuple[str, ...] = ()

    def turned(self) -> Event:
        """Return the event with the parts of the two animals swapped."""
        return self._replace(agent=self.patient, patient=self.agent)

    def tell(self, passive: bool, place: bool = True) -> list[str]:
        """Return the words of a sentence that tells the event, with its place or without."""
        where = self.place if place else ()
        if passive:
            return [*self.patient, *PASSIVES[self.verb], "by", *self.agent, *where]
        return [*self.agent, VERBS[self.verb], *self.patient, *where]


class Story(NamedTuple):
    """An event, and the two sentences that tell it, in either order of the voices."""

    event: Event
    first: list[str]
    second: list[str]


def make_stories(n: int, split: str = "train", seed: int = 0) -> list[Story]:
    """Return `n` random stories, the same for the same seed.

    The two animals differ, and half of them have a colour. The first sentence names the place, if the event has one,
    the second one in half of the stories. An event belongs to the test split if the checksum of its active sentence
    ends in 0, so train and test never share one. Raises ValueError for another split than "train" and "test".
    """
    check_at_least_one(n=n)
    if split not in ("train", "test"):
        raise ValueError(f"split is {split!r}, expected 'train' or 'test'")
    rng = random.Random(seed)
    stories: list[Story] = []
    while len(stories) < n:
        event = _draw(rng)
        passive, place = rng.random() < 0.5, rng.random() < 0.5
        if split_of(tuple(event.tell(passive=False))) == split:
            stories.append(Story(event, event.tell(passive), event.tell(not passive, place)))
    return stories


def story_words() -> list[str]:
    """Return all words that stories are made of, sorted."""
    words = {word for passive in PASSIVES for word in passive}
    return sorted(words.union(ANIMALS, COLOURS, VERBS, PLACES, ["the", "by", "in"]))


def _draw(rng: random.Random) -> Event:
    agent, patient = ((*_colour(rng), animal) for animal in rng.sample(ANIMALS, 2))
    place = ("in", "the", rng.choice(PLACES)) if rng.random() < 0.5 else ()
    return Event(("the", *agent), ("the", *patient), rng.randrange(len(VERBS)), place)


def _colour(rng: random.Random) -> list[str]:
    return [rng.choice(COLOURS)] if rng.random() < 0.5 else []
