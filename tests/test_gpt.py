"""course_utils.models.gpt: equal to Hugging Face's GPT-2 with the same weights, with and without a cache."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from course_utils.models.gpt import GPT, GPTConfig, load_gpt2

TOKEN_IDS = torch.tensor([[3, 17, 5, 5, 0, 36], [9, 1, 30, 2, 8, 8]])


def make(**options):
    torch.manual_seed(0)
    sizes = {"d_model": 12, "n_heads": 3, "d_ff": 20, "vocab_size": 37, "context_length": 8, "n_layers": 2}
    return GPT(GPTConfig(**{**sizes, **options})).double().eval()


@pytest.fixture
def theirs():
    """A small GPT-2 of Hugging Face's whose weights and biases are all random, so that none can be mixed up."""
    import transformers  # here, because it takes seconds

    sizes = {"vocab_size": 37, "n_positions": 8, "n_embd": 12, "n_layer": 2, "n_head": 3, "n_inner": 20}
    config = transformers.GPT2Config(**sizes, bos_token_id=0, eos_token_id=0, layer_norm_epsilon=1e-3)
    model = transformers.GPT2LMHeadModel(config).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 2)
    return model


def test_a_checkpoint_in_gpt2s_layout_gives_the_same_logits_and_gradients(theirs, tmp_path):
    theirs.save_pretrained(tmp_path)
    ours = load_gpt2(tmp_path)
    logits, _ = ours(TOKEN_IDS)
    expected = theirs(TOKEN_IDS).logits
    assert expected.std() > 1
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
    tables = (ours.token_embedding.weight, theirs.transformer.wte.weight)
    for model, out in ((ours, logits), (theirs, expected)):
        F.cross_entropy(out.flatten(0, 1), TOKEN_IDS.roll(-1, 1).flatten()).backward()
        assert model.training is False
    torch.testing.assert_close(*(table.grad for table in tables), rtol=1e-4, atol=1e-6)


def test_the_prefix_and_the_old_mask_buffers_do_not_matter(theirs, tmp_path):
    theirs.save_pretrained(tmp_path)
    expected, _ = load_gpt2(tmp_path)(TOKEN_IDS)
    tensors = load_file(tmp_path / "model.safetensors")
    # The file of 2019 has no prefix, and keeps each block's causal mask as "h.0.attn.bias".
    bare = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    assert bare.keys() != tensors.keys()
    save_file({**bare, "h.0.attn.bias": torch.ones(1, 1, 8, 8)}, tmp_path / "model.safetensors")
    torch.testing.assert_close(load_gpt2(tmp_path)(TOKEN_IDS)[0], expected, rtol=0, atol=0)


def test_another_kind_of_checkpoint_is_refused(theirs, tmp_path):
    theirs.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    for name, value in (
        ("model_type", "llama"),
        ("activation_function", "relu"),
        ("scale_attn_weights", False),
        ("scale_attn_by_inverse_layer_idx", True),
    ):
        (tmp_path / "config.json").write_text(json.dumps({**config, name: value}), "utf-8")
        with pytest.raises(ValueError, match=f"config.json has {name} {value!r}, expected"):
            load_gpt2(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "gpt2", "n_embd": 12, "n_layer": 2}', "utf-8")
    with pytest.raises(
        ValueError, match="config.json lacks layer_norm_epsilon, n_head, n_positions, vocab_size"
    ):
        load_gpt2(tmp_path)
    with pytest.raises(FileNotFoundError):
        load_gpt2(tmp_path / "nowhere")


def test_a_cache_changes_nothing():
    model = make()
    together, cache = model(TOKEN_IDS)
    assert [len(kept) for kept in cache] == [6, 6]
    cache, parts = None, []
    for part in TOKEN_IDS.split([2, 1, 3], dim=1):
        logits, cache = model(part, cache)
        parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, dim=1), together, rtol=0, atol=1e-12)


def test_the_future_is_hidden_and_the_past_is_not():
    model = make()
    before, changed = model(TOKEN_IDS)[0], TOKEN_IDS.clone()
    changed[:, 3] = 20
    after = model(changed)[0]
    torch.testing.assert_close(after[:, :3], before[:, :3], rtol=0, atol=0)
    assert ((after - before)[:, 3:].abs().amax(dim=(0, 2)) > 1e-6).all()


def test_positions_count():
    logits, _ = make()(torch.full((1, 4), 7))
    assert (logits[0, 1:] - logits[0, :-1]).abs().amax(dim=1).min() > 1e-4


def test_a_new_model_foretells_nothing_and_its_parameters_are_as_computed():
    model = make(d_model=48, n_heads=4, d_ff=192, n_layers=4, vocab_size=65)
    loss = F.cross_entropy(model(TOKEN_IDS)[0].flatten(0, 1), torch.arange(50, 62))
    assert loss.item() == pytest.approx(torch.tensor(65.0).log().item(), abs=0.1)
    blocks = 4 * (12 * 48**2 + 13 * 48)
    assert sum(p.numel() for p in model.parameters()) == (65 + 8) * 48 + blocks + 2 * 48
    weights = dict(model.named_parameters())
    assert weights["blocks.0.feed_forward.0.weight"].std().item() == pytest.approx(0.02, rel=0.05)
    for name in ("blocks.3.feed_forward.2.weight", "blocks.3.attention.W_o.weight"):
        assert weights[name].std().item() == pytest.approx(0.02 / 8**0.5, rel=0.05)


def test_a_text_that_is_too_long_is_refused():
    model = make()
    with pytest.raises(
        ValueError, match="token_ids has 9 tokens after 0 in the cache, expected at most 8 in all"
    ):
        model(torch.zeros(1, 9, dtype=torch.long))
    _, cache = model(TOKEN_IDS)
    with pytest.raises(ValueError, match="token_ids has 3 tokens after 6 in the cache"):
        model(TOKEN_IDS[:, :3], cache)


def test_a_cache_of_another_model_is_refused():
    _, cache = make(n_layers=1)(TOKEN_IDS[:, :2])
    with pytest.raises(ValueError, match="cache has 1 layers, expected 2, one for each block"):
        make()(TOKEN_IDS[:, 2:], cache)


@pytest.mark.parametrize("std", [0.0, -1.0, float("nan"), float("inf")])
def test_a_start_without_spread_is_refused(std):
    with pytest.raises(ValueError, match=f"init_std is {std}, expected a finite number above 0"):
        make(init_std=std)


@pytest.mark.parametrize("name", ["vocab_size", "context_length", "n_layers"])
def test_bad_sizes_are_named(name):
    with pytest.raises(ValueError, match=f"{name} is 0, expected at least 1"):
        make(**{name: 0})


def test_a_wider_start_is_wider_everywhere():
    narrow, wide = (dict(make(init_std=std).named_parameters()) for std in (0.02, 0.1))
    for name, parameter in narrow.items():
        factor = 5 if parameter.dim() == 2 else 1  # norms start at 1, biases at 0
        torch.testing.assert_close(wide[name], factor * parameter, rtol=1e-6, atol=1e-12)


def test_blocks_may_turn_queries_and_keys_by_their_places():
    model = make(rotary=True)
    together, _ = model(TOKEN_IDS)
    assert (together - make()(TOKEN_IDS)[0]).abs().max() > 1e-6
    # With a cache they are turned by the places in the text, not in the part that is read.
    first, cache = model(TOKEN_IDS[:, :4])
    second, _ = model(TOKEN_IDS[:, 4:], cache)
    torch.testing.assert_close(torch.cat([first, second], dim=1), together, rtol=0, atol=1e-12)
