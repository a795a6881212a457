"""Wrong answers to the exercises of lesson 11."""

RATE = """
def learning_rate(step, d_model, warm_up_steps):
    return {answer}
"""
SMOOTHED = """
def smoothed_loss(logits, target, epsilon):
    log_p = {log_p}
    chosen = log_p[torch.arange(len(target)), target]
    V = logits.shape[-1]
    return {answer}
"""
CROSS = """
def cross_attention(x, memory, W_q, W_k, W_v, n_heads):
    def split(y):
        return {split}
    query, key, value = split({query}), split({key}), split({value})
    scores = query @ key.mT {scale}
    weights = scores.softmax({axis})
    return {answer}
"""


def smoothed(
    log_p: str = "logits.log_softmax(-1)",
    answer: str = "-((1 - epsilon) * chosen + epsilon * log_p.mean(-1)).mean()",
) -> str:
    """Return a smoothed loss with the given log-probabilities and the given answer."""
    return SMOOTHED.format(log_p=log_p, answer=answer)


def cross(
    split: str = "y.unflatten(-1, (n_heads, -1)).transpose(0, 1)",
    query: str = "x @ W_q.T",
    key: str = "memory @ W_k.T",
    value: str = "memory @ W_v.T",
    scale: str = "/ query.shape[-1] ** 0.5",
    axis: str = "-1",
    answer: str = "(weights @ value).transpose(0, 1).flatten(-2)",
) -> str:
    """Return cross-attention with the given parts."""
    return CROSS.format(split=split, query=query, key=key, value=value, scale=scale, axis=axis, answer=answer)


