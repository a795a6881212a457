"""Wrong answers to the exercises of lesson 01."""

NUDGED = """
def central_gradient(loss, params, h):
    gradient = torch.zeros_like(params)
    for i in range(len(params)):
        nudge = torch.zeros_like(params)
        nudge[i] = h
        gradient[i] = {slope}
    return gradient
"""
MOMENTUM = """
def momentum_step(params, velocity, gradient, learning_rate, momentum):
    {new} = {value}
    return {answer}
"""
WARMUP = """
def warmup_cosine(step, peak, warmup, steps):
    if step < warmup:
        return {ramp}
    return {fall}
"""
RAMP = "peak * (step + 1) / warmup"
FALL = "peak * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2"


def nudged(slope: str) -> str:
    """Return a gradient whose slope in one direction is the given expression."""
    return NUDGED.format(slope=slope)


def momentum(value: str, answer: str, new: str = "velocity") -> str:
    """Return a momentum step that assigns `value` and returns `answer`."""
    return MOMENTUM.format(value=value, answer=answer, new=new)


def warmup(ramp: str = RAMP, fall: str = FALL) -> str:
    """Return a schedule with the given warm-up and fall."""
    return WARMUP.format(ramp=ramp, fall=fall)


NEW = "momentum * velocity + gradient"
WRONG = {
    "central_gradient": [
        (nudged("(loss(params + nudge) - loss(params - nudge)) / h"), "2h apart, not h"),
        (nudged("(loss(params + nudge) - loss(params)) / h"), "forward difference"),
        (nudged("(loss(params) - loss(params - nudge)) / h"), "steps behind only"),
        (nudged("(loss(params - nudge) - loss(params + nudge)) / (2 * h)"), "sign is wrong"),
        (nudged("(loss(params + nudge) - loss(params - nudge)) / 2 * h"), "Put 2 * h in brackets"),
        (nudged("(loss(params + nudge) - loss(params - nudge)) / (4 * h)"), "half the true slope"),
        (nudged("loss(params + nudge) - loss(params - nudge)"), "that is the change of the loss"),
        (nudged("(loss(params + nudge) - loss(params - nudge)) / 2"), "divided by 2, but not by h"),
        (
            nudged("((loss(params + nudge) - loss(params - nudge)) / (2 * h)).abs()"),
            "a slope may be negative",
        ),
        (nudged("(loss(params + 2 * nudge) - loss(params - 2 * nudge)) / (4 * h)"), "very nearly the slope"),
        (
            nudged("(loss(params + nudge) - loss(params - nudge)) / (2 * h)\n        return gradient"),
            "only the first slope",
        ),
        (
            "def central_gradient(loss, params, h):\n"
            "    gradient, nudge = torch.zeros_like(params), torch.zeros_like(params)\n"
            "    for i in range(len(params)):\n"
            "        nudge[i] = h\n"
            "        gradient[i] = (loss(params + nudge) - loss(params - nudge)) / (2 * h)\n"
            "    return gradient",
            "Start each from zeros",
        ),
        (nudged("(loss(params + nudge) + loss(params - nudge)) / (2 * h)"), "losses are added"),
        (nudged("(loss(params + h) - loss(params - h)) / (2 * h)"), "all parameters are nudged together"),
        (
            "def central_gradient(loss, params, h):\n    return (loss(params + h) - loss(params - h)) / (2 * h)",
            "one number came back",
        ),
        (
            "def central_gradient(loss, params, h):\n"
            "    gradient = torch.zeros_like(params)\n"
            "    for i in range(len(params)):\n"
            "        params[i] += h\n"
            "        ahead = loss(params)\n"
            "        params[i] -= 2 * h\n"
            "        gradient[i] = (ahead - loss(params)) / (2 * h)\n"
            "    return gradient",
            "changes its argument params in place",
        ),
        (
            "def central_gradient(loss, params, h):\n"
            "    gradient = torch.zeros(len(params), dtype=torch.int64)\n"
            "    for i in range(len(params)):\n"
            "        nudge = torch.zeros_like(params)\n"
            "        nudge[i] = h\n"
            "        gradient[i] = (loss(params + nudge) - loss(params - nudge)) / (2 * h)\n"
            "    return gradient",
            "whole numbers lose",
        ),
        (nudged("(loss(params + nudge) - loss(params - nudge)) / (h - h)"), "nan or inf"),
    ],
    "momentum_step": [
        (momentum(NEW, "params + learning_rate * velocity, velocity"), "uphill"),
        (momentum(NEW, "params - learning_rate * velocity, new", new="new"), "along the old velocity"),
        (momentum(NEW, "params - learning_rate * gradient, velocity"), "ignore the velocity"),
        (momentum("velocity + gradient", "params - learning_rate * velocity, velocity"), "does not fade"),
        (momentum("gradient", "params - learning_rate * velocity, velocity"), "old velocity is lost"),
        (
            momentum(
                "momentum * velocity + (1 - momentum) * gradient",
                "params - learning_rate * velocity, velocity",
            ),
            "running mean",
        ),
        (
            momentum("momentum * velocity + learning_rate * gradient", "params - velocity, velocity"),
            "learning rate is inside the velocity",
        ),
        (momentum(NEW, "params - velocity, velocity"), "learning rate is missing"),
        (momentum(NEW, "params - 0.1 * velocity, velocity"), "not a momentum step"),
        (
            momentum("momentum * velocity - learning_rate * gradient", "params + velocity, velocity"),
            "the other common form",
        ),
        (
            momentum(NEW, "params - learning_rate * (momentum * velocity + gradient), velocity"),
            "like Nesterov's momentum",
        ),
        (
            momentum("momentum * (velocity + gradient)", "params - learning_rate * velocity, velocity"),
            "the gradient is multiplied by momentum",
        ),
        (
            momentum("velocity + momentum * gradient", "params - learning_rate * velocity, velocity"),
            "Are the arguments in the order given",
        ),
        (momentum(NEW, "params - learning_rate * new, velocity", new="new"), "the old velocity came back"),
        (momentum(NEW, "params, velocity"), "the old parameters came back"),
        (momentum(NEW, "velocity, params - learning_rate * velocity"), "swapped"),
        (momentum(NEW, "params - learning_rate * velocity"), "return two things"),
        (
            "def momentum_step(params, velocity, gradient, learning_rate, momentum):\n"
            "    velocity *= momentum\n"
            "    velocity += gradient\n"
            "    return params - learning_rate * velocity, velocity",
            "changes its argument velocity in place",
        ),
    ],
    "warmup_cosine": [
        (warmup(ramp="peak * step / warmup"), "0 at step 0"),
        (warmup(ramp="peak * ((step + 1) // warmup)"), "whole number of peaks"),
        (warmup(fall="peak * (1 + math.cos(math.pi * step / steps)) / 2"), "jumps down"),
        (warmup(fall="peak * (1 + math.cos(math.pi * (step - warmup) / steps)) / 2"), "does not reach 0"),
        (warmup(fall="peak * math.cos(math.pi * (step - warmup) / (steps - warmup))"), "becomes negative"),
        (
            warmup(fall="peak * (1 + math.cos(2 * math.pi * (step - warmup) / (steps - warmup))) / 2"),
            "comes back up",
        ),
        (
            "def warmup_cosine(step, peak, warmup, steps):\n"
            "    return peak * (1 + math.cos(math.pi * step / steps)) / 2",
            "warm-up is missing",
        ),
        (warmup(fall="peak"), "the fall is missing"),
        (warmup(fall="1 + math.cos(math.pi * (step - warmup) / (steps - warmup))"), "not the schedule"),
        (warmup(fall=FALL.removesuffix(" / 2")), "twice its peak"),
        (warmup(fall=FALL.removeprefix("peak * ")), "starts from 1"),
        (warmup("(step + 1) / warmup", FALL.removeprefix("peak * ")), "shares of the peak"),
        (warmup(fall="peak * (steps - step) / (steps - warmup)"), "straight fall"),
        (warmup(fall=FALL.replace("1 + math", "1 - math")), "upside down"),
        (warmup(fall=FALL.replace("math.pi", "180")), "counts in radians"),
        (
            warmup(fall="peak * math.cos(math.pi / 2 * (step - warmup) / (steps - warmup))"),
            "quarter of a cosine wave",
        ),
        (warmup(ramp="peak * step + 1 / warmup"), "Put step + 1 in brackets"),
        (warmup(ramp="peak * step / (warmup - 1)"), "first share is to be 1 / warmup"),
        (WARMUP.replace("step < warmup", "step <= warmup").format(ramp=RAMP, fall=FALL), "one step too many"),
        (
            "def warmup_cosine(step, peak, warmup, steps):\n"
            "    if step < warmup:\n"
            "        return peak * (step + 1) / warmup",
            "returned None",
        ),
    ],
    "largest_rate": [
        ("largest_rate = 2 / 3", "takes 3 for the curvature"),
        ("largest_rate = 1 / 6", "overshoot by as much again"),
        ("largest_rate = 2", "flat direction"),
        ("largest_rate = 6", "curvature itself"),
        ("largest_rate = 2 / 7", "curvatures are added"),
        ("largest_rate = 0.1", "still arrives"),
        ("largest_rate = 0.5", "flies apart"),
        ("largest_rate = 0", "stands still"),
        ("largest_rate = '1/3'", "expected a single number"),
        ("largest_rate = lambda: 1 / 3", "is a function"),
    ],
}
