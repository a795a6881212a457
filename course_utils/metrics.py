"""Numbers that say how good a model is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.text import Vocab

QUESTIONS_AT_ONCE = 100  # so that the cosines with all words, a table of that many rows, stay small


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
    cosines = _unit(vectors) @ _unit(query)  # (V,)
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
    vectors, answers = _unit(vectors), []
    for batch in questions.split(QUESTIONS_AT_ONCE):
        a, b, c = batch[:, :3].T
        cosines = _unit(vectors[b] - vectors[a] + vectors[c]) @ vectors.T  # (Q, V)
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
    cosines = (_unit(vectors[vocab.encode(first)]) * _unit(vectors[vocab.encode(second)])).sum(1)
    return float(spearmanr(cosines.cpu().numpy(), scores).statistic), len(known)


def _unit(vectors: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
    return vectors / vectors.norm(dim=-1, keepdim=True).clamp(min=1e-12)
