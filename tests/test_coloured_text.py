"""Coloured text: the right letter on the right colour, in a picture and on a page (test_browser presses its keys)."""

import base64
import json
import re

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

from course_utils.coloured_text import HIGH, LOW, draw_text, text_view

TEXT = "a <b>\n</script> $x$"
STATE = np.stack([np.linspace(-1, 1, len(TEXT)), np.zeros(len(TEXT)), np.ones(len(TEXT))], axis=1)
GUESSES = [[("</script>", 0.504), ("\n", 0.25)]] * len(TEXT)


@pytest.fixture
def ax():
    matplotlib.use("agg")
    fig, ax = pyplot.subplots()
    yield ax
    pyplot.close(fig)


def test_letters_stand_in_rows_on_the_colours_of_their_values(ax):
    draw_text(ax, "ab\ncdef", [-1, 0, 1, 1, 1, -1, 0.5], columns=3)
    assert [(*text.get_position(), text.get_text()) for text in ax.texts] == [
        (0, 0, "a"),
        (1, 0, "b"),
        (2, 0, "↵"),
        (0, 1, "c"),
        (1, 1, "d"),
        (2, 1, "e"),
        (0, 2, "f"),
    ]
    (image,) = ax.images
    table = np.round(np.asarray(image.get_array()) * 255).astype(int)
    assert table.shape == (3, 3, 3)
    assert tuple(table[0, 0]) == LOW
    assert tuple(table[0, 1]) == (255, 255, 255)
    assert tuple(table[1, 0]) == HIGH
    assert table[2, 0].tolist() == pytest.approx([(255 + channel) / 2 for channel in HIGH], abs=1)
    assert tuple(table[2, 2]) == (255, 255, 255)  # nothing stands there


def test_dollar_signs_are_drawn_as_they_are(ax):
    draw_text(ax, TEXT, STATE[:, 0])
    ax.figure.canvas.draw()
    assert "".join(text.get_text() for text in ax.texts) == TEXT.replace("\n", "↵")


def view():
    return text_view(TEXT, STATE, GUESSES, {"open & shut": 2}).data


def test_the_view_shows_the_text_without_a_script():
    pre = re.search(r"<pre>(.*?)</pre>", view(), re.S)[1]
    letters = re.findall(r'<span style="background-color:rgb\((.*?)\)">(.*?)</span>', pre, re.S)
    assert [letter for _, letter in letters[:7]] == ["a", " ", "&lt;", "b", "&gt;", "↵\n", "&lt;"]
    # The first unit in the list is the found one, which stands at 1 everywhere.
    assert {color for color, _ in letters} == {str(HIGH)[1:-1]}
    assert len(letters) == len(TEXT)


def test_the_view_lists_found_units_first_and_every_unit_once():
    options = re.findall(r'<option value="(\d+)">(.*?)</option>', view())
    assert options == [("2", "2: open &amp; shut"), ("0", "0"), ("1", "1")]


def test_the_view_carries_its_data_and_ends_its_script_itself():
    page = view()
    assert page.count("</script>") == 1
    recorded = np.frombuffer(base64.b64decode(re.search(r'atob\("(.*?)"\)', page)[1]), dtype=np.int8)
    np.testing.assert_allclose(recorded.reshape(STATE.shape) / 127, STATE, atol=1 / 254 + 1e-9)
    assert json.loads(re.search(r"chars = (\[.*?\]), guesses", page)[1]) == list(TEXT)
    assert json.loads(re.search(r"guesses = (\[.*?\]), units", page)[1])[0] == [["</script>", 50], ["\n", 25]]


def test_nothing_comes_from_elsewhere_and_no_slot_is_left():
    page = view()
    assert not re.findall(r"https?://|src=|@import", page)
    assert not re.findall(r"\b(?:KEY|OPTIONS|LAST|TEXTDATA|GUESSES|UNITS|STATE|LOW|HIGH|TEXT)\b", page)


def test_two_views_do_not_share_a_name():
    other = text_view(TEXT, -STATE, GUESSES, {"a": 0}).data
    assert re.search(r'id="(.*?)"', other)[1] != re.search(r'id="(.*?)"', view())[1]


@pytest.mark.parametrize(("text", "values"), [("abc", [0.0, 1.0]), ("", [])])
def test_lengths_must_agree(ax, text, values):
    with pytest.raises(ValueError, match=f"text has {len(text)} characters and {len(values)} values"):
        draw_text(ax, text, values)
    with pytest.raises(ValueError, match=f"text has {len(text)} characters"):
        text_view(text, np.zeros((len(values), 2)), [[]] * len(values), {})
