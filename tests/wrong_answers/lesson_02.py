"""Wrong answers to the exercises of lesson 02."""

NEURON = """
def neuron_gradient(x, w, b, target):
    z = w @ x + b
    y = z.tanh()
    pull = {pull}
    return {answer}
"""
SOFTMAX = """
def stable_softmax(logits):
    largest = {largest}
    e = (logits - largest).exp()
    return {answer}
"""
LARGEST, DIVIDED = "logits.max(-1, keepdim=True).values", "e / e.sum(-1, keepdim=True)"
UNDO = """
def undo_broadcast(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.{front}
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.{back}
    return grad
"""


def neuron(pull: str, answer: str = "pull * x, pull") -> str:
    """Return a gradient of one neuron with the given pull."""
    return NEURON.format(pull=pull, answer=answer)


def softmax(largest: str = LARGEST, answer: str = DIVIDED) -> str:
    """Return a softmax with the given largest logit and the given answer."""
    return SOFTMAX.format(largest=largest, answer=answer)


def undo(front: str = "sum(0)", back: str = "sum(axis, keepdim=True)") -> str:
    """Return an undone broadcast that treats new axes in front, and axes of size 1, in the given way."""
    return UNDO.format(front=front, back=back)


RIGHT = "2 * (y - target) * (1 - y**2)"
WRONG = {
    "n_params": [
        ("n_params = 64 * 32 + 32 * 10", "biases are missing: one for every neuron"),
        ("n_params = 64 * 32 + 32", "first layer alone"),
        ("n_params = 64 * 32 + 64 + 32 * 10 + 32", "at every input"),
        ("n_params = 64 * 32 * 10", "are multiplied"),
        ("n_params = 64 * 32 + 32 + 32 * 10", "biases of the last layer"),
        ("n_params = 64 * 32 + 32 * 10 + 10", "biases of the hidden layer"),
        ("n_params = 64 + 64 * 32 + 32 + 32 * 10 + 10", "64 inputs are not neurons"),
        ("n_params = 32 * 10 + 10", "second layer alone"),
        ("n_params = 64 + 32 + 10", "those are the neurons"),
        ("n_params = 2500", "not the number of weights and biases"),
        ("n_params = '2410'", "expected a single number"),
    ],
    "neuron_gradient": [
        (neuron("(y - target) * (1 - y**2)"), "half of it"),
        (neuron("2 * (target - y) * (1 - y**2)"), "sign is wrong"),
        (neuron("2 * (y - target)"), "slope of tanh is missing"),
        (neuron("2 * (y - target) * (1 - z**2)"), "not in its input"),
        (neuron("2 * (y - target) * y"), "slope of exp"),
        (neuron("2 * (y - target) * y * (1 - y)"), "slope of a sigmoid"),
        (neuron(RIGHT, "pull * w, pull"), "in w is x"),
        (neuron(RIGHT, "pull * x, pull * b"), "added, not multiplied"),
        (neuron("(y - target) ** 2 * (1 - y**2)"), "the error is squared"),
        (neuron("2 * (z - target) * (1 - y**2)"), "after the tanh"),
        (neuron("2 * y * (1 - y**2)"), "target is missing"),
        (neuron(RIGHT, "pull * x, 2 * (y - target)"), "b sits inside the tanh"),
        (neuron(RIGHT, "pull, pull * x"), "w first, then b"),
        (neuron(RIGHT, "1.0001 * pull * x, 1.0001 * pull"), "nudged?"),
        (
            "def neuron_gradient(x, w, b, target):\n"
            "    w.requires_grad_(), b.requires_grad_()\n"
            "    ((w @ x + b).tanh() - target).square().backward()\n"
            "    return w.grad, b.grad",
            "gradients are switched off",
        ),
        (neuron("(w @ x + b).unknown"), "raised AttributeError"),
        (neuron(RIGHT, "pull * x"), "return two things"),
        (neuron(RIGHT, "pull, pull"), "expected (3,)"),
    ],
    "undo_broadcast": [
        (undo(back="mean(axis, keepdim=True)"), "mean over the copies"),
        (undo(back="narrow(axis, 0, 1)"), "only the first copy"),
        (undo(back="sum(axis)"), "an axis of size 1 is lost"),
        (
            "def undo_broadcast(grad, shape):\n"
            "    for axis, size in enumerate(shape):\n"
            "        if size == 1:\n"
            "            grad = grad.sum(axis, keepdim=True)\n"
            "    return grad",
            "put in front are still there",
        ),
        ("def undo_broadcast(grad, shape):\n    return grad.sum().expand(shape)", "sum of all"),
        ("def undo_broadcast(grad, shape):\n    return grad.sum(())", "sums over all of them"),
        (undo(front="sum(-1)"), "along which nothing was copied"),
        (
            "def undo_broadcast(grad, shape):\n    return 1.5 * grad.sum_to_size(shape)",
            "At [0, 0, 0] yours is 1.5, expected 1.",
        ),
        (undo(back="clone()"), "must go back to size 1"),
        ("def undo_broadcast(grad, shape):\n    return grad.reshape(shape)", "raised RuntimeError"),
    ],
    "stable_softmax": [
        (softmax(largest="0"), "overflow: exp(10000)"),
        (softmax(largest="logits.max()"), "0 / 0 in a row"),
        (softmax(largest="logits[:, :1]"), "overflow"),
        (softmax(largest="logits[:, 1:2]"), "exp(10000) is infinite"),
        (softmax(largest="logits[:, 2:]"), "Subtract the largest logit of each row before exp"),
        (softmax(largest="logits.median(-1, keepdim=True).values"), "is infinite. Subtract the largest"),
        (softmax(largest="logits.abs().max(-1, keepdim=True).values"), "not its absolute value"),
        (softmax(answer="e / e.sum(0, keepdim=True)"), "columns sum to 1: sum the exponentials"),
        (softmax(answer="e / e.sum()"), "`e.sum()` adds up all rows"),
        (softmax(answer=f"({DIVIDED}) ** 2"), "not the softmax of the rows. At [0, 0] yours is"),
        (
            softmax(largest="logits", answer="logits.clamp(-700, 700).softmax(-1)"),
            "wrong for logits near 10,000. At [0, 1]",
        ),
        (softmax(largest="0", answer="e / e.sum(0, keepdim=True)"), "columns sum to 1: softmax over"),
        (softmax(largest="0", answer="e / e.sum()"), "whole table sums to 1. Each row"),
        (softmax(answer="e"), "rows do not sum to 1"),
        (softmax(largest="0", answer="e"), "these are exponentials"),
        (softmax(answer=f"({DIVIDED}).log()"), "leave the log away"),
        (softmax(answer="e / logits.exp().sum(-1, keepdim=True)"), "above the line only"),
        (softmax(answer="e / e.sum(-1)"), "raised RuntimeError"),
    ],
}
