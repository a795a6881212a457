"""models.mlp: sizes, the bend, starting weights of the promised variance, and equality with torch's own layers."""

import pytest
import torch
from torch import nn

from course_utils.models.mlp import MLP


def test_it_equals_torchs_own_layers_in_a_row():
    model = MLP([3, 5, 4, 2], torch.tanh, gain=1.0)
    first, second, third = model.layers
    theirs = nn.Sequential(first, nn.Tanh(), second, nn.Tanh(), third)
    x = torch.randn(7, 3)
    torch.testing.assert_close(model(x), theirs(x))
    torch.testing.assert_close(model.hidden(x)[0], theirs[:2](x))
    torch.testing.assert_close(model.hidden(x)[1], theirs[:4](x))


def test_without_a_hidden_layer_it_is_a_line():
    model = MLP([3, 2])
    x = torch.randn(4, 3)
    assert model.hidden(x) == []
    torch.testing.assert_close(model(x), x @ model.layers[0].weight.T)


def test_it_takes_any_axes_in_front():
    assert MLP([3, 4, 2])(torch.randn(5, 6, 3)).shape == (5, 6, 2)


@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_starting_weights_have_variance_gain_over_inputs_and_biases_are_0(gain):
    torch.manual_seed(0)
    model = MLP([400, 300, 200], gain=gain)
    for layer, inputs in zip(model.layers, (400, 300), strict=True):
        assert layer.weight.var().item() == pytest.approx(gain / inputs, rel=0.05)
        assert not layer.bias.any()


def test_he_initialisation_keeps_the_signal_through_twenty_layers():
    torch.manual_seed(0)
    outputs = MLP([256] * 21 + [10]).hidden(torch.randn(64, 256))
    assert 0.1 < outputs[-1].square().mean() / outputs[0].square().mean() < 10


@pytest.mark.parametrize("sizes", [[], [3]])
def test_too_few_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="expected at least the numbers of inputs and of outputs"):
        MLP(sizes)
