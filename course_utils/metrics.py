"""How good is it? Numbers that compare what a model says with what is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.text import Vocab

Sentence = Sequence[str]
QUESTIONS_AT_ONCE = 100  # so that the cosines with all words, a table of that many rows, stay small


def perplexity(probabilities: Float[Tensor, " N"]) -> float:
    """Return exp(-mean(log p)) over the probabilities that a model gave to the N words that came.

    A model that always hesitates between k equally likely words has the perplexity k. One word that was held to be
    impossible makes it infinite. Raises ValueError if there is no probability, or one outside 0 to 1.
    """
    if len(probabilities) == 0:
        raise ValueError("probabilities is empty, expected one for each word")
    inside = (probabilities >= 0) & (probabilities <= 1 + 1e-5)  # sums of float32 may end a little above 1
    if not inside.all():
        raise ValueError(
            f"probabilities has {probabilities[~inside][0].item():g}, expected numbers from 0 to 1"
        )
    return torch.exp(-probabilities.double().log().mean()).item()


def nearest(
    vectors: Float[Tensor, "V D"], query: Float[Tensor, " D"], k: int = 10, leave_out: Sequence[int] = ()
) -> list[tuple[int, float]]:
    """Return the k words whose vectors have the largest cosine with `query`, as (row, cosine), the nearest first.

    Rows in `leave_out` are passed over. Raises ValueError unless 1 <= k <= V - len(leave_out).
    """
    if not 1 <= k <= len(vectors) - len(set(leave_out)):
        raise ValueError(
            f"k is {k}, expected 1 to {len(vectors) - len(set(leave_out))}, the number of words to choose from"
        )
    cosines = normalize(vectors) @ normalize(query, dim=0)  # (V,)
    cosines[list(leave_out)] = -torch.inf
    best = cosines.topk(k)
    return list(zip(best.indices.tolist(), best.values.tolist()))


def analogy_answers(
    vectors: Float[Tensor, "V D"], questions: Int[Tensor, "Q 4"], exclude_inputs: bool = True
) -> Int[Tensor, " Q"]:
    """Answer "a is to b as c is to ...": the row with the largest cosine with b - a + c, of vectors of length 1.

    Linguistic Regularities (2013), section 4. `questions` holds the rows of a, b, c and of the right answer, which is
    not looked at. With `exclude_inputs` a, b and c cannot be the answer, as in Efficient Estimation, section 4.
    """
    vectors, answers = normalize(vectors), []
    for batch in questions.split(QUESTIONS_AT_ONCE):
        a, b, c = batch[:, :3].T
        cosines = normalize(vectors[b] - vectors[a] + vectors[c]) @ vectors.T  # (Q, V)
        if exclude_inputs:
            cosines.scatter_(1, batch[:, :3], -torch.inf)
        answers.append(cosines.argmax(1))
    return torch.cat(answers) if answers else questions[:, 3]


def analogy_accuracy(
    vectors: Float[Tensor, "V D"], questions: Int[Tensor, "Q 4"], exclude_inputs: bool = True
) -> float:
    """Return the share of analogies that `analogy_answers` gets right. Raises ValueError if there is no question."""
    if len(questions) == 0:
        raise ValueError("questions is empty, expected at least one row of four words")
    answers = analogy_answers(vectors, questions, exclude_inputs)
    return (answers == questions[:, 3]).double().mean().item()


def rank_correlation(
    vectors: Float[Tensor, "V D"], vocab: Vocab, pairs: Sequence[tuple[str, str, float]]
) -> tuple[float, int]:
    """Return Spearman's rank correlation of cosines with people's scores, and the number of pairs that it rests on.

    Pairs are (word, word, score) in any case; those with a word outside the (lower-case) vocabulary are left out.
    Raises ValueError if fewer than three are left.
    """
    from scipy.stats import spearmanr

    known = [
        (a.lower(), b.lower(), score) for a, b, score in pairs if a.lower() in vocab and b.lower() in vocab
    ]
    if len(known) < 3:
        raise ValueError(f"pairs has {len(known)} with both words in the vocabulary, expected at least 3")
    first, second, scores = zip(*known)
    cosines = (normalize(vectors[vocab.encode(first)]) * normalize(vectors[vocab.encode(second)])).sum(1)
    return float(spearmanr(cosines.cpu().numpy(), scores).statistic), len(known)


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


def mean_band(
    values: Float[Tensor, "N ..."], n_resamples: int = 500, level: float = 0.9, seed: int = 0
) -> Float[Tensor, "2 ..."]:
    """Return between which two values the mean over N items falls in the share `level` of draws of N from these items.

    The bootstrap: draw as many items with replacement, take their mean, again and again. Raises ValueError if there is
    no item.
    """
    if len(values) == 0:
        raise ValueError("values is empty, expected at least one item to draw from")
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(len(values), (n_resamples, len(values)), generator=generator)  # (n_resamples, N)
    means = torch.stack([values[draw].mean(dim=0) for draw in draws])  # (n_resamples, ...)
    return means.quantile(torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=means.dtype), dim=0)


def alignment_error_rate(
    links: set[tuple[int, ...]], gold: frozenset[tuple[int, ...]] | set[tuple[int, ...]]
) -> float:
    """Return 1 - 2 |links and gold| / (|links| + |gold|): 0 if all are right and none is missing (Och and Ney, 2003).

    Links are (source place, target place); those of many sentences are counted together, as in the paper, if the
    sentence's number stands first. Sure and possible links are the same here: our gold links are all sure. Raises
    ValueError if both sets are empty.
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
