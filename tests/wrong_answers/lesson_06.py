"""Typical wrong answers for lesson 06, each with a piece of the hint that it must get."""


def temper(result: str) -> str:
    """Return an answer with the given result."""
    return f"def with_temperature(logits, temperature):\n    return {result}"


def lstm(
    chunks: str = "i, f, g, o = scores.chunk(4, dim=-1)",
    cell: str = "f.sigmoid() * cell + i.sigmoid() * g.tanh()",
    result: str = "o.sigmoid() * new.tanh(), new",
) -> str:
    """Return an LSTM step with the given parts."""
    return f"def lstm_step(scores, cell):\n    {chunks}\n    new = {cell}\n    return {result}"


def slope(
    pull: str = "2 * (states[-1] - target)",
    bend: str = "pull = pull * (1 - states[t] ** 2)",
    add: str = "total = total + pull * states[t - 1]",
    back: str = "pull = pull * w",
) -> str:
    """Return a walk back through time with the given parts."""
    return (
        "import math\n"
        "def slope_through_time(w, u, xs, target):\n"
        "    states = [0.0]\n"
        "    for x in xs:\n"
        "        states.append(math.tanh(w * states[-1] + u * x))\n"
        f"    pull, total = {pull}, 0.0\n"
        "    for t in range(len(xs), 0, -1):\n"
        f"        {bend}\n"
        f"        {add}\n"
        f"        {back}\n"
        "    return total"
    )


WRONG = {
    "n_params": [
        ("n_params = 4 * (64 * 128 + 128 * 128)", "the biases are missing"),
        ("n_params = 4 * (64 * 128 + 128 * 128 + 128)", "two biases for each of the 128 units"),
        ("n_params = 64 * 128 + 128 * 128 + 2 * 128", "that is one gate"),
        ("n_params = 64 * 128 + 128 * 128 + 128", "Elman's cell with one bias"),
        ("n_params = 3 * (64 * 128 + 128 * 128 + 2 * 128)", "the candidate as well"),
        ("n_params = 4 * (64 * 128 + 2 * 128)", "the state is read, too"),
        ("n_params = 4 * (128 * 128 + 2 * 128)", "read the 64 inputs are missing"),
        ("n_params = 12345", "not the number of weights and biases"),
        ("n_params = None", "expected a single number"),
        ("n_params = 4 * (64 * 128 + 128 * 128) + 2 * 128", "those of one gate"),
    ],
    "with_temperature": [
        (temper("(logits * temperature).softmax(-1)"), "the logits are multiplied"),
        (temper("logits.softmax(-1)"), "does nothing here"),
        (temper("logits.softmax(-1) / temperature"), "it belongs inside the softmax"),
        (temper("(logits.softmax(-1) / temperature).softmax(-1)"), "a softmax again"),
        (temper("(logits / temperature).softmax(0)"), "the columns sum to 1"),
        (temper("(logits / temperature).log_softmax(-1)"), "these are logarithms"),
        (temper("logits / temperature"), "the softmax is missing"),
        (
            temper("(logits / temperature).exp() / (logits / temperature).exp().sum(-1, keepdim=True)"),
            "exp overflows",
        ),
        (temper("(logits / temperature).softmax(-1)[0]"), "has shape (4,)"),
        (
            "def with_temperature(logits, temperature):\n    e = ((logits - logits.max()) / temperature).exp()\n"
            "    return e / e.sum(-1, keepdim=True)",
            "Subtract each row's largest",
        ),
        (temper("(logits / temperature).softmax(-1).to(torch.complex128)"), "complex numbers"),
    ],
    "lstm_step": [
        (lstm(result="new, o.sigmoid() * new.tanh()"), "change places"),
        (lstm("f, i, g, o = scores.chunk(4, dim=-1)"), "the order of the blocks is take in"),
        (lstm("i, f, o, g = scores.chunk(4, dim=-1)"), "Yours is ifog"),
        (
            lstm("i, f, g, o = scores.view(len(cell), -1, 4).unbind(-1)"),
            "not every fourth column",
        ),
        (lstm(cell="f.sigmoid() * cell + i.sigmoid() * g.sigmoid()"), "not by a sigmoid"),
        (lstm(result="o.sigmoid() * new, new"), "passes through a tanh"),
        (lstm(result="o.sigmoid() * cell.tanh(), new"), "not from the old one"),
        (lstm(cell="cell + i.sigmoid() * g.tanh()"), "the forget gate is missing"),
        (lstm(cell="i.sigmoid() * g.tanh()"), "the old cell is lost"),
        (lstm(result="o.sigmoid() * new.tanh()"), "return two things"),
        (lstm(cell="f * cell + i * g"), "not the step of an LSTM"),
        (lstm("g, o, i, f = scores.chunk(4, dim=-1)"), "Yours is goif"),
        (lstm(result="o.sigmoid() * new.tanh(), cell"), "the old cell is returned"),
        (lstm(cell="f.sigmoid() * cell + g.tanh()"), "take-in gate is missing"),
        (lstm(result="o * new.tanh(), new"), "needs its sigmoid"),
        (lstm("i, f, g, o = scores.T.reshape(4, *cell.shape)"), "not the step of an LSTM. Of your results"),
    ],
    "slope_through_time": [
        (slope(back="break"), "only the last step counts"),
        (slope(back="pass"), "multiplied by w as well"),
        (slope(bend="pass"), "slope of tanh, 1 - h**2, is missing"),
        (slope(pull="states[-1] - target"), "half of it"),
        (slope(pull="2 * (target - states[-1])"), "the sign is wrong"),
        (slope(add="total = total + pull * states[t]"), "the state before the step"),
        (slope(add="total = total + pull * xs[t - 1]"), "the slope in u"),
        ("def slope_through_time(w, u, xs, target):\n    return 0.0", "not the slope in w"),
        (
            "import torch\ndef slope_through_time(w, u, xs, target):\n"
            "    w = torch.tensor(w, requires_grad=True)\n    h = torch.tensor(0.0)\n    for x in xs:\n"
            "        h = torch.tanh(w * h + u * x)\n    ((h - target) ** 2).backward()\n    return w.grad.item()",
            "switched off here",
        ),
        (
            slope(add="total = total + pull * states[t - 1] if t > len(xs) - 5 else total"),
            "not the slope in w. Yours",
        ),
    ],
}

ALSO_RIGHT = {
    "with_temperature": [temper("(logits / temperature - (logits / temperature).logsumexp(-1, True)).exp()")],
    "slope_through_time": [
        "import math\n\ndef slope_through_time(w, u, xs, target):\n    state, carried = 0.0, 0.0\n"
        "    for x in xs:\n        new = math.tanh(w * state + u * x)\n"
        "        carried, state = (1 - new**2) * (state + w * carried), new\n"
        "    return 2 * (state - target) * carried",
    ],
}
