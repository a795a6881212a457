"""course_utils.documentation: what is taken out of a docstring, and what is left out."""

from __future__ import annotations

from course_utils.corpora import docstrings
from course_utils.documentation import plain_words, prose

TEXT = """Compute the *sum* along an axis.

It is exact. So ``x`` is not changed.

Parameters
----------
x : array_like
    The numbers.
axis : int, optional
    Where to sum. By default
    everywhere.
a, b : float
    Two names.
empty : int

Returns
-------
total : float
    The sum.

Examples
--------
>>> sum([1, 2])
3

.. math:: x
"""


def test_words_are_plain():
    assert plain_words("The `x_0` is (2, 3); *don't* **stop** = -1 :math:`y`!") == [
        *("the", "x", "0", "is", "(", "2", ",", "3", ")", ";", "don't", "stop", "1", "y"),
    ]


def test_prose_is_sentences_without_code_headings_and_underlines():
    assert [" ".join(words) for words in prose(TEXT)] == [
        "compute the sum along an axis .",
        "it is exact .",
        "so x is not changed .",
        "x : array like .",
        "the numbers .",
        "axis : int , optional .",
        "where to sum .",
        "by default everywhere .",
        "a , b : float .",
        "two names .",
        "empty : int .",
        "total : float .",
        "the sum .",
    ]
    assert prose(TEXT, min_words=6) == [prose(TEXT)[i] for i in (0, 2, 5, 8)]
    assert prose("") == []


def test_real_docstrings_give_plenty_of_prose():
    texts = [docstring.text for docstring in docstrings()]
    sentences = [sentence for text in texts for sentence in prose(text)]
    assert len(sentences) > 30_000
    assert not any(word in (">>>", "---", "`") for sentence in sentences for word in sentence)
