"""Self-attention of lesson 10: equal to a loop and to PyTorch's own, on shapes and masks that hypothesis makes up."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from course_utils.models.attention import MultiHeadAttention, causal_mask, scaled_dot_product_attention
from course_utils.models.transformer import RotaryAttention, sinusoids

few, several, seeds = st.integers(1, 3), st.integers(1, 7), st.integers(0, 10**6)
# How a mask may be given: each name says which axes it has in full.
MASKS = {
    "none": lambda B, H, T, S: None,
    "for each pair": lambda B, H, T, S: (T, S),
    "padding": lambda B, H, T, S: (B, 1, 1, S),
    "for each sentence": lambda B, H, T, S: (B, 1, T, S),
    "for each head": lambda B, H, T, S: (B, H, T, S),
    "a row": lambda B, H, T, S: (1, S),
}


def draw(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gradients(output, inputs):
    """The gradients of something that is not linear in the output, so that errors of it cannot cancel."""
    return torch.autograd.grad((output * output.detach().cos()).sum(), inputs)


def equal(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)


def in_a_loop(query, key, value, mask):
    """The definition, one number at a time."""
    context = torch.zeros(len(query), value.shape[1], dtype=query.dtype)
    for i, q in enumerate(query):
        e = [math.exp(q @ k / math.sqrt(len(q))) if mask[i, j] else 0.0 for j, k in enumerate(key)]
        for j, v in enumerate(value):
            context[i] += (e[j] / sum(e) if sum(e) else 0.0) * v
    return context


@settings(max_examples=60, deadline=None)
@given(several, several, several, several, st.sampled_from([0.0, 0.3, 0.8, 1.0]), seeds)
def test_it_equals_its_definition(T, S, K, K_v, allowed, seed):
    query, key, value = draw(seed, T, K), draw(seed + 1, S, K), draw(seed + 2, S, K_v)
    mask = torch.rand(T, S, generator=torch.Generator().manual_seed(seed)) < allowed
    context, weights = scaled_dot_product_attention(query, key, value, mask)
    equal(context, in_a_loop(query, key, value, mask))
    equal(weights.sum(-1), mask.any(-1).double())
    assert (weights[~mask] == 0).all()


@settings(max_examples=150, deadline=None)
@given(few, few, several, several, several, st.sampled_from(list(MASKS)), seeds)
def test_it_equals_pytorchs_with_every_form_of_mask(B, H, T, S, K, form, seed):
    query, key, value = (draw(seed + i, B, H, n, K).requires_grad_() for i, n in enumerate((T, S, S)))
    shape = MASKS[form](B, H, T, S)
    mask = None if shape is None else draw(seed + 3, *shape) > 0  # some rows have no True at all
    context, _ = scaled_dot_product_attention(query, key, value, mask)
    theirs = F.scaled_dot_product_attention(query, key, value, mask)
    equal(context, theirs)
    for pair in zip(*(gradients(output, (query, key, value)) for output in (context, theirs))):
        equal(*pair)


def twin(ours, bias):
    D = ours.W_q.in_features
    theirs = nn.MultiheadAttention(D, ours.n_heads, bias=bias, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        parts = [ours.W_q, ours.W_k, ours.W_v]
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        if bias:
            theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        theirs.out_proj.load_state_dict(ours.W_o.state_dict())
    return theirs


@settings(max_examples=100, deadline=None)
@given(few, few, several, several, st.booleans(), st.booleans(), st.booleans(), seeds)
def test_the_layer_equals_pytorchs(B, H, T, K, bias, causal, padded, seed):
    torch.manual_seed(seed)
    ours = MultiHeadAttention(H * K, H, bias).double()
    theirs, x = twin(ours, bias), draw(seed, B, T, H * K).requires_grad_()
    is_word = torch.ones(B, T, dtype=torch.bool)
    if padded:
        is_word[-1, max(1, T // 2) :] = False
    mask = is_word[:, None, None]
    if causal:
        mask = mask & causal_mask(T)
    output = ours(x, mask)
    # PyTorch's masks are the reverse: True = may not attend.
    forbidden = ~causal_mask(T) if causal else None
    expected, weights = theirs(x, x, x, ~is_word, attn_mask=forbidden, average_attn_weights=False)
    equal(output, expected)
    equal(ours.weights, weights.detach())
    tables = [ours.W_q.weight, ours.W_k.weight, ours.W_v.weight]
    mine, their_x = (
        gradients(output, [x, ours.W_o.weight, *tables]),
        gradients(expected, [x, theirs.out_proj.weight, theirs.in_proj_weight]),
    )
    equal(mine[0], their_x[0])
    equal(mine[1], their_x[1])
    equal(torch.cat(mine[2:]), their_x[2])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_rows_that_may_attend_to_nothing_give_zeros_and_finite_gradients(dtype):
    query, key, value = (draw(i, 2, 1, 3, 4).to(dtype).requires_grad_() for i in range(3))
    mask = torch.tensor([[[True, False, True]] * 3, [[False] * 3] * 3])[:, None]
    mask[0, 0, 1] = False
    context, weights = scaled_dot_product_attention(query, key, value, mask)
    assert (context[1] == 0).all()
    assert (context[0, 0, 1] == 0).all()
    assert (weights[~mask] == 0).all()
    assert (context[0, 0, 0] != 0).all()
    for gradient in torch.autograd.grad(context.sum(), (query, key, value)):
        assert gradient.isfinite().all()
        assert (gradient[1] == 0).all()
    assert scaled_dot_product_attention(query, key, value, torch.zeros_like(mask))[1].abs().max() == 0


@pytest.mark.parametrize("size", [1e3, 1e6, 1e30])
def test_large_scores_are_no_danger(size):
    query, key = torch.tensor([[1.0], [-1.0]]), size * torch.tensor([[1.0], [2.0], [3.0]])
    mask = torch.tensor([[True, True, False]])
    _, weights = scaled_dot_product_attention(query, key, key, mask)
    assert weights.tolist() == [[0, 1, 0], [1, 0, 0]]


@settings(max_examples=40, deadline=None)
@given(several, st.sampled_from([1, 2, 4]), seeds)
def test_what_is_forbidden_has_no_influence(T, H, seed):
    torch.manual_seed(seed)
    layer, x = MultiHeadAttention(8, H).double(), draw(seed, 2, T, 8)
    before = layer(x, causal_mask(T))
    changed = x.clone()
    changed[:, -1] += 1e6
    assert torch.equal(layer(changed, causal_mask(T))[:, :-1], before[:, :-1])


@settings(max_examples=40, deadline=None)
@given(several, st.sampled_from([1, 2, 4]), seeds)
def test_shuffled_in_shuffled_out_unless_positions_are_told(T, H, seed):
    torch.manual_seed(seed)
    x, order = draw(seed, 2, T, 8), torch.randperm(T)
    layer = MultiHeadAttention(8, H).double()
    equal(layer(x[:, order]), layer(x)[:, order])
    turned = RotaryAttention(8, H).double()
    if order.tolist() != sorted(order) and T > 2:
        assert (turned(x[:, order]) - turned(x)[:, order]).abs().max() > 1e-9


def test_heads_share_consecutive_numbers():
    layer, x = MultiHeadAttention(6, 3), torch.arange(24.0).view(2, 2, 6)
    heads = layer.split(x)
    assert heads.shape == (2, 3, 2, 2)
    assert heads[1, 2].tolist() == [[16, 17], [22, 23]]


def test_the_weights_are_kept_without_their_history():
    layer = MultiHeadAttention(4, 2)
    layer(torch.randn(1, 3, 4))
    assert layer.weights.shape == (1, 2, 3, 3)
    assert not layer.weights.requires_grad


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.integers(0, 50), st.integers(1, 16))
def test_a_shift_of_sinusoids_is_one_rotation(position, k, half):
    speeds = 10_000.0 ** (-torch.arange(0, 2 * half, 2) / (2 * half))
    (here,), (there,) = sinusoids(1, 2 * half, position), sinusoids(1, 2 * half, position + k)
    sin, cos = (k * speeds).sin(), (k * speeds).cos()
    torch.testing.assert_close(there[0::2], here[0::2] * cos + here[1::2] * sin, rtol=0, atol=1e-4)
    torch.testing.assert_close(there[1::2], here[1::2] * cos - here[0::2] * sin, rtol=0, atol=1e-4)


def test_causal_mask_by_hand():
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]
