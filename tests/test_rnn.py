"""The cells equal PyTorch's layers with copied weights, and what cannot be right is refused."""

import pytest
import torch
from torch import nn

from course_utils.models.rnn import CharRNN, ElmanCell, GRUCell, LSTMCell, copy_weights, cut, unroll

PAIRS = [(ElmanCell, nn.RNN, 1), (LSTMCell, nn.LSTM, 2), (GRUCell, nn.GRU, 1)]


def twins(own, layer):
    """Return a cell and PyTorch's layer with the same weights, in float64."""
    torch.manual_seed(1)
    cell, given = own(3, 5).double(), layer(3, 5, batch_first=True).double()
    copy_weights(given, cell)
    return cell, given


@pytest.mark.parametrize(("own", "layer", "n_parts"), PAIRS)
def test_cells_equal_pytorchs_layers(own, layer, n_parts):
    cell, given = twins(own, layer)
    inputs = torch.randn(4, 7, 3, dtype=torch.float64, requires_grad=True)
    start = tuple(torch.randn(4, 5, dtype=torch.float64, requires_grad=True) for _ in range(n_parts))
    ours, last = unroll(cell, inputs, start)
    state = tuple(part[None] for part in start)
    theirs, their_last = given(inputs, state if n_parts == 2 else state[0])
    torch.testing.assert_close(ours, theirs)
    their_last = their_last if isinstance(their_last, tuple) else (their_last,)
    torch.testing.assert_close(last, tuple(part[0] for part in their_last))

    direction = torch.randn_like(ours)
    tables = [cell.read.weight, cell.recall.weight, cell.read.bias, cell.recall.bias]
    mine = torch.autograd.grad((ours * direction).sum(), [inputs, *start, *tables])
    reference = torch.autograd.grad((theirs * direction).sum(), [inputs, *start, *given.parameters()])
    torch.testing.assert_close(mine, reference)


def test_an_elman_cell_by_hand():
    cell = ElmanCell(1, 1)
    for table, value in zip(cell.parameters(), (2.0, 0.5, 3.0, -1.0), strict=True):
        nn.init.constant_(table, value)
    # 2 * 0.25 + 0.5 + 3 * 0.2 - 1 = 0.6
    (hidden,) = cell(torch.tensor([[0.25]]), (torch.tensor([[0.2]]),))
    assert hidden.item() == pytest.approx(0.537050)


def test_weights_are_copied_and_not_shared():
    cell, given = twins(ElmanCell, nn.RNN)
    before = cell.read.weight.clone()
    nn.init.zeros_(given.weight_ih_l0.data)
    assert torch.equal(cell.read.weight, before)


def test_weights_of_another_kind_are_refused():
    with pytest.raises(ValueError, match=r"layer has weights of shape \(15, 3\), expected \(5, 3\)"):
        copy_weights(nn.GRU(3, 5), ElmanCell(3, 5))


def test_a_sequence_without_steps_is_refused():
    with pytest.raises(ValueError, match=r"inputs has shape \(2, 0, 3\), expected at least one step"):
        unroll(ElmanCell(3, 5), torch.zeros(2, 0, 3), (torch.zeros(2, 5),))


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU])
def test_a_text_read_in_two_pieces_is_the_text_read_at_once(layer):
    torch.manual_seed(1)
    model = CharRNN(11, 6, layer)
    token_ids = torch.randint(11, (3, 10))
    logits, _ = model(token_ids)
    assert logits.shape == (3, 10, 11)
    first, state = model(token_ids[:, :4])
    second, _ = model(token_ids[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), logits)
    # Without the state, the second piece would read differently.
    assert not torch.allclose(model(token_ids[:, 4:])[0], second)


def test_what_follows_does_not_change_what_was_said():
    torch.manual_seed(1)
    model, token_ids = CharRNN(11, 6), torch.randint(10, (1, 8))
    changed = token_ids.clone()
    changed[0, 5] += 1
    one, other = model(token_ids)[0], model(changed)[0]
    assert torch.equal(one[:, :5], other[:, :5])
    assert not torch.allclose(one[:, 5:], other[:, 5:])


def test_an_lstm_starts_with_its_forget_gates_open():
    torch.manual_seed(1)
    open_bias = CharRNN(11, 6).recurrent.bias_ih_l0
    assert torch.equal(open_bias[6:12], torch.ones(6))
    assert (open_bias[:6].abs() < 1).all()
    assert (open_bias[12:].abs() < 1).all()


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM])
def test_cut_keeps_the_state_and_drops_its_past(layer):
    model = CharRNN(11, 6, layer)
    _, state = model(torch.zeros(2, 3, dtype=torch.long))
    parts, bare = (part if isinstance(part, tuple) else (part,) for part in (state, cut(state)))
    assert all(part.requires_grad for part in parts)
    assert not any(part.requires_grad for part in bare)
    torch.testing.assert_close(bare, tuple(part.detach() for part in parts))
