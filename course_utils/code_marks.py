"""What a reader of Python code has to keep in mind at every character, and whether Python can read a line at all."""

from __future__ import annotations

import io
import re
import tokenize

import numpy as np

# Strings (closed, or open to the end of the line or of the text), comments, and brackets outside both.
_PIECES = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"""|\Z)|' + r"'''(?:\\.|[^\\])*?(?:'''|\Z)|"
    r'"(?:\\.|[^"\\\n])*"?|' + r"'(?:\\.|[^'\\\n])*'?|" + r"#[^\n]*|[()\[\]{}]",
    re.S,
)
_PARTNER = {")": "(", "]": "[", "}": "{"}


def mark(text: str) -> dict[str, np.ndarray]:
    """Return what is true just after each character of a program: four arrays of shape (len(text),).

    "inside a string" is 1 from the opening quote until before the last closing one, "bracket depth" counts the open
    brackets outside strings and comments, "indentation" the spaces with which the line has begun so far, and "place in
    the line" the characters since the line break. An f-string counts as a string from end to end.
    """
    inside, opened = np.zeros(len(text)), np.zeros(len(text))
    for piece in _PIECES.finditer(text):
        if piece[0][0] in "\"'":
            inside[piece.start() : piece.end() - _is_closed(piece[0])] = 1
        elif piece[0][0] != "#":
            opened[piece.start()] = -1 if piece[0] in _PARTNER else 1
    indentation, place = [], []
    for line in text.splitlines(keepends=True):
        spaces, width = len(line) - len(line.lstrip(" ")), len(line) - line.endswith("\n")
        reached = [*range(1, width + 1), *[0] * (len(line) - width)]
        place += reached
        indentation += [min(at, spaces) for at in reached]
    return {
        "inside a string": inside,
        "bracket depth": opened.cumsum().clip(min=0),
        "indentation": np.array(indentation, dtype=float),
        "place in the line": np.array(place, dtype=float),
    }


def is_readable(line: str) -> bool:
    """Return whether Python's tokenizer accepts a line by itself: its strings closed, its brackets paired.

    The words may be nonsense to the compiler. An empty line is accepted.
    """
    open_brackets: list[str] = []
    for piece in _PIECES.finditer(line):
        if piece[0] in _PARTNER and (not open_brackets or open_brackets.pop() != _PARTNER[piece[0]]):
            return False  # which the tokenizers before Python 3.12 let pass
        if piece[0] in _PARTNER.values():
            open_brackets.append(piece[0])
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(line.strip() + "\n").readline))
    except (tokenize.TokenError, SyntaxError):
        return False
    return not any(token.type == tokenize.ERRORTOKEN for token in tokens)


def share_readable(text: str) -> float:
    """Return the share of a text's lines that `is_readable` accepts, empty lines and the last one left out.

    The last line may have been cut off. Raises ValueError if that leaves no line.
    """
    lines = [line for line in text.split("\n")[:-1] if line.strip()]
    if not lines:
        raise ValueError(f"text is {text[:40]!r}, expected at least one line that is not empty and ends")
    return sum(map(is_readable, lines)) / len(lines)


def _is_closed(string: str) -> bool:
    """Return whether a string that `_PIECES` has found ends with its own quotes."""
    quotes = string[:3] if string[:3] in {'"""', "'''"} else string[0]
    return len(string) >= 2 * len(quotes) and string.endswith(quotes)
