"""The blank explorer's arithmetic and picture (test_widgets moves its controls)."""

from __future__ import annotations

import pytest
import torch
from matplotlib import pyplot

from course_utils.blank_explorer import blank_explorer, draw_blank, fill_blank
from course_utils.models.attention import causal_mask
from course_utils.models.bert import Bert, BertConfig
from course_utils.runtime import use_course_style
from course_utils.text import Vocab

VOCAB = Vocab(["[PAD]", "<unk>", "[CLS]", "[SEP]", "[MASK]", "the", "of", "matrix", "size", "."])
SENTENCE = "the ___ of | the wug ."


@pytest.fixture
def model():
    torch.manual_seed(0)
    made = Bert(BertConfig(d_model=8, n_heads=2, d_ff=8, vocab_size=10, context_length=12, n_layers=3)).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(10)
    return made


def everything(n):
    return torch.ones(n, n, dtype=torch.bool)


def test_a_blank_is_the_mask_and_gets_probabilities_and_looks(model):
    words, probabilities, weights = fill_blank(model, VOCAB, SENTENCE, everything)
    assert words == ["[CLS]", "the", "___", "of", "[SEP]", "the", "wug", ".", "[SEP]"]
    token_ids = torch.tensor([[2, 5, 4, 6, 3, 5, 1, 9, 3]])
    segment_ids = torch.tensor([[0, 0, 0, 0, 0, 1, 1, 1, 1]])
    expected = model.word_logits(model(token_ids, segment_ids)[0, 2]).softmax(-1)
    torch.testing.assert_close(probabilities, expected.detach())
    assert weights.shape == (3, 2, 9)
    torch.testing.assert_close(weights[2], model.blocks[2].attention.weights[0, :, 2])


def test_a_mask_hides_a_side(model):
    _, _, weights = fill_blank(model, VOCAB, SENTENCE, causal_mask)
    assert (weights[:, :, 3:] == 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 2))
    _, _, weights = fill_blank(model, VOCAB, SENTENCE, lambda n: causal_mask(n).T)
    assert (weights[:, :, :2] == 0).all()


@pytest.mark.parametrize("sentence", ["no blank", "___ and ___", "the ___ | a | b"])
def test_exactly_one_blank_is_expected(model, sentence):
    with pytest.raises(ValueError, match=r"sentence has \d of ___ and \d of \|, expected 1 blank ___ and"):
        fill_blank(model, VOCAB, sentence, everything)


@pytest.mark.parametrize("sentence", ["the ___.", "the ____ .", "the __.", "the___ ."])
def test_a_blank_may_touch_a_sign_and_have_other_lengths(model, sentence):
    words, probabilities, _ = fill_blank(model, VOCAB, sentence, everything)
    assert words == ["[CLS]", "the", "___", ".", "[SEP]"]
    torch.testing.assert_close(probabilities, fill_blank(model, VOCAB, "the ___ .", everything)[1])


def test_bad_input_is_named(model):
    with pytest.raises(ValueError, match=r"vocab has no '\[MASK\]', expected the vocabulary"):
        fill_blank(model, Vocab(["[PAD]", "<unk>", "the"]), "the ___", everything)
    for models, masks in (({}, {}), ({"a": model}, {"b": everything})):
        with pytest.raises(ValueError, match="models and masks have the names .*, expected the same ones"):
            blank_explorer(models, VOCAB, masks)
    with pytest.raises(ValueError, match="sentences is empty, expected at least one"):
        blank_explorer({"a": model}, VOCAB, {"a": everything}, ())


def test_the_picture_shows_the_chosen_head_and_the_best_words(model):
    use_course_style()
    words, probabilities, weights = fill_blank(model, VOCAB, SENTENCE, everything)
    fig = draw_blank(model, VOCAB, SENTENCE, everything, layer=2, head=1)
    top, ax = fig.axes
    assert [bar.get_height() for bar in ax.patches] == pytest.approx(weights[1, 0].tolist())
    assert [bar.get_width() for bar in top.patches] == pytest.approx(probabilities.topk(5).values.tolist())
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        *("[CLS]", "the", "___", "of", "[SEP]", "the", "(wug)", ".", "[SEP]")
    ]
    assert top.get_yticklabels()[0].get_text() == VOCAB.tokens[int(probabilities.argmax())]
    best, most = VOCAB.tokens[int(probabilities.argmax())], words[int(weights[1, 0].argmax())]
    assert top.get_title("left") == f"What stands in the blank? First guess: {best}"
    assert ax.get_title("left") == f"Layer 2, head 1 looks most at {most}"
    pyplot.close(fig)
    for layer, head in ((0, 1), (4, 1), (1, 3)):
        with pytest.raises(
            ValueError, match=f"layer and head are {layer} and {head}, expected 1 to 3 and 1 to 2"
        ):
            draw_blank(model, VOCAB, SENTENCE, everything, layer, head)
