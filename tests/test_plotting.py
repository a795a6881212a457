"""course_utils.plotting: what is drawn, where, and that nothing covers anything else."""

from __future__ import annotations

import itertools

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import colors, pyplot

from course_utils.plotting import (
    draw_classes,
    draw_descent,
    draw_graph,
    draw_levels,
    draw_losses,
    draw_network,
    draw_regions,
    draw_timeline,
)
from course_utils.runtime import INK, use_course_style
from course_utils.timeline import STOPS
from course_utils.training import History


@pytest.fixture(autouse=True)
def _own_settings():
    """Draw in the course's style; take back the settings and the figures."""
    with matplotlib.rc_context():
        use_course_style()
        yield
    pyplot.close("all")


@pytest.fixture
def ax():
    return pyplot.subplots()[1]


def extent(artist):
    """Where an artist is on the figure, in pixels."""
    artist.figure.draw_without_rendering()
    return artist.get_window_extent()


def line_with(ax, **properties):
    """The one line of these properties."""
    (line,) = (line for line in ax.lines if all(pyplot.getp(line, k) == v for k, v in properties.items()))
    return line


# Losses


def test_bold_line_is_the_mean_of_a_twentieth_around_each_step_and_the_faint_one_every_loss(ax):
    losses = np.random.default_rng(0).random(100)
    draw_losses(losses, ax, label="run")
    bold, faint = line_with(ax, label="run"), line_with(ax, alpha=0.25)
    means = [losses[0], losses[1], losses[1:4].mean(), losses[2:5].mean()]
    means += [losses[place - 2 : place + 3].mean() for place in range(4, 98)]
    means += [losses[-4:].mean(), losses[-3:].mean()]
    assert bold.get_xdata().tolist() == faint.get_xdata().tolist() == list(range(1, 101))
    np.testing.assert_allclose(bold.get_ydata(), means)
    np.testing.assert_array_equal(faint.get_ydata(), losses)
    assert bold.get_color() == faint.get_color()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "loss")


def test_bold_line_of_a_steep_beginning_has_no_knee(ax):
    steps = np.arange(1, 1001)
    losses = 100 / (steps + 5)
    draw_losses(losses, ax, label="run")
    drawn = np.log(line_with(ax, label="run").get_ydata())
    np.testing.assert_allclose(drawn, np.log(losses), atol=0.1)


@pytest.mark.parametrize("losses", [[], [2.0], [3.0, 2.0]])
def test_short_runs_can_be_drawn(ax, losses):
    draw_losses(losses, ax, baseline={"guessing": 1.0}, label="run")
    assert line_with(ax, label="run").get_ydata().tolist() == losses


def test_two_runs_in_one_figure_differ_in_colour(ax):
    for name in ("first", "second"):
        draw_losses([3.0, 2.0], ax, label=name)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["first", "second"]
    assert line_with(ax, label="first").get_color() != line_with(ax, label="second").get_color()


@pytest.mark.parametrize("yscale", ["linear", "log"])
def test_history_draws_every_baseline_at_its_height_with_its_name_just_above(ax, yscale):
    history = History(losses=[4.0, 3.0, 1.0])
    assert history.plot(ax, baseline={"guessing": 5.0, "counting": 2.0}) is ax
    ax.set(yscale=yscale)
    for name, height in (("guessing", 5.0), ("counting", 2.0)):
        (line,) = (line for line in ax.lines if list(line.get_ydata()) == [height, height])
        (label,) = (text for text in ax.texts if text.get_text() == name)
        assert line.get_linestyle() == "--"
        above = extent(label).y0 - extent(line).y0
        assert 0 <= above < extent(label).height
        assert 0 <= extent(ax).x1 - extent(label).x1 < 10


def test_history_draws_held_out_losses_at_their_steps(ax):
    history = History(losses=[4.0, 3.0, 2.0], valid_steps=[2, 3], valid_losses=[3.5, 2.5])
    history.plot(ax)
    points = line_with(ax, label="held-out data")
    assert points.get_xydata().tolist() == [[2, 3.5], [3, 2.5]]
    assert points.get_linestyle() == "None"


def test_history_without_axes_gets_its_own_figure(ax):
    drawn = History(losses=[1.0]).plot()
    assert drawn is not ax
    assert not ax.lines


# Descent on a map


def bowl(make=np.asarray):
    """A map of a loss from 1 to 101: both parameters from -5 to 5 and -10 to 10, and the loss."""
    x, y = np.meshgrid(np.linspace(-5, 5, 21), np.linspace(-10, 10, 41))
    return make(x), make(y), make(1 + y**2)


