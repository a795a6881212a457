"""course_utils.shapes: sizes get names, and an error speaks in those names."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from course_utils.shapes import LEGEND, check_at_least_one, check_dtype, check_shape


@pytest.mark.parametrize("make", [torch.zeros, np.zeros])
def test_every_name_is_bound_to_its_size(make):
    assert check_shape("hidden", make((2, 5, 8)), "B T D") == {"B": 2, "T": 5, "D": 8}


def test_scalar_has_no_axes():
    assert check_shape("loss", torch.tensor(1.0), "") == {}


def test_plain_number_fixes_a_size_without_a_name():
    assert check_shape("path", torch.zeros(7, 2), "T 2") == {"T": 7}


def test_sizes_known_beforehand_are_kept_in_the_result():
    known = {"B": 4, "D": 3}
    assert check_shape("token_ids", torch.zeros(4, 6), "B T", **known) == {"B": 4, "D": 3, "T": 6}
    assert known == {"B": 4, "D": 3}


def test_result_of_one_check_is_the_knowledge_of_the_next():
    sizes = check_shape("query", torch.zeros(2, 3, 4), "B T D")
    check_shape("key", torch.zeros(2, 9, 4), "B S D", **sizes)
    with pytest.raises(ValueError, match="value has shape .* axis 2 is 5, but D .* is 4"):
        check_shape("value", torch.zeros(2, 9, 5), "B S D", **sizes)


@pytest.mark.parametrize(
    ("shape", "axes", "sizes", "message"),
    [
        ((3, 4), "D D", {}, "W has shape (3, 4), expected (D D): axis 1 is 4, but D ({D}) is 3"),
        ((3, 4), "B T", {"T": 5}, "W has shape (3, 4), expected (B T): axis 1 is 4, but T ({T}) is 5"),
        ((7, 3), "T 2", {}, "W has shape (7, 3), expected (T 2): axis 1 is 3"),
        (
            (7, 3),
            "words 4",
            {"words": 8},
            "W has shape (7, 3), expected (words 4): axis 0 is 7, but words is 8",
        ),
        ((3,), "B T", {}, "W has shape (3,): 1 axis, expected 2 axes (B T)"),
        ((2, 3, 4), "P", {}, "W has shape (2, 3, 4): 3 axes, expected 1 axis (P)"),
        ((), "B", {}, "W has shape (): 0 axes, expected 1 axis (B)"),
    ],
    ids=["repeated name", "known size", "number", "no legend", "too few axes", "too many axes", "scalar"],
)
def test_error_names_the_argument_what_is_given_and_what_is_expected(shape, axes, sizes, message):
    with pytest.raises(ValueError, match="^" + re.escape(message.format(**LEGEND))):
        check_shape("W", torch.zeros(shape), axes, **sizes)


def test_legend_explains_every_dimension_of_the_course():
    assert "".join(LEGEND) == "BTSVDHKFNLP"
    assert len(set(LEGEND.values())) == len(LEGEND)


def test_types_are_checked_while_tests_run():
    with pytest.raises(TypeCheckError, match="'tensor'"):
        check_shape("numbers", [1, 2, 3], "B")


def test_numbers_of_another_type_are_refused_with_the_reason():
    params = torch.zeros(2)
    check_dtype("params", params, torch.float32, "a reason")
    with pytest.raises(
        TypeError, match=r"^params has dtype torch.float32, expected torch.float64: a reason$"
    ):
        check_dtype("params", params, torch.float64, "a reason")


def test_the_first_value_below_one_is_named():
    check_at_least_one(order=1, window=3)
    with pytest.raises(ValueError, match="window is 0, expected at least 1"):
        check_at_least_one(order=1, window=0, length=-1)
