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
        ("def next_token_loss(logits, token_ids):\n    return 1.6", "not the mean cross-entropy"),
        ("def next_token_loss(logits, token_ids):\n    logits.mean()", "returned None"),
    ],
    "nucleus": [
        (nucleus(answer="torch.zeros_like(kept).scatter(0, order, kept)"), "do not sum to 1"),
        (nucleus(answer="kept / kept.sum()"), "the result is sorted"),
        (nucleus("values.cumsum(0) <= top_p"), "with which the set reaches top_p belongs"),
        (nucleus("values.cumsum(0) < top_p"), "one token is missing"),
        (nucleus("values.cumsum(0) - values <= top_p"), "not more than that"),
        (
            nucleus("torch.arange(len(values)) <= (values.cumsum(0) - values < top_p).sum()"),
            "one token too many",
        ),
        (nucleus("values >= top_p"), "nothing was left"),
        (nucleus("(values >= top_p) | (values == values[0])"), "Add them up"),
        (nucleus("torch.arange(len(values)) < top_p * len(values)"), "by its probability"),
        (
            nucleus(
                answer="torch.full_like(kept, -torch.inf).scatter(0, order, "
                "torch.where(kept > 0, kept, -torch.inf)).softmax(0)"
            ),
            "went through a softmax",
        ),
        ("def nucleus(probabilities, top_p):\n    return probabilities", "not the nucleus"),
        ("def nucleus(probabilities, top_p):\n    return probabilities.tolist()", "expected a torch tensor"),
    ],
    "encode_piece": [
        (encode(order="reversed(list(enumerate(merges)))"), "from the last to the first"),
        (encode(new_id="i"), "begin at 256"),
        (encode(order="enumerate(merges[:1])"), "only the first merge"),
        (ENCODE.format(body=LEFTMOST), "the leftmost pair"),
        (ENCODE.format(body=ONCE), "only once"),
        (ENCODE.format(body=IN_PLACE), "in place"),
        ("def encode_piece(token_ids, merges):\n    return token_ids", "nothing is merged"),
        ("def encode_piece(token_ids, merges):\n    return tuple(token_ids)", "expected a list of ids"),
    ],
}
