"""models.ngram: equal to a slow direct count, sums to one, right by hand, and its errors."""

import random
from collections import Counter

import pytest
import torch

from course_utils.models.ngram import KneserNey, discount_of, look_up, pack


def slowly(text, vocab_size, context, word):
    """Interpolated Kneser-Ney from its definition, with dictionaries, for one word after a context of any length."""
    order = len(context) + 1

    def count(gram):
        if len(gram) == order:
            return Counter(zip(*(text[i:] for i in range(order))))[gram]
        return len({longer[0] for longer in grams(len(gram) + 1) if longer[1:] == gram})

    def grams(n):
        found = set(zip(*(text[i:] for i in range(order))))
        return found if n == order else {gram[order - n :] for gram in found}

    def probability(gram):
        if not gram:
            return 1 / vocab_size
        followers = [count(other) for other in grams(len(gram)) if other[:-1] == gram[:-1]]
        shorter = probability(gram[1:])
        if not followers:
            return shorter
        counts = Counter(count(other) for other in grams(len(gram)))
        discount = counts[1] / (counts[1] + 2 * counts[2]) if counts[1] else 0.5
        return (max(count(gram) - discount, 0) + discount * len(followers) * shorter) / sum(followers)

    return probability((*context, word))


def a_text(seed, length=60, vocab_size=6):
    """A text in which small numbers are frequent, and the largest number never occurs."""
    draw = random.Random(seed)
    return [min(draw.randrange(vocab_size - 1), draw.randrange(vocab_size - 1)) for _ in range(length)]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [1, 2])
def test_it_equals_a_slow_direct_count(order, seed):
    text = a_text(seed)
    model, draw = KneserNey(torch.tensor(text), 6, order), random.Random(seed)
    for _ in range(15):
        context, word = [draw.randrange(6) for _ in range(order - 1)], draw.randrange(6)
        got = model.probability(torch.tensor([context], dtype=torch.int64), torch.tensor([word])).item()
        assert got == pytest.approx(slowly(text, 6, context, word), abs=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_it_sums_to_one_over_the_vocabulary_also_after_contexts_never_seen(order):
    model = KneserNey(torch.tensor(a_text(3, 400)), 6, order)
    for context in torch.randint(6, (20, order - 1)):
        p = model.next_word(context)
        assert p.sum().item() == pytest.approx(1, abs=1e-12)
        assert (p > 0).all()


def test_by_hand():
    # "a b a c": bigrams ab, ba, ac once each, so the discount is 1, and all of the bigrams' weight goes to the words
    # below. There a, b and c follow one kind of word each: (1 - 1 + 1 * 3 * 1/3) / 3, again a third each.
    model = KneserNey(torch.tensor([0, 1, 0, 2]), 3, order=2)
    assert model.next_word(torch.tensor([0])).tolist() == pytest.approx([1 / 3] * 3)
    # Counts 2 and 1 from "a a b a a": aa twice, ab and ba once, discount 2 / (2 + 2). After a: total 3, two kinds.
    # Below: a follows a and b, b follows a: counts 2 and 1, discount 1/3, total 3, two kinds, and 1/2 each from below.
    model = KneserNey(torch.tensor([0, 0, 1, 0, 0]), 2, order=2)
    a_below = (2 - 1 / 3 + 1 / 3 * 2 * 1 / 2) / 3
    assert model.next_word(torch.tensor([0]))[0].item() == pytest.approx((2 - 0.5 + 0.5 * 2 * a_below) / 3)


def test_a_word_that_follows_one_word_only_is_improbable_elsewhere():
    # "san francisco" 30 times; "the dog", "a dog", "my dog" 10 times each: dog is as frequent as francisco.
    words = ["san", "francisco", "the", "dog", "a", "dog", "my", "dog"]
    text = [w for _ in range(10) for w in ["san", "francisco"] * 3 + words[2:]]
    ids = {w: i for i, w in enumerate(dict.fromkeys(text))}
    model = KneserNey(torch.tensor([ids[w] for w in text]), len(ids) + 1, order=2)
    after_new = model.next_word(torch.tensor([len(ids)]))
    assert after_new[ids["dog"]] > 1.5 * after_new[ids["francisco"]]


def test_only_the_last_words_of_a_longer_context_count():
    model = KneserNey(torch.tensor(a_text(4)), 6, order=3)
    long, word = torch.tensor([[5, 4, 1, 2]]), torch.tensor([0])
    assert model.probability(long, word).item() == model.probability(long[:, 2:], word).item()


def test_pack_is_a_number_in_base_v_and_look_up_finds_or_gives_0():
    assert pack(torch.tensor([[1, 2, 3], [0, 0, 9]]), 10).tolist() == [123, 9]
    assert pack(torch.zeros(2, 0, dtype=torch.int64), 10).tolist() == [0, 0]
    table, values = torch.tensor([2, 5, 9]), torch.tensor([20, 50, 90])
    assert look_up(torch.tensor([5, 6, 99, 0]), table, values).tolist() == [50, 0, 0, 0]


def test_the_discount_has_a_value_where_the_formula_has_none():
    assert discount_of(torch.tensor([1, 1, 2, 3])) == 0.5
    assert discount_of(torch.tensor([1, 1, 1, 2, 7])) == pytest.approx(3 / 5)
    assert discount_of(torch.tensor([2, 3])) == 0.5


@pytest.mark.parametrize(
    ("text", "vocab_size", "order", "says"),
    [
        ([0, 1], 2, 0, "order is 0, expected at least 1"),
        ([0, 1], 2, 3, "token_ids has 2 words, expected at least order = 3"),
        ([0, 3, 1], 3, 2, "token_ids goes from 0 to 3, expected numbers from 0 to 2"),
        ([0, -1, 1], 3, 2, "token_ids goes from -1 to 1"),
        ([0, 1, 2, 3, 4], 10_000, 5, "overflow 64 bits"),
    ],
)
def test_bad_texts_are_refused(text, vocab_size, order, says):
    with pytest.raises(ValueError, match=says):
        KneserNey(torch.tensor(text), vocab_size, order)


def test_a_context_that_is_too_short_is_refused():
    model = KneserNey(torch.tensor(a_text(5)), 6, order=3)
    with pytest.raises(ValueError, match="context has 1 words, expected at least order - 1 = 2"):
        model.probability(torch.tensor([[1]]), torch.tensor([1]))
