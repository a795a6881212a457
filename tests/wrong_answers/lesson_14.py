"""Wrong answers to the exercises of lesson 14."""

LOSS = """
F = torch.nn.functional

def next_token_loss(logits, token_ids):
    scores, labels = {scores}, {labels}
    return {answer}
"""
NUCLEUS = """
def nucleus(probabilities, top_p):
    values, order = probabilities.sort(descending=True, stable=True)
    kept = torch.where({kept}, values, 0.0)
    return {answer}
"""
ENCODE = """
def merge(token_ids, pair, new_id):
    merged, i = [], 0
    while i < len(token_ids):
        found = tuple(token_ids[i : i + 2]) == pair
        merged.append(new_id if found else token_ids[i])
        i += 2 if found else 1
    return merged


def encode_piece(token_ids, merges):
    {body}
"""
MEAN = "F.cross_entropy(scores.flatten(0, 1), labels.flatten())"


def loss(scores: str = "logits[:, :-1]", labels: str = "token_ids[:, 1:]", answer: str = MEAN) -> str:
    """Return a loss with the given scores, labels and answer."""
    return LOSS.format(scores=scores, labels=labels, answer=answer)


def nucleus(
    kept: str = "values.cumsum(0) - values < top_p",
    answer: str = "torch.zeros_like(kept).scatter(0, order, kept / kept.sum())",
) -> str:
    """Return a nucleus with the given condition and the given answer."""
    return NUCLEUS.format(kept=kept, answer=answer)


def encode(order: str = "enumerate(merges)", new_id: str = "256 + i") -> str:
    """Return an encoder that applies merges in the given order."""
    return ENCODE.format(
        body=f"for i, pair in {order}:\n        token_ids = merge(token_ids, pair, {new_id})\n    return token_ids"
    )


LEFTMOST = """while True:
        for i, pair in enumerate(zip(token_ids, token_ids[1:])):
            if pair in merges:
                token_ids = token_ids[:i] + [256 + merges.index(pair)] + token_ids[i + 2:]
                break
        else:
            return token_ids"""
EITHER = """for k, pair in enumerate(merges):
        out, i = [], 0
        while i < len(token_ids):
            if {test}:
                out.append(256 + k)
                i += 2
            else:
                out.append(token_ids[i])
                i += 1
        token_ids = out
    return token_ids"""
FREQUENT = """from collections import Counter
    while known := [pair for pair in zip(token_ids, token_ids[1:]) if pair in merges]:
        pair = Counter(known).most_common(1)[0][0]
        token_ids = merge(token_ids, pair, 256 + merges.index(pair))
    return token_ids"""
COUNTED = """new_id = 256
    for pair in merges:
        if pair in list(zip(token_ids, token_ids[1:])):
            token_ids = merge(token_ids, pair, new_id)
            new_id += 1
    return token_ids"""
SUM = "i + 1 < len(token_ids) and token_ids[i] + token_ids[i + 1] == sum(pair)"
DIGITS = "''.join(map(str, token_ids[i : i + 2])) == ''.join(map(str, pair))"
FLIPPED = """
def nucleus(probabilities, top_p):
    order = probabilities.argsort(stable=True).flip(0)
    values = probabilities[order]
    kept = torch.where(values.cumsum(0) - values < top_p, values, 0.0)
    return torch.zeros_like(kept).scatter(0, order, kept / kept.sum())
"""
UNSORTED = """
def nucleus(probabilities, top_p):
    kept = probabilities * (probabilities.cumsum(0) - probabilities < top_p)
    return kept / kept.sum()
"""
ONCE = """for i, pair in enumerate(merges):
        for place in range(len(token_ids) - 1):
            if tuple(token_ids[place : place + 2]) == pair:
                token_ids = token_ids[:place] + [256 + i] + token_ids[place + 2:]
                break
    return token_ids"""
IN_PLACE = """for i, pair in enumerate(merges):
        place = 0
        while place < len(token_ids) - 1:
            if tuple(token_ids[place : place + 2]) == pair:
                token_ids[place : place + 2] = [256 + i]
            place += 1
    return token_ids"""
