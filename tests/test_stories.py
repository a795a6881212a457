"""course_utils.stories: each story tells one event twice, and train and test share none."""

from __future__ import annotations

from collections import Counter

import pytest

from course_utils.stories import ANIMALS, Event, make_stories, story_words

EVENT = Event(("the", "cat"), ("the", "brown", "dog"), 1, ("in", "the", "park"))


def test_an_event_is_told_in_both_voices():
    assert " ".join(EVENT.tell(passive=False)) == "the cat chased the brown dog in the park"
    assert " ".join(EVENT.tell(passive=True)) == "the brown dog was chased by the cat in the park"
    assert " ".join(EVENT.tell(passive=True, place=False)) == "the brown dog was chased by the cat"
    assert " ".join(EVENT.turned().tell(passive=False, place=False)) == "the brown dog chased the cat"


def test_both_sentences_tell_the_event_in_different_voices():
    stories = make_stories(300, seed=3)
    assert stories == make_stories(300, seed=3) != make_stories(300, seed=4)
    for event, first, second in stories:
        passive = "by" in first
        assert first == event.tell(passive)
        assert second in [event.tell(not passive, place) for place in (True, False)]
        assert event.agent[-1] != event.patient[-1]
    for share in (
        Counter("by" in story.first for story in stories)[True],
        Counter(len(story.event.agent) == 3 for story in stories)[True],
        Counter(bool(story.event.place) for story in stories)[True],
    ):
        assert 110 < share < 190


def test_train_and_test_share_no_event():
    train, test = ({story.event for story in make_stories(2000, split)} for split in ("train", "test"))
    assert len(train) > 1000
    assert not train & test


def test_the_words_are_all_there():
    used = {word for story in make_stories(2000) for word in story.first + story.second}
    assert story_words() == sorted(used)
    assert len(ANIMALS) == 8


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="split is 'dev', expected 'train' or 'test'"):
        make_stories(3, "dev")
    with pytest.raises(ValueError, match="n is 0, expected at least 1"):
        make_stories(0)
