"""Type the beginning of a text, and see what a network that reads characters expects next, and its state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.coloured_text import HIGH, LOW
from course_utils.models.rnn import CharRNN
from course_utils.runtime import INK, PALETTE, show
from course_utils.text import Vocab

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN_CHARACTERS = 8  # the most probable next ones, and of those read the last
NAMES = {" ": "space", "\n": "new line", "\t": "tab"}


class Expectation(NamedTuple):
    """The probability of every next character, and the states after each one read, of numbers between -1 and 1."""

    probabilities: Float[Tensor, " V"]
    hidden: Float[Tensor, "T D"]


@torch.no_grad()
def expect_after(model: CharRNN, vocab: Vocab, prefix: str, temperature: float = 1.0) -> Expectation:
    """Read the end of a line and then a prefix, from a state of zeros, and return what the network expects next.

    Raises ValueError for a character that is not in the vocabulary, or a temperature that is not above 0.
    """
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}, expected a number above 0")
    device = next(model.parameters()).device
    token_ids = torch.tensor([vocab.encode("\n" + prefix)], device=device)  # (1, T)
    hidden, _ = model.recurrent(model.embedding(token_ids))  # (1, T, D)
    logits = model.output(hidden[0, -1])  # (V,)
    return Expectation((logits / temperature).softmax(dim=-1).cpu(), hidden[0].cpu())


def prefix_explorer(model: CharRNN, vocab: Vocab) -> Any:
    """Return a field for the beginning of a line and a slider for the temperature, over what the network makes of it.

    The vocabulary holds single characters, the end of a line among them.
    """
    import ipywidgets as widgets

    controls = {
        "prefix": widgets.Text(
            "print(names[",
            placeholder="print(names[0]",
            description="prefix",
            continuous_update=False,
            layout=widgets.Layout(width="36em"),
        ),
        "temperature": widgets.FloatSlider(
            1.0, min=0.1, max=3.0, step=0.1, description="temperature", continuous_update=False
        ),
    }
    columns = widgets.HBox(list(controls.values()), layout=widgets.Layout(flex_flow="row wrap"))
    draw = widgets.interactive_output(lambda **values: show_expectation(model, vocab, **values), controls)
    return widgets.VBox([columns, draw])


def show_expectation(model: CharRNN, vocab: Vocab, prefix: str, temperature: float = 1.0) -> None:
    """Show the most probable characters after a prefix, and the states after its last ones as strips of colours."""
    from matplotlib import pyplot
    from matplotlib.colors import LinearSegmentedColormap

    try:
        probabilities, hidden = expect_after(model, vocab, prefix, temperature)
    except ValueError as problem:
        print(f"{problem}.")
        return
    best = probabilities.topk(min(SHOWN_CHARACTERS, len(vocab)))
    names = _names(vocab.decode(best.indices.tolist()))
    rows = hidden[-SHOWN_CHARACTERS:]
    bits = -(probabilities * probabilities.clamp(min=1e-30).log2()).sum().item()
    fig, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.4), width_ratios=[1, 1.5])
    _draw_expected(left, names, best.values.tolist())
    left.set_title(f"Expected next: entropy {bits:.1f} bits")
    colors = LinearSegmentedColormap.from_list("state", np.array([LOW, (255, 255, 255), HIGH]) / 255)
    image = right.imshow(rows.numpy(), cmap=colors, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    fig.colorbar(image, ax=right, label="value")
    letters = _names(["\n", *prefix])[-len(rows) :]
    right.set(xlabel="number of the unit", yticks=range(len(rows)), yticklabels=letters)
    right.set_title("The state after each of the last characters")
    right.grid(False)
    first = f"'{names[0]}' with {best.values[0]:.1%}"
    read = f"After {prefix!r}" if prefix else "At the beginning of a line"
    show(
        fig, alt=f"{read}, at temperature {temperature:g}, most expected is {first}; entropy {bits:.1f} bits."
    )


def _names(letters: Iterable[str]) -> list[str]:
    return [NAMES.get(letter, letter) for letter in letters]


def _draw_expected(ax: Axes, names: list[str], probabilities: list[float]) -> None:
    places = range(len(names))
    bars = ax.barh(places, probabilities, color=PALETTE["vermilion"])
    ax.bar_label(bars, [f"{value:.1%}" for value in probabilities], padding=4, color=INK)
    ax.set(yticks=places, yticklabels=names, xlim=(0, 1.2), xlabel="probability")
    ax.set_xticks([0, 0.5, 1])
    ax.invert_yaxis()
    ax.grid(False)
