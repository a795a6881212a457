"""Word vectors learned from neighbours: skip-gram and CBOW with negative sampling (Mikolov and others, 2013).

The gradients are written out by hand, for whole stretches of text at a time: which words are neighbours is a mask, and
one draw of wrong words serves a whole stretch. So nearly all work is products of small matrices. Built in lesson 05.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_utils.runtime import progress
from course_utils.shapes import check_at_least_one


def noise_distribution(counts: Sequence[int] | Tensor, power: float = 0.75) -> Float[Tensor, " V"]:
    """Return how often each word is drawn as a wrong answer: its count to the power 3/4, made to sum to 1.

    Distributed Representations, section 2.2. A power of 1 gives the words' own frequencies, 0 makes all alike. Raises
    ValueError unless all counts are at least 0 and one is above.
    """
    counts = torch.as_tensor(counts, dtype=torch.float32)
    check_counts(counts)
    raised = counts**power
    return raised / raised.sum()


def keep_probability(counts: Sequence[int] | Tensor, threshold: float = 1e-3) -> Float[Tensor, " V"]:
    """Return with which probability an occurrence of each word is read; the rest is skipped (subsampling).

    sqrt(threshold / share) + threshold / share, at most 1, where share is the word's share of the text. This is the
    formula of the authors' program; the paper's (Distributed Representations, equation 5) has the root alone. Raises
    ValueError unless all counts are at least 0 and one is above.
    """
    counts = torch.as_tensor(counts, dtype=torch.float64)
    check_counts(counts)
    ratio = threshold / (counts / counts.sum()).clamp(min=1e-300)
    return (ratio.sqrt() + ratio).clamp(max=1).float()


def stretches(
    token_ids: Int[Tensor, " M"], sentence_ids: Int[Tensor, " M"], window: int, length: int = 32
) -> tuple[Int[Tensor, "n T"], Int[Tensor, "n S"], Bool[Tensor, "n T S"]]:
    """Cut a text into stretches; return their centre words, the words around, and which of these are neighbours.

    A stretch has T = `length` centres and S = T + 2 window words around them. near[i, t, s] says that word s is a
    neighbour of centre t: at most `window` words away (each centre draws its own reach from 1 to `window`, as in
    Efficient Estimation), not the centre itself, and in the same sentence. The cuts fall elsewhere at every call.
    Raises ValueError if the text is shorter than two stretches.
    """
    check_text(token_ids, window, length)
    start, size = int(torch.randint(length, ())), length + 2 * window
    around = token_ids[start:].unfold(0, size, length)  # (n, S)
    sentence = sentence_ids[start:].unfold(0, size, length)  # (n, S)
    inner = slice(window, window + length)
    device = token_ids.device
    steps_away = (
        torch.arange(length, device=device)[:, None] + window - torch.arange(size, device=device)
    )  # (T, S)
    reach = torch.randint(1, window + 1, (len(around), length, 1), device=device)  # (n, T, 1)
    near = (steps_away != 0) & (steps_away.abs() <= reach)  # (n, T, S)
    return around[:, inner], around, near & (sentence[:, inner, None] == sentence[:, None, :])


class SoftmaxSkipGram(nn.Module):
    """One word predicts each of its neighbours, by a softmax over the whole vocabulary.

    W_in[i] is the vector of word i where it is the centre, W_out[i] where it is the neighbour; both (V, D).
    """

    def __init__(self, vocab_size: int, d_model: int) -> None:
        super().__init__()
        check_at_least_one(vocab_size=vocab_size, d_model=d_model)
        self.W_in = nn.Parameter(0.1 * torch.randn(vocab_size, d_model))
        self.W_out = nn.Parameter(0.1 * torch.randn(vocab_size, d_model))

    def forward(self, centres: Int[Tensor, " B"]) -> Float[Tensor, "B V"]:
        """Return the logits of every word as a neighbour of each centre."""
        return self.W_in[centres] @ self.W_out.T  # (B, V)


class SoftmaxCBOW(SoftmaxSkipGram):
    """All neighbours together predict the word in the middle: the mean of their vectors stands for them."""

    def forward(self, around: Int[Tensor, "B S"]) -> Float[Tensor, "B V"]:
        """Return the logits of every word as the one in the middle of each row of neighbours."""
        return self.W_in[around].mean(1) @ self.W_out.T  # (B, V)


class SkipGram:
    """Two vectors for each word: W_in[i] where it is the centre, W_out[i] where it is a neighbour; both (V, D).

    The first start at random and small, the second at zero, as in the authors' program. W_in is what one keeps.
    """

    def __init__(self, vocab_size: int, d_model: int, device: torch.device | str = "cpu") -> None:
        check_at_least_one(vocab_size=vocab_size, d_model=d_model)
        self.W_in = (torch.rand(vocab_size, d_model, device=device) - 0.5) / d_model
        self.W_out = torch.zeros(vocab_size, d_model, device=device)

    def step(
        self,
        centres: Int[Tensor, "B T"],
        around: Int[Tensor, "B S"],
        near: Bool[Tensor, "B T S"],
        noise: Int[Tensor, "B N"],
        negatives: float,
        rate: float,
    ) -> None:
        """Move the vectors down the gradient of equation 4 of Distributed Representations, summed over all pairs.

        A pair of neighbours meets `negatives` wrong words: all N of its stretch, each with the weight negatives / N.
        """
        near = near.float()  # (B, T, S)
        v, u, wrong = self.W_in[centres], self.W_out[around], self.W_out[noise]  # (B, T|S|N, D)
        pull = near * torch.sigmoid(-v @ u.mT)  # (B, T, S)
        push = (
            near.sum(2, keepdim=True) * negatives / noise.shape[1] * torch.sigmoid(v @ wrong.mT)
        )  # (B, T, N)
        self._add(self.W_in, centres, pull @ u - push @ wrong, rate)
        self._add(self.W_out, around, pull.mT @ v, rate)
        self._add(self.W_out, noise, push.mT @ v, -rate)

    def _add(
        self,
        table: Float[Tensor, "V D"],
        rows: Int[Tensor, "B n"],
        moves: Float[Tensor, "B n D"],
        rate: float,
    ) -> None:
        table.index_add_(0, rows.flatten(), moves.flatten(0, 1), alpha=rate)


class CBOW(SkipGram):
    """Continuous bag of words: the mean of the neighbours' vectors W_in predicts the centre, through W_out."""

    def step(
        self,
        centres: Int[Tensor, "B T"],
        around: Int[Tensor, "B S"],
        near: Bool[Tensor, "B T S"],
        noise: Int[Tensor, "B N"],
        negatives: float,
        rate: float,
    ) -> None:
        """Move the vectors down the gradient; each centre with a neighbour is predicted once."""
        share = near / near.sum(2, keepdim=True).clamp(min=1)  # (B, T, S)
        h = share @ self.W_in[around]  # (B, T, D), zero without a neighbour: nothing moves then
        u, wrong = self.W_out[centres], self.W_out[noise]  # (B, T, D), (B, N, D)
        pull = torch.sigmoid(-(h * u).sum(2, keepdim=True))  # (B, T, 1)
        push = negatives / noise.shape[1] * torch.sigmoid(h @ wrong.mT)  # (B, T, N)
        self._add(self.W_in, around, share.mT @ (pull * u - push @ wrong), rate)
        self._add(self.W_out, centres, pull * h, rate)
        self._add(self.W_out, noise, push.mT @ h, -rate)


