"""BERT (Devlin and others, 2019): lesson 11's block, in which every token sees both sides. Built in lesson 13."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_utils.data import pad
from course_utils.models.transformer import BlockConfig, EncoderBlock
from course_utils.shapes import check_at_least_one, check_dtype, check_shape


@dataclass(frozen=True)
class BertConfig(BlockConfig):
    """The vocabulary, the longest text, the number of blocks and the id of the padding; the blocks are post-norm.

    `init_std` is how far the tables' first numbers are spread; the paper's 0.02 suits its width of 768, a small model
    learns faster with more.
    """

    pre_norm: bool = False
    activation: Callable[[], nn.Module] = nn.GELU
    norm_eps: float = 1e-12
    vocab_size: int = 100
    context_length: int = 64
    n_layers: int = 2
    n_segments: int = 2
    pad_id: int = 0
    init_std: float = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least_one(
            vocab_size=self.vocab_size,
            context_length=self.context_length,
            n_layers=self.n_layers,
            n_segments=self.n_segments,
        )
        check_id("pad_id", self.pad_id, self.vocab_size)


class BertEmbedding(nn.Module):
    """The sum of three embeddings, normalised: which word, which place, which sentence (Figure 2 of the paper)."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.token = nn.Embedding(config.vocab_size, config.d_model)
        self.position = nn.Embedding(config.context_length, config.d_model)
        self.segment = nn.Embedding(config.n_segments, config.d_model)
        self.norm, self.dropout = config.norm(), nn.Dropout(config.dropout)

    def forward(
        self, token_ids: Int[Tensor, "B T"], segment_ids: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T D"]:
        """Return each token's vector, which knows nothing of its neighbours. Raises ValueError for too many tokens."""
        T = token_ids.shape[1]
        check_length(T, len(self.position.weight))
        x = self.token(token_ids) + self.segment(segment_ids) + self.position.weight[:T]  # (B, T, D)
        return self.dropout(self.norm(x))


class Bert(nn.Module):
    """Embeddings, then a stack of lesson 11's blocks without a causal mask.

    What comes out is one vector for each token, in its context. A task adds one linear layer to these (Figure 4 of the
    paper): to `pooled(hidden)` if it asks about whole sentences, to every row of `hidden` if it asks about tokens.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config, self.embedding = config, BertEmbedding(config)
        self.blocks = nn.ModuleList(EncoderBlock(config) for _ in range(config.n_layers))
        self.pooler = nn.Linear(config.d_model, config.d_model)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=config.init_std)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(
        self,
        token_ids: Int[Tensor, "B T"],
        segment_ids: Int[Tensor, "B T"] | None = None,
        mask: Bool[Tensor, "..."] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Return each token's vector in its context; padding is never attended to.

        Without segment_ids all tokens belong to the first sentence. `mask`, which broadcasts to (B, H, T, T), hides
        more: causal_mask(T) what comes later. Raises ValueError for more than context_length tokens, for another shape
        and for ids that are not there, TypeError for a mask that is not boolean.
        """
        check_input(token_ids, segment_ids, mask, self.config)
        seen = (token_ids != self.config.pad_id)[:, None, None]  # (B, 1, 1, T)
        x = self.embedding(token_ids, torch.zeros_like(token_ids) if segment_ids is None else segment_ids)
        for block in self.blocks:
            x = block(x, seen if mask is None else seen & mask)  # (B, T, D)
        return x

    def pooled(self, hidden: Float[Tensor, "B T D"]) -> Float[Tensor, "B D"]:
        """Return one vector for the whole input, made of its first token's, [CLS]."""
        return self.pooler(hidden[:, 0]).tanh()

    def word_logits(self, hidden: Float[Tensor, "*B D"]) -> Float[Tensor, "*B V"]:
        """Return what each vector says about which word stands in its place, by the table of embeddings."""
        return hidden @ self.embedding.token.weight.T


class WithHead(nn.Module):
    """A copy of a pre-trained body with one new linear layer on top: what a task adds (Figure 4 of the paper).

    It answers once for the whole input, shape (B, n_outputs), from [CLS]; with `every_token` for each token, shape
    (B, T, n_outputs).
    """

    def __init__(self, body: Bert, n_outputs: int, every_token: bool = False) -> None:
        super().__init__()
        check_at_least_one(n_outputs=n_outputs)
        self.body, self.every_token = copy.deepcopy(body), every_token
        self.head = nn.Linear(body.config.d_model, n_outputs)

    def forward(
        self, token_ids: Int[Tensor, "B T"], segment_ids: Int[Tensor, "B T"] | None = None
    ) -> Float[Tensor, "B *T n_outputs"]:
        """Return the logits."""
        hidden = self.body(token_ids, segment_ids)  # (B, T, D)
        return self.head(hidden if self.every_token else self.body.pooled(hidden))


def join_pairs(
    firsts: Sequence[Sequence[int]],
    seconds: Sequence[Sequence[int]],
    cls_id: int,
    sep_id: int,
    pad_id: int = 0,
) -> tuple[Int[Tensor, "B T"], Int[Tensor, "B T"]]:
    """Return the token ids of [CLS] first [SEP] second [SEP], padded, and 1 where the second sentence stands, else 0.

    The first [SEP] belongs to the first sentence, the last one to the second. Raises ValueError if there are not as
    many first as second sentences, or none.
    """
    check_pairs(len(firsts), len(seconds))
    lefts = [[cls_id, *first, sep_id] for first in firsts]
    rights = [[*second, sep_id] for second in seconds]
    token_ids = pad([a + b for a, b in zip(lefts, rights)], pad_id)  # (B, T)
    segment_ids = pad([[0] * len(a) + [1] * len(b) for a, b in zip(lefts, rights)], 0)  # (B, T)
    return token_ids, segment_ids


def hide_words(
    token_ids: Int[Tensor, "B T"],
    mask_id: int,
    vocab_size: int,
    first_word_id: int = 0,
    share: float = 0.15,
    recipe: tuple[float, float, float] = (0.8, 0.1, 0.1),
) -> tuple[Int[Tensor, "B T"], Bool[Tensor, "B T"]]:
    """Choose words at random to be guessed; return what the model gets to read, and where the chosen words stand.

    Of the chosen ones the recipe's shares become mask_id, become a word at random, and stay as they are. Ids below
    first_word_id are symbols ([PAD], [CLS] ...) and are never chosen. Raises ValueError for shares and ids that cannot
    be.
    """
    check_shares(share, recipe)
    check_id("mask_id", mask_id, vocab_size)
    check_id("first_word_id", first_word_id, vocab_size)
    draw = torch.rand(token_ids.shape, device=token_ids.device)
    chosen = (draw < share) & (token_ids >= first_word_id)
    lot = torch.rand(token_ids.shape, device=token_ids.device)
    others = torch.randint_like(token_ids, first_word_id, vocab_size)
    read = torch.where(chosen & (lot < recipe[0] + recipe[1]), others, token_ids)
    return torch.where(chosen & (lot < recipe[0]), mask_id, read), chosen


# What BERT's checkpoints call the parts of block i, "encoder.layer.i.", and what they are called here, in "blocks.i.".
BERT_NAMES = {
    "attention.self.query": "attention.W_q",
    "attention.self.key": "attention.W_k",
    "attention.self.value": "attention.W_v",
    "attention.output.dense": "attention.W_o",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "feed_forward.0",
    "output.dense": "feed_forward.2",
    "output.LayerNorm": "feed_forward_norm",
}

TABLE_NAMES = {
    "embedding.token.weight": "embeddings.word_embeddings.weight",
    "embedding.position.weight": "embeddings.position_embeddings.weight",
    "embedding.segment.weight": "embeddings.token_type_embeddings.weight",
}
# What config.json calls the entries of BertConfig.
CONFIG_NAMES = {
    "d_model": "hidden_size",
    "n_heads": "num_attention_heads",
    "d_ff": "intermediate_size",
    "norm_eps": "layer_norm_eps",
    "vocab_size": "vocab_size",
    "context_length": "max_position_embeddings",
    "n_layers": "num_hidden_layers",
    "n_segments": "type_vocab_size",
    "pad_id": "pad_token_id",
}


def load_bert(given: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Bert:
    """Return the model of a checkpoint in BERT's layout: what its config.json says, and its tensors by their names.

    Such are corpora.minilm()'s. Raises ValueError if it is another kind of model or a tensor has another size, KeyError
    if an entry or a tensor is missing.
    """
    check_bert(given)
    config = BertConfig(**{ours: given[theirs] for ours, theirs in CONFIG_NAMES.items()})
    names = dict(TABLE_NAMES)
    for end in ("weight", "bias"):
        names[f"embedding.norm.{end}"] = f"embeddings.LayerNorm.{end}"
        names[f"pooler.{end}"] = f"pooler.dense.{end}"
        for i in range(config.n_layers):
            for theirs, ours in BERT_NAMES.items():
                names[f"blocks.{i}.{ours}.{end}"] = f"encoder.layer.{i}.{theirs}.{end}"
    model = Bert(config)
    check_weights(weights, {names[ours]: tensor for ours, tensor in model.state_dict().items()})
    model.load_state_dict({ours: weights[theirs] for ours, theirs in names.items()})
    return model.eval()


def check_length(length: int, context_length: int) -> None:
    """Raise ValueError unless a text of this length can be read."""
    if length > context_length:
        raise ValueError(f"token_ids has {length} tokens, expected at most context_length = {context_length}")


def check_input(
    token_ids: Tensor, segment_ids: Tensor | None, mask: Tensor | None, config: BertConfig
) -> None:
    """Raise ValueError or TypeError, by name, unless a model of this configuration can read these."""
    T = check_shape("token_ids", token_ids, "B T")["T"]
    check_range("token_ids", token_ids, config.vocab_size)
    if segment_ids is not None:
        check_shape("segment_ids", segment_ids, "B T", B=len(token_ids), T=T)
        check_range("segment_ids", segment_ids, config.n_segments)
    if mask is not None:
        check_dtype("mask", mask, torch.bool, "True = may attend")


def check_range(name: str, ids: Tensor, n: int) -> None:
    """Raise ValueError unless all ids are numbers from 0 to n - 1."""
    if outside := ids[(ids < 0) | (ids >= n)].tolist():
        raise ValueError(f"{name} has {outside[0]}, expected numbers from 0 to {n - 1}")


def check_id(name: str, value: int, vocab_size: int) -> None:
    """Raise ValueError unless the vocabulary has such an id."""
    if not 0 <= value < vocab_size:
        raise ValueError(f"{name} is {value}, expected a number from 0 to vocab_size - 1 = {vocab_size - 1}")


def check_pairs(n_first: int, n_second: int) -> None:
    """Raise ValueError unless there is a second sentence for every first one."""
    if n_first != n_second or not n_first:
        raise ValueError(
            f"firsts and seconds have {n_first} and {n_second} sentences, expected as many, at least one"
        )


def check_shares(share: float, recipe: Sequence[float]) -> None:
    """Raise ValueError unless the share is one, and the recipe's shares are and sum to 1."""
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}, expected a number above 0, up to 1")
    if len(recipe) != 3 or not all(part >= 0 for part in recipe) or abs(sum(recipe) - 1) > 1e-6:
        raise ValueError(f"recipe is {recipe}, expected three shares that sum to 1")


def check_bert(given: Mapping[str, Any]) -> None:
    """Raise ValueError unless a checkpoint's configuration is that of a model of BERT's kind."""
    expected = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for name, value in expected.items():
        if given.get(name, value) != value:
            raise ValueError(f"given has {name} {given[name]!r}, expected {value!r}")
    if missing := [name for name in CONFIG_NAMES.values() if name not in given]:
        raise KeyError(f"given has no {missing[0]!r}, expected the entries of a BERT's config.json")


def check_weights(weights: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Raise KeyError or ValueError unless every expected tensor is among the weights and has its shape."""
    for name, tensor in expected.items():
        if name not in weights:
            last = name.rpartition(".")[0]
            near = next((f", but {other!r}" for other in weights if last in other), "")
            raise KeyError(f"weights has no {name!r}{near}, expected the names of Hugging Face's BertModel")
        if weights[name].shape != tensor.shape:
            shapes = f"{tuple(weights[name].shape)}, expected {tuple(tensor.shape)} by given"
            raise ValueError(f"weights has {name!r} of shape {shapes}")
