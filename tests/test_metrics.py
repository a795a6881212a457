"""metrics: perplexity."""

import math

import pytest
import torch

from course_utils.metrics import perplexity


def test_perplexity_of_equal_chances_is_their_number():
    assert perplexity(torch.full((5,), 1 / 8)) == pytest.approx(8)
    assert perplexity(torch.ones(3)) == 1


def test_perplexity_is_the_geometric_mean_of_one_over_p():
    assert perplexity(torch.tensor([1 / 2, 1 / 8])) == pytest.approx(4)
    p = torch.tensor([0.1, 0.3, 0.7], dtype=torch.float64)
    assert perplexity(p) == pytest.approx(math.exp(-(math.log(0.1) + math.log(0.3) + math.log(0.7)) / 3))


def test_an_impossible_word_that_came_makes_it_infinite():
    assert perplexity(torch.tensor([0.5, 0.0])) == math.inf


@pytest.mark.parametrize(
    ("probabilities", "says"),
    [
        ([], "probabilities is empty"),
        ([0.5, -0.1], "has -0.1, expected"),
        ([1.5], "has 1.5"),
        ([math.nan], "nan"),
    ],
)
def test_bad_probabilities_are_refused(probabilities, says):
    with pytest.raises(ValueError, match=says):
        perplexity(torch.tensor(probabilities))
