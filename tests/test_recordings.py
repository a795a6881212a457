"""course_utils.recordings: what is recorded is what the model did, and nonsense is refused by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from course_utils.generation import greedy
from course_utils.models.transformer import Transformer, TransformerConfig
from course_utils.recordings import Generation, record_generation
from course_utils.text import Vocab

SRC = torch.tensor([[5, 3, 7, 4, 2]])
SRC_VOCAB = Vocab(["<pad>", "<s>", "</s>", *"abcdef"])
TGT_VOCAB = Vocab(["<pad>", "<s>", "</s>", *"uvwxyz"])
IDS = {"start_id": 1, "end_id": 2}


def make(seed=0, **options):
    torch.manual_seed(seed)
    sizes = {"src_vocab_size": 9, "tgt_vocab_size": 9, "d_model": 8, "n_heads": 2, "d_ff": 12, "n_layers": 3}
    return Transformer(TransformerConfig(**sizes, **options)).eval()


def record(model, **options):
    return record_generation(model, SRC, SRC_VOCAB, TGT_VOCAB, **IDS, **{"max_length": 7, **options})


def ending_model():
    """A model that ends its sentence by itself, after more than one token, within seven."""
    for seed in range(200):
        model = make(seed)
        (row,) = greedy(model, SRC, **IDS, max_length=7)
        if 1 < len(row) < 7:
            return model
    pytest.fail("no model ends its sentence")


@pytest.mark.parametrize("options", [{}, {"rotary": True}, {"pre_norm": False}], ids=str)
def test_the_weights_are_those_of_reading_the_whole_sentence_at_once(options):
    model = make(**options)
    recorded = record(model)
    tgt_in = torch.tensor([TGT_VOCAB.encode(recorded.target[:-1])])
    logits = model(SRC, tgt_in)
    for name, parts in {
        "encoder_self": [block.attention for block in model.encoder],
        "decoder_self": [block.attention for block in model.decoder],
        "cross": [block.cross_attention for block in model.decoder],
    }.items():
        expected = torch.cat([part.weights for part in parts])
        np.testing.assert_allclose(getattr(recorded, name), expected, atol=1e-5, err_msg=name)
    probabilities = logits[0].softmax(-1)
    for row, guesses in zip(probabilities, recorded.guesses, strict=True):
        best = row.topk(5)
        assert [token for token, _ in guesses] == TGT_VOCAB.decode(best.indices.tolist())
        assert [p for _, p in guesses] == pytest.approx(best.values.tolist(), abs=1e-5)


def test_the_sentence_is_the_greedy_one_with_start_and_end():
    model = ending_model()
    recorded = record(model)
    (row,) = greedy(model, SRC, **IDS, max_length=7)
    assert recorded.source == ("c", "a", "e", "b", "</s>")
    assert recorded.target == ("<s>", *TGT_VOCAB.decode(row), "</s>")
    assert recorded.n_steps == len(row) + 1
    assert recorded.kinds() == ("encoder_self", "cross", "decoder_self")
    assert [guesses[0][0] for guesses in recorded.guesses] == list(recorded.target[1:])


def test_a_sentence_that_does_not_end_is_cut_off():
    recorded = record(ending_model(), max_length=1, n_guesses=3)
    assert len(recorded.target) == 2
    assert recorded.cross.shape == (3, 2, 1, 5)
    assert len(recorded.guesses[0]) == 3


def test_more_guesses_than_tokens_are_all_tokens():
    assert len(record(make(), n_guesses=50).guesses[0]) == len(TGT_VOCAB)


def test_sentences_are_recorded_one_at_a_time():
    with pytest.raises(ValueError, match="src has 2 rows, expected 1"):
        record_generation(make(), SRC.repeat(2, 1), SRC_VOCAB, TGT_VOCAB, **IDS)


@pytest.mark.parametrize("name", ["max_length", "n_guesses"])
def test_bad_sizes_are_named(name):
    with pytest.raises(ValueError, match=f"{name} is 0, expected at least 1"):
        record(make(), **{name: 0})


def spread(*shape):
    return np.full(shape, 1 / shape[-1], dtype=np.float32)


WHOLE = Generation(
    source=("a", "b", "</s>"),
    target=("<s>", "u", "</s>"),
    encoder_self=spread(2, 2, 3, 3),
    decoder_self=np.broadcast_to(np.eye(2, dtype=np.float32), (2, 2, 2, 2)),
    cross=spread(2, 2, 2, 3),
    guesses=((("u", 0.9), ("v", 0.1)), (("</s>", 1.0),)),
)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"source": ("a", "b")}, r"encoder_self has shape \(2, 2, 3, 3\), expected \(layers, heads, 2, 2\)"),
        ({"cross": spread(2, 2, 3, 3)}, r"cross has shape \(2, 2, 3, 3\), expected \(layers, heads, 2, 3\)"),
        ({"cross": spread(2, 2, 3)}, r"cross has shape \(2, 2, 3\), expected"),
        ({"cross": spread(0, 2, 2, 3)}, r"cross has shape \(0, 2, 2, 3\), expected"),
        ({"cross": 2 * spread(2, 2, 2, 3)}, "cross has rows that do not sum to 1"),
        ({"cross": np.array([[[[2, -1, 0]] * 2] * 2] * 2, dtype=np.float32)}, "numbers below 0"),
        ({"decoder_self": spread(2, 2, 2, 2)}, "decoder_self has weights above the diagonal, expected zeros"),
        ({"guesses": WHOLE.guesses[:1]}, r"guesses has the lengths \[2\], expected .* each of the 2 steps"),
        (
            {"guesses": ((), WHOLE.guesses[1])},
            r"guesses has the lengths \[0, 1\], expected at least one guess",
        ),
    ],
)
def test_what_does_not_fit_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(WHOLE, **wrong)


def test_a_model_may_lack_its_encoder_or_its_decoder():
    decoder = Generation(target=WHOLE.target, decoder_self=WHOLE.decoder_self, guesses=WHOLE.guesses)
    assert (decoder.kinds(), decoder.n_steps) == (("decoder_self",), 2)
    encoder = Generation(source=WHOLE.source, encoder_self=WHOLE.encoder_self)
    assert (encoder.kinds(), encoder.n_steps) == (("encoder_self",), 0)
    with pytest.raises(ValueError, match="are all None, expected weights for one of them"):
        Generation(source=("a",))
