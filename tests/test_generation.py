"""course_utils.generation: greedy and beam search, compared with trying every sentence there is."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from torch import nn

from course_utils.generation import beam_search, greedy, guided, sample
from course_utils.models.seq2seq import AttentionSeq2Seq, Seq2SeqConfig

START, END, V = 0, 1, 4


class Table(nn.Module):
    """A toy whose next-token logits depend on the source and on the whole row written so far, by a random table."""

    def __init__(self, seed, sharpness=1.0):
        super().__init__()
        self.seed, self.sharpness = seed, sharpness

    def start(self, src):
        return (src[:, 0],)

    def step(self, token_ids, state):
        code = state[0] * (V + 1) + token_ids + 1
        rows = [
            torch.randn(V, generator=torch.Generator().manual_seed(self.seed * 100_003 + int(c)))
            for c in code
        ]
        return self.sharpness * torch.stack(rows), (code,)


def every_sentence(model, src, max_length):
    """All hypotheses of up to max_length tokens with their log-probabilities; the longest may lack the end symbol."""
    found = {}
    for length in range(max_length + 1):
        for body in product([t for t in range(V) if t != END], repeat=length):
            tokens = [*body, END] if length < max_length else list(body)
            state, last, total = model.start(src), START, 0.0
            for token in tokens:
                logits, state = model.step(torch.tensor([last]), state)
                total += logits[0].log_softmax(-1)[token].item()
                last = token
            found[body] = total
    return found


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_a_wide_beam_equals_exhaustive_search(seed, length_penalty):
    model, src = Table(seed), torch.tensor([[2]])
    every = every_sentence(model, src, max_length=4)
    best = max(every, key=lambda body: every[body] / (len(body) + 1) ** length_penalty)
    found = beam_search(
        model, src, start_id=START, end_id=END, beam_size=100, max_length=4, length_penalty=length_penalty
    )
    assert tuple(found[0].token_ids) == best
    assert found[0].log_prob == pytest.approx(every[best], abs=1e-4)


def test_a_beam_finds_what_greedy_search_misses():
    better = 0
    for seed in range(20):
        model, src = Table(seed), torch.tensor([[2]])
        every = every_sentence(model, src, max_length=4)
        (row,) = greedy(model, src, start_id=START, end_id=END, max_length=4)
        best = beam_search(model, src, start_id=START, end_id=END, beam_size=3, max_length=4)[0]
        assert best.log_prob == pytest.approx(every[tuple(best.token_ids)], abs=1e-4)
        assert best.log_prob >= every[tuple(row)] - 1e-4
        better += best.log_prob > every[tuple(row)] + 1e-4
    assert better >= 3


class Tree(nn.Module):
    """A toy with the probabilities of the next token given by hand, for <s>, the end, A, B and C, after each row."""

    table = {
        (): [0, 0.1, 0.4, 0.3, 0.2],
        (2,): [0, 0.1, 0.35, 0.3, 0.25],  # "A" alone has 0.4 x 0.1, and "A A", which must end, 0.4 x 0.35
        (3,): [0, 0.5, 0.2, 0.2, 0.1],  # "B" has 0.3 x 0.5
        (4,): [0, 0.9, 0.1, 0, 0],  # "C" has 0.2 x 0.9
    }

    def start(self, src):
        return (src[:, :0],)

    def step(self, token_ids, state):
        read = torch.cat([state[0], token_ids[:, None]], dim=1)
        rows = [self.table.get(tuple(row[1:]), [0, 1.0, 0, 0, 0]) for row in read.tolist()]
        return torch.tensor(rows).log(), (read,)


@pytest.mark.parametrize(
    ("beam_size", "best", "probability"), [(1, [2, 2], 0.14), (2, [3], 0.15), (3, [4], 0.18)]
)
def test_each_further_beginning_that_is_kept_finds_a_likelier_sentence(beam_size, best, probability):
    options = {"start_id": START, "end_id": END}
    found = beam_search(Tree(), torch.tensor([[2]]), beam_size=beam_size, **options)[0]
    assert found.token_ids == best
    assert found.log_prob == pytest.approx(math.log(probability), abs=1e-5)
    assert greedy(Tree(), torch.tensor([[2]]), **options) == [[2, 2]]


def test_a_beam_of_one_is_greedy_search():
    for seed in range(20):
        model, src = Table(seed), torch.tensor([[3]])
        rows = greedy(model, src, start_id=START, end_id=END, max_length=5)
        best = beam_search(model, src, start_id=START, end_id=END, beam_size=1, max_length=5)[0]
        assert rows == [best.token_ids]


class Counted(Table):
    """A table that notes how many rows it is asked for at each step."""

    def step(self, token_ids, state):
        self.widths = [*getattr(self, "widths", []), len(token_ids)]
        return super().step(token_ids, state)


@pytest.mark.parametrize("beam_size", [1, 2, 3])
def test_as_many_beginnings_go_on_as_the_beam_is_wide(beam_size):
    most = 0
    for seed in range(10):
        model = Counted(seed)
        beam_search(
            model,
            torch.tensor([[2]]),
            start_id=START,
            end_id=END,
            beam_size=beam_size,
            max_length=5,
            length_penalty=1.0,
        )
        assert model.widths == [1] + [beam_size] * (len(model.widths) - 1)
        most = max(most, len(model.widths))
    assert most == 5


def test_greedy_search_takes_the_likeliest_token_at_every_step():
    for seed in range(10):
        model, src = Table(seed, sharpness=3.0), torch.tensor([[3]])
        (row,) = greedy(model, src, start_id=START, end_id=END, max_length=5)
        state, last, expected = model.start(src), START, []
        while len(expected) < 5:
            logits, state = model.step(torch.tensor([last]), state)
            last = int(logits[0].argmax())
            if last == END:
                break
            expected.append(last)
        assert row == expected


def test_rows_of_a_batch_do_not_disturb_each_other():
    model = Table(5)
    together = greedy(model, torch.tensor([[2], [3], [7]]), start_id=START, end_id=END, max_length=6)
    alone = [
        greedy(model, torch.tensor([[n]]), start_id=START, end_id=END, max_length=6)[0] for n in (2, 3, 7)
    ]
    assert together == alone


def test_hypotheses_come_best_first():
    found = beam_search(Table(1), torch.tensor([[2]]), start_id=START, end_id=END, beam_size=4, max_length=4)
    scores = [hypothesis.log_prob for hypothesis in found]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("name", ["beam_size", "max_length"])
def test_bad_sizes_are_named(name):
    with pytest.raises(ValueError, match=f"{name} is 0, expected at least 1"):
        beam_search(Table(0), torch.tensor([[2]]), start_id=START, end_id=END, **{name: 0})


class Adder(nn.Module):
    """A recurrent toy whose state is the sum of what it has read; only the digit that the sum ends in comes next."""

    def __init__(self, spread=0.0):
        super().__init__()
        self.spread, self.read = spread, []

    def forward(self, token_ids, state=None):
        self.read.append(token_ids)
        sums = token_ids.cumsum(1) + (0 if state is None else state[:, None])
        logits = torch.full((*token_ids.shape, 10), -1000.0)
        logits.scatter_(2, (sums % 10)[..., None], 0.0)
        if self.spread:
            logits = torch.tensor([self.spread, 0.0, *[-1000.0] * 8]).expand_as(logits)
        return logits, sums[:, -1]


def test_sampling_feeds_back_what_it_has_drawn_and_hands_the_state_on():
    model = Adder()
    written = sample(model, torch.tensor([[1, 2], [0, 5]]), n_tokens=4)
    # 1 + 2 = 3, and 3 more are 6, and 6 more are 12; 0 + 5 = 5, then 10, then 10 again.
    assert written.tolist() == [[3, 6, 2, 4], [5, 0, 0, 0]]
    assert [part.shape[1] for part in model.read] == [2, 1, 1, 1]


def test_temperature_divides_the_logits():
    torch.manual_seed(1)
    # Logits of 1 and 0, at a temperature of 0.5, are odds of e ** 2 to 1.
    drawn = sample(Adder(spread=1.0), torch.zeros(4000, 1, dtype=torch.long), 1, temperature=0.5)
    share = (drawn == 0).double().mean().item()
    assert share == pytest.approx(1 / (1 + 2.718281828**-2), abs=0.02)


@pytest.mark.parametrize(
    ("n_tokens", "temperature", "message"), [(0, 1.0, "n_tokens is 0"), (3, 0.0, "temperature is 0.0")]
)
def test_sampling_refuses_what_cannot_be(n_tokens, temperature, message):
    with pytest.raises(ValueError, match=message):
        sample(Adder(), torch.zeros(1, 1, dtype=torch.long), n_tokens, temperature)


@pytest.fixture
def searcher():
    torch.manual_seed(3)
    return AttentionSeq2Seq(Seq2SeqConfig(9, 9, d_embedding=6, d_model=8))


SRC = torch.tensor([[4, 5, 6, 7, END]])


def hands_off(t, weights):
    return weights


def test_without_a_hand_on_the_weights_guided_writes_what_greedy_does(searcher):
    for first in range(3, 9):
        src = torch.tensor([[first, 5, 6, END]])
        token_ids, weights = guided(searcher, src, hands_off, start_id=START, end_id=END, max_length=7)
        (row,) = greedy(searcher, src, start_id=START, end_id=END, max_length=7)
        assert token_ids == row
        assert weights.shape == (min(len(row) + 1, 7), 4)
        torch.testing.assert_close(weights.sum(dim=1), torch.ones(len(weights)))


def test_the_guide_sees_each_step_and_its_weights_are_used(searcher):
    seen = []

    def guide(t, weights):
        seen.append(t)
        return torch.tensor([[0.0, 0.0, 1.0, 0.0, 0.0]]) if t == 1 else weights

    token_ids, weights = guided(searcher, SRC, guide, start_id=START, end_id=END, max_length=4)
    assert seen == list(range(len(weights)))
    assert weights[1].tolist() == [0, 0, 1, 0, 0]
    own, free = guided(searcher, SRC, hands_off, start_id=START, end_id=END, max_length=4)
    torch.testing.assert_close(weights[0], free[0])
    # The hand has moved the state, so the next look differs, too.
    assert (weights[2] - free[2]).abs().max() > 1e-5
    # And the word written is the one that the decoder writes from that one vector.
    state = searcher.start(SRC)
    _, state = searcher.decoder.write(torch.tensor([START]), free[:1], state)
    logits, _ = searcher.decoder.write(torch.tensor([own[0]]), weights[1:2], state)
    assert token_ids[1] == logits.argmax()


def test_guided_refuses_to_write_nothing(searcher):
    with pytest.raises(ValueError, match="max_length is 0, expected at least 1"):
        guided(searcher, SRC, hands_off, start_id=START, end_id=END, max_length=0)