@pytest.mark.parametrize("make", [np.asarray, torch.as_tensor])
def test_levels_fill_the_map_with_evenly_spaced_rings_pale_where_the_loss_is_low(ax, make):
    assert draw_levels(ax, *bowl(make)) is ax
    assert ax.get_xlim() == (-5, 5)
    assert ax.get_ylim() == (-10, 10)
    filled, rings = ax.collections
    np.testing.assert_allclose(np.sqrt(filled.levels - 1), np.linspace(0, 10, 21))  # the loss is 1 + y²
    assert set(rings.levels) < set(filled.levels)
    shades = [colors.to_rgb(filled.cmap(filled.norm(level))) for level in filled.levels]
    lightness = np.array(shades) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) < 0).all()
    assert lightness[0] > 0.9
    assert lightness[-1] < 0.5


def test_rings_below_zero_are_drawn_like_the_others(ax):
    x, y, heights = bowl()
    draw_levels(ax, x, y, heights - 50)
    _, rings = ax.collections
    assert min(rings.levels) < 0
    assert set(rings.get_linestyles()[0]) == {0, None}  # solid: no offset, no dashes


def star(ax):
    return [line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() == "*"]


def trail(ax):
    """The line of the path, and the place of the dot at its start."""
    (path,) = (line for line in ax.lines if line.get_linestyle() == "-")
    (dot,) = (line for line in ax.lines if line.get_marker() == "o" and line.get_color() == INK)
    return path.get_xydata(), dot.get_xydata().tolist()


@pytest.mark.parametrize("make", [np.asarray, torch.as_tensor])
def test_path_inside_the_map_is_drawn_from_the_dot_to_the_star(ax, make):
    path = np.array([[-4.0, 8.0], [5.0, -10.0], [0.0, 3.0]])  # by way of a corner
    draw_levels(ax, *bowl())
    assert draw_descent(ax, make(path)) is ax
    drawn, dot = trail(ax)
    np.testing.assert_array_equal(drawn, path)
    assert dot == [[-4, 8]]
    assert star(ax) == [[0, 3]]


OUTSIDE = {
    "far": [[1e300, -1e300], [3.0, 3.0]],
    "one parameter": [[0.0, 11.0], [3.0, 3.0]],
    "infinite": [[np.inf, 2.0], [np.nan, np.nan]],
    "both infinite": [[-np.inf, np.inf], [np.nan, np.nan]],
    "not a number": [[np.nan, np.nan], [np.nan, np.nan]],
    "half a number": [[2.0, np.nan], [3.0, 3.0]],
}


@pytest.mark.parametrize("outside", OUTSIDE.values(), ids=OUTSIDE)
def test_path_that_leaves_is_cut_at_its_first_step_outside_and_has_no_star(ax, outside):
    draw_levels(ax, *bowl())
    draw_descent(ax, np.array([[-4.0, 8.0], [1.0, 2.0], *outside]))
    drawn, dot = trail(ax)
    np.testing.assert_array_equal(drawn[:2], [[-4, 8], [1, 2]])
    assert len(drawn) == 3
    x, y = drawn[2]
    assert not (abs(x) <= 5 and abs(y) <= 10)  # where it is not a number nothing is drawn, least of all a 0
    assert not (abs(drawn[2]) > 100).any()
    assert dot == [[-4, 8]]
    assert star(ax) == []
    assert (ax.get_xlim(), ax.get_ylim()) == ((-5, 5), (-10, 10))
    ax.figure.canvas.draw()


# The timeline


@pytest.fixture
def timeline_axes():
    """The timeline at the size it has in lesson 00."""
    _, axes = pyplot.subplots(figsize=(11, 5.2))
    return draw_timeline(axes, STOPS)


def test_timeline_names_every_stop_with_its_year_idea_and_lesson_in_one_row(timeline_axes):
    rows = {}
    for text in timeline_axes.texts:
        rows.setdefault(text.get_position()[1], []).append(text)
    told = [
        [text.get_text() for text in sorted(rows[y], key=lambda t: t.get_position()[0])] for y in sorted(rows)
    ]
    assert told == [
        [str(stop.year), stop.name, stop.idea, "" if stop.lesson is None else f"lesson {stop.lesson:02d}"]
        for stop in STOPS
    ]
    assert timeline_axes.yaxis_inverted()  # so that the rows, sorted by height, run from the top


def test_no_two_labels_of_the_timeline_overlap_or_leave_the_figure(timeline_axes):
    labels = [(text.get_text(), extent(text)) for text in timeline_axes.texts if text.get_text()]
    page = timeline_axes.figure.bbox
    inside = [
        page.x0 <= box.x0 and page.y0 <= box.y0 and box.x1 <= page.x1 and box.y1 <= page.y1
        for _, box in labels
    ]
    assert all(inside)
    overlapping = [
        (a, b) for (a, box), (b, other) in itertools.combinations(labels, 2) if box.overlaps(other)
    ]
    assert not overlapping


def test_dots_of_the_timeline_are_on_a_true_scale_and_no_two_in_one_place(timeline_axes):
    years = sorted(line.get_ydata()[0] for line in timeline_axes.lines if line.get_marker() == "o")
    np.testing.assert_allclose(years, [stop.year for stop in STOPS], atol=0.5)
    assert min(np.diff(years)) >= 0.5


# Networks


