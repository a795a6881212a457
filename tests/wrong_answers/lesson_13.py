"""Wrong answers to the exercises of lesson 13."""

READ = """
def read_by_model(token_ids, chosen, lot, others, mask_id):
    masked = {masked}
    random = {random}
    return torch.where(masked, mask_id, torch.where(random, others, token_ids))
"""
SEGMENTS = """
def segments_of(token_ids, sep_id):
    is_sep = token_ids == sep_id
    after = is_sep.cumsum(1)
    return {answer}
"""
SPAN = """
def best_span(start_logits, end_logits, max_tokens):
    best, where = -float("inf"), (0, 0)
    for start in {starts}:
        for end in range({first}, min({last}, len(end_logits))):
            total = {total}
            if total > best:
                best, where = total, (start, end)
    return {answer}
"""
LOW, MIDDLE = "chosen & (lot < 0.8)", "chosen & (lot >= 0.8) & (lot < 0.9)"


def read(masked: str = LOW, random: str = MIDDLE) -> str:
    """Return a recipe that hides and replaces where it is told."""
    return READ.format(masked=masked, random=random)


def span(
    first: str = "start",
    last: str = "start + max_tokens",
    total: str = "start_logits[start] + end_logits[end]",
    answer: str = "where",
    starts: str = "range(len(start_logits))",
) -> str:
    """Return a search through spans with the given limits."""
    return SPAN.format(first=first, last=last, total=total, answer=answer, starts=starts)


NOTHING = "torch.zeros_like(chosen)"
LESS_THAN_ZERO = """
def best_span(start_logits, end_logits, max_tokens):
    sums = start_logits[:, None] + end_logits
    allowed = torch.ones_like(sums).bool().triu().tril(max_tokens - 1)
    return divmod(int(sums.masked_fill(~allowed, 0.0).argmax()), len(sums))
"""
WRONG = {
    "n_changed": [
        ("n_changed = 2000 * 0.15", "all that are chosen"),
        ("n_changed = 2000 * 0.15 * 0.8", "those are the [MASK]s"),
        ("n_changed = 30", "30 are the words at random, and 30 those that stay"),
        ("n_changed = 0.135", "that is the share"),
        ("n_changed = 2000 * 0.9", "shares of the chosen"),
        ("n_changed = 1730", "read as they were written"),
        ("n_changed = 1700", "not chosen"),
        ("n_changed = 271", "not the number of tokens"),
        ("n_changed = '270'", "expected a single number"),
    ],
    "read_by_model": [
        (read("lot < 0.8", "(lot >= 0.8) & (lot < 0.9)"), "tokens that were not chosen are changed"),
        (read("~chosen & (lot < 0.8)", "~chosen & (lot >= 0.8) & (lot < 0.9)"), "not the others"),
        (read("chosen", NOTHING), "every chosen token is [MASK]"),
        (read(LOW, NOTHING), "no word at random"),
        (read(LOW, "chosen & (lot >= 0.8)"), "none of the chosen stays"),
        (read(LOW, "chosen & (lot >= 0.9)"), "Yours are swapped"),
        (
            read("chosen & (lot >= 0.2)", "chosen & (lot >= 0.1) & (lot < 0.2)"),
            "lots below 0.1 are not special",
        ),
        (read(MIDDLE, LOW), "[MASK] and the other word are swapped"),
        (read(NOTHING, "chosen & (lot < 0.9)"), "overwrites the [MASK]s"),
        (read(NOTHING, NOTHING), "nothing is hidden"),
        (read("chosen & (lot < 0.5)", MIDDLE), "not what the recipe gives. At [0, 1]"),
        (read(LOW, "lot < 0.9"), "takes one from `others`: `chosen &` belongs"),
        (read(LOW, "(lot >= 0.8) & (lot < 0.9)"), "changes a word that was not chosen"),
        (read("lot < 0.8", MIDDLE), "is hidden: `chosen &` belongs"),
        (read("chosen & (lot <= 0.8)", "chosen & (lot <= 0.9)"), "a lot of exactly 0.8"),
        (read("chosen & (lot <= 0.8)"), "takes the other word: < and not <="),
        (read("chosen & (lot < 0.85)", "chosen & (lot < 0.9)"), "not what the recipe gives. At [0, 2]"),
        (read(LOW, "chosen & (lot <= 0.9)"), "a lot of exactly 0.9 stays: <"),
        (read("chosen & lot < 0.8", MIDDLE), "bitwise_and"),
        (
            "def read_by_model(token_ids, chosen, lot, others, mask_id):\n"
            "    token_ids[chosen & (lot < 0.8)] = mask_id\n"
            "    return token_ids",
            "changes its argument token_ids in place",
        ),
        (
            "def read_by_model(token_ids, chosen, lot, others, mask_id):\n    return chosen",
            "holds True and False",
        ),
        (
            "def read_by_model(token_ids, chosen, lot, others, mask_id):\n    return token_ids.double()",
            "whole numbers",
        ),
    ],
    "segments_of": [
        (
            SEGMENTS.format(answer="after.clamp(max=1).masked_fill(token_ids == 0, 0)"),
            "belongs to the first sentence",
        ),
        (SEGMENTS.format(answer="after.masked_fill(token_ids == 0, 0)"), "count those that stand before"),
        (SEGMENTS.format(answer="((after == 1) & ~is_sep).long()"), "the last [SEP] belongs to the second"),
        (SEGMENTS.format(answer="after - is_sep.long()"), "padding is 0 here."),
        (SEGMENTS.format(answer="(after - is_sep.long()).clamp(max=1)"), "and not 1"),
        (
            SEGMENTS.format(answer="(1 - after + is_sep.long()).masked_fill(token_ids == 0, 0)"),
            "first and second are swapped",
        ),
        (SEGMENTS.format(answer="is_sep.long()"), "the [SEP]s themselves"),
        (SEGMENTS.format(answer="torch.zeros_like(token_ids)"), "everything is the first"),
        (SEGMENTS.format(answer="(after == 1).long()"), "the other way round"),
        (SEGMENTS.format(answer="after == 1"), "add .long()"),
        (SEGMENTS.format(answer="after.double()"), "expected whole numbers"),
        (SEGMENTS.format(answer="after[0]"), "has shape"),
        (SEGMENTS.format(answer="after * 5"), "not the segments. At [0, 3]"),
        (SEGMENTS.format(answer="after"), "not its own, and set padding to 0"),
        (
            SEGMENTS.format(answer="(is_sep.cumsum(0) - is_sep.long()).masked_fill(token_ids == 0, 0)"),
            "goes along the sentence",
        ),
        (
            SEGMENTS.format(answer="(after - is_sep.long()).masked_fill(token_ids <= 2, 0)"),
            "not the segments. At [0, 4]",
        ),
    ],
    "best_span": [
        (span(first="start + 1", answer="where if best > -99 else (0, 0)"), "a span of one token is allowed"),
        (span(last="start + max_tokens + 1"), "both ends counted"),
        (span(last="len(end_logits)"), "longer than max_tokens"),
        (
            "def best_span(start_logits, end_logits, max_tokens):\n"
            "    return start_logits.argmax().item(), end_logits.argmax().item()",
            "the end stands before the start",
        ),
        (span(last="start + max(max_tokens - 1, 1)"), "one token too short"),
        (span(answer="where[::-1]"), "swapped"),
        (
            "def best_span(start_logits, end_logits, max_tokens):\n"
            "    start = start_logits.argmax().item()\n"
            "    return start, start + end_logits[start : start + max_tokens].argmax().item()",
            "A worse start",
        ),
        (span(total="start_logits[start] * end_logits[end]"), "do not multiply them"),
        (LESS_THAN_ZERO, "0 beats a negative sum"),
        (
            "def best_span(start_logits, end_logits, max_tokens):\n"
            "    return tuple(sorted([start_logits.argmax().item(), end_logits.argmax().item()]))",
            "does not make them a pair",
        ),
        (span(total="end_logits[start] + start_logits[end]"), "the two logits of a span are swapped"),
        (span(answer="(where[0], where[1] - where[0])"), "counted from the start"),
        (span(starts="range(1, len(start_logits))"), "the first token may begin a span"),
        (
            span(total="start_logits.softmax(0)[start] + end_logits.softmax(0)[end]"),
            "sum the logits themselves",
        ),
        (LESS_THAN_ZERO.replace("0.0)", "-9.0)"), "not at each alone"),
        (span(answer="best"), "return two places"),
        (span(answer="(0, 0)"), "not the best span"),
        (span(answer="(99, 99)"), "is not a place"),
    ],
}

