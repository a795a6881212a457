"""course_utils.points: two classes in turns, in the drawn part of the plane, and no line that parts most of them."""

import pytest
import torch

from course_utils.points import SHAPES, make_points


@pytest.mark.parametrize("name", SHAPES)
def test_classes_take_turns_within_the_drawn_part(name):
    torch.manual_seed(0)
    points, labels = make_points(name, 301)
    assert points.shape == (301, 2)
    assert labels.tolist() == [i % 2 for i in range(301)]
    assert points.abs().max() < 1.9
    assert points.mean(0).abs().max() < 0.15


@pytest.mark.parametrize("name", SHAPES)
def test_noise_is_added_to_clean_curves_that_do_not_meet(name):
    torch.manual_seed(0)
    points, labels = make_points(name, 400, noise=0.0)
    between = torch.cdist(points[labels == 0], points[labels == 1])
    assert between.min() > 0.15


def test_the_same_seed_gives_the_same_points():
    torch.manual_seed(3)
    first, _ = make_points("moons", 10)
    torch.manual_seed(3)
    again, _ = make_points("moons", 10)
    assert torch.equal(first, again)


def test_xor_has_the_class_of_its_quarter():
    points, labels = make_points("XOR", 200, noise=0.0)
    assert torch.equal(labels == 0, points.prod(1) > 0)
    assert {(x > 0, y > 0) for x, y in points.tolist()} == {
        (a, b) for a in (True, False) for b in (True, False)
    }


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="name is 'cubes', expected one of"):
        make_points("cubes")