def test_regions_show_each_class_in_its_own_shape_and_the_boundary_between(ax):
    x, y = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-2, 2, 9))
    share = 1 / (1 + np.exp(-4 * x))
    points = np.array([[-0.5, 1.0], [0.5, 0.0], [0.7, -1.0]])
    draw_regions(ax, x, y, share, points, np.array([0, 1, 1]))
    discs, triangles = line_with(ax, marker="o"), line_with(ax, marker="^")
    np.testing.assert_array_equal(discs.get_xydata(), points[:1])
    np.testing.assert_array_equal(triangles.get_xydata(), points[1:])
    (boundary,) = (
        lines
        for lines in ax.collections
        if lines.get_facecolor().size == 0 and lines.levels.tolist() == [0.5]
    )
    vertices = np.concatenate([path.vertices for path in boundary.get_paths()])
    np.testing.assert_allclose(vertices[:, 0], 0, atol=1e-9)
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1, 1), (-2, 2))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 0.3, 0.5, 1.0])
def test_regions_of_a_model_that_sees_one_class_everywhere(ax, value):
    x, y = torch.meshgrid(torch.linspace(-1, 1, 5), torch.linspace(-1, 1, 5), indexing="xy")
    draw_regions(ax, x, y, torch.full((5, 5), value), torch.zeros(2, 2), torch.tensor([0, 1]))
    ax.figure.draw_without_rendering()


def test_a_line_of_the_network_is_as_thick_as_its_weight(ax):
    weights = [np.array([[2.0, -1.0, 0.5], [0.0, 4.0, -0.25]]), np.array([[1.0], [-3.0], [2.0]])]
    draw_network(ax, weights, [["a", "b"], ["c", "d", "e"], ["f"]])
    assert [text.get_text() for text in ax.texts] == list("abcdef")
    joins = [line for line in ax.lines if len(line.get_xdata()) == 2]
    values = [weight for table in weights for weight in table.flat]
    np.testing.assert_allclose([line.get_linewidth() for line in joins], [0.3 + 1.5 * abs(v) for v in values])
    assert [line.get_linestyle() for line in joins] == ["-" if v > 0 else "--" for v in values]
    assert joins[0].get_xydata().tolist() == [[0, 0.5], [1, 1]]


def test_the_graph_has_a_box_for_every_name_and_a_label_for_every_edge(ax):
    places = {"w": (0, 1), "x": (0, 0), "product": (1, 0.5)}
    draw_graph(
        ax, places, {name: name.upper() for name in places}, [("w", "product", "2"), ("x", "product", "3")]
    )
    boxes = {text.get_text(): text for text in ax.texts if text.get_bbox_patch()}
    labels = [text for text in ax.texts if text.get_text() in {"2", "3"}]
    assert set(boxes) == {"W", "X", "PRODUCT"}
    assert len(labels) == 2
    assert not any(extent(label).overlaps(extent(box)) for label in labels for box in boxes.values())


def test_arrows_of_the_graph_run_from_edge_to_edge_of_their_boxes(ax):
    places = {"long": (0, 0), "short": (3, 0)}
    draw_graph(ax, places, {"long": "a name that is long", "short": "s"}, [("long", "short", "")])
    ax.figure.draw_without_rendering()
    box = {
        text.get_text(): text.get_bbox_patch().get_window_extent()
        for text in ax.texts
        if text.get_bbox_patch()
    }
    (arrow,) = (text.arrow_patch for text in ax.texts if getattr(text, "arrow_patch", None))
    reach = arrow.get_window_extent()
    assert 0 < reach.x0 - box["a name that is long"].x1 < 15
    assert 0 < box["s"].x0 - reach.x1 < 15


def test_draw_classes_gives_each_class_its_points_a_colour_and_a_name_above_the_grid():
    _, ax = pyplot.subplots()
    crowd = [[5.0, 5.0], [1.0, 1.0], [1.1, 1.0], [1.0, 1.2], [9.0, 9.0]]
    labels = torch.tensor([0, 1, 1, 1, 1])
    draw_classes(ax, torch.tensor(crowd), labels, ["a", "b"])
    offsets = [scatter.get_offsets().tolist() for scatter in ax.collections]
    assert offsets == [pytest.approx(np.array(crowd[:1])), pytest.approx(np.array(crowd[1:]))]
    assert len({tuple(scatter.get_facecolor()[0]) for scatter in ax.collections}) == 2
    assert [scatter.get_label() for scatter in ax.collections] == ["a", "b"]
    grid = max(axis.get_zorder() for axis in (ax.xaxis, ax.yaxis))
    assert grid < min(scatter.get_zorder() for scatter in ax.collections)


def test_draw_classes_wants_a_marker_for_each_class():
    _, ax = pyplot.subplots()
    with pytest.raises(ValueError, match="names has 3 entries, expected at most one for each of 2 markers"):
        draw_classes(ax, torch.zeros(2, 2), torch.tensor([0, 1]), "abc", markers="o^")
