"""course_utils.generation: choosing the next token, writing with a cache, and statistics of repetition."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils.generation import distinct, generate, longest_repeat, n_grams, next_probabilities
from course_utils.models.gpt import GPT, GPTConfig

rows = st.lists(st.floats(-5, 5), min_size=1, max_size=9)
texts = st.lists(st.integers(0, 3), min_size=1, max_size=20)


def by_hand(logits, temperature, top_k, top_p):
    """The same probabilities, one token at a time, in plain Python."""
    odds = [2.718281828459045 ** (logit / temperature) for logit in logits]
    ranked = sorted(range(len(odds)), key=lambda i: -logits[i])[:top_k]
    total = sum(odds[i] for i in ranked)
    kept, together = [], 0.0
    for i in ranked:
        kept.append(i)
        together += odds[i] / total
        if top_p is not None and together >= top_p:
            break
    return [odds[i] / sum(odds[j] for j in kept) if i in kept else 0.0 for i in range(len(odds))]


@given(rows, st.floats(0.3, 3), st.none() | st.integers(1, 10), st.none() | st.floats(0.05, 0.95))
def test_the_next_tokens_probabilities_are_those_by_hand(logits, temperature, top_k, top_p):
    pair = torch.tensor([logits, logits[::-1]], dtype=torch.float64)
    got = next_probabilities(pair, temperature, top_k, top_p)
    # Where a sum falls on top_p itself, the last bit decides: those cases are let pass.
    expected = torch.tensor([by_hand(row, temperature, top_k, top_p) for row in pair.tolist()]).double()
    for ours, theirs in zip(got, expected):
        on_the_edge = (
            top_p is not None
            and (next_probabilities(pair, temperature, top_k).sort(descending=True)[0].cumsum(-1) - top_p)
            .abs()
            .min()
            < 1e-9
        )
        assert on_the_edge or torch.allclose(ours, theirs, atol=1e-6)


def test_the_nucleus_by_hand():
    logits = torch.tensor([[0.1, 0.4, 0.2, 0.3]]).log()
    assert next_probabilities(logits, top_p=0.39)[0].tolist() == [0, 1, 0, 0]
    torch.testing.assert_close(next_probabilities(logits, top_p=0.65), torch.tensor([[0, 4 / 7, 0, 3 / 7]]))
    torch.testing.assert_close(next_probabilities(logits, top_p=0.75), torch.tensor([[0, 4, 2, 3]]) / 9)
    torch.testing.assert_close(next_probabilities(logits, top_p=1.0), logits.exp())
    torch.testing.assert_close(next_probabilities(logits, top_k=2), torch.tensor([[0, 4 / 7, 0, 3 / 7]]))
    # Among the two that top_k leaves the first has 4/7 already.
    assert next_probabilities(logits, top_k=2, top_p=0.5)[0].tolist() == [0, 1, 0, 0]
    # Of equals the lower ids count as likelier.
    assert next_probabilities(torch.zeros(2, 5000), top_k=3).nonzero()[:, 1].tolist() == [0, 1, 2, 0, 1, 2]
    assert logits.exp()[0].tolist() == pytest.approx([0.1, 0.4, 0.2, 0.3])


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    gpt = GPT(GPTConfig(d_model=16, n_heads=2, d_ff=32, vocab_size=11, context_length=8)).double().eval()
    with torch.no_grad():
        for parameter in gpt.parameters():
            parameter.mul_(12)
    return gpt


PREFIX = torch.tensor([[1, 2, 3], [4, 5, 6]])


def without_cache(model, text, n_tokens, **choice):
    """What `generate` writes, by reading everything in view anew for each token."""
    first = 0
    for n in range(text.shape[1], text.shape[1] + n_tokens):
        if n - first > model.context_length:
            first = n - model.context_length // 2
        logits, _ = model(text[:, first:])
        drawn = torch.multinomial(next_probabilities(logits[:, -1], **choice), 1)
        text = torch.cat([text, drawn], dim=1)
    return text[:, -n_tokens:]


@pytest.mark.parametrize(
    "choice", [{}, {"top_k": 1}, {"temperature": 0.7, "top_k": 5, "top_p": 0.9}], ids=str
)
def test_cached_writing_equals_reading_everything_anew(model, choice):
    with torch.no_grad():
        torch.manual_seed(5)
        expected = without_cache(model, PREFIX, 30, **choice)
        torch.manual_seed(5)
        written = generate(model, PREFIX, 30, **choice)
    assert written.tolist() == expected.tolist()
    assert written.shape == (2, 30)
    assert len(written.unique()) > 2


def test_what_was_read_is_not_read_again(model):
    lengths = []
    hook = model.register_forward_pre_hook(lambda _, inputs: lengths.append(inputs[0].shape[1]))
    generate(model, PREFIX, 12)
    hook.remove()
    # Six tokens until eight are in view, then the last four again, and so on.
    assert lengths == [3, 1, 1, 1, 1, 1, 4, 1, 1, 1, 1, 4]


def test_a_prefix_that_is_too_long_is_read_from_its_last_half_context(model):
    long = torch.arange(10)[None]
    written = generate(model, long, 3, top_k=1)
    assert written.tolist() == generate(model, long[:, -4:], 3, top_k=1).tolist()


class Summing(torch.nn.Module):
    """A recurrent toy without a longest context: what comes next is the last digit of the sum of all it has read."""

    def forward(self, token_ids, state=None):
        sums = token_ids.cumsum(1) + (0 if state is None else state[:, None])
        return torch.nn.functional.one_hot(sums % 10, 10) * 1000.0, sums[:, -1]


def test_recurrent_models_write_as_long_as_they_like():
    # 1 + 2 = 3, and 3 more are 6, then 12, 14, 18, 26, 32.
    assert generate(Summing(), torch.tensor([[1, 2]]), 7).tolist() == [[3, 6, 2, 4, 8, 6, 2]]


@given(texts, st.integers(1, 3))
def test_distinct_is_a_share_of_different_runs(text, n):
    if len(text) < n:
        with pytest.raises(ValueError, match=f"token_ids has {len(text)} tokens, expected at least n = {n}"):
            distinct(text, n)
        return
    runs = [text[i : i + n] for i in range(len(text) - n + 1)]
    different = [run for i, run in enumerate(runs) if run not in runs[:i]]
    assert distinct(text, n) == len(different) / len(runs)
    assert [list(gram) for gram in n_grams(text, n)] == runs


@given(texts)
def test_the_longest_repeat_is_found(text):
    n = len(text)
    repeats = [
        length
        for i in range(n)
        for j in range(i + 1, n)
        for length in range(1, n - j + 1)
        if text[i : i + length] == text[j : j + length]
    ]
    assert longest_repeat(text) == max(repeats, default=0)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"temperature": 0.0}, "temperature is 0.0, expected a number above 0"),
        ({"top_k": 0}, "top_k is 0, expected at least 1"),
        ({"top_p": 0.0}, "top_p is 0.0, expected a number above 0, up to 1"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"n_tokens": 0}, "n_tokens is 0, expected at least 1"),
    ],
)
def test_bad_choices_are_named(model, choice, message):
    with pytest.raises(ValueError, match=message):
        generate(model, PREFIX, **{"n_tokens": 2, **choice})


def test_a_nucleus_of_all_leaves_out_nothing():
    probabilities = next_probabilities(torch.tensor([[0.0, -20.0, -25.0]]), top_p=1.0)
    torch.testing.assert_close(probabilities, next_probabilities(torch.tensor([[0.0, -20.0, -25.0]])))
    assert (probabilities > 0).all()


def test_a_tensor_is_measured_as_a_list_is():
    token_ids = [1, 2, 1, 2, 1]
    assert distinct(torch.tensor(token_ids), 2) == distinct(token_ids, 2) == 0.5
    assert longest_repeat(torch.tensor(token_ids)) == longest_repeat(token_ids) == 3


def test_nan_and_an_empty_prefix_are_refused():
    with pytest.raises(ValueError, match="logits hold nan"):
        next_probabilities(torch.tensor([[0.0, float("nan")]]))
    model = GPT(GPTConfig(8, 2, 16, vocab_size=4, context_length=6))
    with pytest.raises(ValueError, match=r"prefix has shape \(2, 0\), expected at least one token a row"):
        generate(model, torch.zeros(2, 0, dtype=torch.long), 3)
