"""course_utils.sentence_plots: the unrolled network, and sentences as points."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import colors, pyplot

from course_utils.runtime import PALETTE, use_course_style
from course_utils.sentence_plots import SHOWN_UNITS, draw_bleu_by_length, draw_encoder_decoder, draw_vectors

READ, GIVEN, WRITTEN = ["B", "A", "</s>"], ["<s>", "W"], ["W", "X"]
STATES = torch.linspace(-1, 1, 5 * 32).reshape(5, 32)


@pytest.fixture
def ax():
    with matplotlib.rc_context():
        use_course_style()
        yield pyplot.subplots(figsize=(10, 3))[1]
    pyplot.close("all")


def test_boxes_show_the_states_in_order(ax):
    draw_encoder_decoder(ax, READ, GIVEN, WRITTEN, STATES)
    boxes = sorted(ax.images, key=lambda image: image.get_extent()[0])
    for box, state in zip(boxes, STATES, strict=True):
        np.testing.assert_allclose(box.get_array()[:, 0], state[:SHOWN_UNITS].numpy())
        assert box.get_clim() == (-1, 1)


def test_words_stand_under_and_over_their_boxes(ax):
    draw_encoder_decoder(ax, READ, GIVEN, WRITTEN, STATES, [0.5, 0.25])
    below = {text.get_position()[0]: text.get_text() for text in ax.texts if text.get_position()[1] < 0}
    assert below == dict(enumerate([*READ, *GIVEN]))
    above = {text.get_position()[0]: text.get_text() for text in ax.texts if text.get_position()[1] == 1.14}
    assert above == {3: "W\n50%", 4: "X\n25%"}
    reader = {text.get_color() for text in ax.texts if text.get_text() in READ}
    assert reader == {PALETTE["blue"]}


def test_one_thick_arrow_leads_from_the_reader_to_the_writer(ax):
    draw_encoder_decoder(ax, READ, GIVEN, WRITTEN, STATES)
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) and not text.get_text()]
    assert len(arrows) == 4
    (thick,) = (arrow for arrow in arrows if arrow.arrow_patch.get_linewidth() > 3)
    assert 2 < thick.xyann[0] < thick.xy[0] < 3


def test_the_thick_arrow_says_what_is_handed_over(ax):
    draw_encoder_decoder(ax, READ, GIVEN, WRITTEN, STATES)
    assert "the sentence's\nvector" in [text.get_text() for text in ax.texts]
    draw_encoder_decoder(ax, READ, GIVEN, WRITTEN, STATES, handed_over="nothing")
    assert "nothing" in [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("n", [6, 14])
def test_nothing_leaves_the_picture_and_no_words_overlap(ax, n):
    words = ["追いかけられた"] * n if n < 10 else ["was"] * n
    draw_encoder_decoder(ax, ["crossed"] * n, words, words, torch.zeros(2 * n, 32), [1.0] * n)
    ax.set_title("a title")
    ax.figure.draw_without_rendering()
    page = ax.figure.bbox
    for text in [*ax.texts, ax.title]:
        if text.get_text():
            box = text.get_window_extent()
            assert page.x0 <= box.x0 < box.x1 <= page.x1, text
            assert page.y0 <= box.y0 < box.y1 <= page.y1, text


def test_counts_that_do_not_fit_are_named(ax):
    with pytest.raises(ValueError, match="states has 4 rows for 3 words read, 2 given and 2 written"):
        draw_encoder_decoder(ax, READ, GIVEN, WRITTEN, STATES[:4])
    with pytest.raises(ValueError, match="2 given and 1 written"):
        draw_encoder_decoder(ax, READ, GIVEN, WRITTEN[:1], STATES)


def test_points_have_the_colour_of_their_group_and_are_hollow_where_asked_for(ax):
    places = np.array([[0.0, 0.0], [0.0, 0.0], [2.0, 1.0]])
    draw_vectors(ax, places, ["first", "second", "first"], [False, True, True])
    points = [line for line in ax.lines if len(line.get_xdata())]
    assert [line.get_xydata()[0].tolist() for line in points] == places.tolist()
    assert points[0].get_marker() == points[2].get_marker() != points[1].get_marker()
    assert colors.same_color(points[0].get_markeredgecolor(), points[2].get_markeredgecolor())
    assert [line.get_markerfacecolor() == "none" for line in points] == [False, True, True]
    assert ax.get_legend_handles_labels()[1] == ["first", "second"]


def test_all_points_on_one_spot_are_seen(ax):
    draw_vectors(ax, np.zeros((4, 2)), ["event", "swap"] * 2, [False, False, True, True])
    sizes, layers = zip(
        *[(line.get_markersize(), line.get_zorder()) for line in ax.lines if len(line.get_xdata())]
    )
    event, swap, hollow_event, hollow_swap = sizes
    assert swap < hollow_swap < event < hollow_event
    assert min(layers[2:]) > layers[1] > layers[0]
    markers = [line.get_marker() for line in ax.lines]
    assert not {"*", "+"} & set(markers)  # full and hollow ones look alike


def test_too_many_groups_are_refused(ax):
    with pytest.raises(ValueError, match="groups has 8 different names, expected at most 7"):
        draw_vectors(ax, np.zeros((8, 2)), list("abcdefgh"), [False] * 8)


def extent(artist):
    """Where an artist is on the figure, in pixels."""
    artist.figure.draw_without_rendering()
    return artist.get_window_extent()


def line_with(ax, **properties):
    """The one line of these properties."""
    (line,) = (line for line in ax.lines if all(pyplot.getp(line, k) == v for k, v in properties.items()))
    return line


# Losses


# BLEU by length

LENGTHS = [5, 10, 20, 25]
SCORES = {"wide": [90.0, 60.0, 30.0, 20.0], "narrow": [70.0, 30.0, 10.0, 5.0]}
BANDS = {"wide": [(85.0, 95.0), (55.0, 65.0), (25.0, 35.0), (15.0, 25.0)]}


def test_bleu_by_length_draws_a_line_for_each_model_and_a_band_where_there_is_one(ax):
    draw_bleu_by_length(ax, LENGTHS, SCORES, BANDS, longest_trained=20)
    for name, values in SCORES.items():
        line = line_with(ax, label=name)
        assert line.get_xdata().tolist() == LENGTHS
        assert line.get_ydata().tolist() == values
    (band,) = ax.collections
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.tolist()}
    assert corners == {(x, end) for x, ends in zip(LENGTHS, BANDS["wide"], strict=True) for end in ends}
    assert colors.same_color(
        band.get_facecolor(), (*colors.to_rgb(line_with(ax, label="wide").get_color()), 0.2)
    )


def test_bleu_by_length_shades_what_no_model_met_in_training(ax):
    draw_bleu_by_length(ax, LENGTHS, SCORES, longest_trained=20)
    (ground,) = ax.patches
    box = ground.get_extents().transformed(ax.transData.inverted())
    assert 20 < box.x0 < 25 < box.x1
    (note,) = ax.texts
    # It stands on its ground, and above all that is drawn.
    assert extent(ground).x0 <= extent(note).x0
    assert extent(note).x1 <= extent(ground).x1
    assert extent(note).y0 > ax.transData.transform((0, 100))[1]


@pytest.mark.parametrize("longest", [None, 25])
def test_bleu_by_length_shades_nothing_if_all_lengths_were_trained_on(ax, longest):
    draw_bleu_by_length(ax, LENGTHS, {"one": SCORES["wide"]}, longest_trained=longest)
    assert not ax.patches
    assert not ax.texts
    assert ax.get_legend() is None
