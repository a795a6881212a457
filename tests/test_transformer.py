"""course_utils.models.transformer and multi-head attention: equal to PyTorch's own with copied weights."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from course_utils.generation import beam_search, greedy
from course_utils.models.attention import (
    KeyValueCache,
    MultiHeadAttention,
    causal_mask,
    scaled_dot_product_attention,
)
from course_utils.models.transformer import (
    BlockConfig,
    RotaryAttention,
    Transformer,
    TransformerConfig,
    rotate,
    sinusoids,
)

SIZES = {
    "src_vocab_size": 9,
    "tgt_vocab_size": 11,
    "d_model": 8,
    "n_heads": 2,
    "d_ff": 12,
    "n_layers": 2,
    "bias": True,
}


def draw(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def make(**options):
    torch.manual_seed(0)
    return Transformer(TransformerConfig(**{**SIZES, **options})).double().eval()


def copy_attention(ours, theirs):
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours.W_q.weight, ours.W_k.weight, ours.W_v.weight]))
        theirs.in_proj_bias.copy_(torch.cat([ours.W_q.bias, ours.W_k.bias, ours.W_v.bias]))
        theirs.out_proj.load_state_dict(ours.W_o.state_dict())


sizes = st.tuples(
    *[st.integers(1, 3)] * 2, *[st.integers(1, 6)] * 2, st.integers(1, 4), st.integers(0, 10**6)
)


@settings(max_examples=60, deadline=None)
@given(sizes)
def test_attention_equals_pytorchs_on_random_shapes_and_masks(drawn):
    B, H, T, S, K, seed = drawn
    q, k, v = (draw(seed + i, B, H, n, K).requires_grad_() for i, n in enumerate((T, S, S)))
    mask = draw(seed + 3, B, 1, T, S) > 0
    context, weights = scaled_dot_product_attention(q, k, v, mask)
    gradients = torch.autograd.grad(context.square().sum(), (q, k, v))
    expected = F.scaled_dot_product_attention(q, k, v, mask)
    torch.testing.assert_close(context, expected, rtol=1e-9, atol=1e-9)
    for ours, theirs in zip(gradients, torch.autograd.grad(expected.square().sum(), (q, k, v))):
        torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-8)
    open_rows = mask.any(-1).expand(B, H, T)
    torch.testing.assert_close(weights.sum(-1), open_rows.double())


@settings(max_examples=40, deadline=None)
@given(sizes)
def test_multi_head_attention_equals_pytorchs_on_random_shapes_and_masks(drawn):
    B, H, T, S, K, seed = drawn
    D = H * K
    torch.manual_seed(seed)
    ours, theirs = MultiHeadAttention(D, H).double(), nn.MultiheadAttention(D, H, batch_first=True).double()
    copy_attention(ours, theirs)
    x, memory = draw(seed, B, T, D).requires_grad_(), draw(seed + 1, B, S, D).requires_grad_()
    mask = draw(seed + 2, B, T, S) > 0
    mask[:, :, 0] = True  # PyTorch's gives NaN for a row without any key
    got = ours.attend(x, *ours.keys_values(memory), mask[:, None])
    # PyTorch's masks are the reverse: True = may not attend.
    expected, weights = theirs(
        x, memory, memory, attn_mask=~mask.repeat_interleave(H, dim=0), average_attn_weights=False
    )
    torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(ours.weights, weights.detach(), rtol=1e-9, atol=1e-9)
    inputs = (x, memory)
    for a, b in zip(*(torch.autograd.grad(out.square().sum(), inputs) for out in (got, expected))):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-8)


def test_a_row_without_any_key_gathers_nothing_and_sends_back_no_nan():
    q, k, v = (draw(i, 1, 2, 3, 4).requires_grad_() for i in range(3))
    mask = torch.tensor([[True, True, False], [False, False, False], [True, False, False]])
    context, weights = scaled_dot_product_attention(q, k, v, mask)
    assert (weights[:, :, 1] == 0).all()
    assert (context[:, :, 1] == 0).all()
    context.sum().backward()
    assert all(x.grad.isfinite().all() for x in (q, k, v))


@pytest.mark.parametrize("pre_norm", [True, False])
def test_the_transformer_equals_pytorchs_with_copied_weights(pre_norm):
    ours = make(pre_norm=pre_norm)
    options = {"batch_first": True, "norm_first": pre_norm, "dropout": 0.0, "dtype": torch.float64}
    enc_layer = nn.TransformerEncoderLayer(8, 2, 12, **options)
    dec_layer = nn.TransformerDecoderLayer(8, 2, 12, **options)
    encoder = nn.TransformerEncoder(enc_layer, 2, ours.encoder.norm, enable_nested_tensor=False)
    decoder = nn.TransformerDecoder(dec_layer, 2, ours.decoder.norm)
    theirs = nn.Transformer(8, 2, custom_encoder=encoder, custom_decoder=decoder, batch_first=True)
    for blocks, layers in ((ours.encoder.blocks, encoder.layers), (ours.decoder.blocks, decoder.layers)):
        for block, layer in zip(blocks, layers):
            copy_attention(block.attention, layer.self_attn)
            layer.linear1.load_state_dict(block.feed_forward[0].state_dict())
            layer.linear2.load_state_dict(block.feed_forward[2].state_dict())
            norms = [block.attention_norm, block.feed_forward_norm]
            if layers is decoder.layers:
                copy_attention(block.cross_attention, layer.multihead_attn)
                norms.insert(1, block.cross_attention_norm)
            for i, norm in enumerate(norms):
                with torch.no_grad():  # not all ones, or a norm in the wrong place might not show
                    norm.weight.copy_(1 + draw(i, 8) / 3)
                    norm.bias.copy_(draw(10 + i, 8) / 3)
                getattr(layer, f"norm{i + 1}").load_state_dict(norm.state_dict())
    src, tgt = torch.tensor([[3, 4, 5, 6, 7], [4, 8, 1, 0, 0]]), torch.tensor([[1, 2, 3], [1, 5, 6]])
    logits = ours(src, tgt)
    embedded = [ours.encoder.embedding(src), ours.decoder.embedding(tgt)]
    hidden = theirs(
        *embedded,
        tgt_mask=~causal_mask(3),
        src_key_padding_mask=src == 0,
        memory_key_padding_mask=src == 0,
    )
    torch.testing.assert_close(logits, hidden @ ours.decoder.embedding.table.weight.T, rtol=1e-9, atol=1e-9)
    tables = (ours.encoder.embedding.table.weight, ours.decoder.embedding.table.weight)
    expected = torch.autograd.grad((hidden @ ours.decoder.embedding.table.weight.T).square().sum(), tables)
    for a, b in zip(torch.autograd.grad(logits.square().sum(), tables), expected):
        torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-7)


SRC = torch.tensor([[3, 4, 5, 6], [7, 8, 2, 1]])
TGT = torch.tensor([[1, 2, 3], [1, 5, 6]])


@pytest.mark.parametrize("rotary", [False, True])
class TestModel:
    def test_step_by_step_equals_all_at_once(self, rotary):
        model = make(rotary=rotary)
        state, together = model.start(SRC), model(SRC, TGT)
        for t in range(3):
            logits, state = model.step(TGT[:, t], state)
            torch.testing.assert_close(logits, together[:, t], rtol=0, atol=1e-12)

    def test_padding_changes_nothing_and_the_future_is_hidden(self, rotary):
        model = make(rotary=rotary)
        before = model(SRC, TGT)
        longer = torch.cat([SRC, torch.zeros(2, 3, dtype=torch.long)], dim=1)
        torch.testing.assert_close(model(longer, TGT), before, rtol=0, atol=1e-12)
        changed = TGT.clone()
        changed[:, 2] = 9
        after = model(SRC, changed)
        torch.testing.assert_close(after[:, :2], before[:, :2], rtol=0, atol=0)
        assert (after[:, 2] - before[:, 2]).abs().max() > 1e-6

    def test_order_of_the_source_matters(self, rotary):
        model = make(rotary=rotary)
        assert (model(SRC.flip(1), TGT) - model(SRC, TGT)).abs().max() > 1e-6

    def test_it_writes_with_greedy_and_beam_search(self, rotary):
        model = make(rotary=rotary)
        rows = greedy(model, SRC, start_id=1, end_id=2, max_length=7)
        narrow = beam_search(model, SRC[:1], start_id=1, end_id=2, beam_size=1, max_length=7)
        state, last, expected = model.start(SRC[:1]), 1, []
        while len(expected) < 7:
            logits, state = model.step(torch.tensor([last]), state)
            last = int(logits.argmax())
            if last == 2:
                break
            expected.append(last)
        assert rows[0] == expected
        assert len(narrow[0].token_ids) <= 7


def test_sinusoids_are_the_papers_formula_and_shifts_are_rotations():
    table = sinusoids(6, 8)
    for t, i in [(0, 0), (3, 1), (5, 3)]:
        angle = torch.tensor(t / 10_000 ** (2 * i / 8))
        torch.testing.assert_close(table[t, 2 * i : 2 * i + 2], torch.stack([angle.sin(), angle.cos()]))
    torch.testing.assert_close(sinusoids(2, 8, start=4), table[4:])
    with pytest.raises(ValueError, match="d_model is 7, expected an even number"):
        sinusoids(3, 7)


def test_rotary_scores_depend_on_the_distance_alone():
    q, k = draw(0, 1, 1, 1, 6), draw(1, 1, 1, 1, 6)
    scores = [
        (rotate(q, start=a) * rotate(k, start=b)).sum().item() for a, b in [(2, 0), (7, 5), (30, 28), (3, 0)]
    ]
    assert scores[0] == pytest.approx(scores[1]) == pytest.approx(scores[2])
    assert abs(scores[3] - scores[0]) > 1e-3
    torch.testing.assert_close(rotate(q, start=9).norm(), q.norm())
    with pytest.raises(ValueError, match="heads have 5 numbers"):
        rotate(draw(0, 1, 1, 1, 5))


@pytest.mark.parametrize("kind", [MultiHeadAttention, RotaryAttention])
def test_a_cache_changes_nothing(kind):
    attention, x = kind(8, 2).double(), draw(0, 2, 5, 8)
    together = attention(x, causal_mask(5))
    cache, parts = KeyValueCache(), []
    for part, width in ((x[:, :2], 2), (x[:, 2:3], 1), (x[:, 3:], 2)):
        seen = len(cache)
        parts.append(attention(part, causal_mask(seen + width)[seen:], cache))
    torch.testing.assert_close(torch.cat(parts, dim=1), together, rtol=0, atol=1e-12)
    assert len(cache) == 5


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match="n_heads is 3, expected a divisor of d_model, which is 8"):
        MultiHeadAttention(8, 3)
    with pytest.raises(ValueError, match="d_ff is 0, expected at least 1"):
        BlockConfig(d_ff=0)
    with pytest.raises(ValueError, match="dropout is 1, expected a share"):
        BlockConfig(dropout=1)
    with pytest.raises(ValueError, match="n is 0, expected at least 1"):
        causal_mask(0)
