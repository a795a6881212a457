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

from course_utils.models.attention import AdditiveAttention, attend

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
        for name in ("src_vocab_size", "tgt_vocab_size", "d_embedding", "d_model"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")


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


class AttentionSeq2Seq(nn.Module):
    """The decoder searches all states of a bidirectional encoder at every word (Bahdanau, Cho and Bengio, 2014).

    `attention` scores them; it is an AdditiveAttention of width d_model unless another is given, such as
    GeneralAttention(d_model, 2 * d_encoder). The encoder has d_encoder numbers in each direction, half of d_model
    unless given. The paper's maxout layer before the softmax is left out.
    """

    def __init__(
        self, config: Seq2SeqConfig, attention: nn.Module | None = None, d_encoder: int | None = None
    ) -> None:
        super().__init__()
        d_encoder = d_encoder or config.d_model // 2
        d_memory = 2 * d_encoder
        self.config = config
        self.src_embedding = nn.Embedding(config.src_vocab_size, config.d_embedding)
        self.tgt_embedding = nn.Embedding(config.tgt_vocab_size, config.d_embedding)
        self.encoder = nn.GRU(config.d_embedding, d_encoder, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(d_encoder, config.d_model)
        self.attention = attention or AdditiveAttention(config.d_model, d_memory, config.d_model)
        self.cell = nn.GRUCell(config.d_embedding + d_memory, config.d_model)
        self.output = nn.Linear(config.d_model + d_memory, config.tgt_vocab_size)

    def encode(self, src: Int[Tensor, "B S"]) -> Float[Tensor, "B S d_memory"]:
        """Return the memory: for every word what was read up to it from the left, and up to it from the right."""
        states, _ = self.encoder(pack(self.src_embedding(src), src != self.config.pad_id))
        return pad_packed_sequence(states, batch_first=True, total_length=src.shape[1])[0]

    def start(self, src: Int[Tensor, "B S"]) -> State:
        """Return hidden state, memory, the attention's keys, and the mask of the source."""
        memory = self.encode(src)
        backward = memory[:, 0, memory.shape[-1] // 2 :]  # (B, d_encoder), which has read the whole sentence
        keys = self.attention.keys(memory)
        return torch.tanh(self.bridge(backward)), memory, keys, src != self.config.pad_id

    def step(self, token_ids: Int[Tensor, " B"], state: State) -> tuple[Float[Tensor, "B V"], State]:
        """Read one word; return the logits of the next one, and the new state."""
        logits, state, _ = self.step_with_weights(token_ids, state)
        return logits, state

    def step_with_weights(
        self, token_ids: Int[Tensor, " B"], state: State
    ) -> tuple[Float[Tensor, "B V"], State, Float[Tensor, "B S"]]:
        """Do what `step` does, and return the attention weights that it used as well."""
        hidden, memory, keys, mask = state
        context, weights = attend(self.attention.scores(hidden, keys), memory, mask)  # (B, d_memory), (B, S)
        hidden = self.cell(torch.cat([self.tgt_embedding(token_ids), context], dim=-1), hidden)  # (B, D)
        logits = self.output(torch.cat([hidden, context], dim=-1))  # (B, V)
        return logits, (hidden, memory, keys, mask), weights

    def forward(self, src: Int[Tensor, "B S"], tgt_in: Int[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """Return the logits of the word after each word of tgt_in (teacher forcing)."""
        return self.align(src, tgt_in)[0]

    def align(
        self, src: Int[Tensor, "B S"], tgt_in: Int[Tensor, "B T"]
    ) -> tuple[Float[Tensor, "B T V"], Float[Tensor, "B T S"]]:
        """Return the logits of the word after each word of tgt_in, and where the model looked to write it."""
        state, logits, weights = self.start(src), [], []
        for token_ids in tgt_in.T:
            one_logits, state, one_weights = self.step_with_weights(token_ids, state)
            logits.append(one_logits)
            weights.append(one_weights)
        return torch.stack(logits, dim=1), torch.stack(weights, dim=1)


def pack(embeddings: Float[Tensor, "B S D"], mask: Bool[Tensor, "B S"]) -> nn.utils.rnn.PackedSequence:
    """Return the embeddings without their padding, in the form in which PyTorch's recurrent layers skip it.

    Raises ValueError if a row of the mask is all padding.
    """
    lengths = mask.sum(dim=1).cpu()  # (B,)
    if (lengths == 0).any():
        raise ValueError(f"src has no word in row {int((lengths == 0).nonzero()[0])}, expected at least one")
    return pack_padded_sequence(embeddings, lengths, batch_first=True, enforce_sorted=False)
