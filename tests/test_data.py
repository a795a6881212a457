"""course_utils.data: padding, masks and buckets."""

from __future__ import annotations

import pytest
import torch

from course_utils.data import TranslationBatches, pad, text_windows

SOURCES = [[5] * n for n in (3, 1, 4, 1, 5, 9, 2, 6)]
TARGETS = [[7] * (n % 3 + 1) + [10 + n] for n in range(8)]  # of two, three or four words, ending in 10 + n


def make(**options):
    given = {"pad_id": 0, "start_id": 1, "end_id": 2, "batch_size": 3} | options
    return TranslationBatches(SOURCES, TARGETS, **given)


def seen(batches):
    return [[row.max().item() - 10 for row in batch.tgt_out] for batch in batches]


def test_padding_fills_up_at_the_end():
    padded = pad([[4, 5, 6], [7]], pad_id=0)
    assert padded.tolist() == [[4, 5, 6], [7, 0, 0]]
    assert pad([[4, 5], [7]], pad_id=9).tolist() == [[4, 5], [7, 9]]
    with pytest.raises(ValueError, match="rows is empty"):
        pad([], 0)


def test_the_decoder_reads_the_target_one_step_late():
    batch = make().batch([0, 1])
    assert batch.src.tolist() == [[5, 5, 5, 2], [5, 2, 0, 0]]
    assert batch.tgt_in.tolist() == [[1, 7, 10, 0], [1, 7, 7, 11]]
    assert batch.tgt_out.tolist() == [[7, 10, 2, 0], [7, 7, 11, 2]]


def test_every_pass_holds_every_sentence_once_in_batches_of_similar_length():
    batches = make(seed=3)
    passes = [seen(batches) for _ in range(2)]
    for one in passes:
        assert sorted(n for batch in one for n in batch) == list(range(8))
        lengths = sorted(sorted(len(SOURCES[n]) for n in batch) for batch in one)
        assert lengths == [[1, 1, 2], [3, 4, 5], [6, 9]]
    assert len(batches) == 3


def test_the_order_changes_from_pass_to_pass_and_follows_the_seed():
    one, other = make(seed=3), make(seed=3)
    passes = [seen(one) for _ in range(6)]
    assert passes == [seen(other) for _ in range(6)]
    assert len({str(p) for p in passes}) > 1
    still = make(shuffle=False)
    # By the source's length; sentences 3 and 1, of one word each, by the target's.
    assert seen(still) == seen(still) == [[3, 1, 6], [0, 2, 4], [7, 5]]


@pytest.mark.parametrize(("lengths", "new_members"), [([3] * 6, True), ([1, 2, 3, 4, 5, 6], False)])
def test_batches_come_in_a_new_order_and_equal_lengths_in_new_company(lengths, new_members):
    sources, targets = [[5] * length for length in lengths], [[10 + n] for n in range(6)]
    batches = TranslationBatches(sources, targets, pad_id=0, start_id=1, end_id=2, batch_size=2)
    passes = [seen(batches) for _ in range(6)]
    companies = {frozenset(map(frozenset, one)) for one in passes}
    assert (len(companies) > 1) == new_members
    if not new_members:
        assert companies == {frozenset({frozenset({0, 1}), frozenset({2, 3}), frozenset({4, 5})})}
        assert len({one[0][0] for one in passes}) > 1


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="sources and targets have 8 and 0 sentences"):
        TranslationBatches(SOURCES, [], pad_id=0, start_id=1, end_id=2)
    with pytest.raises(ValueError, match="batch_size is 0, expected at least 1"):
        make(batch_size=0)


def test_windows_go_on_where_the_same_row_has_ended():
    windows = text_windows(torch.arange(27), batch_size=2, length=4)
    assert [window.token_ids.tolist() for window in windows] == [
        [[0, 1, 2, 3], [12, 13, 14, 15]],
        [[4, 5, 6, 7], [16, 17, 18, 19]],
        [[8, 9, 10, 11], [20, 21, 22, 23]],
    ]
    assert all(torch.equal(window.next_ids, window.token_ids + 1) for window in windows)


def test_a_text_of_one_window_is_enough_and_less_is_refused():
    assert len(text_windows(torch.arange(9), batch_size=2, length=4)) == 1
    with pytest.raises(ValueError, match="token_ids has 8 tokens, expected at least 9"):
        text_windows(torch.arange(8), batch_size=2, length=4)
    with pytest.raises(ValueError, match="batch_size is 0, expected at least 1"):
        text_windows(torch.arange(9), batch_size=0, length=4)
