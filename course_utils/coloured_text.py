"""Text coloured by a number for each character: a picture, and a view to explore that needs no kernel."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.runtime import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# From the palette's blue at -1 over white at 0 to its orange at 1: pale enough to read black letters on.
LOW, HIGH = (86, 180, 233), (243, 178, 60)
LINE_END = "↵"

_PAGE = """<style>
.text-view { background: white; color: #222; padding: 0.6em; max-width: 60em; }
.text-view pre { line-height: 1.35; margin: 0.6em 0; overflow-x: auto; color: #222; background: white; }
.text-view .here { outline: 2px solid #000; }
.text-view canvas { width: 100%; height: 22px; border: 1px solid #8A8A8A; image-rendering: pixelated; }
.text-view input { width: 24em; max-width: 100%; vertical-align: middle; }
.text-view label { margin-right: 1.5em; }
.text-view ol { list-style: none; margin: 0.3em 0; padding: 0; font-family: monospace; color: #222; }
.text-view ol span { display: inline-block; background: #56B4E9; height: 0.8em; margin: 0 0.6em; }
</style>
<div class="text-view" id="KEY">
<label>unit <select>OPTIONS</select></label>
<label>place <input type="range" min="0" max="LAST" value="0"></label>
<pre>TEXT</pre>
<canvas width="UNITS" height="1" role="img" aria-label="the whole state at this place, one stripe a unit"></canvas>
<p aria-live="polite"></p><ol></ol>
</div>
<script>
(() => {
  const root = document.getElementById("KEY"), chars = TEXTDATA, guesses = GUESSES, units = UNITS;
  const state = Int8Array.from(atob("STATE"), c => c.charCodeAt(0));
  const [select, place, output, bars] = ["select", "input", "p", "ol"].map(tag => root.querySelector(tag));
  const letters = [...root.querySelectorAll("pre span")], canvas = root.querySelector("canvas");
  const value = (at, unit) => state[at * units + unit] / 127;
  const shade = v => (v < 0 ? LOW : HIGH).map(c => Math.round(255 + (c - 255) * Math.abs(v)));
  const named = c => ({" ": "a space", "\\n": "a line break"}[c] || c);
  function colour() {
    letters.forEach((letter, at) => letter.style.backgroundColor = `rgb(${shade(value(at, +select.value))})`);
    tell();
  }
  function tell() {
    const at = +place.value, pen = canvas.getContext("2d"), v = value(at, +select.value);
    letters.forEach((letter, other) => letter.classList.toggle("here", other == at));
    for (let unit = 0; unit < units; unit++) {
      pen.fillStyle = `rgb(${shade(value(at, unit))})`;
      pen.fillRect(unit, 0, 1, 1);
    }
    output.textContent = `Character ${at + 1} of ${chars.length} is ${named(chars[at])}; unit ${select.value} stands ` +
      `at ${v.toFixed(2)}. Expected next:`;
    bars.replaceChildren(...guesses[at].map(([c, percent]) => {
      const row = document.createElement("li"), bar = document.createElement("span");
      bar.style.width = `${percent * 2}px`;
      row.append(bar, `${named(c)}  ${percent} %`);
      return row;
    }));
  }
  select.addEventListener("change", colour);
  place.addEventListener("input", tell);
  letters.forEach((letter, at) => letter.addEventListener("click", () => { place.value = at; tell(); }));
  colour();
})();
</script>"""


def draw_text(ax: Axes, text: str, values: Sequence[float] | np.ndarray, columns: int = 80) -> Axes:
    """Write a text in fixed-width letters, each on the colour of its value: blue at -1, white at 0, orange at 1.

    A line longer than `columns` goes on in the next row. Raises ValueError unless there is one value a character.
    """
    values = _one_a_character(text, values)
    rows, row, column = [], 0, 0
    for letter in text:
        rows.append((row, column))
        row, column = (row, column + 1) if letter != "\n" and column + 1 < columns else (row + 1, 0)
    table = np.ones((rows[-1][0] + 1, columns, 3))
    for (row, column), letter, value in zip(rows, text, values, strict=True):
        table[row, column] = np.array(_shade(value)) / 255
        ink = {"color": FAINT} if letter == "\n" else {"color": INK}
        shown = LINE_END if letter == "\n" else letter
        ax.text(
            column,
            row,
            shown,
            ha="center",
            va="center",
            family="DejaVu Sans Mono",
            fontsize=9,
            parse_math=False,
            **ink,
        )
    ax.imshow(table, aspect="auto")
    ax.axis("off")
    return ax


def text_view(
    text: str,
    state: np.ndarray,
    guesses: Sequence[Sequence[tuple[str, float]]],
    found: dict[str, int],
) -> Any:
    """Return a text that the reader colours by any unit of a recorded state, and goes through with the keyboard.

    `state` has the shape (len(text), units), values from -1 to 1. `guesses` holds for each character the most probable
    next ones with their probabilities. `found` names the units that stand first in the list. Everything is inside the
    returned HTML: it works in a saved notebook and in exported pages. Raises ValueError where the lengths differ.
    """
    state = _one_a_character(text, state)
    _one_a_character(text, guesses)
    named = {unit: f"{unit}: {name}" for name, unit in found.items()}
    order = [*named, *(unit for unit in range(state.shape[1]) if unit not in named)]
    options = "".join(
        f'<option value="{unit}">{html.escape(named.get(unit, str(unit)))}</option>' for unit in order
    )
    bytes_of_state = np.rint(np.clip(state, -1, 1) * 127).astype(np.int8).tobytes()
    rounded = [[(letter, round(100 * float(p))) for letter, p in row] for row in guesses]
    parts = {
        "KEY": "text-view-" + hashlib.sha256(text.encode() + bytes_of_state).hexdigest()[:12],
        "OPTIONS": options,
        "LAST": str(len(text) - 1),
        "TEXTDATA": _script(list(text)),
        "GUESSES": _script(rounded),
        "UNITS": str(state.shape[1]),
        "STATE": base64.b64encode(bytes_of_state).decode(),
        "LOW": str(list(LOW)),
        "HIGH": str(list(HIGH)),
        "TEXT": "".join(map(_letter, text, state[:, order[0]])),
    }
    return _html(parts)


def _html(parts: dict[str, str]) -> Any:
    import re

    from IPython.display import HTML

    return HTML(re.sub("|".join(sorted(parts, key=len, reverse=True)), lambda name: parts[name[0]], _PAGE))


def _letter(letter: str, value: float) -> str:
    shown = f"{LINE_END}\n" if letter == "\n" else html.escape(letter)
    return f'<span style="background-color:rgb{_shade(value)}">{shown}</span>'


def _script(data: Any) -> str:
    """Return data as JavaScript that cannot end the script it stands in."""
    return json.dumps(data).replace("<", "\\u003c")


def _shade(value: float) -> tuple[int, int, int]:
    strength, end = min(1.0, abs(float(value))), LOW if value < 0 else HIGH
    red, green, blue = (round(255 + (channel - 255) * strength) for channel in end)
    return red, green, blue


def _one_a_character(text: str, values: Any) -> Any:
    if len(values) != len(text) or not text:
        raise ValueError(
            f"text has {len(text)} characters and {len(values)} values, expected as many, at least one"
        )
    return values
