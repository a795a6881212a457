"""course_utils.attention_maps: what stands where in pictures of attention."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from matplotlib import colors, pyplot

from course_utils.attention_maps import draw_alignment, draw_looks, draw_numbers, frame
from course_utils.runtime import PALETTE, use_course_style

SOURCE, TARGET = ["cat", "saw", "dog", "</s>"], ["猫", "犬", "見た"]
WEIGHTS = np.array([[0.7, 0.1, 0.1, 0.1], [0.0, 0.1, 0.9, 0.0], [0.2, 0.8, 0.0, 0.0]])


@pytest.fixture
def ax():
    use_course_style()
    fig, axes = pyplot.subplots()
    yield axes
    pyplot.close(fig)


def words(labels):
    return [label.get_text() for label in labels]


def test_the_map_has_a_row_for_each_target_word_from_the_top(ax):
    draw_alignment(ax, WEIGHTS, SOURCE, TARGET)
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), WEIGHTS)
    assert image.get_clim() == (0, 1)
    assert words(ax.get_xticklabels()) == SOURCE
    assert words(ax.get_yticklabels()) == TARGET
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # row 0 is the highest
    assert not ax.texts


def test_a_true_link_is_framed_at_its_source_column_and_target_row(ax):
    draw_alignment(ax, WEIGHTS, SOURCE, TARGET, gold=[(2, 1), (1, 2)])
    centres = sorted(
        (box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2) for box in ax.patches
    )
    assert centres == [pytest.approx((1, 2)), pytest.approx((2, 1))]
    assert all(colors.same_color(box.get_edgecolor(), PALETTE["vermilion"]) for box in ax.patches)


def test_a_frame_may_have_a_colour_of_its_own(ax):
    frame(ax, 0, 0, PALETTE["orange"])
    assert colors.same_color(ax.patches[0].get_edgecolor(), PALETTE["orange"])


def test_numbers_stand_in_their_cells_and_can_be_read_there(ax):
    draw_alignment(ax, WEIGHTS, SOURCE, TARGET, numbers=True)
    written = {text.get_position(): text for text in ax.texts}
    assert {place: float(text.get_text()) for place, text in written.items()} == {
        (i, j): weight for (j, i), weight in np.ndenumerate(WEIGHTS)
    }
    assert written[2, 1].get_color() == "white"
    assert written[0, 1].get_color() != "white"


def test_a_line_is_as_thick_as_its_weight_and_ends_at_its_words(ax):
    draw_looks(ax, WEIGHTS, SOURCE, TARGET)
    at = {text.get_text(): text.get_position() for text in ax.texts}
    assert at["cat"][0] < at["saw"][0] < at["dog"][0]
    assert at["cat"][1] > at["猫"][1]
    lines = {tuple(zip(*line.get_data(), strict=True)): line for line in ax.lines}
    thick, thin = lines[at["犬"], at["dog"]], lines[at["犬"], at["cat"]]
    assert thick.get_linewidth() > 5 * thin.get_linewidth()
    assert thick.get_alpha() > 5 * thin.get_alpha()
    assert len(lines) == WEIGHTS.size


@pytest.mark.parametrize("draw", [draw_alignment, draw_looks])
def test_japanese_words_have_a_glyph_each(ax, draw):
    draw(ax, WEIGHTS, SOURCE, TARGET)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a missing glyph, and draws a box
        ax.figure.canvas.draw()


@pytest.mark.parametrize("draw", [draw_alignment, draw_looks])
def test_words_that_do_not_fit_are_named(ax, draw):
    with pytest.raises(
        ValueError, match=r"weights has shape \(3, 4\), expected \(2, 4\): a row for each word of target"
    ):
        draw(ax, WEIGHTS, SOURCE, TARGET[:2])


def test_a_table_of_numbers_has_each_in_its_cell(ax):
    draw_numbers(
        ax, np.array([[0.5, -2.0, 0.001], [3.0, 0.25, -0.001]]), ["cat", "sat"], ["a", "b", "c"], largest=3
    )
    assert [text.get_text() for text in ax.texts] == ["0.5", "-2", "0", "3", "0.25", "0"]
    assert [text.get_position() for text in ax.texts][:4] == [(0, 0), (1, 0), (2, 0), (0, 1)]
    assert words(ax.get_yticklabels()) == ["cat", "sat"]
    (image,) = ax.images
    red, _, blue, _ = image.cmap(image.norm(3.0))
    assert blue > red
    red, _, blue, _ = image.cmap(image.norm(-2.0))
    assert red > blue
    with pytest.raises(ValueError, match="expected"):
        draw_numbers(ax, np.zeros((2, 2)), ["cat", "sat"], ["a", "b", "c"], largest=1)