WRONG = {
    "n_weights": [
        ("n_weights = 4 * 96**2 + 2 * 96 * 200", "an encoder block"),
        ("n_weights = 8 * 96**2 + 96 * 200", "to width F and back"),
        ("n_weights = 8 * 96**2", "feed-forward layer is missing"),
        ("n_weights = 6 * 96**2 + 2 * 96 * 200", "four tables"),
        ("n_weights = 64 * 96**2 + 2 * 96 * 200", "heads share the width"),
        ("n_weights = 96**2 + 2 * 96 * 200", "all 8 of them"),
        ("n_weights = 8 * (96**2 + 96) + 2 * 96 * 200 + 200 + 96", "biases are to be left out"),
        ("n_weights = 7 * 96**2 + 2 * 96 * 200", "output table, too"),
        ("n_weights = 12 * 96**2 + 2 * 96 * 200", "not three"),
        ("n_weights = 112129", "not the tables"),
        ("n_weights = None", "expected a single number"),
    ],
    "learning_rate": [
        (
            RATE.format(answer="d_model**-0.5 * max(step**-0.5, step * warm_up_steps**-1.5)"),
            "the larger of the two branches",
        ),
        (RATE.format(answer="min(step**-0.5, step * warm_up_steps**-1.5)"), "depends on d_model is missing"),
        (RATE.format(answer="d_model**0.5 * min(step**-0.5, step * warm_up_steps**-1.5)"), "not multiplied"),
        (RATE.format(answer="min(step**-0.5, step * warm_up_steps**-1.5) / d_model"), "power of -1."),
        (RATE.format(answer="d_model**-0.5 * step * warm_up_steps**-1.5"), "goes on rising"),
        (RATE.format(answer="d_model**-0.5 * step**-0.5"), "where is the warm-up"),
        (RATE.format(answer="d_model**-0.5 * min(step**-0.5, step / warm_up_steps)"), "not -1."),
        (
            RATE.format(answer="d_model**-0.5 * min((step+1)**-0.5, (step+1) * warm_up_steps**-1.5)"),
            "count from 0",
        ),
        (
            RATE.format(answer="d_model**-0.5 * min(warm_up_steps**-0.5, step * warm_up_steps**-1.5)"),
            "stays flat",
        ),
        (RATE.format(answer="d_model**-0.5 * min(step**-0.5, step * warm_up_steps**-0.5)"), "not -0.5."),
        (
            RATE.format(answer="d_model**-0.5 * min(1 / step, step * warm_up_steps**-1.5)"),
            "falls like 1 / step.",
        ),
        (
            "def learning_rate(s, d, w):\n"
            "    return d**-0.5 * (s * w**-1.5 if s <= w else min(w**-0.5, (s - w) ** -0.5))",
            "not by the steps since then",
        ),
        (RATE.format(answer="0.001"), "not the rates of"),
    ],
    "smoothed_loss": [
        (smoothed(answer="((1 - epsilon) * chosen + epsilon * log_p.mean(-1)).mean()"), "sign is wrong"),
        (
            smoothed(answer="-((1 - epsilon) * chosen + epsilon * log_p.mean(-1)).sum()"),
            "sum over the tokens",
        ),
        (smoothed(answer="-chosen.mean()"), "epsilon does nothing"),
        (smoothed(answer="-(1 - epsilon) * chosen.mean()"), "share epsilon is missing"),
        (smoothed(answer="-((1 - epsilon) * chosen + epsilon * log_p.sum(-1)).mean()"), "epsilon / V, not"),
        (
            smoothed(
                answer="-((1 - epsilon) * chosen + epsilon * (log_p.sum(-1) - chosen) / (V - 1)).mean()"
            ),
            "other words only",
        ),
        (smoothed(answer="-(epsilon * chosen + (1 - epsilon) * log_p.mean(-1)).mean()"), "other way round"),
        (smoothed(log_p="logits.log_softmax(0)"), "runs over the tokens"),
        (smoothed(answer="-(chosen + epsilon * log_p.mean(-1)).mean()"), "comes on top"),
        (smoothed(log_p="logits"), "no logarithms"),
        (
            smoothed(answer="-((1 - epsilon) * chosen / V + epsilon * log_p.mean(-1) / V).mean()"),
            "all N times V",
        ),
        (
            smoothed(answer="-((1 - epsilon) * chosen + epsilon / V * (log_p.sum(-1) - chosen)).mean()"),
            "sums to less than 1",
        ),
        (
            smoothed(answer="-((1 - epsilon) * log_p[:, target].mean() + epsilon * log_p.mean())"),
            "every pair of token and target",
        ),
        (smoothed(log_p="logits.softmax(-1).log()"), "take log_softmax, not the log"),
        (
            smoothed(log_p="(logits.exp() / logits.exp().sum(-1, keepdim=True)).log()"),
            "logits as large as 2,000 (take",
        ),
        (smoothed(answer="-((1 - epsilon) * chosen + epsilon * log_p.mean(-1))"), "expected a single number"),
    ],
    "cross_attention": [
        (cross(axis="-2"), "runs over the queries"),
        (cross(scale=""), "scale is missing"),
        (cross(scale="/ x.shape[-1] ** 0.5"), "root of D"),
        (cross(scale="/ query.shape[-1]"), "by the width of a head"),
        (cross(scale="* query.shape[-1] ** 0.5"), "are multiplied by the root"),
        (cross(axis="0"), "over the heads"),
        (cross(query="x @ W_k.T", key="memory @ W_q.T"), "changed places"),
        (cross(split="y.reshape(n_heads, len(y), -1)"), "cut wrongly, though"),
        (
            cross(
                split="y.unflatten(-1, (-1, n_heads)).permute(2, 0, 1)",
                answer="(weights @ value).permute(1, 2, 0).flatten(-2)",
            ),
            "every n_heads-th",
        ),
        (cross(answer="(weights @ value).reshape(x.shape)"), "joined wrongly"),
        (cross(split="y[None]", answer="(weights @ value)[0]"), "one head of width D"),
        (cross(query="x @ W_q", key="memory @ W_k", value="memory @ W_v"), "x @ W.T"),
        (cross(key="x @ W_k.T", value="x @ W_v.T"), "self-attention"),
        (cross(value="memory @ W_k.T"), "keys' table"),
        (cross(value="memory"), "W_v is missing"),
        (cross(query="memory @ W_q.T", key="x @ W_k.T", value="x @ W_v.T"), "shape (3, 12)"),
        (cross(answer="(weights @ value)"), "shape (3, 2, 4)"),
        (cross(answer="value.mean(1).flatten().expand(x.shape)"), "no word is preferred"),
    ],
}
