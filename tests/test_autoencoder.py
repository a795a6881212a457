"""models.autoencoder: shapes, the noise of training, codes of bits, and losses equal to torch's own."""

import jaxtyping
import pytest
import torch
from torch import nn

from course_utils.models.autoencoder import Autoencoder, SemanticHash, document_loss, word_shares


def test_the_decoder_is_the_encoders_mirror_image():
    model = Autoencoder([7, 5, 3])
    shapes = [tuple(layer.weight.shape) for layer in [*model.encoder.layers, *model.decoder.layers]]
    assert shapes == [(5, 7), (3, 5), (5, 3), (7, 5)]


def test_it_sends_the_input_through_encoder_and_decoder():
    model = Autoencoder([7, 5, 3], torch.tanh, gain=1.0)
    x = torch.randn(4, 6, 7)
    code = model.encoder.layers[1](model.encoder.layers[0](x).tanh())
    torch.testing.assert_close(model.encoder(x), code)
    torch.testing.assert_close(model(x), model.decoder.layers[1](model.decoder.layers[0](code).tanh()))


def test_gain_and_bend_reach_both_halves():
    torch.manual_seed(0)
    model = Autoencoder([400, 300, 200], torch.sigmoid, gain=0.5)
    for half in (model.encoder, model.decoder):
        assert half.bend is torch.sigmoid
        assert half.layers[0].weight.var().item() * half.layers[0].in_features == pytest.approx(0.5, rel=0.05)


def test_noise_enters_before_the_sigmoid_and_only_in_training():
    torch.manual_seed(0)
    model, x = SemanticHash([5, 4, 3], noise=2.0).eval(), torch.randn(6, 5)
    quiet = model(x)
    torch.testing.assert_close(quiet, model.decoder(model.encoder(x).sigmoid()))
    torch.testing.assert_close(model(x), quiet)
    model.train()
    torch.manual_seed(3)
    noisy = model(x)
    torch.manual_seed(3)
    z = model.encoder(x)
    torch.testing.assert_close(noisy, model.decoder((z + 2.0 * torch.randn_like(z)).sigmoid()))
    assert not torch.allclose(noisy, quiet)


def test_bits_are_the_rounded_sigmoids_and_decode_takes_them_back():
    torch.manual_seed(0)
    model, x = SemanticHash([5, 4, 3], noise=0.0), torch.randn(20, 5)
    bits = model.bits(x)
    assert bits.dtype == torch.bool
    torch.testing.assert_close(bits.float(), model.encoder(x).sigmoid().round())
    assert 0 < bits.double().mean() < 1
    torch.testing.assert_close(model.decode(bits), model.decoder(bits.float()))


@pytest.mark.parametrize("noise", [-1.0, float("nan")])
def test_negative_noise_is_refused(noise):
    with pytest.raises(ValueError, match="noise is .*, expected 0 or a number above"):
        SemanticHash([3, 2], noise=noise)


def test_shares_sum_to_1_and_an_empty_document_stays_empty():
    counts = torch.tensor([[3.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert word_shares(counts).tolist() == [[0.75, 0.25, 0.0], [0.0, 0.0, 0.0]]


def test_the_document_loss_is_torchs_cross_entropy_with_shares_as_targets():
    torch.manual_seed(0)
    logits, counts = torch.randn(6, 9), torch.randint(0, 5, (6, 9)).float() + 0.5
    theirs = nn.functional.cross_entropy(logits, counts / counts.sum(1, keepdim=True))
    torch.testing.assert_close(document_loss(logits, counts), theirs)


def test_the_document_loss_does_not_depend_on_length():
    logits, counts = torch.randn(1, 4), torch.tensor([[3.0, 0.0, 1.0, 2.0]])
    torch.testing.assert_close(document_loss(logits, counts), document_loss(logits, 10 * counts))


def test_other_shapes_are_refused():
    with pytest.raises(jaxtyping.TypeCheckError, match="'counts'"):  # before the check that lessons rely on
        document_loss(torch.zeros(2, 3), torch.zeros(2, 4))
