"""course_utils.optim: gradients by nudging against autograd, descent and Adam against torch's own."""

from __future__ import annotations

import jaxtyping
import numpy as np
import pytest
import torch
from torch import nn

from course_utils.optim import Adam, descend, descent_path, forward_difference, numerical_gradient
from course_utils.training import cosine, fit


def random_loss(n_params: int, generator: torch.Generator):
    """A smooth function of n_params numbers with random coefficients."""

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    inside, outside, bend, shift = draw(5, n_params), draw(5), draw(n_params, n_params), draw(n_params)

    def loss(params):
        return (
            outside @ torch.tanh(inside @ params)
            + torch.cos(params @ bend @ params)
            + (params - shift).exp().sum()
        )

    return loss, draw(n_params)


def autograd(loss, params):
    params = params.clone().requires_grad_()
    return torch.autograd.grad(loss(params), params)[0]


def run_torch(optimizer_class, loss, start, rates, **settings):
    """The path of one of torch's own optimizers, with a rate for every step."""
    params = start.clone().requires_grad_()
    optimizer = optimizer_class([params], lr=rates[0], **settings)
    path = [start]
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss(params).backward()
        optimizer.step()
        path.append(params.detach().clone())
    return torch.stack(path)


# Slopes by nudging


@pytest.mark.parametrize("x", [3.0, np.array([3.0, -1.0]), torch.tensor([3.0, -1.0], dtype=torch.float64)])
@pytest.mark.parametrize("h", [0.5, 0.25])
def test_forward_difference_of_a_square_is_too_large_by_h(x, h):
    assert forward_difference(lambda t: t * t, x, h) == pytest.approx(2 * x + h)


@pytest.mark.parametrize("seed", range(20))
def test_numerical_gradient_agrees_with_autograd_on_random_functions(seed):
    loss, params = random_loss(1 + seed % 7, torch.Generator().manual_seed(seed))
    torch.testing.assert_close(numerical_gradient(loss, params), autograd(loss, params), rtol=1e-4, atol=2e-4)


@pytest.mark.parametrize("n_params", [1, 6])
def test_numerical_gradient_evaluates_the_loss_p_plus_1_times_and_leaves_its_argument_alone(n_params):
    calls = []
    params = torch.arange(n_params, dtype=torch.float64)
    before = params.clone()
    numerical_gradient(lambda p: calls.append(p.clone()) or p.sum(), params, h=0.5)
    nudges = torch.stack(calls) - params
    assert nudges.tolist() == [[0.0] * n_params, *(0.5 * torch.eye(n_params)).tolist()]
    assert torch.equal(params, before)


def test_numerical_gradient_refuses_floats_that_round_the_nudge_away():
    with pytest.raises(TypeError, match=r"params has dtype torch\.float32, expected torch\.float64"):
        numerical_gradient(lambda p: p.sum(), torch.ones(2))


def test_numerical_gradient_refuses_a_matrix_in_lessons_as_well_where_no_types_are_checked():
    matrix = torch.ones(2, 3, dtype=torch.float64)
    with pytest.raises(jaxtyping.TypeCheckError, match="'params'"):
        numerical_gradient(lambda p: p.sum(), matrix)
    in_lessons = numerical_gradient.__wrapped__
    with pytest.raises(ValueError, match=r"params has shape \(2, 3\): 2 axes, expected 1 axis"):
        in_lessons(lambda p: p.sum(), matrix)


# Descent

SCHEDULE = [0.3, 0.1, 0.02, 0.2]


@pytest.mark.parametrize(
    ("rate", "rates"), [(0.05, [0.05] * 4), (SCHEDULE.__getitem__, SCHEDULE)], ids=["number", "schedule"]
)
def test_descend_walks_the_path_of_torchs_sgd(rate, rates):
    loss, start = random_loss(3, torch.Generator().manual_seed(0))
    before = start.clone()
    path = descend(lambda params: autograd(loss, params), start, rate, steps=4)
    torch.testing.assert_close(path, run_torch(torch.optim.SGD, loss, start, rates))
    assert torch.equal(start, before)


