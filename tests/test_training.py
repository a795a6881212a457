"""course_utils.training: fit is the loop of lesson 01 and stops well, evaluate measures, schedules set the rates."""

from __future__ import annotations

import inspect
import math
from copy import deepcopy
from types import SimpleNamespace

import pytest
import torch
from matplotlib import pyplot
from torch import nn

from course_utils import training
from course_utils.optim import Adam
from course_utils.training import (
    History,
    TrainingDiverged,
    constant,
    cosine,
    evaluate,
    fit,
    inverse_root,
    inverse_time,
    step_decay,
    warm_up,
)


@pytest.fixture
def batches() -> torch.Tensor:
    """Three batches of five examples: four numbers each, the last one to be guessed from the others."""
    return torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def squared_error(model, batch: torch.Tensor) -> torch.Tensor:
    return (model(batch[:, :3]) - batch[:, 3:]).square().mean()


def sgd(model: nn.Module, lr: float = 0.1) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=lr)


def numbers(model: nn.Module) -> list[torch.Tensor]:
    return [p.detach().clone() for p in model.parameters()]


def assert_equal(ours, theirs) -> None:
    """Equal to the last bit."""
    torch.testing.assert_close(list(ours), list(theirs), rtol=0, atol=0)


class Recorder(nn.Module):
    """A model that remembers in which mode it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0]))
        self.modes = []

    def forward(self, x):
        self.modes.append(self.training)
        return self.weight * x


class Counted:
    """A loss function that does something else, or raises it, at one of its calls, counted from 0."""

    def __init__(self, at: int, instead) -> None:
        self.at, self.instead, self.calls = at, instead, 0

    def __call__(self, model, batch):
        self.calls += 1
        if self.calls - 1 != self.at:
            return squared_error(model, batch)
        if isinstance(self.instead, type):
            raise self.instead
        return self.instead(model, batch)


# The loop


def test_fit_is_the_loop_written_by_hand_bit_for_bit(model, batches):
    by_hand, losses = deepcopy(model), []
    optimizer = sgd(by_hand)
    for batch in [*batches, *batches, batches[0]]:
        optimizer.zero_grad()
        loss = squared_error(by_hand, batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    history = fit(model, batches, squared_error, sgd(model), steps=7)
    assert_equal(by_hand.parameters(), model.parameters())
    assert history.losses == losses
    assert history.learning_rates == [0.1] * 7
    assert history.valid_losses == []


def test_fit_goes_through_the_batches_in_order_as_often_as_needed_and_no_further(model):
    class Batches:
        drawn = []

        def __iter__(self):
            for number in range(3):
                self.drawn.append(number)
                yield torch.full((1, 4), float(number))

    fit(model, Batches(), squared_error, sgd(model), steps=7)
    assert Batches.drawn == [0, 1, 2, 0, 1, 2, 0]


def test_a_history_is_continued_with_the_schedule_at_its_step(model, batches):
    in_one = deepcopy(model)
    # Both parts end with whole passes: each call of fit begins with the first batch.
    whole = fit(in_one, batches, squared_error, sgd(in_one), steps=9, schedule=cosine(0.2, 9))
    optimizer = sgd(model)
    history = fit(model, batches, squared_error, optimizer, steps=3, schedule=cosine(0.2, 9))
    again = fit(model, batches, squared_error, optimizer, steps=6, schedule=cosine(0.2, 9), history=history)
    assert again is history
    assert history.losses == whole.losses
    assert history.learning_rates == [cosine(0.2, 9)(step) for step in range(9)]
    assert_equal(model.parameters(), in_one.parameters())
    assert len(history.seconds) == 9
    assert history.seconds == sorted(history.seconds)
    assert history.seconds[0] > 0


def test_time_spent_measuring_is_not_counted(monkeypatch, batches):
    clock = iter(range(10**6))
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: float(next(clock))))
    model = Recorder()

    def loss_fn(model, batch):
        for _ in range(4 if model.training else 1000):
            next(clock)
        return model(batch).mean()

    settings = {"valid_batches": [batches[0]], "valid_every": 1}
    history = fit(model, batches, loss_fn, sgd(model), steps=3, **settings)
    assert history.seconds == [5.0, 10.0, 15.0]


def test_schedule_reaches_every_group_of_parameters(model, batches):
    groups = [{"params": model[0].parameters(), "lr": 5.0}, {"params": model[2].parameters(), "lr": 7.0}]
    optimizer = torch.optim.SGD(groups, lr=1.0)
    fit(model, batches, squared_error, optimizer, steps=2, schedule=lambda step: 0.25 / (step + 1))
    assert [group["lr"] for group in optimizer.param_groups] == [0.125, 0.125]


@pytest.mark.parametrize(("clip_norm", "moved"), [(0.5, 0.5), (5.0, 5.0), (20.0, 10.0), (None, 10.0)])
def test_clip_norm_shortens_longer_gradients_to_that_length_and_no_others(clip_norm, moved):
    place = nn.Parameter(torch.zeros(2))
    slope = torch.tensor([6.0, 8.0])  # of length 10
    fit(None, [slope], lambda _, g: place @ g, torch.optim.SGD([place], lr=1.0), steps=1, clip_norm=clip_norm)
    torch.testing.assert_close(place.detach(), -slope * moved / 10)


def test_fit_trains_any_model_with_our_own_adam(batches):
    weights = torch.zeros(3, requires_grad=True)
    optimizer = Adam([weights], lr=0.05)

    def loss_fn(weights, batch):
        return (batch[:, :3] @ weights - batch[:, 3]).square().mean()

    start = evaluate(weights, batches, loss_fn)
    history = fit(weights, batches, loss_fn, optimizer, steps=200, valid_batches=batches)
    best = torch.linalg.lstsq(batches.reshape(-1, 4)[:, :3], batches.reshape(-1, 4)[:, 3:]).solution[:, 0]
    torch.testing.assert_close(weights.detach(), best, atol=0.1, rtol=0)
    assert history.valid_losses[-1] < start


def test_fit_fits_on_a_page():
    assert len(inspect.getsource(inspect.unwrap(fit)).splitlines()) <= 60


# Measuring


def test_held_out_losses_are_those_of_evaluate_at_the_steps_asked_for_and_after_the_last(model, batches):
    twin = deepcopy(model)
    settings = {"steps": 5, "valid_batches": batches[1:], "valid_every": 2}
    history = fit(model, batches, squared_error, sgd(model), **settings)
    assert history.valid_steps == [2, 4, 5]
    expected = []
    for steps_taken in range(1, 6):
        fit(twin, batches[[(steps_taken - 1) % 3]], squared_error, sgd(twin), steps=1)
        if steps_taken in (2, 4, 5):
            expected.append(evaluate(twin, batches[1:], squared_error))
    assert history.valid_losses == expected
    fit(model, batches, squared_error, sgd(model), history=history, **settings)
    assert history.valid_steps == [2, 4, 5, 6, 8, 10]


def test_model_is_in_training_mode_for_steps_only(batches):
    model = Recorder().eval()
    settings = {"valid_batches": [batches[0]], "valid_every": 2}
    fit(model, batches, lambda m, b: m(b).square().mean(), sgd(model, 0.01), steps=3, **settings)
    assert model.modes == [True, True, False, True, False]
    assert not model.training


def test_dropout_drops_while_training_and_not_after():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Dropout(0.5))
    ones, seen = torch.ones(1000, 1), []

    def loss_fn(model, batch):
        seen.append((model(batch) == 0).float().mean().item())
        return model(batch).mean()

    fit(model, [ones], loss_fn, sgd(model), steps=1)
    evaluate(model, [ones], loss_fn)
    assert 0.4 < seen[0] < 0.6
    assert seen[1] == 0


@pytest.mark.parametrize("training", [True, False])
def test_evaluate_measures_in_evaluation_mode_and_goes_back(training):
    model = Recorder().train(training)
    evaluate(model, [torch.ones(1)], lambda m, b: m(b).mean())
    assert model.modes == [False]
    assert model.training is training


def test_evaluate_counts_every_batch_once_or_as_often_as_it_is_told():
    batches = [torch.ones(1), torch.full((3,), 5.0)]
    assert evaluate(None, batches, lambda m, b: b.mean()) == 3
    assert evaluate(None, iter(batches), lambda m, b: b.mean(), weight=len) == 4


def test_evaluate_records_no_gradient(model, batches):
    assert evaluate(model, batches, lambda m, b: float(squared_error(m, b).requires_grad)) == 0


def test_evaluate_needs_a_batch(model):
    with pytest.raises(ValueError, match="batches is empty, expected at least one batch"):
        evaluate(model, [], squared_error)


# Stopping


def infinite(model, batch):
    return math.inf * squared_error(model, batch)


def nan_with_a_slope(model, batch):
    """A loss that is not a number, although its gradient is finite."""
    return squared_error(model, batch) + math.nan


def finite_without_a_slope(model, batch):
    """A finite loss whose gradient is not a number: the slope of a square root at 0 is infinite, times 0."""
    return (0 * squared_error(model, batch)).sqrt()


@pytest.mark.parametrize(
    ("instead", "found"),
    [
        (infinite, "the loss is inf, the gradient's length nan"),
        (nan_with_a_slope, "the loss is nan, the gradient's length 1."),
        (finite_without_a_slope, "the loss is 0.0, the gradient's length nan"),
    ],
    ids=["both", "loss", "gradient"],
)
@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_training_stops_at_what_is_not_finite_and_names_the_step(model, batches, instead, found, clip_norm):
    settings = {"clip_norm": clip_norm, "history": History()}
    history = fit(model, batches, squared_error, sgd(model, 0.125), steps=3, **settings)
    before = numbers(model)
    with pytest.raises(TrainingDiverged) as caught:
        fit(model, batches, Counted(0, instead), sgd(model, 0.125), steps=4, **settings)
    message = str(caught.value)
    assert f"at step 3: {found}" in message
    assert "learning rate below 0.125" in message
    assert_equal(before, model.parameters())
    assert len(history.losses) == len(history.learning_rates) == len(history.seconds) == 3


def test_a_rate_that_is_too_large_is_noticed_before_the_parameters_overflow(batches):
    place = nn.Parameter(torch.tensor([1.0]))
    with pytest.raises(TrainingDiverged, match="learning rate below 3"):
        fit(None, batches, lambda m, b: place.square().sum(), torch.optim.SGD([place], lr=3.0), steps=200)
    assert place.isfinite()


def fit_interrupted(*arguments, **settings) -> History:
    """What fit returns, or a failure of one test where an interrupt gets through: it would end the whole run."""
    try:
        return fit(*arguments, **settings)
    except KeyboardInterrupt:
        pytest.fail("the interrupt got through")


def test_interrupting_keeps_what_was_learned_and_says_how_much(model, batches, capsys):
    twin = deepcopy(model)
    history = fit_interrupted(model, batches, Counted(3, KeyboardInterrupt), sgd(model), steps=10)
    complete = fit(twin, batches, squared_error, sgd(twin), steps=3)
    assert history.losses == complete.losses
    assert_equal(model.parameters(), twin.parameters())
    assert not model.training
    assert capsys.readouterr().out.startswith(
        "Interrupted after 3 steps. The model keeps what it has learned"
    )


def test_a_history_interrupted_while_measuring_can_be_drawn_and_continued(model, batches):
    # The calls: two steps, three batches to measure on, two steps, and the second of three batches.
    loss_fn = Counted(8, KeyboardInterrupt)
    settings = {"valid_batches": batches, "valid_every": 2}
    history = fit_interrupted(model, batches, loss_fn, sgd(model), steps=10, **settings)
    assert (len(history.losses), history.valid_steps, len(history.valid_losses)) == (4, [2], 1)
    assert not model.training
    pyplot.close(history.plot().figure)
    fit(model, batches, squared_error, sgd(model), steps=2, history=history, **settings)
    assert history.valid_steps == [2, 6]


@pytest.mark.parametrize(("n_batches", "make"), [(3, iter), (0, list)], ids=["used up", "empty"])
def test_batches_that_run_out_are_an_error_that_says_what_to_give(model, batches, n_batches, make):
    history = History()
    with pytest.raises(ValueError, match="batches ran out, expected .* a list or a DataLoader"):
        fit(model, make(batches[:n_batches]), squared_error, sgd(model), steps=4, history=history)
    assert len(history.losses) == n_batches


def test_a_generator_that_is_long_enough_will_do(model, batches):
    assert len(fit(model, iter(batches), squared_error, sgd(model), steps=3).losses) == 3


# Arguments and schedules


@pytest.mark.parametrize("steps", [0, -3])
def test_fit_needs_a_step_to_take(model, batches, steps):
    with pytest.raises(ValueError, match=f"^steps is {steps}, expected a number above 0$"):
        fit(model, batches, squared_error, sgd(model), steps=steps)


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        (constant(0.3), {0: 0.3, 50: 0.3, 10**6: 0.3}),
        (step_decay(0.8, every=10), {0: 0.8, 9: 0.8, 10: 0.4, 19: 0.4, 20: 0.2, 39: 0.1}),
        (step_decay(1.0, every=4, factor=0.1), {3: 1.0, 4: 0.1, 8: 0.01}),
        (inverse_time(0.6, half_life=10), {0: 0.6, 10: 0.3, 20: 0.2, 50: 0.1}),
        (cosine(0.2, steps=60), {0: 0.2, 20: 0.15, 30: 0.1, 40: 0.05, 60: 0, 61: 0, 1000: 0}),
        (warm_up(constant(0.4), steps=4), {0: 0.1, 1: 0.2, 3: 0.4, 4: 0.4, 1000: 0.4}),
        (warm_up(cosine(0.2, steps=60), steps=20), {9: 0.1 * cosine(1, 60)(9), 20: 0.15, 60: 0}),
        # D = 64 gives 1 / 8. The peak is 1 / 8 / 10, a quarter of the way up it is a quarter, at 4 times it is half.
        (inverse_root(64, warm_up_steps=100), {24: 0.003125, 99: 0.0125, 399: 0.00625, 9999: 0.00125}),
    ],
    ids=[
        "constant",
        "step_decay",
        "step_decay by 10",
        "inverse_time",
        "cosine",
        "warm_up",
        "warm_up and cosine",
        "inverse_root",
    ],
)
def test_schedules_have_their_values_at_the_first_the_middle_and_the_last_step(schedule, values):
    assert {step: schedule(step) for step in values} == pytest.approx(values, abs=1e-15)


@pytest.mark.parametrize("value", [0.0, -0.1, math.nan, 0])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (constant, "rate"),
        (lambda rate: step_decay(rate, 10), "rate"),
        (lambda rate: inverse_time(rate, 10), "rate"),
        (lambda half_life: inverse_time(0.1, half_life), "half_life"),
        (lambda rate: cosine(rate, 10), "rate"),
    ],
)
def test_rates_that_are_not_above_zero_are_rejected_by_name(make, name, value):
    with pytest.raises(ValueError, match=f"^{name} is {value}, expected a number above 0$"):
        make(value)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda n: step_decay(0.1, n), "every"),
        (lambda n: cosine(0.1, n), "steps"),
        (lambda n: warm_up(constant(0.1), n), "steps"),
        (lambda n: inverse_root(n, 10), "d_model"),
        (lambda n: inverse_root(64, n), "warm_up_steps"),
    ],
)
def test_numbers_of_steps_that_are_not_above_zero_are_rejected_by_name(make, name):
    with pytest.raises(ValueError, match=f"^{name} is 0, expected a number above 0$"):
        make(0)
