"""How good is it? Numbers that compare what a model says with what is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from torch import Tensor

Sentence = Sequence[str]


def bleu(hypotheses: Sequence[Sentence], references: Sequence[Sentence]) -> float:
    """Return corpus BLEU, 0 to 100, of sentences that are given word by word, by sacrebleu (Papineni and others, 2002).

    The words count as they are, so this also suits Japanese. Raises ValueError unless there is one reference for each
    hypothesis, and at least one.
    """
    _check_as_many(hypotheses, references)
    joined = [" ".join(sentence) for sentence in references]
    return _scorer().corpus_score([" ".join(sentence) for sentence in hypotheses], [joined]).score


def bleu_band(
    hypotheses: Sequence[Sentence],
    references: Sequence[Sentence],
    n_resamples: int = 200,
    level: float = 0.9,
    seed: int = 0,
) -> tuple[float, float]:
    """Return between which two values BLEU falls in the share `level` of test sets drawn anew from these sentences.

    The bootstrap (Koehn, 2004): draw as many sentences with replacement, compute BLEU, again and again. Raises
    ValueError as `bleu` does.
    """
    _check_as_many(hypotheses, references)
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(hypotheses), size=(n_resamples, len(hypotheses)))
    # Counts add up over sentences, so n-grams are counted once and not in every draw again.
    scorer, counts = _scorer(), []
    for hypothesis, reference in zip(hypotheses, references):
        one = scorer.corpus_score([" ".join(hypothesis)], [[" ".join(reference)]])
        counts.append([*one.counts, *one.totals, one.sys_len, one.ref_len])
    sums = np.array(counts)[draws].sum(axis=1)  # (n_resamples, 10)
    scores = [
        scorer.compute_bleu(list(row[:4]), list(row[4:8]), *row[8:], "exp").score for row in sums.tolist()
    ]
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def links_of(weights: Float[Tensor, "T S"]) -> set[tuple[int, int]]:
    """Return one link (source place, target place) for each row of attention weights: to where it looks most."""
    return {(source, target) for target, source in enumerate(weights.argmax(dim=-1).tolist())}


def alignment_error_rate(
    links: set[tuple[int, int]], gold: frozenset[tuple[int, int]] | set[tuple[int, int]]
) -> float:
    """Return 1 - 2 |links and gold| / (|links| + |gold|): 0 if all are right and none is missing (Och and Ney, 2003).

    Their sure and possible links are the same here, since our gold links are all sure. Raises ValueError if both sets
    are empty.
    """
    if not links and not gold:
        raise ValueError("links and gold are both empty, expected at least one link")
    return 1 - 2 * len(links & gold) / (len(links) + len(gold))


def _scorer():
    from sacrebleu.metrics import BLEU  # here, to keep the import of this module cheap

    return BLEU(tokenize="none")


def _check_as_many(hypotheses: Sequence[Sentence], references: Sequence[Sentence]) -> None:
    if len(hypotheses) != len(references) or not hypotheses:
        raise ValueError(
            f"hypotheses and references have {len(hypotheses)} and {len(references)} sentences, "
            "expected one reference for each hypothesis"
        )
