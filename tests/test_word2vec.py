"""models.word2vec: steps equal the gradients pair by pair, stretches hold every pair once, and drawing is right."""

import pytest
import torch

from course_utils.analogy_world import world_questions, world_sentences
from course_utils.models.word2vec import (
    CBOW,
    SkipGram,
    SoftmaxCBOW,
    SoftmaxSkipGram,
    keep_probability,
    learn,
    noise_distribution,
    stretches,
)


def test_noise_is_the_counts_to_the_power_three_quarters():
    torch.testing.assert_close(noise_distribution([16, 1, 0]), torch.tensor([8 / 9, 1 / 9, 0]))
    torch.testing.assert_close(noise_distribution([16, 1], power=0), torch.tensor([0.5, 0.5]))


def test_frequent_words_are_skipped_and_rare_ones_read():
    # Shares of 0.9 and 0.1 with a threshold of 0.225: the ratios are 1/4, so 1/2 + 1/4, and 2.25, which is above 1.
    torch.testing.assert_close(keep_probability([9, 1], threshold=0.225), torch.tensor([0.75, 1.0]))


@pytest.mark.parametrize("counts", [[], [0, 0], [3, -1]])
@pytest.mark.parametrize("function", [noise_distribution, keep_probability])
def test_bad_counts_are_named(function, counts):
    with pytest.raises(ValueError, match="counts is .* expected"):
        function(counts)


def neighbours(window, length, ids, sentences):
    """All pairs of places that stretches calls neighbours; every token is its own place."""
    centres, around, near = stretches(ids, sentences, window, length)
    return [
        (centres[i, t].item(), around[i, s].item(), t + window - s) for i, t, s in near.nonzero().tolist()
    ]


def test_stretches_hold_each_pair_once_and_only_within_sentences():
    torch.manual_seed(1)
    places, sentences = torch.arange(200), torch.arange(200) // 7
    pairs = neighbours(3, 10, places, sentences)
    assert len(set(pairs)) == len(pairs)
    for centre, other, back in pairs:
        assert centre - other == back
        assert 1 <= abs(back) <= 3
        assert centre // 7 == other // 7


def test_each_centre_has_a_reach_of_its_own_from_one_to_the_window():
    torch.manual_seed(1)
    places = torch.arange(3000)
    found = {}
    for centre, other, _ in neighbours(3, 10, places, torch.zeros_like(places)):
        found.setdefault(centre, set()).add(other - centre)
    reaches = {reach: 0 for reach in (1, 2, 3)}
    for offsets in found.values():
        reach = max(offsets)
        assert offsets == set(range(-reach, reach + 1)) - {0}
        reaches[reach] += 1
    # All three are equally likely: a third of some 2,970 centres, give or take four standard deviations.
    assert all(abs(count - len(found) / 3) < 105 for count in reaches.values())
    assert len(found) > 2900


def test_the_cuts_move():
    torch.manual_seed(1)
    places = torch.arange(200)
    assert len({stretches(places, places, 2, 16)[0][0, 0].item() for _ in range(50)}) > 8


@pytest.mark.parametrize(
    ("ids", "window", "length"),
    [(torch.arange(20), 3, 10), (torch.arange(99), 0, 10), (torch.arange(99), 2, 0)],
)
def test_bad_texts_are_named(ids, window, length):
    with pytest.raises(ValueError, match="expected"):
        stretches(ids, ids, window, length)


