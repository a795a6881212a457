"""How widgets stand on a page: their controls, in columns that wrap, over a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def controls_over(controls: dict[str, Any], draw: Callable[..., None], wide: Sequence[str] = ()) -> Any:
    """Return the controls over the picture that `draw` makes of their values.

    Those named in `wide`, such as a field for a sentence, have a row to themselves. The others stand in columns of two.
    """
    import ipywidgets as widgets

    # On a narrow page the columns wrap. Squeezed together, as they would be otherwise, they hide their numbers.
    narrow = [control for name, control in controls.items() if name not in wide]
    pairs = [narrow[i : i + 2] for i in range(0, len(narrow), 2)]
    columns = [widgets.VBox(pair, layout=widgets.Layout(flex="0 0 auto")) for pair in pairs]
    rows = widgets.HBox(columns, layout=widgets.Layout(flex_flow="row wrap"))
    return widgets.VBox(
        [*[controls[name] for name in wide], rows, widgets.interactive_output(draw, controls)]
    )
