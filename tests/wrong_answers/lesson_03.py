"""Wrong answers to the exercises of lesson 03."""

COUNT = """
def count_parameters(V, T, D, hidden):
    return {answer}
"""
CONTINUATION = """
def continuation(pairs, vocab_size):
    {first}
    return {answer}
"""
LOGITS = """
def nplm_logits(context, C, H, d, U, b):
    x = {x}
    return {answer}
"""
WEIGHT = """
def best_weight(p_network, p_counts):
    def badness(w):
        return {badness}
    return {answer}
"""
ONCE = "pairs = pairs.unique(dim=0)"
SHARES = "n = pairs[:, 1].bincount(minlength=vocab_size)"
MIXED = "-(w * p_network + (1 - w) * p_counts)"
BEST = "min((w / 10 for w in range(11)), key=badness)"


def perplexity_of(answer: str) -> str:
    """Return a perplexity that is the given expression."""
    return f"def perplexity_of(p):\n    return {answer}\n"


def count(answer: str) -> str:
    """Return a count of parameters that is the given expression."""
    return COUNT.format(answer=answer)


def continuation(answer: str, once: str = ONCE, counted: str = SHARES) -> str:
    """Return shares that are the given expression of the counts n."""
    return CONTINUATION.format(first=f"{once}\n    {counted}", answer=answer)


def logits(answer: str = "U @ (d + H @ x).tanh() + b", x: str = "C[context].flatten()") -> str:
    """Return logits that are the given expression of the vectors x."""
    return LOGITS.format(x=x, answer=answer)


def weight(badness: str = "-(w * p_network + (1 - w) * p_counts).log().mean()", answer: str = BEST) -> str:
    """Return the weight that is best by the given measure."""
    return WEIGHT.format(badness=badness, answer=answer)


WRONG = {
    "perplexity_of": [
        (perplexity_of("-p.log().mean()"), "that is the cross-entropy"),
        (perplexity_of("p.log().mean().exp()"), "a minus sign is missing"),
        (perplexity_of("(-p.log().sum()).exp()"), "sum is not mean"),
        (perplexity_of("1 / p.mean()"), "1 over the mean probability"),
        (perplexity_of("(1 / p).mean()"), "the mean of 1 / p"),
        (perplexity_of("2 ** (-p.log().mean())"), "mixes two bases"),
        (perplexity_of("(-p.log2().mean()).exp()"), "exp of logarithms of base 2"),
        (perplexity_of("(-p.log().sum() / (len(p) - 1)).exp()"), "not by one less"),
        (perplexity_of("4.0"), "not the perplexity"),
        (perplexity_of("1 / p"), "expected a single number"),
    ],
    "count_parameters": [
        (count("T * V * D + T * D * hidden + hidden + hidden * V + V"), "C is shared"),
        (count("V * D + T * D * hidden + hidden * V"), "the biases d and b are missing"),
        (count("T * D * hidden + hidden + hidden * V + V"), "the table C is missing"),
        (count("V * D + D * hidden + hidden + hidden * V + V"), "laid end to end"),
        (count("V * D + T * D * hidden + hidden + hidden * V"), "the biases b of the output"),
        (count("V * D + T * D * hidden + hidden * V + V"), "the biases d of the hidden layer"),
        (count("V * D + T * D * hidden + hidden + hidden * V + V + T * D * V"), "direct connections"),
        (count("V * D + (T + 1) * D * hidden + hidden + hidden * V + V"), "not T + 1"),
        (count("V * D + D + T * D * hidden + hidden + hidden * V + V"), "a table without biases"),
        (count("331987"), "not the number of parameters"),
    ],
    "continuation": [
        (continuation("n / n.sum()", once="pass"), "how often each word came"),
        (
            continuation("n / n.sum()", counted="n = pairs[:, 0].bincount(minlength=vocab_size)"),
            "Count those before it",
        ),
        (continuation("n"), "numbers of different words, not shares: divide by their sum"),
        (continuation("n * 1.0"), "not shares: divide by their sum"),
        (continuation("n // len(pairs)"), "expected floating-point numbers"),
        (continuation("n / vocab_size"), "not by the size of the vocabulary"),
        (continuation("n / total", once=f"total = len(pairs); {ONCE}"), "not of all pairs"),
        (continuation("n / n.sum()", counted="n = pairs[:, 1].bincount()"), "has shape (4,), expected (5,)"),
    ],
    "nplm_logits": [
        (logits("U @ (d + H @ x) + b"), "the tanh is missing"),
        (logits("U @ (d + H @ x).tanh()"), "the biases b of the output"),
        (logits("U @ ((H @ x).tanh() + d) + b"), "inside the tanh"),
        (logits("U @ (H @ x).tanh() + b"), "the biases d of the hidden layer"),
        (logits(x="C[context.flip(0)].flatten()"), "the oldest word comes first"),
        (logits(x="C[context].T.flatten()"), "end to end"),
        (logits("(U @ (d + H @ x).tanh() + b).softmax(0)"), "come before the softmax"),
        (logits("(U @ (d + H @ x).tanh() + b).log_softmax(0)"), "logarithms of probabilities"),
        (logits("U @ (H @ x).tanh()"), "both biases are missing"),
        (logits("U @ (d + H @ x).sigmoid() + b"), "not the logistic function"),
        (logits("U @ (d + H @ x).relu() + b"), "not ReLU"),
        (logits("(U @ (d + H @ x) + b).tanh()"), "not around the output"),
        (logits("(U @ (d + H @ x).tanh() + b).tanh()"), "without a tanh around them"),
        (logits(x="C[context].mean(0)"), "raised RuntimeError"),
    ],
    "best_weight": [
        (weight(answer=f"1 - {BEST}"), "that is the weight of the counts"),
        (weight(answer=BEST.replace("min", "max")), "that is the worse model alone"),
        (weight(badness=f"({MIXED}).mean()"), "not of probabilities"),
        (
            weight(badness="-(w * p_network.log() + (1 - w) * p_counts.log()).mean()"),
            "take logarithms only then",
        ),
        (weight(answer="0.5"), "not the weight with the lowest perplexity"),
        (weight(answer=BEST.replace("range(11)", "range(1, 11)")), "Yours: 0.1, expected: 0"),
        (weight(answer=BEST.replace("range(11)", "range(10)")), "Yours: 0.9, expected: 1"),
        (weight(answer=BEST.replace("w / 10", "w / 100").replace("11", "101")), "only the weights 0, 0.1"),
        (weight(answer=f"10 * {BEST}"), "a number of tenths"),
        (weight(answer=f"100 * {BEST}"), "a number of hundredths"),
        (weight(answer="1"), "that is the better model alone"),
        (weight(answer="5"), "expected a number from 0 to 1"),
    ],
}