def learn(
    model: SkipGram,
    token_ids: Int[Tensor, " M"],
    sentence_ids: Int[Tensor, " M"],
    counts: Sequence[int],
    epochs: int,
    window: int = 5,
    negatives: int = 5,
    rate: float = 0.03,
    threshold: float = 1e-3,
    batch_size: int = 16,
) -> None:
    """Read the text `epochs` times. The learning rate falls to zero along a straight line.

    `counts[i]` is how often word i occurs, `sentence_ids` says of each word to which sentence it belongs. All centres
    of a stretch meet the same 64 wrong words, with a weight that makes them count as `negatives`. Stretches come in
    random order: where a text repeats itself, as lists do, their updates would add up and overshoot. Raises
    FloatingPointError if they do so all the same.
    """
    noise, keep = noise_distribution(counts), keep_probability(counts, threshold)
    noise = noise.to(token_ids.device)
    for epoch in progress(range(epochs), "reading"):
        read = (torch.rand(len(token_ids)) < keep[token_ids.cpu()]).to(token_ids.device)
        text = stretches(token_ids[read], sentence_ids[read], window)
        batches = torch.randperm(len(text[0])).split(batch_size)
        for position, chosen in enumerate(batches):
            centres, around, near = (part[chosen] for part in text)
            drawn = torch.multinomial(noise, len(chosen) * 64, replacement=True)
            done = (epoch + position / len(batches)) / epochs
            model.step(centres, around, near, drawn.view(-1, 64), negatives, rate * (1 - done))
        check_finite(model.W_in, rate, batch_size)


def check_counts(counts: Tensor) -> None:
    """Raise ValueError unless all counts are at least 0 and one is above."""
    if counts.ndim != 1 or not bool((counts >= 0).all()) or not bool(counts.sum() > 0):
        raise ValueError(
            f"counts is {counts.tolist()}, expected one row of numbers from 0, and one of them above 0"
        )


def check_text(token_ids: Tensor, window: int, length: int) -> None:
    """Raise ValueError for a window or length below 1, or a text shorter than two stretches."""
    check_at_least_one(window=window, length=length)
    if len(token_ids) < 2 * length + 2 * window:
        least = 2 * length + 2 * window
        raise ValueError(
            f"token_ids has {len(token_ids)} words, expected at least {least} (2 length + 2 window)"
        )


def check_finite(vectors: Tensor, rate: float, batch_size: int) -> None:
    """Raise FloatingPointError if a vector has left the finite numbers."""
    if not bool(torch.isfinite(vectors).all()):
        raise FloatingPointError(
            f"the vectors overflowed: the updates of one step add up and overshoot. Try a rate below {rate:g}, "
            f"or fewer stretches in a step than {batch_size}; a vocabulary of a few hundred words needs few"
        )