WRONG = {
    "llama_price": [
        ("llama_price = 184_320 * 30", "hour of eight GPUs"),
        ("llama_price = 184_320 * 8 * 30", "single GPUs already"),
        ("llama_price = 184_320 / 8", "hours for which the machine is rented"),
        ("llama_price = 184_320 / 8 / 24", "days for which the machine is rented"),
        ("llama_price = 691.2", "thousands of dollars"),
        ("llama_price = 690_000", "not the price"),
        ("llama_price = None", "expected a single number"),
    ],
    "next_token_loss": [
        (loss("logits", "token_ids"), "not shifted"),
        (loss("logits[:, 1:]", "token_ids[:, :-1]"), "shifted the wrong way"),
        (loss("logits", "token_ids.roll(-1, 1)"), "`roll` goes round"),
        (loss(answer=MEAN[:-1] + ", reduction='sum')"), "that is the sum"),
        (loss(answer=MEAN[:-1] + ", reduction='sum') / len(logits)"), "sum over each text"),
        (loss(answer=MEAN[:-1] + ", reduction='sum') / token_ids.numel()"), "divided by B * T"),
        (loss(answer=f"-{MEAN}"), "minus the loss"),
        (loss(answer=f"{MEAN} / math.log(2)"), "in bits"),
        (loss("logits[:, :-1].softmax(-1)"), "has a softmax inside"),
        (loss("logits[:, -2:-1]", "token_ids[:, -1:]"), "only the last token"),
        (
            loss(answer="-scores.softmax(-1).gather(-1, labels[..., None]).log().mean()"),
            "inf or nan",
        ),
        (
            loss(answer="-(scores.softmax(-1).gather(-1, labels[..., None]) + 1e-9).log().mean()"),
            "1e-09 is added before the logarithm",
        ),
        (loss(answer="-scores.softmax(-1).gather(-1, labels[..., None]).mean()"), "the logarithm is missing"),
        (loss(answer=f"{MEAN}.exp()"), "perplexity"),
        (
            loss(answer="-scores.log_softmax(1).gather(-1, labels[..., None]).mean()"),
            "over the places of a text",
        ),
        (loss(answer="F.cross_entropy(scores, labels)"), "flatten the first two axes"),
        ("def next_token_loss(logits, token_ids):\n    return 1.6", "not the mean cross-entropy"),
        ("def next_token_loss(logits, token_ids):\n    logits.mean()", "returned None"),
    ],
    "nucleus": [
        (nucleus(answer="torch.zeros_like(kept).scatter(0, order, kept)"), "do not sum to 1"),
        (nucleus(answer="kept / kept.sum()"), "the result is sorted"),
        (nucleus("values.cumsum(0) <= top_p"), "with which the set reaches top_p belongs"),
        (nucleus("values.cumsum(0) < top_p"), "one token is missing"),
        (nucleus("values.cumsum(0) - values <= top_p"), "has top_p exactly is complete"),
        (
            nucleus("torch.arange(len(values)) <= (values.cumsum(0) - values < top_p).sum()"),
            "the token that reaches top_p",
        ),
        (nucleus("values >= top_p"), "nothing was left"),
        (nucleus("(values >= top_p) | (values == values[0])"), "Add them up"),
        (nucleus("torch.arange(len(values)) < top_p * len(values)"), "by its probability"),
        (nucleus(answer="(kept / kept.sum())[order]"), "put back the wrong way"),
        (nucleus("values.cumsum(0) - values < 1 - top_p"), "compares with 1 - top_p"),
        (nucleus(answer="torch.zeros_like(kept).scatter(0, order, kept / top_p)"), "divided by top_p"),
        (nucleus(answer="torch.zeros_like(kept).scatter(0, order, kept.softmax(0))"), "zeros went through"),
        (
            nucleus("values >= values[values.cumsum(0) - values < top_p].min()"),
            "all tokens as likely as the last",
        ),
        (FLIPPED, "the lower id counts as likelier"),
        (UNSORTED, "added up by their ids"),
        (
            nucleus(
                answer="torch.full_like(kept, -torch.inf).scatter(0, order, "
                "torch.where(kept > 0, kept, -torch.inf)).softmax(0)"
            ),
            "needs no softmax",
        ),
        ("def nucleus(probabilities, top_p):\n    return probabilities", "nothing is left out"),
        (nucleus(answer="torch.full_like(kept, 1 / len(kept))"), "not the nucleus"),
        ("def nucleus(probabilities, top_p):\n    return probabilities.tolist()", "expected a torch tensor"),
    ],
    "encode_piece": [
        (encode(order="reversed(list(enumerate(merges)))"), "from the last to the first"),
        (encode(new_id="i"), "begin at 256"),
        (encode(order="enumerate(merges[:1])"), "only the first merge"),
        (ENCODE.format(body=LEFTMOST), "the leftmost pair"),
        (ENCODE.format(body=ONCE), "only once"),
        (ENCODE.format(body=IN_PLACE), "in place"),
        (
            ENCODE.format(body=EITHER.format(test="sorted(token_ids[i : i + 2]) == sorted(pair)")),
            "has an order",
        ),
        (ENCODE.format(body=EITHER.format(test=SUM)), "make of [1, 4, 2, 3]"),
        (ENCODE.format(body=EITHER.format(test=DIGITS)), "[1, 23, 12, 3]"),
        (ENCODE.format(body=FREQUENT), "most frequent here"),
        (ENCODE.format(body=COUNTED), "not what the merges"),
        (encode(order="enumerate(merges[::-1])"), "and with them their ids"),
        (
            "def encode_piece(token_ids, merges):\n    return [float(i) for i in token_ids]",
            "yours holds float",
        ),
        ("def encode_piece(token_ids, merges):\n    return token_ids", "nothing is merged"),
        ("def encode_piece(token_ids, merges):\n    return tuple(token_ids)", "expected a list of ids"),
    ],
}

INTEGERS = """
import numpy as np

from course_utils.text import merge


def encode_piece(token_ids, merges):
    for i, pair in enumerate(merges):
        token_ids = merge(token_ids, pair, 256 + i)
    return list(np.array(token_ids, dtype=np.int64))
"""
FROM_THE_TEXT = """
def nucleus(probabilities, top_p):
    kept, together = torch.zeros_like(probabilities), 0.0
    for p, i in sorted((-p, i) for i, p in enumerate(probabilities.tolist())):
        if together >= top_p:
            break
        kept[i] = -p
        together -= p
    return kept / kept.sum()
"""
ALSO_RIGHT = {"encode_piece": [INTEGERS], "nucleus": [FROM_THE_TEXT]}
