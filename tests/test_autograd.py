"""models.autograd: gradients of made-up expressions equal torch's; reuse, broadcasting, depth and zeros."""

import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_utils.models.autograd import Array, Scalar, ancestors, backward, cross_entropy

settings.register_profile(
    "course", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("course")

# Numbers in this range keep every intermediate result far from overflow, and divisors from 0.
NUMBERS = st.floats(-2, 2).map(lambda x: round(x, 3))
# Each takes two values, of ours or torch's alike, and gives one. Divisions and logarithms get positive arguments.
STEPS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (b**2 + 1.5),
    "a number divided": lambda a, b: 0.7 / (a**2 + 1.5),
    "subtract from a number": lambda a, b: 2.0 - a,
    "add to a number": lambda a, b: 3.0 + a * b,
    "a number times": lambda a, b: -0.5 * b,
    "negate": lambda a, b: -a,
    "square": lambda a, b: a**2,
    "cube": lambda a, b: (a.tanh() + 1.2) ** 3,
    "root": lambda a, b: (a**2 + 0.5) ** 0.5,
    "exp": lambda a, b: a.tanh().exp(),
    "log": lambda a, b: (a**2 + 0.5).log(),
    "tanh": lambda a, b: a.tanh(),
    "sigmoid": lambda a, b: b.sigmoid(),
    "relu": lambda a, b: (a - 0.0005).relu() + b * 0.1,
    "twice the same": lambda a, b: a * a + a,
}
PROGRAMS = st.lists(
    st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8
)


@pytest.fixture(autouse=True)
def _sixteen_digits():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def execute(program, values):
    """Take the program's steps, each on two of the values so far, and keep results small; return the last."""
    values = list(values)
    for name, first, second in program:
        result = STEPS[name](values[first % len(values)], values[second % len(values)])
        values.append(
            result.tanh() * 2.0 if name in ("cube", "add to a number", "twice the same") else result
        )
    return values[-1]


def same(ours, theirs):
    """Hold gradients equal to 1e-6 relative; what torch leaves at None was not used, and ours stays 0."""
    for mine, tensor in zip(ours, theirs, strict=True):
        expected = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
        torch.testing.assert_close(
            torch.as_tensor(mine.grad, dtype=torch.float64) + torch.zeros_like(tensor),
            expected,
            rtol=1e-6,
            atol=1e-9,
        )


@settings(max_examples=300)
@given(st.lists(NUMBERS, min_size=1, max_size=4), PROGRAMS)
def test_scalar_gradients_equal_torchs(numbers, program):
    ours = [Scalar(x) for x in numbers]
    theirs = [torch.tensor(x, requires_grad=True) for x in numbers]
    mine, tensor = execute(program, ours), execute(program, theirs)
    assert mine.data == pytest.approx(tensor.item(), rel=1e-9, abs=1e-12)
    backward(mine)
    tensor.backward()
    same(ours, theirs)


# All of these stretch to (2, 3, 4), and to each other.
SHAPES = st.sampled_from([(), (1,), (4,), (3, 1), (3, 4), (1, 4), (2, 1, 1), (2, 1, 4), (2, 3, 4), (1, 1, 1)])


@settings(max_examples=300)
@given(
    st.lists(SHAPES, min_size=1, max_size=4),
    st.integers(0, 10**6),
    PROGRAMS,
    st.sampled_from(["sum", "mean"]),
)
def test_array_gradients_equal_torchs(shapes, seed, program, last):
    generator = torch.Generator().manual_seed(seed)
    data = [4 * torch.rand(shape, generator=generator) - 2 for shape in shapes]
    ours, theirs = [Array(x) for x in data], [x.clone().requires_grad_() for x in data]
    mine, tensor = (getattr(execute(program, values), last)() for values in (ours, theirs))
    torch.testing.assert_close(mine.data, tensor.detach(), rtol=1e-9, atol=1e-12)
    backward(mine)
    tensor.backward()
    same(ours, theirs)


@settings(max_examples=100)
@given(
    st.integers(1, 4),
    st.lists(st.integers(1, 5), min_size=2, max_size=5),
    st.integers(0, 10**6),
    st.booleans(),
)
def test_networks_have_torchs_gradients(rows, sizes, seed, bent):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, sizes[0], generator=generator)
    targets = torch.randint(sizes[-1], (rows,), generator=generator)
    data = []
    for size, following in zip(sizes, sizes[1:]):
        data += [
            torch.randn(size, following, generator=generator),
            torch.randn(following, generator=generator),
        ]
    ours, theirs = [Array(p) for p in data], [p.clone().requires_grad_() for p in data]
    outputs = []
    for params, h in ((ours, Array(x)), (theirs, x)):
        for weights, biases in zip(params[::2], params[1::2]):
            h = h @ weights + biases
            h = h.tanh() if bent else h.sigmoid()
        outputs.append(h)
    backward(cross_entropy(outputs[0], targets))
    torch.nn.functional.cross_entropy(outputs[1], targets).backward()
    same(ours, theirs)


