"""course_utils.metrics: BLEU, and alignment error rate."""

from __future__ import annotations

import math

import pytest
import torch

from course_utils.metrics import alignment_error_rate, bleu, bleu_band, links_of

REFERENCES = [["猫", "は", "犬", "を", "見た"], ["鳥", "は", "公園", "で", "猫", "を", "追いかけた"]]


def test_bleu_is_a_hundred_for_the_same_and_counts_n_grams_otherwise():
    assert bleu(REFERENCES, REFERENCES) == pytest.approx(100)
    worse = [REFERENCES[0], ["鳥", "は", "公園", "で", "猫", "を", "見た"]]
    # 12 words, of which 11, 9, 7 and 5 n-grams of length 1 to 4 are right out of 12, 10, 8 and 6.
    by_hand = 100 * math.exp(sum(math.log(p) for p in (11 / 12, 9 / 10, 7 / 8, 5 / 6)) / 4)
    assert bleu(worse, REFERENCES) == pytest.approx(by_hand)


def test_bleu_punishes_what_is_too_short():
    short = [REFERENCES[0][:4], REFERENCES[1][:5]]
    assert bleu(short, REFERENCES) == pytest.approx(100 * math.exp(1 - 12 / 9))


def test_the_band_holds_the_score_and_shrinks_with_more_sentences():
    worse = [REFERENCES[0], ["鳥", "は", "公園", "で", "猫", "を", "見た"]]
    few = bleu_band(worse * 5, REFERENCES * 5)
    many = bleu_band(worse * 40, REFERENCES * 40)
    assert few[0] < many[0] < bleu(worse, REFERENCES) < many[1] < few[1]
    assert bleu_band(worse * 5, REFERENCES * 5) == few


def test_the_band_is_made_of_the_scores_of_resampled_sentences():
    hypotheses = [["猫", "は", "鳥", "を", "見た"], ["鳥", "は", "公園", "で", "猫"]]
    # Of two sentences there are three different test sets, whose scores must be the ends of the widest band.
    scores = [bleu([hypotheses[i] for i in draw], [REFERENCES[i] for i in draw]) for draw in ([0, 0], [1, 1])]
    assert bleu_band(hypotheses, REFERENCES, level=1.0) == pytest.approx((min(scores), max(scores)))


def test_links_go_where_the_weights_are_largest():
    weights = torch.tensor([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]])
    assert links_of(weights) == {(1, 0), (0, 1)}


def test_alignment_error_rate_counts_wrong_and_missing_links():
    gold = frozenset({(0, 0), (1, 1), (2, 2)})
    assert alignment_error_rate(set(gold), gold) == 0
    assert alignment_error_rate({(0, 1)}, gold) == 1
    assert alignment_error_rate({(0, 0), (1, 0)}, gold) == pytest.approx(1 - 2 / 5)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="hypotheses and references have 1 and 2 sentences"):
        bleu(REFERENCES[:1], REFERENCES)
    with pytest.raises(ValueError, match="hypotheses and references have 0 and 0 sentences"):
        bleu_band([], [])
    with pytest.raises(ValueError, match="links and gold are both empty"):
        alignment_error_rate(set(), set())
