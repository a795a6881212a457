"""course_utils.models.seq2seq and .attention: encoders, decoders, and the search between them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from course_utils.models.attention import (
    AdditiveAttention,
    DotAttention,
    GeneralAttention,
    masked_softmax,
    pull_weight,
    weighted_mean,
)
from course_utils.models.seq2seq import AttentionSeq2Seq, BidirectionalEncoder, Seq2Seq, Seq2SeqConfig

CONFIG = Seq2SeqConfig(src_vocab_size=11, tgt_vocab_size=13, d_embedding=6, d_model=8)


def make(kind, **changes):
    torch.manual_seed(0)
    return kind(replace(CONFIG, **changes)).double()


@pytest.fixture(params=[Seq2Seq, AttentionSeq2Seq])
def model(request):
    return make(request.param)


SRC = torch.tensor([[3, 4, 5, 6], [7, 8, 9, 10]])
TGT = torch.tensor([[1, 2, 3], [1, 5, 6]])


@pytest.mark.parametrize("pad_id", [0, 2])
@pytest.mark.parametrize("kind", [Seq2Seq, AttentionSeq2Seq])
def test_padding_changes_nothing(kind, pad_id):
    model = make(kind, pad_id=pad_id)
    longer = nn.functional.pad(SRC, (0, 3), value=pad_id)
    torch.testing.assert_close(model(longer, TGT), model(SRC, TGT), rtol=0, atol=1e-12)
    # The short row comes first: rows need not be sorted by length.
    mixed = torch.tensor([[7, 8, pad_id, pad_id, pad_id], [3, 4, 5, 6, 7]])
    alone = torch.cat([model(mixed[:1, :2], TGT[:1]), model(mixed[1:], TGT[1:])])
    torch.testing.assert_close(model(mixed, TGT), alone, rtol=0, atol=1e-12)


def test_each_language_has_vectors_of_its_own(model):
    model(SRC, TGT).sum().backward()
    source, target = [part.weight.grad for part in model.modules() if isinstance(part, nn.Embedding)]
    assert source.any(dim=1).nonzero()[:, 0].tolist() == [3, 4, 5, 6, 7, 8, 9, 10]
    assert target.any(dim=1).nonzero()[:, 0].tolist() == [1, 2, 3, 5, 6]


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


def test_the_context_is_the_weighted_mean_written_as_a_loop():
    scores, memory = torch.randn(2, 4), torch.randn(2, 4, 5)
    mask = torch.tensor([[True, True, False, True], [True, False, False, False]])
    context = weighted_mean(masked_softmax(scores, mask), memory)
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
    model = AttentionSeq2Seq(CONFIG, GeneralAttention(8, 8))
    assert isinstance(model.decoder.attention, GeneralAttention)
    assert model(SRC, TGT).shape == (2, 3, 13)


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match="d_model is 0, expected at least 1"):
        Seq2SeqConfig(3, 3, d_model=0)
    with pytest.raises(ValueError, match="d_hidden is 0, expected at least 1"):
        AdditiveAttention(2, 2, 0)


def test_masked_softmax_leaves_the_masked_out_and_keeps_the_rest_in_proportion():
    scores = torch.tensor([[1.0, 2.0, 30.0]])
    weights = masked_softmax(scores, torch.tensor([[True, True, False]]))
    torch.testing.assert_close(weights, torch.tensor([[1 / (1 + math.e), math.e / (1 + math.e), 0.0]]))
    assert weights[0, 2] == 0
    # However low the scores of the words are, those of the padding count for nothing.
    low = masked_softmax(torch.tensor([[-1e10, -1e10, 0.0]]), torch.tensor([[True, True, False]]))
    assert low.tolist() == [[0.5, 0.5, 0]]


def test_dot_attention_is_pytorch_s():
    query, memory = torch.randn(2, 6), torch.randn(2, 3, 6)
    mask = torch.tensor([[True, True, True], [False, True, True]])
    dot = DotAttention()
    context = weighted_mean(masked_softmax(dot.scores(query, dot.keys(memory)), mask), memory)
    theirs = nn.functional.scaled_dot_product_attention(
        query[:, None], memory, memory, mask[:, None], scale=1.0
    )
    torch.testing.assert_close(context, theirs[:, 0])


def test_only_the_half_from_the_right_knows_what_follows():
    encoder = make(BidirectionalEncoder)
    before, has_read_all = encoder(torch.tensor([[3, 4, 5]]))
    after, has_read_all_after = encoder(torch.tensor([[3, 4, 6]]))
    changed = (before != after)[0]
    assert changed[:, :4].any(dim=1).tolist() == [False, False, True]
    assert changed[:, 4:].any(dim=1).tolist() == [True, True, True]
    torch.testing.assert_close(has_read_all, before[:, 0, 4:])
    assert (has_read_all != has_read_all_after).any()


def test_the_decoder_begins_with_the_tanh_of_the_bridge():
    model = make(AttentionSeq2Seq)
    nn.init.zeros_(model.bridge.weight)
    nn.init.constant_(model.bridge.bias, math.log(2))
    # tanh(log 2) = (2 - 1/2) / (2 + 1/2)
    torch.testing.assert_close(model.start(SRC)[0], torch.full((2, 8), 0.6, dtype=torch.float64))


def test_the_output_reads_the_hidden_state_and_behind_it_the_context():
    model = make(AttentionSeq2Seq)
    state = model.start(SRC)
    at_words_0_and_3 = torch.tensor([[1, 0, 0, 0], [0, 0, 0, 1]], dtype=torch.float64)
    logits, (hidden, memory, *_) = model.decoder.write(TGT[:, 0], at_words_0_and_3, state)
    for_hidden, for_context = model.decoder.output.weight.split(8, dim=1)
    expected = hidden @ for_hidden.T + memory[[0, 1], [0, 3]] @ for_context.T + model.decoder.output.bias
    torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize(
    ("amount", "first", "second"),
    [
        (0, [0.5, 0.3, 0.2], [0.1, 0.6, 0.3]),
        (1, [0, 1, 0], [0, 1, 0]),
        (0.5, [0.25, 0.65, 0.1], [0.05, 0.8, 0.15]),
        (-0.5, [10 / 17, 3 / 17, 4 / 17], [1 / 7, 3 / 7, 3 / 7]),
        (-1, [5 / 7, 0, 2 / 7], [1 / 4, 0, 3 / 4]),
    ],
)
def test_pull_weight_moves_one_weight_of_every_row_and_keeps_the_sums(amount, first, second):
    weights = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]])
    expected = torch.tensor([first, second], dtype=torch.float32)
    torch.testing.assert_close(pull_weight(weights, 1, amount), expected)
    assert weights.tolist() == [pytest.approx([0.5, 0.3, 0.2]), pytest.approx([0.1, 0.6, 0.3])]


def test_bad_pulls_and_widths_are_named():
    weights = torch.tensor([[0.5, 0.5]])
    for place in (2, -1):
        with pytest.raises(ValueError, match=f"place is {place}, expected a number from 0 to 1"):
            pull_weight(weights, place, 0.5)
    for amount in (1.5, -1.5):
        with pytest.raises(ValueError, match=f"amount is {amount}, expected a number from -1 to 1"):
            pull_weight(weights, 0, amount)
    with pytest.raises(ValueError, match="d_model is 7, expected an even number"):
        AttentionSeq2Seq(Seq2SeqConfig(3, 3, d_model=7))
