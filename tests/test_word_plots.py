"""course_utils.plotting: maps of words, and bars of shares."""

import numpy as np
import pytest
import torch
from matplotlib import pyplot

from course_utils.word_plots import draw_shares, draw_words, flatten


@pytest.fixture
def ax():
    """Axes of a figure that is closed afterwards."""
    fig, ax = pyplot.subplots()
    yield ax
    pyplot.close(fig)


def test_flatten_finds_the_directions_of_the_largest_spread():
    torch.manual_seed(1)
    plane = torch.randn(50, 3) * torch.tensor([5.0, 2.0, 0.1])
    turned = plane @ torch.linalg.qr(torch.randn(7, 3))[0].T + 3  # (50, 7)
    places, shares = flatten(turned)
    assert places.shape == (50, 2)
    assert abs(np.corrcoef(places[:, 0], plane[:, 0])[0, 1]) > 0.98
    assert abs(np.corrcoef(places[:, 1], plane[:, 1])[0, 1]) > 0.98
    assert places[:, 0].std() == pytest.approx(plane[:, 0].std().item(), rel=0.1)
    assert shares[0] > shares[1] > 0
    assert shares.sum() == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(flatten(turned, axes=(1, 0))[0], places[:, ::-1])


def test_flatten_names_axes_that_are_not_there():
    with pytest.raises(ValueError, match="axes is .* from 0 to 2"):
        flatten(torch.randn(9, 3), axes=(0, 3))


def test_words_stand_beside_their_arrows_and_not_on_each_other(ax):
    places = np.array([[0.0, 0.0], [1.0, 0.0], [0.01, 0.001], [0.9, 1.0], [0.5, 0.5]])
    draw_words(ax, places, ["a", "b", "c", "d", "e"], arrows=[(0, 1), (2, 3)])
    labels = {text.get_text(): text for text in ax.texts if text.get_text()}
    assert {name: text.get_ha() for name, text in labels.items()} == dict(
        zip("abcde", ["right", "left", "right", "left", "left"])
    )
    assert labels["c"].xy[1] - labels["a"].xy[1] >= 0.045 - 1e-9
    assert labels["e"].xy == (0.5, 0.5)


def test_a_label_keeps_off_the_dots_of_others(ax):
    # The dot of "b" lies in the way of "a", a little higher, and that of "d" in the way of "c", a little lower.
    places = np.array([[0.0, 0.5], [0.1, 0.51], [0.5, 0.5], [0.6, 0.49], [0.0, 0.0], [1.0, 1.0]])
    draw_words(ax, places, list("abcdef"))
    heights = {text.get_text(): text.xy[1] for text in ax.texts}
    assert heights["a"] <= 0.51 - 0.03 + 1e-9
    assert heights["c"] >= 0.49 + 0.03 - 1e-9
    assert heights["f"] == 1


def test_a_label_is_read_above_arrows_and_hides_no_dot(ax):
    draw_words(ax, np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]]), ["a", "b", "c"], arrows=[(0, 1)])
    labels = [text for text in ax.texts if text.get_text()]
    (arrow,) = (text for text in ax.texts if not text.get_text())
    assert all(text.get_path_effects() for text in labels)
    assert arrow.get_zorder() < min(text.get_zorder() for text in labels)
    assert max(text.get_zorder() for text in labels) < min(dot.get_zorder() for dot in ax.lines)


def test_shares_are_grouped_bars(ax):
    draw_shares(ax, {"one": [0.2, 0.9], "two": [0.4, 0.1]}, ["left", "right"])
    bars = {round(bar.get_y() + bar.get_height() / 2, 3): bar.get_width() for bar in ax.patches}
    assert bars == {-0.2: 0.2, 0.2: 0.9, 0.8: 0.4, 1.2: 0.1}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "two"]