def example(kind):
    torch.manual_seed(3)
    model = kind(15, 6)
    model.W_in, model.W_out = torch.randn(15, 6), torch.randn(15, 6)
    ids = torch.randint(15, (90,))
    return model, stretches(ids, torch.arange(90) // 5, 3, 10), torch.randint(15, (7, 4))


def skip_gram_loss(W_in, W_out, centres, around, near, noise):
    total = torch.zeros(())
    for b, t, s in near.nonzero().tolist():
        v = W_in[centres[b, t]]
        made_up = torch.sigmoid(-(W_out[noise[b]] @ v)).log().mean()
        total = total - torch.sigmoid(W_out[around[b, s]] @ v).log() - 5 * made_up
    return total


def cbow_loss(W_in, W_out, centres, around, near, noise):
    total = torch.zeros(())
    for b, t in near.any(2).nonzero().tolist():
        h = W_in[around[b][near[b, t]]].mean(0)
        made_up = torch.sigmoid(-(W_out[noise[b]] @ h)).log().mean()
        total = total - torch.sigmoid(W_out[centres[b, t]] @ h).log() - 5 * made_up
    return total


@pytest.mark.parametrize(("kind", "loss"), [(SkipGram, skip_gram_loss), (CBOW, cbow_loss)])
def test_a_step_goes_down_the_gradient_of_the_pairs(kind, loss):
    model, (centres, around, near), noise = example(kind)
    noise = noise[: len(centres)]
    assert len(noise) == len(centres)
    near[0, 2] = False  # a centre without a neighbour
    tables = [model.W_in.clone().requires_grad_(), model.W_out.clone().requires_grad_()]
    loss(*tables, centres, around, near, noise).backward()
    model.step(centres, around, near, noise, negatives=5, rate=0.03)
    for moved, table in zip((model.W_in, model.W_out), tables):
        torch.testing.assert_close(moved, table.detach() - 0.03 * table.grad, rtol=1e-4, atol=1e-5)


def test_the_softmax_models_score_every_word():
    model, cbow = SoftmaxSkipGram(7, 3), SoftmaxCBOW(7, 3)
    torch.testing.assert_close(model(torch.tensor([2, 2, 5]))[2], model.W_out @ model.W_in[5])
    pair = cbow(torch.tensor([[1, 4]]))[0]
    torch.testing.assert_close(pair, cbow.W_out @ (cbow.W_in[1] + cbow.W_in[4]) / 2)


@pytest.mark.parametrize("kind", [SkipGram, CBOW, SoftmaxSkipGram])
def test_bad_sizes_are_named(kind):
    with pytest.raises(ValueError, match="d_model is 0, expected"):
        kind(5, 0)


def two_topics():
    """A text of two kinds of sentences that share no word: ids 0 to 4 and 5 to 9."""
    torch.manual_seed(2)
    sentences = torch.randint(5, (400, 6)) + 5 * (torch.arange(400) % 2)[:, None]
    return sentences.flatten(), torch.arange(400).repeat_interleave(6)


@pytest.mark.parametrize("kind", [SkipGram, CBOW])
def test_learning_puts_words_of_a_topic_together(kind):
    ids, sentences = two_topics()
    model = kind(10, 5)
    learn(model, ids, sentences, ids.bincount().tolist(), epochs=20, rate=0.01, threshold=1.0, batch_size=1)
    unit = model.W_in / model.W_in.norm(dim=1, keepdim=True)
    cosines = unit @ unit.T
    same = (torch.arange(10) // 5)[:, None] == torch.arange(10) // 5
    assert cosines[same].min() > cosines[~same].max() + 0.3


def test_an_overflow_is_reported():
    ids, sentences = two_topics()
    with pytest.raises(FloatingPointError, match="rate below 50"):
        learn(SkipGram(10, 5), ids, sentences, ids.bincount().tolist(), epochs=60, rate=50.0, threshold=1.0)


def test_the_world_is_exact():
    world = world_sentences()
    assert len(world) == len(set(map(tuple, world))) == 288
    assert {len(words) for words in world} == {12}
    rows: dict[str, dict[str, int]] = {}
    for words in world:
        for i, word in enumerate(words):
            for j, other in enumerate(words):
                if i != j:
                    row = rows.setdefault(word, {})
                    row[other] = row.get(other, 0) + 1
    questions = world_questions()
    assert len(questions) == len(set(questions)) == 224
    for a, b, c, d in questions:
        for other in rows:
            count = [rows[word].get(other, 0) for word in (a, b, c, d)]
            assert count[1] - count[0] == count[3] - count[2]
