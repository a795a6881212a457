"""Our attention beside F.scaled_dot_product_attention: forward and backward, one thread, at the lessons' sizes.

python benchmarks/attention_speed.py [--repeats 200] [--profile]

The aim is a ratio of at most 1.3. The last lines say what it costs that MultiHeadAttention keeps its weights.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.models.attention import MultiHeadAttention, causal_mask, scaled_dot_product_attention

# (B, H, T, K): a batch as the lesson trains on it, or, marked as a single text, one of the lengths of lesson 10.
SIZES = {
    "10, neighbours": (64, 2, 8, 16),
    "10, writer": (64, 2, 21, 16),
    "11, short sentences": (64, 4, 12, 16),
    "11, long sentences": (64, 4, 30, 16),
    "14, characters": (32, 4, 64, 24),
    "10, a text of 512": (1, 1, 512, 64),
    "10, a text of 4096": (1, 1, 4096, 64),
}
Attention = Callable[[Tensor, Tensor, Tensor, "Tensor | None"], Tensor]


def ours(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Return the context alone."""
    return scaled_dot_product_attention(query, key, value, mask)[0]


def fastest(runs: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the seconds of each run's fastest repeat; they take turns, so that a busy machine hits all alike."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(repeats):
        for name, run in runs.items():
            begun = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - begun)
    return best


def step(attention: Attention, inputs: Iterable[Tensor], mask: Tensor | None) -> Callable[[], object]:
    """Return one forward and one backward pass as a function."""
    inputs = tuple(inputs)
    upstream = torch.ones_like(inputs[0])
    return lambda: torch.autograd.grad(attention(*inputs, mask), inputs, upstream)


def main() -> None:
    """Print one line for each size and mask, and with --profile where our time goes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--profile", action="store_true", help="show where our time goes at one size")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'lesson':22}{'mask':9}{'PyTorch':>10}{'ours':>10}{'ratio':>8}")
    for name, (B, H, T, K) in SIZES.items():
        # As in MultiHeadAttention: heads are a transposed view of (B, T, H, K).
        inputs = [torch.randn(B, T, H, K).transpose(1, 2).requires_grad_() for _ in range(3)]
        lengths = torch.randint(T // 2, T + 1, (B, 1))
        masks = {
            "none": None,
            "causal": causal_mask(T),
            "padding": (torch.arange(T) < lengths)[:, None, None],
        }
        for kind, mask in masks.items():
            runs = {
                "PyTorch": step(F.scaled_dot_product_attention, inputs, mask),
                "ours": step(ours, inputs, mask),
            }
            best = fastest(runs, arguments.repeats if T < 4096 else 5)
            ratio = best["ours"] / best["PyTorch"]
            times = "".join(f"{1000 * best[who]:7.2f} ms" for who in runs)
            print(f"{name:22}{kind:9}{times}{ratio:8.2f}{'' if ratio <= 1.3 else '  missed'}")
    layer, x = MultiHeadAttention(64, 4).requires_grad_(False), torch.randn(64, 30, 64)

    def forget() -> None:
        layer(x)
        layer.weights = None

    best = fastest({"kept": lambda: layer(x), "forgotten": forget}, arguments.repeats)
    layer(x)
    size = layer.weights.untyped_storage().nbytes() / 2**20
    print(
        f"64 x 30 tokens, 4 heads, forward: {1000 * best['kept']:.2f} ms with the weights kept ({size:.2f} MiB), "
        f"{1000 * best['forgotten']:.2f} ms without"
    )
    if arguments.profile:
        inputs = [torch.randn(32, 4, 64, 24, requires_grad=True) for _ in range(3)]
        with torch.profiler.profile() as profile:
            for _ in range(50):
                step(ours, inputs, causal_mask(64))()
        print(profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=12))


if __name__ == "__main__":
    main()