@pytest.mark.parametrize(
    "shapes",
    [((3, 4), (4, 2)), ((5, 3, 4), (4, 2)), ((3, 4), (5, 4, 2)), ((5, 1, 3, 4), (2, 4, 6)), ((1, 1), (1, 1))],
)
def test_matmul_copies_tables_along_the_axes_in_front(shapes):
    data = [torch.randn(shape) for shape in shapes]
    ours, theirs = [Array(x) for x in data], [x.clone().requires_grad_() for x in data]
    backward(((ours[0] @ ours[1]) ** 2).sum())
    ((theirs[0] @ theirs[1]) ** 2).sum().backward()
    same(ours, theirs)


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        slice(1, 3),
        (0, 1),
        (slice(None), 2),
        torch.tensor([0, 0, 2]),
        (torch.tensor([0, 0]), torch.tensor([1, 1])),
    ],
    ids=str,
)
def test_picking_gives_the_gradient_back_where_it_was_picked_and_twice_if_picked_twice(index):
    data = torch.randn(3, 4)
    mine, tensor = Array(data), data.clone().requires_grad_()
    backward((mine[index] ** 2).sum())
    (tensor[index] ** 2).sum().backward()
    same([mine], [tensor])


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_sums_along_an_axis_keep_it(name, axis):
    data = torch.randn(3, 4)
    mine, tensor = Array(data), data.clone().requires_grad_()
    total = getattr(mine, name)(axis)
    assert total.data.shape == getattr(tensor, name)(axis, keepdim=True).shape
    backward((mine / (total**2 + 1)).sum())
    (tensor / (getattr(tensor, name)(axis, keepdim=True) ** 2 + 1)).sum().backward()
    same([mine], [tensor])


@pytest.mark.parametrize("kind", [Scalar, Array])
def test_what_is_used_twice_gets_both_pulls(kind):
    x = kind(3.0)
    y = x * x
    backward(y * x + y)
    assert float(x.grad) == 3 * 3**2 + 2 * 3
    assert float(y.grad) == 3 + 1


@pytest.mark.parametrize("kind", [Scalar, Array])
def test_calling_backward_again_starts_afresh(kind):
    x = kind(3.0)
    loss = x**2
    backward(loss)
    backward(loss)
    assert float(x.grad) == 6
    backward(x * 5)
    assert float(x.grad) == 5


@pytest.mark.parametrize("kind", [Scalar, Array])
def test_a_chain_of_50_000_steps_needs_no_recursion(kind):
    x = kind(1.0)
    y = x
    for _ in range(50_000):
        y = y + 1e-5
    backward(y * y)
    assert float(x.grad) == pytest.approx(2 * 1.5)
    assert len(ancestors(y)) == 1 + 2 * 50_000


@pytest.mark.parametrize("kind", [Scalar, Array])
def test_zero_gradients(kind):
    x, unused = kind(-1.0), kind(2.0)
    backward(x.relu() * 7)
    assert float(x.grad) == 0
    backward((x - x) + x * 0)
    assert float(x.grad) == 0
    assert unused.grad == 0
    backward(kind(0.0).relu())  # at the kink itself the slope is taken as 0, as torch does


@pytest.mark.parametrize("kind", [Scalar, Array])
def test_parents_come_before_their_children(kind):
    a, b = kind(1.0), kind(2.0)
    c = a * b
    d = c + a
    order = ancestors(d)
    assert set(order) == {a, b, c, d}
    assert all(order.index(parent) < order.index(node) for node in order for parent, _ in node.parents)


def test_sigmoid_of_large_numbers_does_not_overflow():
    for x, expected in ((-1e4, 0.0), (1e4, 1.0)):
        assert Scalar(x).sigmoid().data == expected
        assert Array(x).sigmoid().data == expected


def test_cross_entropy_of_logits_of_10_000():
    logits = Array([[1e4, 0.0, -1e4], [0.0, 1e4, 9_999.0]])
    loss = cross_entropy(logits, torch.tensor([0, 2]))
    assert loss.data.item() == pytest.approx((math.log(1 + math.exp(-1)) + 1) / 2)
    backward(loss)
    assert torch.isfinite(logits.grad).all()
    torch.testing.assert_close(logits.grad.sum(1), torch.zeros(2))


def test_torchs_own_autograd_plays_no_part():
    weights = torch.randn(3, 3, requires_grad=True)
    loss = (Array(weights) @ Array(weights)).sum()
    assert not loss.data.requires_grad
    backward(loss)
    assert weights.grad is None


def test_a_loss_of_several_numbers_is_refused():
    with pytest.raises(ValueError, match=r"output has shape \(3,\), expected a single number"):
        backward(Array([1.0, 2.0, 3.0]))


def test_rows_and_targets_must_agree():
    with pytest.raises(ValueError, match="logits has shape"):
        cross_entropy(Array(torch.zeros(3, 2)), torch.tensor([0, 1]))
