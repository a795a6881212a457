"""Real pairs of English and Japanese that are no grammar of ours: dates, and numbers in words.

Dates follow the Unicode Common Locale Data Repository (CLDR), as babel carries it (BSD licence); numbers are written
out by num2words (LGPL). Both languages order these differently: a Japanese date goes from the year down to the day of
the week, and large numbers are grouped by 10,000, not by 1,000.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import date, timedelta

from course_utils.microworld import Pair, split_of

_FIRST_DAY = date(1950, 1, 1)
_N_DAYS = 36_525  # a hundred years


def date_pair(day: date) -> Pair:
    """Return a date in full, "Saturday, November 21, 2026" and 2026年11月21日土曜日, word by word with its alignment.

    Each word is linked to the words of the same field: year, month, day or weekday. Commas have no link, and 年, 月 and
    日 belong to the number before them.
    """
    (english, fields), (japanese, other_fields) = (zip(*_date_words(day, locale)) for locale in ("en", "ja"))
    links = {(i, j) for i, a in enumerate(fields) for j, b in enumerate(other_fields) if a and a == b}
    return Pair(english, japanese, frozenset(links))


def number_pair(number: int) -> Pair:
    """Return a number in words, the Japanese side character by character; nobody has written down its alignment.

    Raises ValueError unless it is from 0 to 99,999,999.
    """
    from num2words import num2words

    if not 0 <= number < 10**8:
        raise ValueError(f"number is {number}, expected one from 0 to 99,999,999")
    english = re.findall(r"\w+", num2words(number, lang="en"))
    return Pair(tuple(english), tuple(num2words(number, lang="ja")), frozenset())


def make_dates(n: int, split: str = "train", seed: int = 0) -> list[Pair]:
    """Return `n` random dates from 1950 to 2049; train and test never share one, whatever their seeds."""
    rng, pairs = random.Random(seed), []
    while len(pairs) < n:
        pair = date_pair(_FIRST_DAY + timedelta(days=rng.randrange(_N_DAYS)))
        if split_of(pair.english) == split:
            pairs.append(pair)
    return pairs


def make_numbers(n: int, split: str = "train", seed: int = 0) -> list[Pair]:
    """Return `n` random numbers from 1 to 99,999,999, split as dates are.

    Each number of digits, from one to eight, comes equally often on average.
    """
    rng, pairs = random.Random(seed), []
    while len(pairs) < n:
        n_digits = rng.randint(1, 8)
        pair = number_pair(rng.randrange(10 ** (n_digits - 1), 10**n_digits))
        if split_of(pair.english) == split:
            pairs.append(pair)
    return pairs


def _date_words(day: date, locale: str) -> Iterator[tuple[str, str]]:
    """Yield the words of a date with the letter of their field in the locale's pattern, or "" for punctuation."""
    from babel.dates import format_date, get_date_format

    field = ""
    # A pattern such as "EEEE, MMMM d, y" or "y年M月d日EEEE": runs of one letter are fields, the rest stands as it is.
    for piece in re.finditer(r"([A-Za-z])\1*|\S", get_date_format("full", locale).pattern):
        if piece[1]:
            field = piece[1]
            yield format_date(day, piece[0], locale), field
        else:
            yield piece[0], field if piece[0].isalpha() else ""
