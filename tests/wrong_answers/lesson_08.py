"""Wrong answers to the exercises of lesson 08."""

WEIGHTS = """
def attention_weights(scores, mask):
    e = {e}
    return {answer}
"""
CONTEXTS = """
def contexts(queries, memory, W, U, v):
    inside = {inside}
    scores = {scores}
    return {answer}
"""
RATE = """
def error_rate(weights, gold):
    links = {links}
    right = len(links & gold)
    return {answer}
"""
MASKED, DIVIDED = "scores.exp() * mask", "e / e.sum(-1, keepdim=True)"
LINKS = "{(i, j) for j, i in enumerate(weights.argmax(-1).tolist())}"


def weights(e: str = MASKED, answer: str = DIVIDED) -> str:
    """Return weights made of the given exponentials and the given answer."""
    return WEIGHTS.format(e=e, answer=answer)


def contexts(
    inside: str = "(queries @ W.T)[:, None] + memory @ U.T",
    scores: str = "torch.tanh(inside) @ v",
    answer: str = "scores.softmax(-1) @ memory",
) -> str:
    """Return contexts with the given inside of the tanh, scores and answer."""
    return CONTEXTS.format(inside=inside, scores=scores, answer=answer)


def rate(links: str = LINKS, answer: str = "1 - 2 * right / (len(links) + len(gold))") -> str:
    """Return an error rate with the given links and the given answer."""
    return RATE.format(links=links, answer=answer)


WRONG = {
    "n_tanh": [
        ("n_tanh = 15 * 20", "those are the scores"),
        ("n_tanh = 20 * 64", "a single look"),
        ("n_tanh = 15 * 64", "a single position"),
        ("n_tanh = (15 + 20) * 64", "lengths are added"),
        ("n_tanh = 20 * 20 * 64", "the source looks at itself"),
        ("n_tanh = 15 * 15 * 64", "the translation looks at itself"),
        ("n_tanh = 19201", "not the number of looks"),
        ("n_tanh = None", "expected a single number"),
        ("n_tanh = 15 * 20 * 128", "added before the tanh"),
        ("n_tanh = 16 * 21 * 64", "end symbols included"),
    ],
    "attention_weights": [
        (weights(e="scores.exp() * ~mask"), "wrong way round"),
        (weights(e="scores.exp()"), "padding gets weight"),
        (weights(e="scores.exp()", answer=f"({DIVIDED}) * mask"), "do not sum to 1"),
        (weights(answer="e"), "these are exponentials"),
        (weights(e="(scores * mask).exp()"), "exp(0) is 1"),
        (weights(answer="e / e.sum(0, keepdim=True)"), "columns sum to 1"),
        (weights(answer="e / e.sum()"), "whole table sums to 1"),
        (weights(e="scores * mask"), "exponential is missing"),
        (weights(answer="e / e.sum(-1)"), "raised RuntimeError"),
        (weights(e="scores.exp_() * mask"), "in place"),
        (weights(e="(scores + (~mask) * -30.0).exp()"), "a little weight"),
        (weights(answer="e / (e.sum(-1, keepdim=True) + 1e-6)"), "not the weights"),
    ],
    "contexts": [
        (contexts(answer="scores.softmax(-1)"), "those are the weights"),
        (contexts(answer="scores"), "those are the scores"),
        (contexts(answer="scores.softmax(0) @ memory"), "over the queries"),
        (contexts(scores="inside @ v"), "tanh is missing"),
        (contexts(answer="scores @ memory"), "softmax is missing"),
        (contexts(scores="torch.tanh(inside).sum(-1)"), "v is missing"),
        (contexts(scores="(torch.tanh(inside) * v).mean(-1)"), "a mean over the hidden numbers"),
        (contexts(answer="memory.mean(0, keepdim=True).expand(len(queries), -1)"), "same weight"),
        (contexts(answer="memory[scores.argmax(-1)]"), "a hard choice"),
        (contexts(inside="(queries @ W.T)[:, None] * (memory @ U.T)"), "multiplied inside"),
        (contexts(inside="queries @ W.T + memory @ U.T"), "raised RuntimeError"),
        (contexts(answer="scores.softmax(-1)[:, :1] * memory[0]"), "not the weighted means"),
        (contexts(answer="(scores / len(v) ** 0.5).softmax(-1) @ memory"), "are not scaled"),
        (contexts(scores="torch.tanh(inside @ v)"), "first the tanh"),
        (
            contexts(answer="scores.flatten().softmax(0).view(scores.shape) @ memory"),
            "whole table of weights",
        ),
    ],
    "error_rate": [
        (rate(links="{(j, i) for j, i in enumerate(weights.argmax(-1).tolist())}"), "wrong way round"),
        (rate(links="set(enumerate(weights.argmax(0).tolist()))"), "every source place makes a link"),
        (rate(answer="2 * right / (len(links) + len(gold))"), "not 1 minus it"),
        (rate(answer="1 - right / len(links)"), "wrong links only"),
        (rate(answer="1 - right / len(gold)"), "missing links only"),
        (rate(answer="1 - right / (len(links) + len(gold))"), "the 2 is missing"),
        (rate(answer="1 - right / len(links | gold)"), "all different links"),
        (rate(answer="len(links) + len(gold) - 2 * right"), "counts, not a rate"),
        (rate(answer="0.0"), "not the alignment error rate"),
        (rate(answer="right and float('nan')"), "nan"),
        ("def error_rate(weights, gold):\n    gold.clear()\n    return 0.5", "in place"),
        (rate(links="set(zip(weights.argmax(-1), range(len(weights))))"), "no link is found right"),
        (rate(answer="100 - 200 * right / (len(links) + len(gold))"), "percent"),
    ],
}

ALSO_RIGHT = {
    "attention_weights": [weights(e="scores.masked_fill(~mask, -torch.inf)", answer="e.softmax(-1)")],
    "contexts": [contexts(scores="torch.einsum('tsa,a->ts', inside.tanh(), v)")],
}
