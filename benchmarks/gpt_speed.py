"""Our GPT beside two peers of the same sizes: one built of PyTorch's encoder layers, and Hugging Face's GPT-2.

python benchmarks/gpt_speed.py [--rounds 9] [--steps 8] [--profile]

Training tokens a second on random text, the three taking turns on one thread; then tokens a second of writing with a
cache, on Hugging Face's weights, against its `generate`. Each figure is the median over the rounds.
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from tempfile import TemporaryDirectory

import torch
from torch import nn
from torch.nn import functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from course_utils.generation import generate
from course_utils.models.gpt import GPT, GPTConfig, load_gpt2

V, T, B, D, HEADS, LAYERS = 96, 64, 12, 128, 4, 4


class Baseline(nn.Module):
    """A GPT of nn.TransformerEncoderLayer; its own GELU is the exact one, which costs less than GPT-2's on a CPU."""

    def __init__(self, gelu: str) -> None:
        super().__init__()
        self.token_embedding, self.position_embedding = nn.Embedding(V, D), nn.Embedding(T, D)
        activation = nn.GELU(approximate=gelu)
        layer = nn.TransformerEncoderLayer(
            D, HEADS, 4 * D, 0.0, activation, batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, LAYERS, nn.LayerNorm(D), enable_nested_tensor=False)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(T))

    def forward(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Return the logits of the next tokens."""
        x = self.token_embedding(token_ids) + self.position_embedding.weight
        return self.blocks(x, self.mask, is_causal=True) @ self.token_embedding.weight.T


def main() -> None:
    """Print one line for each model and task, and with --profile where our time goes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--profile", action="store_true", help="show where our GPT spends its training steps")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sizes = {"vocab_size": V, "n_positions": T, "n_embd": D, "n_head": HEADS, "n_layer": LAYERS}
    no_dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    config = GPT2Config(**sizes, **no_dropout, bos_token_id=0, eos_token_id=None, use_cache=False)
    ours = GPT(
        GPTConfig(d_model=D, n_heads=HEADS, d_ff=4 * D, vocab_size=V, context_length=T, n_layers=LAYERS)
    )
    layers, exact, theirs = Baseline("tanh"), Baseline("none"), GPT2LMHeadModel(config)
    trained = {
        "ours": (ours, lambda token_ids: ours(token_ids)[0]),
        "PyTorch's layers": (layers, layers),
        "with exact GELU": (exact, exact),
        "transformers": (theirs, lambda token_ids: theirs(token_ids).logits),
    }
    optimizers = {
        name: torch.optim.AdamW(model.parameters(), fused=True) for name, (model, _) in trained.items()
    }
    text = torch.randint(V, (B, T + 1))

    def train(name: str) -> None:
        for _ in range(arguments.steps):
            logits = trained[name][1](text[:, :-1])
            loss = F.cross_entropy(logits.flatten(0, 1), text[:, 1:].flatten())
            optimizers[name].zero_grad()
            loss.backward()
            optimizers[name].step()

    for name, (model, _) in trained.items():
        print(f"{name:17}{sum(p.numel() for p in model.parameters()):,} parameters")
    compare("training", train, list(trained), B * T * arguments.steps, arguments.rounds)
    if arguments.profile:
        with torch.profiler.profile() as profile:
            train("ours")
        print(profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=20))

    theirs.config.use_cache = True
    theirs.eval()
    with TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        copied = load_gpt2(folder)
    prefix = text[:1, :4]
    options = {"max_new_tokens": T - 4, "do_sample": True, "top_k": 0, "use_cache": True, "pad_token_id": 0}
    writers = {
        "ours": lambda: generate(copied, prefix, T - 4),
        "transformers": lambda: theirs.generate(prefix, attention_mask=torch.ones_like(prefix), **options)[
            :, 4:
        ],
    }
    torch.testing.assert_close(copied(text[:, :T])[0], theirs(text[:, :T]).logits, rtol=0, atol=1e-4)
    assert all(write().shape == (1, T - 4) for write in writers.values())
    compare("writing", lambda name: writers[name](), list(writers), T - 4, arguments.rounds)


def compare(task: str, run, names: list[str], n_tokens: int, rounds: int) -> None:
    """Let the programs take turns, and print the median tokens a second of each, with the slowest and the fastest."""
    speeds: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        run(name)  # warm up
    for _ in range(rounds):
        for name in names:
            begun = time.perf_counter()
            run(name)
            speeds[name].append(n_tokens / (time.perf_counter() - begun))
    for name, found in speeds.items():
        ratio = median(ours / other for ours, other in zip(speeds["ours"], found))
        span = f"{min(found):8,.0f} to {max(found):8,.0f}"
        print(
            f"{task:9}{name:17}{median(found):8,.0f} tokens a second ({span}), ours is {ratio:.2f} times as fast"
        )


if __name__ == "__main__":
    main()
