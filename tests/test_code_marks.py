"""Marks of code agree with Python's own tokenizer on real programs, and with what one sees on small ones."""

import io
import tokenize

import numpy as np
import pytest

from course_utils.code_marks import is_readable, mark, share_readable
from course_utils.corpora import python_source

FILES = list(python_source().items())[::40]


def by_the_tokenizer(text):
    """Return what is inside a string, and the depth of brackets, by Python's tokenizer."""
    begins = np.cumsum([0] + [len(line) for line in text.splitlines(keepends=True)])
    inside, depth = np.zeros(len(text)), np.zeros(len(text))
    opened = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        begin, end = (begins[row - 1] + column for row, column in (token.start, token.end))
        kind = tokenize.tok_name[token.type]
        if kind == "FSTRING_START":  # from Python 3.12 on, an f-string is many tokens
            opened.append(begin + len(token.string) - len(token.string.lstrip("rbufRBUF")))
        elif kind == "FSTRING_END":
            inside[opened.pop() : end - 1] = 1
        elif kind == "STRING":
            inside[begin + len(token.string) - len(token.string.lstrip("rbufRBUF")) : end - 1] = 1
        elif kind == "OP" and token.string in "()[]{}" and not opened:
            depth[begin:] += 1 if token.string in "([{" else -1
    return inside, depth


@pytest.mark.parametrize(("name", "text"), FILES, ids=[name for name, _ in FILES])
def test_marks_agree_with_pythons_tokenizer(name, text):
    inside, depth = by_the_tokenizer(text)
    marks = mark(text)
    np.testing.assert_array_equal(marks["inside a string"], inside)
    np.testing.assert_array_equal(marks["bracket depth"], depth)


def digits(values):
    return "".join(str(int(value)) for value in values)


def test_marks_of_a_small_program():
    text = 'if f(\'(\', [1]):\n  # don\'t (\n    x = """a\n\'b"""'
    marks = mark(text)
    assert digits(marks["inside a string"]) == "0000011000000000" + "000000000000" + "0000000011111" + "11110"
    assert digits(marks["bracket depth"]) == "0000111111221000" + "0" * (len(text) - 16)
    assert digits(marks["indentation"]) == "0" * 16 + "122222222220" + "1234" + "4" * 8 + "0" + "0" * 5
    assert [int(place) for place in marks["place in the line"][:18]] == [*range(1, 16), 0, 1, 2]
    assert {name: values.shape for name, values in marks.items()} == dict.fromkeys(marks, (len(text),))


def test_marks_of_broken_text_go_on():
    marks = mark("))('a\nb')")
    assert digits(marks["bracket depth"]) == "000000000"
    assert digits(marks["inside a string"]) == "000110011"
    assert mark("")["bracket depth"].shape == (0,)


@pytest.mark.parametrize(
    "line", ["x = f(1, [2])", "    return 'it''s'", "a b c", "# don't", "", 'x = "\\""', "if x:"]
)
def test_lines_that_python_can_read(line):
    assert is_readable(line)


@pytest.mark.parametrize(
    "line", ["x = f(1", "x = 'a", "don't", "f(]", "f)", ")(", '"""doc', "a ? b", "x = $1", "((", "'", "{[}]"]
)
def test_lines_that_python_cannot_read(line):
    assert not is_readable(line)


def test_share_readable_counts_full_lines_that_are_not_empty():
    assert share_readable("f(1)\n\n   \nf(\nx = 2\nf)\nx = (") == 0.5
    with pytest.raises(ValueError, match="expected at least one line"):
        share_readable("f(1)")
