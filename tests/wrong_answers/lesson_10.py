"""Wrong answers to the exercises of lesson 10."""

ATTEND = """
def attend(query, key, value):
    K = query.shape[1]
    scores = {scores}
    return {answer}
"""
CAUSAL = """
def causal_weights(scores):
    allowed = {allowed}
    return {answer}
"""
SPLIT = """
def split_heads(x, n_heads):
    B, T, D = x.shape
    K = D // n_heads
    return {answer}
"""
MOVED = """
def moved(address, k):
    D = len(address)
    b = {b}
    sin, cos = address[0::2], address[1::2]
    return {answer}
"""


def attend(scores: str = "query @ key.T / K**0.5", answer: str = "scores.softmax(-1) @ value") -> str:
    """Return attention with the given scores and the given answer."""
    return ATTEND.format(scores=scores, answer=answer)


def causal(
    answer: str = "scores.masked_fill(~allowed, -torch.inf).softmax(-1)",
    allowed: str = "torch.ones(scores.shape, dtype=torch.bool).tril()",
) -> str:
    """Return causal weights with the given mask and the given answer."""
    return CAUSAL.format(allowed=allowed, answer=answer)


def split(answer: str) -> str:
    """Return a split with the given answer."""
    return SPLIT.format(answer=answer)


def moved(
    answer: str = "torch.stack([sin * b.cos() + cos * b.sin(), cos * b.cos() - sin * b.sin()], dim=-1).flatten()",
    b: str = "k * 10_000.0 ** (-torch.arange(0, D, 2) / D)",
) -> str:
    """Return a moved address with the given angles and the given answer."""
    return MOVED.format(b=b, answer=answer)


