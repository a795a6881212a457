"""Checks for lesson 03, a neural language model."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.exercises.framework import (
    compare,
    expect,
    f64,
    function_exercise,
    number,
    tensor,
)


@function_exercise
def check_perplexity_of(answer: Callable) -> str:
    """perplexity_of(p): exp of the mean of -log p."""
    for p in (f64([0.5, 0.125, 0.25]), f64([0.9, 0.01, 0.3, 0.02, 0.6]), torch.full((7,), 0.05).double()):
        logs = p.log()
        compare(
            number(answer(p)),
            math.exp(-logs.mean()),
            {
                "that is the cross-entropy, the mean surprise. Perplexity is exp of it.": -logs.mean(),
                "below 1: a minus sign is missing before the mean of the logarithms.": logs.mean().exp(),
                "sum is not mean: a longer text must not have a larger perplexity.": (-logs.sum()).exp(),
                "that is 1 over the mean probability. Take the mean of the logarithms.": 1 / p.mean(),
                "that is the mean of 1 / p. Take the mean of the logarithms, then exp.": (1 / p).mean(),
                "2 to the power of natural logarithms mixes two bases: use exp, or log2.": 2 ** -logs.mean(),
                "exp of logarithms of base 2 mixes two bases: use log, or 2 to the power.": (
                    -p.log2().mean()
                ).exp(),
                "divide by the number of words, not by one less.": (-logs.sum() / (len(p) - 1)).exp(),
            },
            "not the perplexity.",
        )
    return "Seven words of probability 1/20 give 20: as unsure as among 20 equal choices."


@function_exercise
def check_count_parameters(answer: Callable) -> str:
    """count_parameters(V, T, D, hidden): all numbers that training adjusts in an NPLM without direct connections."""
    for V, T, D, hidden in ((2883, 2, 48, 64), (17_000, 4, 30, 100), (7, 3, 2, 5)):
        table, middle, output = V * D, T * D * hidden, hidden * V
        compare(
            number(answer(V, T, D, hidden)),
            table + middle + hidden + output + V,
            {
                "every place of the context has a table of its own here. C is shared: V * D once.": T * table
                + middle
                + hidden
                + output
                + V,
                "the biases d and b are missing: one for each hidden neuron, one for each word.": table
                + middle
                + output,
                "the table C is missing: its V * D numbers are learned, too.": middle + hidden + output + V,
                "the hidden layer gets T vectors laid end to end, T * D numbers.": table
                + D * hidden
                + hidden
                + output
                + V,
                "the biases b of the output are missing, one for each word.": table
                + middle
                + hidden
                + output,
                "the biases d of the hidden layer are missing.": table + middle + output + V,
                "those are the direct connections as well, W. This network has none.": table
                + middle
                + hidden
                + output
                + V
                + T * D * V,
                "the context has T words, not T + 1: the word to guess does not go in.": table
                + (T + 1) * D * hidden
                + hidden
                + output
                + V,
                "C is a table without biases.": table + D + middle + hidden + output + V,
            },
            "not the number of parameters.",
            tolerance=1e-9,
        )
    return "It grows in step with V and with T, and not with the length of the text."


@function_exercise
def check_continuation(answer: Callable) -> str:
    """continuation(pairs, vocab_size): after how many different words a word came, as shares."""
    first = torch.tensor([[0, 1], [0, 1], [0, 1], [2, 1], [2, 3], [1, 3], [3, 3], [3, 0], [3, 0]])
    second = torch.tensor([[4, 2], [1, 2], [4, 2], [0, 2], [2, 0], [2, 4], [2, 4], [2, 4], [1, 0]])
    for pairs, vocab_size in ((first, 5), (second, 6)):
        different = pairs.unique(dim=0)
        right = different[:, 1].bincount(minlength=vocab_size).double()
        leaders = different[:, 0].bincount(minlength=vocab_size).double()
        often = pairs[:, 1].bincount(minlength=vocab_size).double()
        got = answer(pairs, vocab_size)
        if isinstance(got, Tensor) and got.dtype == torch.int64:
            hint = "those are numbers of different words, not shares: divide by their sum."
            expect(not torch.equal(got, right.long()), hint)
        got = tensor(got, (vocab_size,))
        compare(
            got.double(),
            right / right.sum(),
            {
                "that is how often each word came. Count the same pair only once.": often / often.sum(),
                "that is how many different words came after it. Count those before it.": leaders
                / leaders.sum(),
                "those are numbers of different words, not shares: divide by their sum.": right,
                "divide by the number of different pairs, not by the size of the vocabulary.": right
                / vocab_size,
                "divide by the number of different pairs, not of all pairs.": right / len(pairs),
            },
            "not the shares.",
        )
    return "A frequent word that always follows the same word gets little here."


@function_exercise
def check_nplm_logits(answer: Callable) -> str:
    """nplm_logits(context, C, H, d, U, b): the logits for one context, U tanh(d + H x) + b."""
    generator = torch.Generator().manual_seed(3)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    for context, (V, D, hidden) in (([4, 1], (6, 2, 3)), ([0, 4, 2], (5, 3, 3))):
        context, T = torch.tensor(context), len(context)
        C, H, d, U, b = draw(V, D), draw(hidden, T * D), draw(hidden), draw(V, hidden), draw(V)
        x = C[context].flatten()
        inside = d + H @ x
        h = inside.tanh()
        right = U @ h + b
        got = tensor(answer(context, C, H, d, U, b), (V,), "the logits")
        compare(
            got.double(),
            right,
            {
                "the tanh is missing.": U @ inside + b,
                "the biases b of the output are missing.": U @ h,
                "the biases d belong inside the tanh.": U @ ((H @ x).tanh() + d) + b,
                "the biases d of the hidden layer are missing.": U @ (H @ x).tanh() + b,
                "the vectors stand in the wrong order: the oldest word comes first.": U
                @ (d + H @ C[context.flip(0)].flatten()).tanh()
                + b,
                "the numbers of the vectors are interleaved: lay the rows of C end to end.": U
                @ (d + H @ C[context].T.flatten()).tanh()
                + b,
                "both biases are missing: d inside the tanh, b at the end.": U @ (H @ x).tanh(),
                "those are probabilities. Logits come before the softmax.": right.softmax(0),
                "those are logarithms of probabilities. Logits come before the softmax.": right.log_softmax(
                    0
                ),
                "the formula has tanh, not the logistic function.": U @ inside.sigmoid() + b,
                "the formula has tanh, not ReLU.": U @ inside.relu() + b,
                "the tanh stands around d + H x only, not around the output.": (U @ inside + b).tanh(),
                "the logits come without a tanh around them.": right.tanh(),
            },
            "not the logits.",
        )
    return "The largest logit belongs to the word that the network expects most."


def _best_of(weights: Tensor, p_network: Tensor, p_counts: Tensor) -> float:
    mixed = weights[:, None] * p_network + (1 - weights)[:, None] * p_counts  # (n, N)
    return round(weights[mixed.log().mean(1).argmax()].item(), 2)


@function_exercise
def check_best_weight(answer: Callable) -> str:
    """best_weight(p_network, p_counts): the weight of the network, 0, 0.1, ... 1, with the lowest perplexity."""
    texts = [
        (f64([0.02, 0.5, 0.08, 0.03, 0.2]), f64([0.3, 0.1, 0.2, 0.4, 0.001])),
        (f64([0.2, 0.9, 0.1, 0.4]), f64([0.6, 0.01, 0.3, 0.05])),
        (f64([0.5, 0.6, 0.7]), f64([0.1, 0.2, 0.3])),
        (f64([0.1, 0.2, 0.3]), f64([0.5, 0.6, 0.7])),
    ]
    for p_network, p_counts in texts:
        best = _best_of(torch.arange(11) / 10, p_network, p_counts)
        got = number(answer(p_network, p_counts))
        for parts, what in ((10, "tenths"), (100, "hundredths")):
            expect(
                got <= 1 or abs(got - parts * best) > 1e-5, f"that is a number of {what}: divide by {parts}."
            )
        expect(0 <= got <= 1, f"the weight is {got:g}, expected a number from 0 to 1.")
        better = 1.0 if p_network.log().mean() > p_counts.log().mean() else 0.0
        compare(
            got,
            best,
            {
                "that is the weight of the counts. The weight of the network is 1 minus it.": 1 - best,
                "that is the better model alone. The probabilities are to be mixed; take logarithms only then.": better,
                "only the weights 0, 0.1, 0.2 to 1 are asked for.": _best_of(
                    torch.arange(101) / 100, p_network, p_counts
                ),
                "that is the worse model alone. The lowest perplexity has the highest mean of the logarithms, "
                "not of probabilities.": 1 - better,
            },
            "not the weight with the lowest perplexity.",
            tolerance=1e-5,
        )
    return "A mixture wins where the models err at different words; the last two texts had none of that."
