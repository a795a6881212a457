"""The Transformer (Vaswani and others, 2017): blocks of attention and feed-forward layers. Built in lesson 11.

`Transformer` offers the same as the models of lessons 07 and 08: `model(src, tgt_in)` for training; `model.start(src)`
and `model.step(token_ids, state)` for writing, with keys and values kept from step to step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_utils.models.attention import KeyValueCache, MultiHeadAttention, causal_mask, check_heads
from course_utils.shapes import check_at_least_one

KeysValues = tuple[Float[Tensor, "B H S K"], Float[Tensor, "B H S K"]]


@dataclass(frozen=True)
class BlockConfig:
    """What every block is made of. The paper has post-norm, ReLU and biases; pre-norm came to be used since."""

    d_model: int = 64
    n_heads: int = 4
    d_ff: int = 256
    dropout: float = 0.0
    pre_norm: bool = True
    bias: bool = True
    rotary: bool = False
    activation: Callable[[], nn.Module] = nn.ReLU
    norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        check_heads(self.d_model, self.n_heads)
        check_at_least_one(d_ff=self.d_ff)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}, expected a share from 0 to below 1")

    def attention(self) -> MultiHeadAttention:
        """Return a new self-attention."""
        kind = RotaryAttention if self.rotary else MultiHeadAttention
        return kind(self.d_model, self.n_heads, self.bias)

    def norm(self) -> nn.LayerNorm:
        """Return a new layer normalisation."""
        return nn.LayerNorm(self.d_model, self.norm_eps, bias=self.bias)

    def feed_forward(self) -> nn.Sequential:
        """Return a new feed-forward network, which works on every token by itself."""
        first, second = (
            nn.Linear(a, b, self.bias) for a, b in [(self.d_model, self.d_ff), (self.d_ff, self.d_model)]
        )
        return nn.Sequential(first, self.activation(), second)


@dataclass(frozen=True)
class TransformerConfig(BlockConfig):
    """Sizes of both vocabularies, the number of blocks in encoder and decoder, and the id of the padding."""

    src_vocab_size: int = 100
    tgt_vocab_size: int = 100
    n_layers: int = 2
    pad_id: int = 0


def sinusoids(n: int, d_model: int, start: int = 0) -> Float[Tensor, "T D"]:
    """Return the paper's positions (section 3.5): sines and cosines of wavelengths from 2 pi to 10,000 times that.

    Row t belongs to position start + t; columns 2i and 2i + 1 are the sine and the cosine of one wave. Raises
    ValueError if d_model is odd.
    """
    if d_model % 2:
        raise ValueError(f"d_model is {d_model}, expected an even number: sines and cosines come in pairs")
    frequencies = 10_000.0 ** (-torch.arange(0, d_model, 2) / d_model)  # (D / 2,)
    angles = torch.arange(start, start + n)[:, None] * frequencies  # (T, D / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)  # (T, D / 2, 2) -> (T, D)


def rotate(heads: Float[Tensor, "B H T K"], start: int = 0, base: float = 100.0) -> Float[Tensor, "B H T K"]:
    """Turn each pair of numbers by an angle that grows with the position (Su and others, 2021, RoFormer, eq. 34).

    Then a query and a key meet at an angle that depends on their distance alone. `base` spreads the speeds: the paper's
    10,000 suits thousands of tokens, 100 suits dozens. Raises ValueError if K is odd.
    """
    T, K = heads.shape[-2:]
    if K % 2:
        raise ValueError(f"heads have {K} numbers, expected an even number: they are turned in pairs")
    speeds = base ** (-torch.arange(0, K, 2, dtype=heads.dtype, device=heads.device) / K)  # (K / 2,)
    angles = torch.arange(start, start + T, device=heads.device)[:, None] * speeds  # (T, K / 2)
    # A pair (x, y) is the complex number x + iy, and a product with cos + i sin turns it.
    turns = torch.polar(torch.ones_like(angles), angles)  # (T, K / 2)
    turned = torch.view_as_complex(heads.unflatten(-1, (-1, 2))) * turns  # (B, H, T, K / 2)
    return torch.view_as_real(turned).flatten(-2)  # (B, H, T, K / 2, 2) -> (B, H, T, K)


class RotaryAttention(MultiHeadAttention):
    """Multi-head self-attention that sees distances: queries and keys are turned by their positions."""

    def place(self, heads: Float[Tensor, "B H T K"], start: int) -> Float[Tensor, "B H T K"]:
        """Turn the heads by their positions."""
        return rotate(heads, start)


class EncoderBlock(nn.Module):
    """Self-attention, then a feed-forward layer, each added to what came in. BERT and GPT are stacks of this block."""

    def __init__(self, config: BlockConfig) -> None:
        super().__init__()
        self.pre_norm, self.dropout = config.pre_norm, nn.Dropout(config.dropout)
        self.attention, self.attention_norm = config.attention(), config.norm()
        self.feed_forward, self.feed_forward_norm = config.feed_forward(), config.norm()

    def add(
        self, x: Float[Tensor, "B T D"], norm: nn.Module, layer: Callable[[Tensor], Tensor]
    ) -> Float[Tensor, "B T D"]:
        """Add what the layer makes of x to x, with the norm before the layer, or after the sum as in the paper."""
        if self.pre_norm:
            return x + self.dropout(layer(norm(x)))
        return norm(x + self.dropout(layer(x)))

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        mask: Bool[Tensor, "..."] | None = None,
        cache: KeyValueCache | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Return the new vectors of all tokens; mask broadcasts to (B, H, T, S)."""
        x = self.add(x, self.attention_norm, lambda y: self.attention(y, mask, cache))
        return self.add(x, self.feed_forward_norm, self.feed_forward)


