"""Handwritten digits as two numbers: the network behind the playground of lesson 04, and its picture."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from course_utils.models.autoencoder import Autoencoder
from course_utils.plotting import draw_classes
from course_utils.runtime import INK, show
from course_utils.training import cosine


@cache
def digit_codes() -> tuple[Autoencoder, Tensor, Tensor, Tensor]:
    """Train a network 64 -> 2 -> 64 on handwritten digits, once, which takes about two seconds.

    Return it, the images, shape (1797, 64), their codes, shape (1797, 2), and which digits they are. Always from the
    same starting weights. The random numbers outside go on as if nothing had run.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = torch.tensor(digits.data / 16, dtype=torch.float32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = Autoencoder([64, 128, 64, 2]).float()
        optimizer, schedule = torch.optim.Adam(model.parameters()), cosine(0.004, 1500)
        for step in range(1500):
            optimizer.param_groups[0]["lr"] = schedule(step)
            batch = images[torch.randint(len(images), (128,))]
            logits = model(batch + 0.2 * torch.randn_like(batch))
            optimizer.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(logits, batch).backward()
            optimizer.step()
    return model, images, model.encoder(images).detach(), torch.tensor(digits.target)


@torch.no_grad()
def show_digit_code(first: float, second: float) -> None:
    """Show where a code lies among those of all digits, what the decoder makes of it, and the nearest real digit."""
    from matplotlib import pyplot

    model, images, codes, labels = digit_codes()
    code = torch.tensor([first, second])
    nearest = int((codes - code).norm(dim=1).argmin())
    fig, axes = pyplot.subplots(1, 3, figsize=(9.5, 3.8), width_ratios=[2, 1, 1])
    draw_classes(axes[0], codes, labels, "0123456789", [f"${digit}$" for digit in range(10)])
    axes[0].axvline(first, color=INK, linewidth=1)
    axes[0].axhline(second, color=INK, linewidth=1)
    for ax, pixels in zip(axes[1:], (model.decoder(code).sigmoid(), images[nearest]), strict=True):
        ax.imshow(pixels.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.axis("off")
    axes[0].set_title(f"the code ({first:.1f}, {second:.1f})")
    axes[1].set_title("decoded")
    axes[2].set_title(f"nearest real one: {labels[nearest]}")
    where = (
        f"The code ({first:.1f}, {second:.1f}) among those of all digits, and what the decoder makes of it"
    )
    show(fig, alt=f"{where}; the nearest real digit is a {labels[nearest]}.")
