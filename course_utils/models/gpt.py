"""GPT (Radford and others, 2018 and 2019): lesson 11's block under a causal mask. Built in lesson 14.

`GPT` is called as lesson 06's recurrent models are, model(token_ids, cache) -> logits, cache, so what trains and
samples from those works with it, too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_utils.models.attention import KeyValueCache
from course_utils.models.transformer import BlockConfig, EncoderBlock
from course_utils.shapes import check_at_least_one


def gelu_tanh() -> nn.GELU:
    """Return GPT's activation: GELU, computed with a tanh instead of the exact integral."""
    return nn.GELU(approximate="tanh")


@dataclass(frozen=True)
class GPTConfig(BlockConfig):
    """Vocabulary, longest text, number of blocks, and the spread of the first weights; the blocks are pre-norm."""

    activation: Callable[[], nn.Module] = gelu_tanh
    vocab_size: int = 100
    context_length: int = 64
    n_layers: int = 2
    init_std: float = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least_one(
            vocab_size=self.vocab_size, context_length=self.context_length, n_layers=self.n_layers
        )
        if not 0 < self.init_std < math.inf:
            raise ValueError(f"init_std is {self.init_std}, expected a finite number above 0")


class GPT(nn.Module):
    """A stack of blocks in which each token sees itself and what came before it; every position foretells the next.

    One table serves as embedding and, turned round, as output layer.
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.position_embedding = nn.Embedding(config.context_length, config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(EncoderBlock(config) for _ in range(config.n_layers))
        self.norm = config.norm()
        draw_weights(self, config)

    @property
    def context_length(self) -> int:
        """The number of tokens that the model can have in view."""
        return self.config.context_length

    def forward(
        self, token_ids: Int[Tensor, "B T"], cache: list[KeyValueCache] | None = None
    ) -> tuple[Float[Tensor, "B T V"], list[KeyValueCache]]:
        """Return the logits of the token after each one, and the cache, which now holds these tokens as well.

        With the cache of an earlier call the tokens go on where that call ended; None starts anew. Raises ValueError if
        that makes more than context_length tokens, or if the cache is that of a model with more or fewer blocks.
        """
        cache = [KeyValueCache() for _ in self.blocks] if cache is None else cache
        check_layers(cache, self.blocks)
        start = len(cache[0])
        end = start + token_ids.shape[1]
        check_room(start, end, self.context_length)
        x = self.dropout(self.token_embedding(token_ids) + self.position_embedding.weight[start:end])
        places = torch.arange(end, device=x.device)  # (S,)
        mask = places[start:, None] >= places  # (T, S): a token sees itself and what came before it
        for block, kept in zip(self.blocks, cache):
            x = block(x, mask, kept)  # (B, T, D)
        return self.norm(x) @ self.token_embedding.weight.T, cache  # (B, T, V)


def draw_weights(model: nn.Module, config: GPTConfig) -> None:
    """Draw the first weights nearly as for GPT-2: normally distributed, biases 0.

    The spread is init_std, and smaller by 1 / sqrt(2 L) where blocks add to the stream, for 2 L such sums follow one
    another. (OpenAI's code draws the table of positions with half the spread.)
    """
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2:
            adds = name.endswith(("W_o.weight", "feed_forward.2.weight"))
            scale = (2 * config.n_layers) ** -0.5 if adds else 1.0
            nn.init.normal_(parameter, std=scale * config.init_std)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)


# What GPT-2's checkpoint calls the parts of block i, "h.i.", and what they are called here, in "blocks.i.".
GPT2_NAMES = {
    "ln_1": "attention_norm",
    "attn.c_proj": "attention.W_o",
    "ln_2": "feed_forward_norm",
    "mlp.c_fc": "feed_forward.0",
    "mlp.c_proj": "feed_forward.2",
}


def load_gpt2(folder: str | Path) -> GPT:
    """Return the model of a checkpoint in GPT-2's layout, a folder with config.json and model.safetensors.

    That is what Hugging Face offers as "openai-community/gpt2": 124 million parameters, 548 MB, MIT licence. Raises
    FileNotFoundError if a file is missing, ValueError if it is another kind of model or has another layout.
    """
    from safetensors import safe_open

    folder = Path(folder)
    given = json.loads((folder / "config.json").read_text("utf-8"))
    check_gpt2(given)
    config = GPTConfig(
        d_model=given["n_embd"],
        n_heads=given["n_head"],
        d_ff=given.get("n_inner") or 4 * given["n_embd"],
        norm_eps=given["layer_norm_epsilon"],
        vocab_size=given["vocab_size"],
        context_length=given["n_positions"],
        n_layers=given["n_layer"],
    )
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        prefix = "transformer." if "transformer.wte.weight" in file.keys() else ""  # noqa: SIM118 (no mapping)
        model = GPT(config)
        model.load_state_dict(from_gpt2(lambda name: file.get_tensor(prefix + name), config.n_layers))
    return model.eval()


def from_gpt2(tensor: Callable[[str], Tensor], n_layers: int) -> dict[str, Tensor]:
    """Return GPT-2's weights under our names; `tensor` gives the one with a name such as "h.0.attn.c_attn.weight".

    GPT-2 keeps every weight matrix the other way round than nn.Linear does, and W_q, W_k and W_v side by side in one.
    """
    weights = {
        "token_embedding.weight": tensor("wte.weight"),
        "position_embedding.weight": tensor("wpe.weight"),
    }
    for end in ("weight", "bias"):
        weights[f"norm.{end}"] = tensor(f"ln_f.{end}")
        for i in range(n_layers):
            thirds = tensor(f"h.{i}.attn.c_attn.{end}").t().chunk(3)  # (3 D, D) or (3 D,)
            for name, third in zip(("W_q", "W_k", "W_v"), thirds):
                weights[f"blocks.{i}.attention.{name}.{end}"] = third
            for theirs, ours in GPT2_NAMES.items():
                weights[f"blocks.{i}.{ours}.{end}"] = tensor(f"h.{i}.{theirs}.{end}").t()
    return weights


def check_room(start: int, end: int, context_length: int) -> None:
    """Raise ValueError unless the context has room for tokens up to position `end`."""
    if end > context_length:
        raise ValueError(
            f"token_ids has {end - start} tokens after {start} in the cache, expected at most {context_length} in all"
        )


def check_layers(cache: list[KeyValueCache], blocks: nn.ModuleList) -> None:
    """Raise ValueError unless there are as many caches as blocks."""
    if len(cache) != len(blocks):
        raise ValueError(f"cache has {len(cache)} layers, expected {len(blocks)}, one for each block")


def check_gpt2(given: dict) -> None:
    """Raise ValueError unless a checkpoint's configuration is that of a model of GPT-2's kind."""
    expected = {"model_type": "gpt2", "activation_function": "gelu_new", "scale_attn_weights": True}
    expected |= {"scale_attn_by_inverse_layer_idx": False}
    needed = {"n_embd", "n_head", "n_layer", "n_positions", "vocab_size", "layer_norm_epsilon"}
    if missing := sorted(needed - given.keys()):
        raise ValueError(f"config.json lacks {', '.join(missing)}")
    for name, value in expected.items():
        if given.get(name, value) != value:
            raise ValueError(f"config.json has {name} {given[name]!r}, expected {value!r}")
