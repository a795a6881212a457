"""course_utils.models.seq2seq and .attention: encoders, decoders, and the search between them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from course_utils.models.attention import AdditiveAttention, DotAttention, GeneralAttention, attend
from course_utils.models.seq2seq import AttentionSeq2Seq, Seq2Seq, Seq2SeqConfig

CONFIG = Seq2SeqConfig(src_vocab_size=11, tgt_vocab_size=13, d_embedding=6, d_model=8)


def make(kind):
    torch.manual_seed(0)
    return kind(CONFIG).double()


@pytest.fixture(params=[Seq2Seq, AttentionSeq2Seq])
def model(request):
    return make(request.param)


SRC = torch.tensor([[3, 4, 5, 6], [7, 8, 9, 10]])
TGT = torch.tensor([[1, 2, 3], [1, 5, 6]])


def test_padding_changes_nothing(model):
    longer = torch.cat([SRC, torch.zeros(2, 3, dtype=torch.long)], dim=1)
    torch.testing.assert_close(model(longer, TGT), model(SRC, TGT), rtol=0, atol=1e-12)
    mixed = torch.tensor([[3, 4, 5, 6, 7], [7, 8, 0, 0, 0]])
    alone = model(mixed[1:, :2], TGT[1:])
    torch.testing.assert_close(model(mixed, TGT)[1:], alone, rtol=0, atol=1e-12)


def test_every_source_word_matters_and_no_later_target_word_does(model):
    before = model(SRC, TGT)
    for place in range(4):
        changed = SRC.clone()
        changed[:, place] = 2
        assert (model(changed, TGT)[:, 0] - before[:, 0]).abs().max() > 1e-6
    changed = TGT.clone()
    changed[:, 2] = 9
    after = model(SRC, changed)
    torch.testing.assert_close(after[:, :2], before[:, :2], rtol=0, atol=0)
    assert (after[:, 2] - before[:, 2]).abs().max() > 1e-6


def test_step_by_step_equals_all_at_once(model):
    state, together = model.start(SRC), model(SRC, TGT)
    for t in range(3):
        logits, state = model.step(TGT[:, t], state)
        torch.testing.assert_close(logits, together[:, t], rtol=0, atol=1e-12)


def test_a_source_of_padding_alone_is_refused(model):
    with pytest.raises(ValueError, match="src has no word in row 1"):
        model(torch.tensor([[3, 4], [0, 0]]), TGT)


def test_weights_sum_to_one_over_words_and_are_zero_on_padding():
    model = make(AttentionSeq2Seq)
    logits, weights = model.align(torch.tensor([[3, 4, 5], [6, 0, 0]]), TGT)
    assert weights.shape == (2, 3, 3)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 3, dtype=torch.float64))
    assert (weights[1, :, 1:] == 0).all()
    assert logits.shape == (2, 3, 13)


def test_attend_is_the_weighted_mean_written_as_a_loop():
    scores, memory = torch.randn(2, 4), torch.randn(2, 4, 5)
    mask = torch.tensor([[True, True, False, True], [True, False, False, False]])
    context, weights = attend(scores, memory, mask)
    for b in range(2):
        allowed = [s for s in range(4) if mask[b, s]]
        total = sum(scores[b, s].exp() for s in allowed)
        expected = sum(scores[b, s].exp() / total * memory[b, s] for s in allowed)
        torch.testing.assert_close(context[b], expected)
    torch.testing.assert_close(context[1], memory[1, 0])


@pytest.mark.parametrize("kind", ["additive", "dot", "general"])
def test_scores_equal_their_formula_position_by_position(kind):
    query, memory = torch.randn(2, 5), torch.randn(2, 3, 5 if kind == "dot" else 4)
    attention = {
        "additive": AdditiveAttention(5, 4, 6),
        "dot": DotAttention(),
        "general": GeneralAttention(5, 4),
    }[kind]
    scores = attention.scores(query, attention.keys(memory))
    for b in range(2):
        for s in range(3):
            h = memory[b, s]
            if kind == "additive":
                inner = torch.tanh(attention.W.weight @ query[b] + attention.U.weight @ h)
                expected = attention.v.weight[0] @ inner
            else:
                expected = query[b] @ (h if kind == "dot" else attention.W.weight @ h)
            torch.testing.assert_close(scores[b, s], expected)


def test_other_attention_can_be_plugged_in():
    model = AttentionSeq2Seq(CONFIG, GeneralAttention(8, 6), d_encoder=3)
    assert isinstance(model.attention, nn.Module)
    assert model(SRC, TGT).shape == (2, 3, 13)


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match="d_model is 0, expected at least 1"):
        Seq2SeqConfig(3, 3, d_model=0)
    with pytest.raises(ValueError, match="d_hidden is 0, expected at least 1"):
        AdditiveAttention(2, 2, 0)
