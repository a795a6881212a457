"""Sequence to sequence: one network reads, another one writes. Built in lessons 07 and 08.

Both models offer the same three things: `model(src, tgt_in)` for training; and for writing word by word
`model.start(src)`, the state before the first word, and `model.step(token_ids, state)`, one word further. A state is a
tuple of tensors whose first axis is the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from course_utils.models.attention import AdditiveAttention, masked_softmax, weighted_mean
from course_utils.shapes import check_at_least_one

State = tuple[Tensor, ...]


@dataclass(frozen=True)
class Seq2SeqConfig:
    """Sizes of both vocabularies, of embeddings and of the hidden state, and the id of the padding."""

    src_vocab_size: int
    tgt_vocab_size: int
    d_embedding: int = 64
    d_model: int = 128
    pad_id: int = 0

    def __post_init__(self) -> None:
        sizes = ("src_vocab_size", "tgt_vocab_size", "d_embedding", "d_model")
        check_at_least_one(**{name: getattr(self, name) for name in sizes})


class Seq2Seq(nn.Module):
    """The encoder's last state is all that the decoder gets (Sutskever, Vinyals and Le, 2014).

    They used LSTMs four layers deep; here it is one layer of the GRU, by Cho and others (2014).
    """

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        self.config = config
        self.src_embedding = nn.Embedding(config.src_vocab_size, config.d_embedding)
        self.tgt_embedding = nn.Embedding(config.tgt_vocab_size, config.d_embedding)
        self.encoder = nn.GRU(config.d_embedding, config.d_model, batch_first=True)
        self.decoder = nn.GRU(config.d_embedding, config.d_model, batch_first=True)
        self.output = nn.Linear(config.d_model, config.tgt_vocab_size)

    def encode(self, src: Int[Tensor, "B S"]) -> Float[Tensor, "B D"]:
        """Return the sentence vectors: the encoder's state after the last word that is not padding."""
        embeddings = self.src_embedding(src)  # (B, S, d_embedding)
        _, last = self.encoder(pack(embeddings, src != self.config.pad_id))  # (1, B, D)
        return last[0]

    def forward(self, src: Int[Tensor, "B S"], tgt_in: Int[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """Return the logits of the word after each word of tgt_in (teacher forcing)."""
        vector = self.encode(src)  # (B, D)
        hidden, _ = self.decoder(self.tgt_embedding(tgt_in), vector[None])  # (B, T, D)
        return self.output(hidden)  # (B, T, V)

    def start(self, src: Int[Tensor, "B S"]) -> State:
        """Return the decoder's state before the first word."""
        return (self.encode(src),)

    def step(self, token_ids: Int[Tensor, " B"], state: State) -> tuple[Float[Tensor, "B V"], State]:
        """Read one word; return the logits of the next one, and the new state."""
        _, last = self.decoder(self.tgt_embedding(token_ids)[:, None], state[0][None])  # (1, B, D)
        return self.output(last[0]), (last[0],)


class BidirectionalEncoder(nn.Module):
    """Reads the source from both ends, so that the vector of a word knows what stands before it and behind it.

    Half of the d_model numbers of a vector come from each direction. Raises ValueError if d_model is odd.
    """

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        check_even(config.d_model)
        self.pad_id = config.pad_id
        self.embedding = nn.Embedding(config.src_vocab_size, config.d_embedding)
        self.rnn = nn.GRU(config.d_embedding, config.d_model // 2, batch_first=True, bidirectional=True)

    def forward(self, src: Int[Tensor, "B S"]) -> tuple[Float[Tensor, "B S D"], Float[Tensor, "B half"]]:
        """Return the memory, one vector a word, and the last state of the direction that ends at the first word."""
        states, last = self.rnn(pack(self.embedding(src), src != self.pad_id))
        memory, _ = pad_packed_sequence(states, batch_first=True, total_length=src.shape[1])  # (B, S, D)
        return memory, last[1]  # (B, S, D), (B, D / 2)


class AttentionDecoder(nn.Module):
    """Before each word it looks at the memory, then it writes (Bahdanau, Cho and Bengio, 2014, section 3.1).

    `attention` scores the positions. The paper's maxout layer before the softmax is left out.
    """

    def __init__(self, config: Seq2SeqConfig, attention: nn.Module) -> None:
        super().__init__()
        D = config.d_model
        self.attention = attention
        self.embedding = nn.Embedding(config.tgt_vocab_size, config.d_embedding)
        self.cell = nn.GRUCell(config.d_embedding + D, D)
        self.output = nn.Linear(2 * D, config.tgt_vocab_size)

    def look(self, state: State) -> Float[Tensor, "B S"]:
        """Return the attention weights: how much of each source position goes into the context of the next word."""
        hidden, memory, keys, mask = state
        return masked_softmax(self.attention.scores(hidden, keys), mask)  # (B, S)

    def write(
        self, token_ids: Int[Tensor, " B"], weights: Float[Tensor, "B S"], state: State
    ) -> tuple[Float[Tensor, "B V"], State]:
        """Read the last word, and the context that the weights give; return the next logits, and the new state."""
        hidden, memory, keys, mask = state
        context = weighted_mean(weights, memory)  # (B, D)
        hidden = self.cell(torch.cat([self.embedding(token_ids), context], dim=-1), hidden)  # (B, D)
        return self.output(torch.cat([hidden, context], dim=-1)), (hidden, memory, keys, mask)


class AttentionSeq2Seq(nn.Module):
    """The decoder searches all states of a bidirectional encoder at every word (Bahdanau, Cho and Bengio, 2014).

    `attention` is an AdditiveAttention of width d_model unless another is given, such as DotAttention(). The state has
    four parts: the decoder's hidden state, the memory, the attention's keys, and the mask of the source.
    """

    def __init__(self, config: Seq2SeqConfig, attention: nn.Module | None = None) -> None:
        super().__init__()
        D = config.d_model
        self.encoder = BidirectionalEncoder(config)
        self.bridge = nn.Linear(D // 2, D)
        self.decoder = AttentionDecoder(config, attention or AdditiveAttention(D, D, D))

    def start(self, src: Int[Tensor, "B S"]) -> State:
        """Return the state before the first word."""
        memory, has_read_all = self.encoder(src)  # (B, S, D), (B, D / 2)
        keys = self.decoder.attention.keys(memory)
        return torch.tanh(self.bridge(has_read_all)), memory, keys, src != self.encoder.pad_id

    def step(self, token_ids: Int[Tensor, " B"], state: State) -> tuple[Float[Tensor, "B V"], State]:
        """Look, then read one word; return the logits of the next one, and the new state."""
        return self.decoder.write(token_ids, self.decoder.look(state), state)

    def align(
        self, src: Int[Tensor, "B S"], tgt_in: Int[Tensor, "B T"]
    ) -> tuple[Float[Tensor, "B T V"], Float[Tensor, "B T S"]]:
        """Return the logits of the word after each word of tgt_in, and where the model looked to write it."""
        state, logits, weights = self.start(src), [], []
        for token_ids in tgt_in.T:
            weights.append(self.decoder.look(state))
            one, state = self.decoder.write(token_ids, weights[-1], state)
            logits.append(one)
        return torch.stack(logits, dim=1), torch.stack(weights, dim=1)  # (B, T, V), (B, T, S)

    def forward(self, src: Int[Tensor, "B S"], tgt_in: Int[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """Return the logits of the word after each word of tgt_in (teacher forcing)."""
        return self.align(src, tgt_in)[0]


def pack(embeddings: Float[Tensor, "B S D"], mask: Bool[Tensor, "B S"]) -> nn.utils.rnn.PackedSequence:
    """Return the embeddings without their padding, in the form in which PyTorch's recurrent layers skip it.

    Raises ValueError if a row of the mask is all padding.
    """
    lengths = mask.sum(dim=1).cpu()  # (B,)
    if (lengths == 0).any():
        raise ValueError(f"src has no word in row {int((lengths == 0).nonzero()[0])}, expected at least one")
    return pack_padded_sequence(embeddings, lengths, batch_first=True, enforce_sorted=False)


def check_even(d_model: int) -> None:
    """Raise ValueError unless the width can be shared evenly between two directions."""
    if d_model % 2:
        raise ValueError(f"d_model is {d_model}, expected an even number: each direction has half of it")
