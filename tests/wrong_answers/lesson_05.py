"""Wrong answers to the exercises of lesson 05."""

EXAMPLES = """
def cbow_examples(words, window):
    return [({around}, centre) for i, centre in enumerate(words)]
"""
BEFORE, AFTER = "words[max(0, i - window):i]", "words[i + 1:i + 1 + window]"
LOSS = """
def pair_loss(v, u, made_up):
    real, others = u @ v, made_up @ v
    return {loss}
"""
PULL, PUSH = "-torch.sigmoid(real).log()", "-torch.sigmoid(-others).log().sum()"
SOLVE = """
def solve(vectors, a, b, c):
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    scores = {scores}
    {rule}
    return scores.{best}
"""
RULE = "scores[[a, b, c]] = -torch.inf"


def examples(around: str) -> str:
    """Return examples with the given words around the centre."""
    return EXAMPLES.format(around=around)


def loss(text: str) -> str:
    """Return a loss of one pair."""
    return LOSS.format(loss=text)


def solve(
    scores: str = "unit @ (unit[b] - unit[a] + unit[c])", rule: str = RULE, best: str = "argmax().item()"
) -> str:
    """Return a solution with the given scores, rule about the inputs, and choice."""
    return SOLVE.format(scores=scores, rule=rule, best=best)


WRONG = {
    "n_pairs": [
        ("n_pairs = 60", "have fewer than six"),
        ("n_pairs = 24", "each couple once"),
        ("n_pairs = 30", "window has two sides"),
        ("n_pairs = 54", "at one end"),
        ("n_pairs = 34", "3 places away still counts"),
        ("n_pairs = 90", "every pair of words"),
        ("n_pairs = 41", "not the number of pairs"),
        ("n_pairs = [48]", "expected a single number"),
    ],
    "cbow_examples": [
        (examples(f"{BEFORE} + [centre] + {AFTER}"), "among its own neighbours"),
        (examples(BEFORE), "only the words before"),
        (examples(AFTER), "only the words after"),
        (examples(f"{BEFORE} + words[i + 1:i + window]"), "missing after the centre"),
        (examples("words[max(0, i - window + 1):i] + words[i + 1:i + window]"), "missing on each side"),
        (examples(f"words[i - window:i] + {AFTER}"), "counts from the end"),
        (examples(f"[w for w in {BEFORE} + {AFTER} if w != centre]"), "leave out the place i"),
        (examples(f"{AFTER} + {BEFORE}"), "in another order"),
        (examples("[]"), "entry 0 is"),
        ("def cbow_examples(words, window):\n    return [(w, []) for w in words]", "wrong way round"),
        (
            "def cbow_examples(words, window):\n    return [(w, w) for w in words]",
            "list of words and one word",
        ),
        ("def cbow_examples(words, window):\n    return list(words)", "each entry is a pair"),
        (
            "def cbow_examples(words, window):\n    return [(words, words[0])]",
            "entries, expected one for each",
        ),
        ("def cbow_examples(words, window):\n    return 3", "return a list"),
        ("def cbow_examples(words, window):\n    words.pop()\n    return []", "in place"),
        (examples(f"list(dict.fromkeys({BEFORE} + {AFTER}))"), "twice must stay twice"),
        (
            "def cbow_examples(words, window):\n    found = []\n    for i, centre in enumerate(words):\n"
            "        around = words[max(0, i - window) : i + 1 + window]\n        around.remove(centre)\n"
            "        found.append((around, centre))\n    return found",
            "takes away the first such word",
        ),
        (
            examples(
                "[words[j] if 0 <= j < len(words) else None for j in range(i - window, i + window + 1) if j != i]"
            ),
            "pass over places",
        ),
    ],
    "pair_loss": [
        (loss(f"-({PULL} + {PUSH})"), "sign is wrong"),
        (loss(f"{PULL} - torch.sigmoid(others).log().sum()"), "minus inside the sigmoid"),
        (loss(f"-torch.sigmoid(-real).log() + {PUSH}"), "treated as made up"),
        (loss("-torch.sigmoid(-real).log() - torch.sigmoid(others).log().sum()"), "wrong way round"),
        (loss(f"{PULL} - torch.sigmoid(-others).log().mean()"), "over the made-up pairs: sum"),
        (loss(f"({PULL} + {PUSH}) / (len(made_up) + 1)"), "mean over all questions"),
        (loss(PULL), "made-up pairs are missing"),
        (loss(PUSH), "real pair is missing"),
        (loss("-torch.sigmoid(real) - torch.sigmoid(-others).sum()"), "logarithms are missing"),
        (loss("-torch.cat([real[None], others]).log_softmax(0)[0]"), "cross-entropy of a softmax"),
        (loss("torch.tensor(0.0)"), "not the loss of negative sampling"),
        (loss("torch.tensor(float('nan'))"), "nan"),
        (loss(f"{PULL} - torch.sigmoid(-others).log()"), "expected a single number"),
        (loss(f"{PULL} - torch.sigmoid(-(made_up @ u)).log().sum()"), "scored against u"),
        (loss(f"{PULL} - torch.sigmoid(-others.sum()).log()"), "one sigmoid for all"),
        (loss("-torch.sigmoid(real).log2() - torch.sigmoid(-others).log2().sum()"), "base 2"),
    ],
    "solve": [
        (solve(rule=""), "Do not allow a, b and c"),
        (solve("unit @ (unit[a] - unit[b] + unit[c])"), "signs are exchanged"),
        (solve("unit @ (unit[b] - unit[a] - unit[c])"), "c has the wrong sign"),
        (solve("unit @ (unit[b] + unit[c])"), "without taking a away"),
        (solve("vectors @ (unit[b] - unit[a] + unit[c])"), "long vectors win: bring all"),
        (solve("unit @ (vectors[b] - vectors[a] + vectors[c])"), "vectors of different lengths"),
        (solve("vectors @ (vectors[b] - vectors[a] + vectors[c])"), "nothing was brought"),
        (solve(rule="", best="argmin().item()"), "farthest away"),
        (solve(best="max().item()"), "not its cosine"),
        (solve(best="clone()"), "take argmax"),
        (solve(best="argmax().item() + 1"), "not the row nearest"),
        ("def solve(vectors, a, b, c):\n    vectors[a] = 0\n    return 3", "in place"),
        (solve("unit @ (unit[b] - unit[a])"), "c is missing"),
        (solve(rule="scores[[a, b, c]] = 0"), "Give the inputs -torch.inf"),
    ],
}

ALSO_RIGHT = {
    "cbow_examples": [examples(f"[w for part in ({BEFORE}, {AFTER}) for w in part]")],
    "pair_loss": [
        "import torch.nn.functional as F\n\ndef pair_loss(v, u, made_up):\n"
        "    return F.softplus(-(u @ v)) + F.softplus(made_up @ v).sum()",
    ],
    "solve": [solve("torch.cosine_similarity(vectors, (unit[b] - unit[a] + unit[c])[None])")],
}
