"""metrics: nearest words, analogies and rank correlation, on vectors small enough to check by hand."""

import pytest
import torch

from course_utils.metrics import analogy_accuracy, analogy_answers, nearest, rank_correlation
from course_utils.text import Vocab

# Vectors of different lengths, which must not matter. The lad is where man - woman + king would lead.
VECTORS = torch.tensor([[5.0, 0, 0], [1, 1, 0], [1, 0, 1], [3, 3, 3], [-1, 0, 0], [1, -1, 1]])
VOCAB = Vocab(["man", "woman", "king", "queen", "cabbage", "lad"])


def test_nearest_ranks_by_cosine_and_leaves_out():
    found = nearest(VECTORS, torch.tensor([2.0, 1, 0]), k=2)
    assert found[0] == (1, pytest.approx(3 / 10**0.5))
    assert found[1] == (0, pytest.approx(2 / 5**0.5))
    assert [i for i, _ in nearest(VECTORS, VECTORS[0], k=5, leave_out=[0])][-1] == 4


@pytest.mark.parametrize("k", [0, 6])
def test_nearest_names_a_bad_k(k):
    with pytest.raises(ValueError, match=f"k is {k}, expected 1 to 5"):
        nearest(VECTORS, VECTORS[0], k=k, leave_out=[0])


def test_analogies_use_vectors_of_length_one():
    questions = torch.tensor([[0, 1, 2, 3]])
    assert analogy_answers(VECTORS, questions).tolist() == [3]
    assert analogy_accuracy(VECTORS, questions) == 1


def test_the_rule_about_the_inputs_changes_answers():
    vectors = torch.tensor([[1.0, 0], [1, 0.1], [0, 1], [0.4, 1], [-1, -1]])
    questions = torch.tensor([[0, 1, 2, 3]])
    assert analogy_answers(vectors, questions, exclude_inputs=False).tolist() == [2]
    assert analogy_answers(vectors, questions).tolist() == [3]
    assert analogy_accuracy(vectors, questions, exclude_inputs=False) == 0


def test_many_questions_are_answered_in_order():
    torch.manual_seed(1)
    vectors, questions = torch.randn(30, 8), torch.randint(30, (301, 4))
    expected = [analogy_answers(vectors, row[None]).item() for row in questions[::25]]
    assert analogy_answers(vectors, questions)[::25].tolist() == expected


def test_no_question_is_an_error():
    with pytest.raises(ValueError, match="questions is empty"):
        analogy_accuracy(VECTORS, torch.zeros(0, 4, dtype=torch.long))


def test_rank_correlation_compares_orders_only():
    pairs = [("Man", "cabbage", 1.0), ("man", "queen", 2.0), ("man", "woman", 100.0), ("man", "tiger", 0.0)]
    assert rank_correlation(VECTORS, VOCAB, pairs) == (pytest.approx(1), 3)
    turned = [(a, b, -score) for a, b, score in pairs]
    assert rank_correlation(VECTORS, VOCAB, turned)[0] == pytest.approx(-1)


def test_too_few_known_pairs_are_an_error():
    with pytest.raises(ValueError, match="pairs has 1 with both words"):
        rank_correlation(VECTORS, VOCAB, [("man", "queen", 1.0), ("man", "tiger", 1.0)])
