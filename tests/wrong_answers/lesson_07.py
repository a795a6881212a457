"""Wrong answers to the exercises of lesson 07."""

FORCING = "def teacher_forcing(words, start, end):\n    return {}"
MATCHES = """
from collections import Counter

def count_matches(machine, right, n):
    ours = Counter(zip(*[machine[i:] for i in range(n)]))
    theirs = Counter(zip(*[right[i:] for i in range(n)]))
    return {}
"""
BEAM = """
def beam_step(beams, log_probs, k):
    longer = []
    for (token_ids, total), row in zip(beams, log_probs):
        longer += [{item} for v, more in enumerate(row)]
    return {result}
"""
BEST = "sorted(longer, key=lambda pair: pair[1], reverse=True)[:k]"


def beam(item: str = "([*token_ids, v], total + more)", result: str = BEST) -> str:
    """Return a step of the beam that makes its continuations and chooses among them in the given way."""
    return BEAM.format(item=item, result=result)


WRONG = {
    "n_numbers": [
        ("n_numbers = 3 * 500", "two numbers, its output and its memory"),
        ("n_numbers = 1000", "that is one layer"),
        ("n_numbers = 500", "cells of one layer"),
        ("n_numbers = 8000", "the paper's own count"),
        ("n_numbers = 500**3", "taken to a power"),
        ("n_numbers = 3 * 500 * 4", "four gates"),
        ("n_numbers = 3001", "not the numbers"),
        ("n_numbers = '3000'", "expected a single number"),
    ],
    "teacher_forcing": [
        (FORCING.format("[*words, end], [start, *words]"), "changed places"),
        (FORCING.format("words, [*words, end]"), "the start is missing"),
        (FORCING.format("[start, *words], words"), "the end is missing"),
        (FORCING.format("words, words"), "copy what it reads"),
        (FORCING.format("[start, *words, end], [*words, end]"), "one too long"),
        (FORCING.format("[start, *words], [start, *words, end]"), "never writes"),
        (FORCING.format("[start, *words, end], [start, *words, end]"), "one step ahead"),
        (FORCING.format("[start, *words]"), "expected two"),
        (FORCING.format("[end, *words], [*words, start]"), "expected ['<s>', 'W'"),
        (FORCING.format("['<s>', *words], [*words, '</s>']"), "expected [1, 7, 0, 7, 5, 9, 5]"),
        (
            "def teacher_forcing(words, start, end):\n"
            "    return ([start, *words], [*words, end]) if words else ([], [])",
            "an empty sentence still has",
        ),
        (FORCING.format("[start, *dict.fromkeys(words)], [*dict.fromkeys(words), end]"), "expected"),
    ],
    "count_matches": [
        (MATCHES.format("sum(m for gram, m in ours.items() if gram in theirs), ours.total()"), "used twice"),
        (MATCHES.format("len(ours.keys() & theirs.keys()), len(ours)"), "not sets"),
        (MATCHES.format("len(ours.keys() & theirs.keys()), ours.total()"), "counts twice"),
        (MATCHES.format("(ours & theirs).total(), theirs.total()"), "counts the right text's n-grams"),
        (MATCHES.format("(ours & theirs).total(), len(machine)"), "m - n + 1"),
        (MATCHES.format("(ours & theirs).total(), len(machine) - n + 1"), "not a negative number"),
        (MATCHES.format("ours.total(), (ours & theirs).total()"), "changed places"),
        (
            "from collections import Counter\n\ndef count_matches(machine, right, n):\n"
            "    return (Counter(machine) & Counter(right)).total(), len(machine)",
            "single words are counted",
        ),
        (MATCHES.format("(ours & theirs).total() / max(1, ours.total())"), "expected two things"),
        (MATCHES.format("2, 5"), "not the counts"),
        (
            MATCHES.replace(
                "zip(*[machine[i:] for i in range(n)])",
                "map(tuple, map(sorted, zip(*[machine[i:] for i in range(n)])))",
            )
            .replace(
                "zip(*[right[i:] for i in range(n)])",
                "map(tuple, map(sorted, zip(*[right[i:] for i in range(n)])))",
            )
            .format("(ours & theirs).total(), ours.total()"),
            "in their order",
        ),
        (
            MATCHES.replace("machine[i:]", "machine[i:-1]").format("(ours & theirs).total(), ours.total()"),
            "last n-gram is missing",
        ),
        (MATCHES.format("(ours & theirs).total(), len(ours)"), "stands twice counts twice"),
        (
            MATCHES.format("((ours & theirs).total(), ours.total()) if ours & theirs else (0, 0)"),
            "even if none",
        ),
    ],
    "beam_step": [
        (beam(result="sorted(longer, key=lambda pair: pair[1])[:k]"), "these are the worst"),
        (beam(result=f"{BEST}[::-1]"), "the best first"),
        (beam(item="([*token_ids, v], more)"), "the beginning is lost"),
        (beam(item="([*token_ids, v], total * more)"), "added, not multiplied"),
        (beam(item="([v], total + more)"), "only the new token is left"),
        (beam(result="sorted(longer, key=lambda pair: pair[1], reverse=True)"), "no more than k = 2"),
        (beam(result="longer[:k]"), "not the 2 best continuations"),
        (
            "def beam_step(beams, log_probs, k):\n    found = []\n"
            "    for (ids, total), row in zip(beams, log_probs):\n"
            "        found.append(([*ids, row.index(max(row))], total + max(row)))\n"
            "    return found",
            "every beginning got one continuation",
        ),
        (
            "def beam_step(beams, log_probs, k):\n    found = []\n"
            "    for (ids, total), row in zip(beams, log_probs):\n"
            "        every = sorted((([*ids, v], total + more) for v, more in enumerate(row)), key=lambda p: -p[1])\n"
            "        found += every[:k]\n"
            "    return found",
            "k of every beginning",
        ),
        (beam(item="[*token_ids, v, 0]", result="longer[:k]"), "its log-probability"),
        (beam(item="[*token_ids, v]", result="longer[:k]"), "expected a list"),
        (
            "def beam_step(beams, log_probs, k):\n    for ids, _ in beams:\n        ids.append(0)\n    return beams",
            "in place",
        ),
        (
            beam(result="sorted(longer, key=lambda pair: pair[1] / len(pair[0]), reverse=True)[:k]"),
            "per token",
        ),
        (beam(result=f"{BEST}[: len(beams)]"), "only 1, expected 3"),
        (beam(item="([*token_ids, v + 0.5], total + more)"), "not the 2 best continuations of [([5]"),
    ],
}

ALSO_RIGHT = {
    "teacher_forcing": [FORCING.format("(start, *words), (*words, end)")],
    # Ties may be broken either way, and a beginning may stay a tuple.
    "beam_step": [
        beam(result="sorted(longer, key=lambda pair: pair[1])[::-1][:k]"),
        beam(item="((*token_ids, v), total + more)"),
    ],
}
