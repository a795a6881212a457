"""course_utils.metrics: perplexity, BLEU, and alignment error rate."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from course_utils.metrics import alignment_error_rate, bleu, bleu_band, mean_band, perplexity

REFERENCES = [["猫", "は", "犬", "を", "見た"], ["鳥", "は", "公園", "で", "猫", "を", "追いかけた"]]

# No two alike: an empty one, one without a single right pair of words, and one that is too long.
HALF_RIGHT = [["猫", "は", "犬", "を"], ["は", "鳥"], [], REFERENCES[1], ["犬", "猫"], REFERENCES[1][:6]]
HALF_RIGHT += [["猫", "は", "犬", "を", "見た", "を"], REFERENCES[1][2:]]


def test_bleu_is_a_hundred_for_the_same_and_counts_n_grams_otherwise():
    assert bleu(REFERENCES, REFERENCES) == pytest.approx(100)
    worse = [REFERENCES[0], ["鳥", "は", "公園", "で", "猫", "を", "見た"]]
    # 12 words, of which 11, 9, 7 and 5 n-grams of length 1 to 4 are right out of 12, 10, 8 and 6.
    by_hand = 100 * math.exp(sum(math.log(p) for p in (11 / 12, 9 / 10, 7 / 8, 5 / 6)) / 4)
    assert bleu(worse, REFERENCES) == pytest.approx(by_hand)


def test_bleu_punishes_what_is_too_short():
    short = [REFERENCES[0][:4], REFERENCES[1][:5]]
    assert bleu(short, REFERENCES) == pytest.approx(100 * math.exp(1 - 12 / 9))


def test_bleu_compares_words_as_they_are():
    assert bleu([["I", "saw", "one", "(1)"]], [["i", "Saw", "ONE", "(", "1", ")"]]) == 0


def test_where_no_n_gram_is_right_bleu_counts_a_half_and_then_a_quarter():
    hypothesis, reference = [["猫", "は", "犬", "を", "見た"]], [["猫", "は", "鳥", "を", "見た"]]
    # Right are 4 of 5 words and 2 of 4 pairs, but none of 3 triples and none of 2 fours.
    by_hand = 100 * (4 / 5 * 2 / 4 * (1 / 2) / 3 * (1 / 4) / 2) ** (1 / 4)
    assert bleu(hypothesis, reference) == pytest.approx(by_hand)
    assert bleu_band(hypothesis, reference) == pytest.approx((by_hand, by_hand))


def test_three_words_have_no_four_in_a_row_so_their_bleu_is_zero():
    assert bleu([["猫", "が", "見た"]], [["猫", "が", "見た"]]) == 0
    assert bleu_band([["猫", "が", "見た"]], [["猫", "が", "見た"]]) == (0, 0)


def test_the_band_holds_the_score_and_shrinks_with_more_sentences():
    worse = [REFERENCES[0], ["鳥", "は", "公園", "で", "猫", "を", "見た"]]
    few = bleu_band(worse * 5, REFERENCES * 5)
    many = bleu_band(worse * 40, REFERENCES * 40)
    assert few[0] < many[0] < bleu(worse, REFERENCES) < many[1] < few[1]
    assert bleu_band(worse * 5, REFERENCES * 5) == few


def test_the_band_is_that_of_test_sets_drawn_and_scored_one_by_one():
    drawn = np.random.default_rng(7).integers(len(HALF_RIGHT), size=(40, len(HALF_RIGHT)))
    scores = [bleu([HALF_RIGHT[i] for i in draw], [(REFERENCES * 4)[i] for i in draw]) for draw in drawn]
    band = bleu_band(HALF_RIGHT, REFERENCES * 4, n_resamples=40, level=0.8, seed=7)
    assert band == pytest.approx(tuple(np.quantile(scores, [0.1, 0.9])))


def test_the_band_of_a_mean_is_as_wide_as_theory_says():
    values = torch.randn(400, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 3.0])
    low, high = mean_band(values, n_resamples=2000)
    assert ((low < values.mean(0)) & (values.mean(0) < high)).all()
    # 90 % of a normal distribution lie within 1.645 standard deviations, and a mean of 400 has a 20th of one.
    torch.testing.assert_close(high - low, 2 * 1.645 * values.std(0) / 20, rtol=0.1, atol=0)
    wide = mean_band(values, n_resamples=2000, level=0.99)
    assert (wide[0] < low).all()
    assert (wide[1] > high).all()
    with pytest.raises(ValueError, match="values is empty"):
        mean_band(values[:0])


def test_alignment_error_rate_counts_wrong_and_missing_links():
    gold = frozenset({(0, 0), (1, 1), (2, 2)})
    assert alignment_error_rate(set(gold), gold) == 0
    assert alignment_error_rate({(0, 1)}, gold) == 1
    assert alignment_error_rate({(0, 0), (1, 0)}, gold) == pytest.approx(1 - 2 / 5)


def test_the_alignment_error_rate_of_two_sentences_is_one_ratio_of_counts():
    gold = {(0, 0, 0), (0, 1, 1), (0, 2, 2), (1, 0, 0)}
    assert alignment_error_rate({(0, 0, 0), (0, 1, 1), (0, 2, 2)}, gold) == pytest.approx(1 - 2 * 3 / 7)
    assert alignment_error_rate({(1, 1, 1), (1, 2, 2), (1, 0, 0)}, gold) == pytest.approx(1 - 2 * 1 / 7)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="hypotheses and references have 1 and 2 sentences"):
        bleu(REFERENCES[:1], REFERENCES)
    with pytest.raises(ValueError, match="hypotheses and references have 0 and 0 sentences"):
        bleu_band([], [])
    with pytest.raises(ValueError, match="links and gold are both empty"):
        alignment_error_rate(set(), set())


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