MASK = "torch.ones(scores.shape, dtype=torch.bool)"
WRONG = {
    "n_parameters": [
        ("n_parameters = 3 * 512 * 512", "three tables"),
        ("n_parameters = 512 * 512", "that is one table"),
        ("n_parameters = 4 * 8 * 512 * 512", "every head got tables of the full width"),
        ("n_parameters = 4 * 512 * 64", "that is an eighth"),
        ("n_parameters = 4 * 64 * 64", "the tables are not 64 x 64"),
        ("n_parameters = 4 * 512 * 512 + 4 * 512", "biases are counted"),
        ("n_parameters = 4 * 512", "rows of the tables"),
        ("n_parameters = 1_048_577", "not the number of parameters"),
        ("n_parameters = None", "expected a single number"),
    ],
    "attend": [
        (attend(answer="scores.softmax(0) @ value"), "runs over the queries"),
        (attend(scores="query @ key.T"), "the scale is missing"),
        (attend(scores="query @ key.T / K"), "divided by K"),
        (attend(scores="query @ key.T * K**0.5"), "multiplied by the root of K"),
        (attend(scores="query @ key.T / len(key)**0.5"), "root of the number of keys"),
        (attend(scores="query @ key.T / len(query)**0.5"), "root of the number of queries"),
        (attend(scores="query @ key.T / value.shape[1]**0.5"), "root of the length of a value"),
        (
            attend(scores="query @ key.T", answer="scores.softmax(-1) / K**0.5 @ value"),
            "comes after the softmax",
        ),
        (attend(answer="scores @ value"), "the scores themselves are the weights"),
        (attend(scores="query @ key.T", answer="scores @ value"), "and the scale as well"),
        (attend(answer="scores.exp() @ value"), "not divided by their sum"),
        (attend(answer="scores.exp() / scores.exp().sum(-1, keepdim=True) @ value"), "exp overflows"),
        (attend(answer="scores.flatten().softmax(0).view(scores.shape) @ value"), "whole table"),
        (attend(answer="value.mean(0).expand(len(query), -1)"), "plain mean"),
        (attend(answer="value[scores.argmax(-1)]"), "a hard choice"),
        (attend(answer="scores.softmax(-1)"), "those are the weights"),
        (attend(answer="scores"), "those are the scores"),
        (attend(scores="query @ key"), "raised RuntimeError"),
        (attend(scores="query.div_(K**0.5) @ key.T"), "in place"),
    ],
    "causal_weights": [
        (causal("scores.softmax(-1)"), "nothing is forbidden"),
        (causal("scores.softmax(-1) * allowed"), "mask comes after the softmax"),
        (causal("(scores * allowed).softmax(-1)"), "exp(0) is 1"),
        (causal(allowed=f"{MASK}.triu()"), "wrong way round"),
        (causal("scores.masked_fill(~allowed, -torch.inf).softmax(0)"), "columns sum to 1"),
        (causal(allowed=f"{MASK}.tril(-1)"), "the first row is nan"),
        (
            causal(
                "scores.masked_fill(~allowed, -torch.inf).softmax(-1).nan_to_num(0)",
                allowed=f"{MASK}.tril(-1)",
            ),
            "cannot look at themselves",
        ),
        (causal(allowed=f"{MASK}.tril(1)"), "one word of its future"),
        (causal("scores * allowed"), "softmax is missing"),
        (causal("scores.exp() * allowed"), "these are exponentials"),
        (causal("allowed.double() / allowed.sum(-1, keepdim=True)"), "the scores are lost"),
        (causal("scores.masked_fill(~allowed, -9.0).softmax(-1)"), "not the weights over the token itself"),
        (causal("scores.masked_fill_(~allowed, -torch.inf).softmax(-1)"), "in place"),
    ],
    "split_heads": [
        (split("x.view(B, n_heads, T, K)"), "`view` straight to (B, H, T, K)"),
        (split("x.unflatten(-1, (K, n_heads)).permute(0, 3, 1, 2)"), "every H-th number"),
        (split("x.view(B, T, n_heads, K)"), "that is (B, T, H, K)"),
        (split("x.view(B, T, n_heads, K).transpose(1, 2).flip(1)"), "heads stand in reverse"),
        (split("x.view(B, T, n_heads, K).transpose(1, 2).flip(2)"), "tokens stand in reverse"),
        (split("x[:, None, :, :K].expand(B, n_heads, T, K)"), "every head got the same"),
        (split("x.mT.reshape(B, n_heads, T, K)"), "swapped before the cut"),
        (split("x.view(B, T, n_heads, K).transpose(1, 2) + 1"), "in other places"),
        (split("x.view(B, T, n_heads, D)"), "raised RuntimeError"),
        (split("x"), "expected (2, 2, 3, 4)"),
    ],
    "moved": [
        (moved(b="-k * 10_000.0 ** (-torch.arange(0, D, 2) / D)"), "turn backwards"),
        (moved("torch.stack([b.sin(), b.cos()], dim=-1).flatten()"), "address of position k"),
        (moved("address + torch.stack([b.sin(), b.cos()], dim=-1).flatten()"), "two addresses are added"),
        (moved("address * torch.stack([b.sin(), b.cos()], dim=-1).flatten()"), "multiplied number by number"),
        (moved("address.clone()"), "nothing has moved"),
        (
            moved(
                "torch.stack([cos * b.cos() - sin * b.sin(), sin * b.cos() + cos * b.sin()], dim=-1).flatten()"
            ),
            "changed places",
        ),
        (moved("torch.cat([sin * b.cos() + cos * b.sin(), cos * b.cos() - sin * b.sin()])"), "take turns"),
        (moved(b="k * torch.ones(D // 2)"), "same speed"),
        (
            moved(
                "torch.stack([sin * b.cos() + cos * b.sin(), cos * b.cos() + sin * b.sin()], dim=-1).flatten()"
            ),
            "one sign is wrong",
        ),
        (moved("address.roll(k)"), "moved along the vector"),
        (moved(b="k * 10_000.0 ** (-torch.arange(D // 2) / D)"), "not the address"),
    ],
}
