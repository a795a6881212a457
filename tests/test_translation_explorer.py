"""course_utils.translation_explorer: what the playground shows is what its translator does."""

from __future__ import annotations

import pytest
import torch
from matplotlib import pyplot

from course_utils.generation import greedy
from course_utils.microworld import make_pairs, translate
from course_utils.translation_explorer import END, PAD, START, VECTORS, _show, trace, train_translator


@pytest.fixture(scope="module")
def translator():
    """The playground's own."""
    return train_translator()


def test_short_sentences_that_it_never_met_are_right(translator):
    pairs = make_pairs(50, [6, 7, 8], split="test", seed=3)
    right = [tuple(trace(translator, pair.english).written[:-1]) == pair.japanese for pair in pairs]
    assert sum(right) >= 45


def test_a_trace_is_a_greedy_translation_with_its_states(translator):
    english = translate("the cat saw the dog").english
    seen = trace(translator, english)
    assert seen.read == ["dog", "the", "saw", "cat", "the", "</s>"]
    model, source, target = translator
    src = torch.tensor([[*source.encode(english[::-1]), END]])
    (row,) = greedy(model, src, start_id=START, end_id=END)
    assert seen.written == [*target.decode(row), "</s>"]
    n_read, n_written = len(seen.read), len(seen.written)
    assert seen.states.shape == (n_read + n_written, 128)
    torch.testing.assert_close(seen.states[n_read - 1], model.encode(src)[0])
    tgt_in = torch.tensor([[START, *row]])
    torch.testing.assert_close(seen.probabilities, model(src, tgt_in)[0].softmax(-1), rtol=0, atol=1e-5)


def test_without_its_vector_it_writes_the_same_whatever_it_read(translator):
    sentences = ["the cat saw the dog", "the big bear was pushed by the white fox"]
    given = [trace(translator, tuple(s.split())).written for s in sentences]
    blind = [trace(translator, tuple(s.split()), "all zeros").written for s in sentences]
    assert given[0] != given[1]
    assert blind[0] == blind[1]


def test_training_leaves_the_random_numbers_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train_translator.__wrapped__(steps=2)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("the hat saw the dog", "sentence has 'hat', expected words of the microworld"),
        ("the cat", "which the grammar cannot make"),
        ("", "which the grammar cannot make"),
        (
            " ".join(make_pairs(1, [20])[0].english),
            "That sentence has 20 words; the picture has room for 12.",
        ),
    ],
)
def test_what_it_cannot_show_is_said(translator, sentence, said, capsys):
    _show(sentence, 3, "as it is")
    assert said in capsys.readouterr().out


def test_capitals_and_a_full_stop_are_forgiven(translator, monkeypatch):
    heard = []
    monkeypatch.setattr("course_utils.translation_explorer.show", lambda fig, alt: heard.append(alt))
    for sentence in ("The cat saw the dog.", "the cat saw the dog"):
        _show(sentence, 6, "as it is")
    assert heard[0] == heard[1]
    assert " ".join(translate("the cat saw the dog").japanese) in heard[0]


def test_the_arrow_says_what_was_done_to_the_vector(translator, monkeypatch):
    drawn = []
    monkeypatch.setattr("course_utils.translation_explorer.show", lambda fig, alt: drawn.append(fig))
    for vector in VECTORS:
        _show("the cat saw the dog", 2, vector)
    words = [[text.get_text() for text in fig.axes[0].texts] for fig in drawn]
    pyplot.close("all")
    labels = ["the sentence's\nvector", *(f"the vector,\n{name}" for name in list(VECTORS)[1:])]
    for texts, label in zip(words, labels, strict=True):
        assert [text for text in texts if "vector" in text] == [label]


def test_an_unknown_treatment_is_named(translator):
    with pytest.raises(ValueError, match="vector is 'twice', expected one of as it is, five levels"):
        trace(translator, ("the",), "twice")
    assert PAD == 0
    assert "as it is" in VECTORS
