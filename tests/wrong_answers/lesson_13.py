"""Wrong answers to the exercises of lesson 13."""

READ = """
def read_by_model(token_ids, chosen, lot, others, mask_id):
    masked = {masked}
    random = {random}
    return torch.where(masked, mask_id, torch.where(random, others, token_ids))
"""
SEGMENTS = """
def segments(token_ids, sep_id):
    is_sep = token_ids == sep_id
    after = is_sep.cumsum(1)
    return {answer}
"""
SPAN = """
def best_span(start_logits, end_logits, max_tokens):
    best, where = -float("inf"), (0, 0)
    for start in range(len(start_logits)):
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
) -> str:
    """Return a search through spans with the given limits."""
    return SPAN.format(first=first, last=last, total=total, answer=answer)


NOTHING = "torch.zeros_like(chosen)"
WRONG = {
    "n_changed": [
        ("n_changed = 2000 * 0.15", "all that are chosen"),
        ("n_changed = 2000 * 0.15 * 0.8", "those are the [MASK]s"),
        ("n_changed = 30", "words at random alone"),
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
        (read("chosen & (lot < 0.5)", MIDDLE), "not what the recipe gives"),
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
    "segments": [
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
        (SEGMENTS.format(answer="after * 5"), "not the segments"),
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
        (span(answer="best"), "return two places"),
        (span(answer="(0, 0)"), "not the best span"),
        (span(answer="(99, 99)"), "is not a place"),
    ],
}
