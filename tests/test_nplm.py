"""models.nplm: the paper's formula with its own letters, the shared table, the direct connections, the count."""

import pytest
import torch
from jaxtyping import TypeCheckError

from course_utils.models.nplm import NPLM


@pytest.mark.parametrize("direct", [False, True])
def test_it_is_the_formula_of_the_paper(direct):
    torch.manual_seed(1)
    model, context = NPLM(7, 3, 4, 5, direct), torch.tensor([[0, 6, 2], [3, 3, 1]])
    got = model(context)
    for row, logits in zip(context, got, strict=True):
        x = torch.cat([model.C.weight[word] for word in row])
        y = model.U.bias + model.U.weight @ torch.tanh(model.H.bias + model.H.weight @ x)
        torch.testing.assert_close(logits, y + model.W.weight @ x if direct else y)


@pytest.mark.parametrize("direct", [False, True])
def test_it_has_as_many_parameters_as_the_paper_says(direct):
    # |V| (1 + n m + h) + h (1 + (n - 1) m), with n - 1 words of context; |V| (n - 1) m fewer without W.
    V, T, m, h = 11, 3, 4, 5
    expected = V * (1 + (T + 1) * m + h) + h * (1 + T * m) - (0 if direct else V * T * m)
    assert sum(p.numel() for p in NPLM(V, T, m, h, direct).parameters()) == expected


def test_the_order_of_the_context_matters_and_the_table_is_shared():
    torch.manual_seed(1)
    model = NPLM(6, 2, 3, 4)
    assert not torch.allclose(model(torch.tensor([[1, 2]])), model(torch.tensor([[2, 1]])))
    model(torch.tensor([[1, 2]])).sum().backward()
    touched = model.C.weight.grad.abs().sum(1) > 0
    assert touched.tolist() == [False, True, True, False, False, False]


def test_a_context_without_a_batch_is_refused():
    with pytest.raises(TypeCheckError):
        NPLM(6, 2, 3, 4)(torch.tensor([1, 2]))
