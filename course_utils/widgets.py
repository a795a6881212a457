"""Things to touch: widgets that compute, and self-contained views. Each has a static picture beside it."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from course_utils.controls import controls_over
from course_utils.digit_codes import digit_codes, show_digit_code
from course_utils.models.mlp import MLP
from course_utils.optim import descent_path
from course_utils.plotting import draw_descent, draw_levels, draw_regions
from course_utils.points import SHAPES, make_points
from course_utils.runtime import show
from course_utils.timeline import STOPS, Stop
from course_utils.training import constant, cosine, inverse_time, step_decay


@dataclass(frozen=True)
class Surface:
    """A loss of two parameters, made of + - * only so that it takes arrays and tensors, and the part of it to draw."""

    loss: Callable[[Any, Any], Any]
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def grid(self, size: int = 160) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return both parameters and the loss on a grid over the drawn part, each of shape (size, size)."""
        x, y = np.meshgrid(np.linspace(*self.x_range, size), np.linspace(*self.y_range, size))
        return x, y, self.loss(x, y)


SURFACES = {
    "long valley": Surface(lambda x, y: 0.02 * x * x + y * y, (-4.5, 4.5), (-2.5, 2.5)),
    "round bowl": Surface(lambda x, y: 0.5 * x * x + 0.5 * y * y, (-4.5, 4.5), (-2.5, 2.5)),
    "two pits": Surface(
        lambda x, y: (x * x - 4) * (x * x - 4) / 16 + 0.2 * x + 0.5 * y * y, (-4.5, 4.5), (-2.5, 2.5)
    ),
    "saddle": Surface(lambda x, y: 0.5 * x * x - 0.5 * y * y + 0.1 * y * y * y * y, (-4.5, 4.5), (-2.5, 2.5)),
}
PLAYGROUND_STEPS = 60
SCHEDULES = {
    "constant": constant,
    "step": lambda rate: step_decay(rate, PLAYGROUND_STEPS // 3, 0.3),
    "1 / t": lambda rate: inverse_time(rate, PLAYGROUND_STEPS / 6),
    "cosine": lambda rate: cosine(rate, PLAYGROUND_STEPS),
}


def descend_on(
    surface: Surface,
    learning_rate: float,
    momentum: float = 0.0,
    schedule: str = "constant",
    start: tuple[float, float] = (-4.0, 2.0),
) -> torch.Tensor:
    """Take 60 steps of gradient descent with momentum on a surface; return the places visited, shape (61, 2)."""
    return descent_path(
        lambda place: surface.loss(place[0], place[1]),
        torch.tensor(start, dtype=torch.float64),
        lambda params: torch.optim.SGD(params, lr=learning_rate, momentum=momentum),
        PLAYGROUND_STEPS,
        SCHEDULES[schedule](learning_rate),
    )


def descent_playground() -> Any:
    """Return controls for surface, rate, momentum, schedule and start, over a picture of the descent they give."""
    import ipywidgets as widgets

    def slider(label: str, value: float, low: float, high: float, step: float) -> widgets.FloatSlider:
        return widgets.FloatSlider(
            value, min=low, max=high, step=step, description=label, continuous_update=False
        )

    controls = {
        "surface": widgets.Dropdown(options=list(SURFACES), description="surface"),
        "learning_rate": widgets.FloatLogSlider(
            0.1, min=-2, max=0.5, step=0.05, description="rate", readout_format=".3f", continuous_update=False
        ),
        "momentum": slider("momentum", 0.0, 0.0, 0.99, 0.01),
        "schedule": widgets.Dropdown(options=list(SCHEDULES), description="schedule"),
        "start_x": slider("start, 1st", -4.0, -4.0, 4.0, 0.25),
        "start_y": slider("start, 2nd", 2.0, -2.25, 2.25, 0.25),
    }
    return controls_over(controls, _show_descent)


def _show_descent(
    surface: str, learning_rate: float, momentum: float, schedule: str, start_x: float, start_y: float
) -> None:
    from matplotlib import pyplot

    chosen = SURFACES[surface]
    path = descend_on(chosen, learning_rate, momentum, schedule, (start_x, start_y))
    first, last = (float(chosen.loss(*place)) for place in path[[0, -1]])
    end = f"loss {first:.2f} → {last:.3g}" if abs(last) < 1e6 else f"loss {first:.2f} → diverged"
    fig, ax = pyplot.subplots()
    draw_descent(draw_levels(ax, *chosen.grid()), path)
    ax.set(
        xlabel="first parameter",
        ylabel="second parameter",
        title=f"{surface}, {PLAYGROUND_STEPS} steps: {end}",
    )
    begin = f"Descent on the {surface} from ({start_x:g}, {start_y:g})"
    pace = f"rate {learning_rate:.3f}, schedule {schedule}, momentum {momentum:g}"
    show(fig, alt=f"{begin}, {pace}: {end}.")


BENDS = {"tanh": torch.tanh, "ReLU": torch.relu, "sigmoid": torch.sigmoid, "none": lambda x: x}


def train_on_points(
    data: str, layers: int, width: int, bend: str, steps: int
) -> tuple[MLP, torch.Tensor, torch.Tensor]:
    """Train a network with `layers` hidden layers on points in the plane; return it, the points and their classes.

    Always the same points and starting weights. The random numbers outside go on as if nothing had run.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        points, labels = make_points(data)
        model = MLP([2, *[width] * layers, 2], BENDS[bend], gain=2.0 if bend == "ReLU" else 1.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(points), labels).backward()
        optimizer.step()
    return model, points, labels


def neuron_playground() -> Any:
    """Return controls for points, layers, width, bend and steps, over a picture of what the network makes of them."""
    import ipywidgets as widgets

    def slider(label: str, value: int, low: int, high: int, step: int = 1) -> widgets.IntSlider:
        return widgets.IntSlider(
            value, min=low, max=high, step=step, description=label, continuous_update=False
        )

    controls = {
        "data": widgets.Dropdown(options=list(SHAPES), description="points"),
        "bend": widgets.Dropdown(options=list(BENDS), description="bend"),
        "layers": slider("layers", 2, 0, 4),
        "width": slider("width", 8, 1, 16),
        "steps": slider("steps", 200, 0, 600, 20),
    }
    return controls_over(controls, _show_regions)


@torch.no_grad()
def _show_regions(data: str, bend: str, layers: int, width: int, steps: int) -> None:
    from matplotlib import pyplot

    with torch.enable_grad():
        model, points, labels = train_on_points(data, layers, width, bend, steps)
    right = (model(points).argmax(1) == labels).double().mean().item()
    x, y = torch.meshgrid(*[torch.linspace(-1.9, 1.9, 120)] * 2, indexing="xy")
    share = model(torch.stack([x, y], dim=-1)).softmax(-1)[..., 1]
    fig, ax = pyplot.subplots(figsize=(5.5, 5))
    draw_regions(ax, x, y, share, points, labels)
    hidden = f"{layers} hidden layer{'s' if layers > 1 else ''} of {width}" if layers else "no hidden layer"
    says = f"{hidden}, {steps} steps: {right:.0%} right"
    ax.set(xlabel="first coordinate", ylabel="second coordinate", title=says)
    show(fig, alt=f"Regions that a network with bend {bend} draws around {data}; {says}.")


def code_playground() -> Any:
    """Return controls for the two numbers of a code, over a picture of where it lies and of the digit it decodes to."""
    import ipywidgets as widgets

    codes, controls = digit_codes()[2], {}
    for name, own in zip(("first", "second"), codes.T, strict=True):
        low, high = own.min().floor().item(), own.max().ceil().item()
        controls[name] = widgets.FloatSlider(
            round(own[0].item(), 1),  # the code of a digit
            min=low,
            max=high,
            step=0.1,
            description=f"{name} number",
            continuous_update=False,
        )
    return controls_over(controls, show_digit_code)


def timeline_view(stops: Sequence[Stop] = STOPS) -> Any:
    """Return the timeline as a list whose entries open on click or with the Enter key, without kernel or script.

    A stop whose lesson stands in the current folder links to it.
    """
    from IPython.display import HTML

    notebooks = {path.name[:2]: path.name for path in sorted(Path().glob("[0-9][0-9]_*.ipynb"))}
    rows = []
    for stop in stops:
        number = "" if stop.lesson is None else f"{stop.lesson:02d}"
        lesson = f"Lesson {number}." if number else "No lesson of its own."
        if number in notebooks:
            lesson = f'<a href="{html.escape(notebooks[number])}">{lesson}</a>'
        rows.append(
            f"<li><details><summary><b>{stop.year}</b> {html.escape(stop.name)}</summary>"
            f"<p>{html.escape(stop.authors.removesuffix('.'))}. {html.escape(stop.idea)} {lesson}</p></details></li>"
        )
    return HTML(f"{_TIMELINE_STYLE}<ol class='course-timeline'>{''.join(rows)}</ol>")


_TIMELINE_STYLE = """<style>
/* JupyterLab's own style of lists is more specific, and would number the entries. */
.course-timeline { list-style: none !important; margin: 0.5em 0.6em !important; padding: 0 !important;
  border-left: 3px solid #0072B2; max-width: 42em; }
.course-timeline li { position: relative; margin: 0; padding: 0.2em 0 0.2em 1.2em; }
.course-timeline li::before { content: ""; position: absolute; left: -8px; top: 0.65em; width: 9px; height: 9px;
  border-radius: 50%; background: white; border: 2px solid #0072B2; }
.course-timeline summary { cursor: pointer; }
.course-timeline summary b { color: #0072B2; margin-right: 0.6em; }
.course-timeline p { margin: 0.2em 0 0.4em 1.1em; }
</style>"""