TABLE = """
def best_span(start_logits, end_logits, max_tokens):
    T = len(start_logits)
    table = start_logits[:, None] + end_logits
    lengths = torch.arange(T) - torch.arange(T)[:, None]
    t = table.masked_fill((lengths < 0) | (lengths >= max_tokens), -torch.inf)
    return {answer}
"""
ALSO_RIGHT = {
    "n_changed": ["n_changed = 300 * 9 / 10"],
    "read_by_model": [
        """
def read_by_model(token_ids, chosen, lot, others, mask_id):
    read = token_ids.clone()
    for b, t in chosen.nonzero().tolist():
        if lot[b, t] < 0.8:
            read[b, t] = mask_id
        elif lot[b, t] < 0.9:
            read[b, t] = others[b, t]
    return read
""",
        """
def read_by_model(token_ids, chosen, lot, others, mask_id):
    random = chosen & (lot >= 0.8) & (lot < 0.9)
    return token_ids.masked_fill(chosen & (lot < 0.8), mask_id).masked_scatter(random, others[random])
""",
    ],
    "segments_of": [
        """
def segments_of(token_ids, sep_id):
    result = torch.zeros_like(token_ids)
    for b, row in enumerate(token_ids.tolist()):
        first = row.index(sep_id)
        result[b, first + 1 : row.index(sep_id, first + 1) + 1] = 1
    return result
""",
        SEGMENTS.format(answer="(is_sep.flip(1).cumsum(1).flip(1) == 1).int()"),
        """
def segments_of(token_ids, sep_id):
    is_sep, earlier = (token_ids == sep_id).long(), torch.ones(2 * token_ids.shape[1:]).triu(1).long()
    return torch.einsum("bs,st->bt", is_sep, earlier) * (token_ids != 0)
""",
    ],
    "best_span": [
        TABLE.format(answer="(t == t.max()).nonzero()[0]"),
        TABLE.format(answer="torch.tensor(divmod(int(t.argmax()), T))"),
        TABLE.format(answer="torch.unravel_index(t.argmax(), t.shape)"),
        TABLE.format(answer="__import__('numpy').argwhere((t == t.max()).numpy())[0]"),
        span(total="start_logits.softmax(0)[start] * end_logits.softmax(0)[end]"),
    ],
}
