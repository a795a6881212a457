"""Wrong answers to the exercises of lesson 04."""

NEARBY = """
def nearby(address, n_bits):
    return {answer}
"""
PRECISION = """
def precision_at(k, distances, relevant):
    nearest = distances.{nearest}
    hits = relevant.gather(1, nearest).double()
    return {answer}
"""
SQUEEZE = """
def squeeze(x, k):
    mean = x.mean({axis})
    _, _, directions = torch.linalg.svd({given}, full_matrices=False)
    kept = directions[{kept}]
    return {answer}
"""


def nearby(answer: str) -> str:
    """Return a list of addresses that is made in the given way."""
    return NEARBY.format(answer=answer)


def precision(nearest: str = "argsort(1)[:, :k]", answer: str = "hits.mean().item()") -> str:
    """Return a precision with the given documents and the given answer."""
    return PRECISION.format(nearest=nearest, answer=answer)


def squeeze(
    given: str = "x - mean",
    kept: str = ":k",
    answer: str = "(x - mean) @ kept.T @ kept + mean",
    axis: str = "0",
) -> str:
    """Return a PCA of the given rows, with the given directions kept."""
    return SQUEEZE.format(given=given, kept=kept, answer=answer, axis=axis)


WRONG = {
    "times_smaller": [
        ("times_smaller = 2000 * 4 / 32", "a byte has 8 bits"),
        ("times_smaller = 2000 / 32", "number of counts over"),
        ("times_smaller = 2000 * 8 / 32", "4 bytes of a count are missing"),
        ("times_smaller = 2001", "not the ratio"),
        ("times_smaller = 32 / (2000 * 4 * 8)", "upside down"),
        ("times_smaller = 2000 * 1_000_000", "cancels"),
        ("times_smaller = 2000 * 4 * 8", "Divide by the bits of its code"),
        ("times_smaller = 8000", "Divide by the bytes of its code"),
        ("times_smaller = 2000 * 4 / (32 * 8)", "the 8 is on the wrong side"),
        ("times_smaller = '2000'", "expected a single number"),
    ],
    "nearby": [
        (nearby("[address ^ (1 << i) for i in range(n_bits)]"), "the address itself is missing"),
        (nearby("[address] + [1 << i for i in range(n_bits)]"), "these are addresses with one bit set"),
        (nearby("[address] + [address | 1 << i for i in range(n_bits)]"), "only sets bits"),
        (nearby("{address} | {address | 1 << i for i in range(n_bits)}"), "1 already stay"),
        (nearby("[address] + [address & ~(1 << i) for i in range(n_bits)]"), "only clears bits"),
        (nearby("[address] + [address - (1 << i) for i in range(n_bits)]"), "borrows"),
        (nearby("[address] + [address ^ i for i in range(n_bits)]"), "the number of a bit"),
        (nearby("[address] + [address + (1 << i) for i in range(n_bits)]"), "carries over"),
        (nearby("[address] + [address ^ (1 << i) for i in range(n_bits - 1)]"), "the last bit is missing"),
        (nearby("[address] + [address ^ (1 << i) for i in range(n_bits + 1)]"), "one bit too many"),
        (nearby("[address] + [address ^ (1 << i) for i in range(1, n_bits + 1)]"), "no bit n_bits"),
        (nearby("[address] + [address ^ (1 << i) for i in range(1, n_bits)]"), "bit 0 is missing: it has"),
        (nearby("[address] + [address ^ (2 * i) for i in range(n_bits)]"), "not the value of bit i"),
        (nearby("[address] + [address ^ (2 ^ i) for i in range(n_bits)]"), "not a power in Python"),
        (nearby("2 * [address] + [address ^ (1 << i) for i in range(n_bits)]"), "more than once"),
        (nearby("[~address] + [address ^ (1 << i) for i in range(n_bits)]"), "no address is negative"),
        (nearby("[address] + [address ^ (1 << i) for i in range(5)]"), "Is n_bits used"),
        (nearby("torch.tensor([address])"), "lacks"),
        (nearby("(address for i in range(n_bits))"), "of type generator"),
        (nearby("list(range(2**n_bits))"), "in more than one bit"),
        (nearby("[address]"), "itself and one for each bit"),
        (nearby("[address / 2]"), "not whole"),
        (nearby("address"), "should return a list"),
    ],
    "precision_at": [
        (precision("argsort(1, descending=True)[:, :k]"), "these are the k farthest"),
        (precision(answer="(hits.sum(1) / relevant.sum(1)).mean().item()"), "that is recall"),
        (
            "def precision_at(k, distances, relevant):\n    return relevant[:, :k].double().mean().item()",
            "Sort by distance first",
        ),
        (precision(answer="hits.sum(1).mean().item()"), "divide by k"),
        (precision(answer="hits.mean(1).sum().item()"), "the sum over the queries"),
        (precision(answer="hits.sum(1).mean().item() / relevant.shape[1]"), "number of all documents"),
        (precision("argsort(0)[:, :k]"), "sort along each row"),
        (precision("argsort(1)[:, :k - 1]"), "k - 1 documents"),
        (precision("argsort(1)[:, :k + 1]"), "k + 1 documents"),
        (precision("argsort(1)[:, 1:k + 1]"), "the nearest document is left out"),
        (precision(answer="hits.mean(1)"), "one number for each query"),
        (precision(answer="hits.mean(1).tolist()"), "that is one number for each"),
        (precision(answer="hits.mean(1).numpy()"), "average over the queries"),
        (precision(answer="hits.sum().item()"), "the number of all hits"),
        (precision(answer="100 * hits.mean().item()"), "in percent"),
        (precision(answer="round(hits.mean().item(), 4)"), "that is rounded"),
        (precision(answer="(hits.sum() / relevant.sum()).item()"), "all hits over all relevant"),
        (precision("argsort(1)[:, k - 1:k]"), "k-th document alone"),
        (precision("argsort()[:k]"), "cuts the rows"),
        ("def precision_at(k, distances, relevant):\n    return 1 / 3", "not the mean share"),
    ],
    "squeeze": [
        (squeeze(answer="(x - mean) @ kept.T @ kept"), "the mean is missing"),
        (squeeze(given="x", answer="x @ kept.T @ kept"), "never subtracted"),
        (squeeze(answer="x @ kept.T @ kept"), "subtract the mean before"),
        (squeeze(answer="x @ kept.T @ kept + mean"), "was not subtracted before encoding"),
        (squeeze(given="x"), "Give svd the rows without it"),
        (squeeze(kept="-k:"), "least important"),
        (squeeze(kept=":"), "nothing was left out"),
        (squeeze(kept=": k + 1"), "one direction too many"),
        (squeeze(answer="(x - mean) @ directions[:, :k] @ directions[:, :k].T + mean"), "not its columns"),
        (squeeze(answer="mean.expand(x.shape)"), "nothing came through"),
        (squeeze(kept=": k - 1"), "too few"),
        (squeeze(kept="k - 1:k"), "the k-th direction alone"),
        (squeeze(kept="1:k + 1"), "number 0"),
        (squeeze(kept=":2"), "Is k used"),
        (squeeze(answer="torch.linalg.svd(x - mean)[0][:, :k] @ kept + mean"), "singular values are missing"),
        (
            "def squeeze(x, k):\n    level = x - x.mean()\n    kept = torch.linalg.svd(level)[2][:k]\n"
            "    return level @ kept.T @ kept + x.mean()",
            "one number for the whole table",
        ),
        (
            squeeze(given="(x - mean) / x.std(0)", answer="(x - mean) / x.std(0) @ kept.T @ kept + mean"),
            "do not divide by the standard deviation",
        ),
        (
            squeeze(
                given="(x - mean) / x.std(0)",
                answer="(x - mean) / x.std(0) @ kept.T @ kept * x.std(0) + mean",
            ),
            "even if you multiply again",
        ),
        (squeeze(axis="1, keepdim=True"), "the mean of each column"),
        (squeeze(answer="(x - mean) @ kept.T"), "expected (12, 5)"),
    ],
}