class DecoderBlock(EncoderBlock):
    """An encoder block with a look at the source, cross-attention, between its two layers."""

    def __init__(self, config: BlockConfig) -> None:
        super().__init__(config)
        self.cross_attention = MultiHeadAttention(config.d_model, config.n_heads, config.bias)
        self.cross_attention_norm = config.norm()

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        memory: KeysValues,
        mask: Bool[Tensor, "..."] | None = None,
        memory_mask: Bool[Tensor, "..."] | None = None,
        cache: KeyValueCache | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Return the new vectors of the target's tokens; memory holds the source's keys and values for this block."""
        x = self.add(x, self.attention_norm, lambda y: self.attention(y, mask, cache))
        x = self.add(
            x, self.cross_attention_norm, lambda y: self.cross_attention.attend(y, *memory, memory_mask)
        )
        return self.add(x, self.feed_forward_norm, self.feed_forward)


class PositionedEmbedding(nn.Module):
    """The tokens' vectors times sqrt(D), with the sinusoids of their positions added.

    The table begins with a spread of 1 / sqrt(D), so that after the product a number of a vector is about as large as
    one of its position. With `rotary` nothing is added, since self-attention turns queries and keys instead.
    """

    def __init__(self, vocab_size: int, config: BlockConfig) -> None:
        super().__init__()
        self.rotary, self.dropout = config.rotary, nn.Dropout(config.dropout)
        self.table = nn.Embedding(vocab_size, config.d_model)
        nn.init.normal_(self.table.weight, std=config.d_model**-0.5)

    def forward(self, token_ids: Int[Tensor, "B T"], start: int = 0) -> Float[Tensor, "B T D"]:
        """Return the vectors of tokens of which the first one stands at position `start`."""
        x = self.table(token_ids) * math.sqrt(self.table.embedding_dim)  # (B, T, D)
        if not self.rotary:
            x = x + sinusoids(*x.shape[1:], start).to(x)
        return self.dropout(x)


class Encoder(nn.Module):
    """A stack of encoder blocks over the source's embeddings."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.pad_id = config.pad_id
        self.embedding = PositionedEmbedding(config.src_vocab_size, config)
        self.blocks = nn.ModuleList(EncoderBlock(config) for _ in range(config.n_layers))
        # A post-norm block ends with a norm anyway.
        self.norm = config.norm() if config.pre_norm else nn.Identity()

    def forward(self, src: Int[Tensor, "B S"]) -> tuple[Float[Tensor, "B S D"], Bool[Tensor, "B 1 1 S"]]:
        """Return the memory, one vector for each source token in its context, and the mask of what is not padding."""
        mask = (src != self.pad_id)[:, None, None]  # (B, 1, 1, S)
        x = self.embedding(src)  # (B, S, D)
        for block in self.blocks:
            x = block(x, mask)
        return self.norm(x), mask


class Decoder(nn.Module):
    """A stack of decoder blocks. The table of its embeddings, turned round, is the output layer, too."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.embedding = PositionedEmbedding(config.tgt_vocab_size, config)
        self.blocks = nn.ModuleList(DecoderBlock(config) for _ in range(config.n_layers))
        self.norm = config.norm() if config.pre_norm else nn.Identity()

    def logits(self, x: Float[Tensor, "*B D"]) -> Float[Tensor, "*B V"]:
        """Return the score of every word of the vocabulary as the next token."""
        return self.norm(x) @ self.embedding.table.weight.T

    def forward(
        self,
        tgt_in: Int[Tensor, "B T"],
        memory: Float[Tensor, "B S D"],
        memory_mask: Bool[Tensor, "B 1 1 S"],
    ) -> Float[Tensor, "B T V"]:
        """Return the logits of the token after each token of tgt_in."""
        mask = causal_mask(tgt_in.shape[1]).to(tgt_in.device)  # (T, T)
        x = self.embedding(tgt_in)  # (B, T, D)
        for block in self.blocks:
            x = block(x, block.cross_attention.keys_values(memory), mask, memory_mask)
        return self.logits(x)  # (B, T, V)


class Transformer(nn.Module):
    """Encoder and decoder, with attention between them: the model of the paper."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(config), Decoder(config)

    def forward(self, src: Int[Tensor, "B S"], tgt_in: Int[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """Return the logits of the token after each token of tgt_in, all at once (teacher forcing)."""
        return self.decoder(tgt_in, *self.encoder(src))

    def start(self, src: Int[Tensor, "B S"]) -> tuple[Tensor, ...]:
        """Return the state before the first token: the source's mask, then for each block four tensors.

        They are keys and values of the source, and keys and values of the target, of which there are none so far.
        """
        memory, memory_mask = self.encoder(src)
        state = [memory_mask]
        for block in self.decoder.blocks:
            key, value = block.cross_attention.keys_values(memory)  # (B, H, S, K)
            state += [key, value, key[:, :, :0], value[:, :, :0]]
        return tuple(state)

    def step(
        self, token_ids: Int[Tensor, " B"], state: tuple[Tensor, ...]
    ) -> tuple[Float[Tensor, "B V"], tuple]:
        """Read one token; return the logits of the next one, and the new state."""
        memory_mask, *kept = state
        new_state = [memory_mask]
        x = self.decoder.embedding(token_ids[:, None], start=kept[2].shape[2])  # (B, 1, D)
        for i, block in enumerate(self.decoder.blocks):
            key, value, past_key, past_value = kept[4 * i : 4 * i + 4]
            cache = KeyValueCache(past_key, past_value)
            x = block(x, (key, value), None, memory_mask, cache)
            new_state += [key, value, cache.key, cache.value]
        return self.decoder.logits(x[:, 0]), tuple(new_state)