@pytest.mark.parametrize("curvature", [0.5, 6.0])
@pytest.mark.parametrize(("share", "end"), [(0.99, "arrives"), (1, "swings"), (1.01, "flies apart")])
def test_descent_arrives_exactly_below_a_rate_of_2_over_the_curvature(curvature, share, end):
    start = torch.tensor([1.0], dtype=torch.float64)
    path = descend(lambda params: curvature * params, start, share * 2 / curvature, steps=400)
    final = path[-1].abs().item()
    assert {"arrives": final < 1e-3, "swings": abs(final - 1) < 1e-9, "flies apart": final > 1e3}[end]


@pytest.mark.parametrize(
    ("optimizer_class", "settings"),
    [(torch.optim.SGD, {}), (torch.optim.SGD, {"momentum": 0.9}), (torch.optim.Adam, {})],
    ids=["SGD", "momentum", "Adam"],
)
@pytest.mark.parametrize("schedule", [None, SCHEDULE.__getitem__], ids=["own rate", "schedule"])
def test_descent_path_is_the_path_of_the_optimizer(optimizer_class, settings, schedule):
    loss, start = random_loss(3, torch.Generator().manual_seed(1))
    before = start.clone()
    path = descent_path(loss, start, lambda p: optimizer_class(p, lr=0.04, **settings), 4, schedule)
    rates = [0.04] * 4 if schedule is None else SCHEDULE
    assert torch.equal(path, run_torch(optimizer_class, loss, start, rates, **settings))
    assert torch.equal(start, before)
    assert not path.requires_grad


def test_a_path_of_no_steps_is_its_start():
    start = torch.zeros(2)
    for path in (
        descend(lambda p: p, start, 0.1, 0),
        descent_path(lambda p: p.sum(), start, lambda p: torch.optim.SGD(p, 0.1), 0),
    ):
        assert path.tolist() == [[0.0, 0.0]]


# Adam


@pytest.mark.parametrize("lr", [1e-3, 0.3])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.5), (0.99, 0.9)])
@pytest.mark.parametrize("eps", [1e-8, 1e-2])
def test_adam_takes_the_steps_of_torchs_adam_on_random_gradients(lr, betas, eps):
    generator = torch.Generator().manual_seed(3)
    shapes = [(4,), (2, 3), ()]
    ours = [torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes]
    theirs = [p.clone() for p in ours]
    mine, torchs = Adam(iter(ours), lr, betas, eps), torch.optim.Adam(theirs, lr, betas, eps)
    for step in range(30):
        for p, q in zip(ours, theirs):
            size = 10.0 ** (step % 5 - 3)  # from tiny gradients, where eps counts, to large ones
            p.grad = size * torch.randn(p.shape, generator=generator, dtype=torch.float64)
            q.grad = p.grad.clone()
        mine.step()
        torchs.step()
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


def test_zero_grad_of_adam_forgets_the_gradients():
    p = torch.ones(2, requires_grad=True)
    p.sum().backward()
    Adam([p]).zero_grad()
    assert p.grad is None


def test_adam_under_fit_with_a_schedule_learns_what_torchs_adam_learns():
    torch.manual_seed(0)
    batches = torch.randn(3, 8, 4, dtype=torch.float64)
    learned = []
    for optimizer_class in (Adam, torch.optim.Adam):
        torch.manual_seed(1)
        model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)).double()
        optimizer = optimizer_class(model.parameters(), lr=0.5)
        history = fit(
            model,
            batches,
            lambda m, b: (m(b) - 1).square().mean(),
            optimizer,
            steps=20,
            schedule=cosine(0.1, 20),
        )
        assert history.learning_rates == [cosine(0.1, 20)(step) for step in range(20)]
        learned.append([*model.parameters(), torch.tensor(history.losses)])
    torch.testing.assert_close(*learned, rtol=1e-9, atol=1e-12)
    assert learned[0][-1][-1] < learned[0][-1][0] / 2


# The shapes in the signatures


def test_shapes_in_signatures_are_checked_while_tests_run(monkeypatch):
    with pytest.raises(jaxtyping.TypeCheckError, match=r"Float\[Tensor, 'P'\]"):
        descend(lambda p: p, torch.ones(2, dtype=torch.int64), 0.1, 1)
    stack = torch.stack
    monkeypatch.setattr(torch, "stack", lambda path: stack(path[1:]))  # as if the start had been left out
    with pytest.raises(jaxtyping.TypeCheckError, match="return value"):
        descend(lambda p: p, torch.ones(2), 0.1, 3)
