"""retrieval: Hamming distances, and precision and recall by hand and against scikit-learn's."""

import pytest
import torch
from sklearn.metrics import precision_recall_curve

from course_utils.retrieval import hamming, precision_recall


def test_hamming_counts_the_bits_that_differ():
    queries = torch.tensor([[1, 0, 1], [0, 0, 0]]).bool()
    documents = torch.tensor([[1, 0, 1], [0, 1, 0], [1, 1, 1], [1, 0, 0]]).bool()
    assert hamming(queries, documents).tolist() == [[0, 3, 1, 1], [2, 1, 3, 1]]


def test_precision_and_recall_by_hand():
    distances = torch.tensor([[2, 0, 1, 3], [1, 2, 3, 0]])
    relevant = torch.tensor([[True, True, False, False], [False, False, False, True]])
    precision, recall = precision_recall(distances, relevant)
    # First query: found, missed, found, missed. Second query: found, then missed three times.
    assert precision.tolist() == pytest.approx(
        [1, (1 / 2 + 1 / 2) / 2, (2 / 3 + 1 / 3) / 2, (2 / 4 + 1 / 4) / 2]
    )
    assert recall.tolist() == pytest.approx([(1 / 2 + 1) / 2, (1 / 2 + 1) / 2, 1, 1])


def test_ties_keep_their_order():
    relevant = torch.arange(40)[None] < 20
    precision, _ = precision_recall(torch.zeros(1, 40), relevant)
    assert precision[:20].tolist() == [1.0] * 20


def test_without_ties_it_agrees_with_scikit_learn():
    torch.manual_seed(0)
    distances, relevant = torch.rand(1, 60), torch.rand(1, 60) < 0.4
    theirs, their_recall, _ = precision_recall_curve(relevant[0], -distances[0])
    precision, recall = precision_recall(distances, relevant)
    n = len(theirs) - 1
    assert n >= 50
    assert precision[:n].tolist() == pytest.approx(theirs[:n][::-1].tolist())
    assert recall[:n].tolist() == pytest.approx(their_recall[:n][::-1].tolist())


def test_a_query_without_relevant_documents_is_refused():
    with pytest.raises(ValueError, match="no True in row 1, expected a relevant document for every query"):
        precision_recall(torch.zeros(2, 2), torch.tensor([[True, False], [False, False]]))
