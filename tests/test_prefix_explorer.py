"""prefix_explorer: what a network over characters expects after the beginning of a line."""

import pytest
import torch

from course_utils.models.rnn import CharRNN
from course_utils.prefix_explorer import expect_after, show_expectation
from course_utils.text import Vocab


@pytest.fixture
def network():
    """A network with random weights over five characters."""
    torch.manual_seed(0)
    return CharRNN(5, 6), Vocab(["\n", "a", "b", "(", ")"])


def test_it_expects_what_the_model_says_after_a_line_has_ended(network):
    model, vocab = network
    probabilities, hidden = expect_after(model, vocab, "(ab")
    logits, (last, _) = model(torch.tensor([[0, 3, 1, 2]]))
    torch.testing.assert_close(probabilities, logits[0, -1].softmax(-1))
    assert hidden.shape == (4, 6)
    torch.testing.assert_close(hidden[-1], last[0, 0])
    # Nothing typed yet: what follows the end of a line.
    first = expect_after(model, vocab, "")
    torch.testing.assert_close(first.probabilities, logits[0, 0].softmax(-1))


def test_temperature_divides_the_logits(network):
    model, vocab = network
    warm, cold = (expect_after(model, vocab, "a", t).probabilities for t in (1.0, 0.5))
    torch.testing.assert_close(cold, warm**2 / (warm**2).sum())


def test_bad_input_is_named(network):
    with pytest.raises(ValueError, match="temperature is 0, expected a number above 0"):
        expect_after(*network, "a", 0)
    with pytest.raises(ValueError, match="token is 'z', expected one of the 5 tokens"):
        expect_after(*network, "z")


def test_the_words_say_what_is_drawn(network, monkeypatch):
    model, vocab = network
    heard = []
    monkeypatch.setattr("course_utils.prefix_explorer.show", lambda fig, alt: heard.append((fig, alt)))
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.copy_(torch.tensor([3.0, 1.0, 2.0, 0.0, 0.0]))
    show_expectation(model, vocab, "b(a)b(a)b(a)")
    (fig, alt), *_ = heard
    p = torch.tensor([3.0, 1.0, 2.0, 0.0, 0.0]).softmax(0)
    bits = -(p * p.log2()).sum()
    assert f"most expected is 'new line' with {p[0]:.1%}; entropy {bits:.1f} bits." in alt
    left, right, _ = fig.axes
    assert [label.get_text() for label in left.get_yticklabels()][:3] == ["new line", "b", "a"]
    assert [label.get_text() for label in right.get_yticklabels()] == list("b(a)b(a)")
    drawn = torch.as_tensor(right.images[0].get_array().data)
    torch.testing.assert_close(drawn, expect_after(model, vocab, "b(a)b(a)b(a)").hidden[-8:])
