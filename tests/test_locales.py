"""course_utils.locales: real dates and numbers in English and Japanese."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from course_utils.locales import date_pair, make_dates, make_numbers, number_pair


def test_a_date_and_which_word_is_which():
    pair = date_pair(date(2026, 11, 1))
    assert pair.english == ("Sunday", ",", "November", "1", ",", "2026")
    assert "".join(pair.japanese) == "2026年11月1日日曜日"
    assert sorted((pair.english[i], pair.japanese[j]) for i, j in pair.alignment) == [
        ("1", "1"),
        ("1", "日"),
        ("2026", "2026"),
        ("2026", "年"),
        ("November", "11"),
        ("November", "月"),
        ("Sunday", "日曜日"),
    ]


def test_equal_words_of_different_fields_are_not_linked():
    pair = date_pair(date(1999, 5, 5))  # May 5, 5月5日
    month, day = pair.english.index("May"), pair.english.index("5")
    assert {(month, 2), (month, 3), (day, 4), (day, 5)} < pair.alignment
    assert (day, 2) not in pair.alignment


def test_numbers_group_by_thousands_and_by_ten_thousands():
    pair = number_pair(12_345)
    assert pair.english == ("twelve", "thousand", "three", "hundred", "and", "forty", "five")
    assert "".join(pair.japanese) == "一万二千三百四十五"
    assert pair.alignment == frozenset()


@pytest.mark.parametrize("make", [make_dates, make_numbers])
def test_splits_share_nothing_and_seeds_decide(make):
    train, test = make(3000), make(300, "test", seed=9)
    assert not {pair.english for pair in train} & {pair.english for pair in test}
    assert (len(train), len(test)) == (3000, 300)
    # A model that has read the train split knows every word of the test split.
    for side in (0, 1):
        words, others = ({word for pair in pairs for word in pair[side]} for pairs in (train, test))
        assert others <= words
    assert make(20, seed=1) == make(20, seed=1) != make(20, seed=2)


def test_every_number_of_digits_comes_equally_often(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "course_utils.locales.number_pair", lambda number: asked.append(number) or number_pair(number)
    )
    make_numbers(4000)
    counts = Counter(len(str(number)) for number in asked)
    assert sorted(counts) == list(range(1, 9))
    assert max(counts.values()) < 1.2 * min(counts.values())
    assert min(asked) == 1


@pytest.mark.parametrize("number", [-1, 10**8])
def test_numbers_out_of_range_are_refused(number):
    with pytest.raises(ValueError, match=f"number is {number}, expected one from 0 to 99,999,999"):
        number_pair(number)
