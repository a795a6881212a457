"""How widgets stand on a page: their controls, in columns that wrap, over a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def controls_over(controls: dict[str, Any], draw: Callable[..., None]) -> Any:
    """Return the controls, in columns of two, over the picture that `draw` makes of their values."""
    import ipywidgets as widgets

    # On a narrow page the columns wrap. Squeezed together, as they would be otherwise, they hide their numbers.
    pairs = [list(controls.values())[i : i + 2] for i in range(0, len(controls), 2)]
    columns = [widgets.VBox(pair, layout=widgets.Layout(flex="0 0 auto")) for pair in pairs]
    rows = widgets.HBox(columns, layout=widgets.Layout(flex_flow="row wrap"))
    return widgets.VBox([rows, widgets.interactive_output(draw, controls)])
