"""What stands in a docstring in NumPy's style: sentences of prose, and parameters with their types."""

from __future__ import annotations

import re
from typing import NamedTuple

from course_utils.text import split_sentences, split_words

# "axis : int, optional" begins the description of a parameter.
_ENTRY = re.compile(r"(\w[\w, *]*) : (.+)")
_UNDERLINE = re.compile(r"\s*[-=~]{3,}\s*")
# Code, its output, directives and tables are no prose.
_NO_PROSE = (">>>", "...", "array(", "..", "|")
_MARK_UP = re.compile(r":math:|[^\w\s.,;:()'’-]")


class Parameter(NamedTuple):
    """One parameter as it is documented: its name, the words of its type, and the words that say what it is for."""

    name: str
    kind: list[str]
    purpose: list[str]


def plain_words(text: str) -> list[str]:
    """Return the words of a text in lower case, with its commas, points, colons, semicolons and brackets."""
    words = [word.lower() for word in split_words(_MARK_UP.sub(" ", text).replace("_", " "))]
    return [word for word in words if word[0].isalnum() or word in ".,;:()"]


def prose(text: str, min_words: int = 3) -> list[list[str]]:
    """Return the sentences of a docstring as lists of plain words; code, formulas and headings are left out."""
    sentences: list[str] = []
    for block in re.split(r"\n\s*\n", text):
        lines = [line.strip() for line in block.splitlines()]
        if any(line.startswith(_NO_PROSE) for line in lines):
            continue
        running: list[str] = []
        for line, below in zip(lines, [*lines[1:], ""]):
            if _UNDERLINE.fullmatch(line) or _UNDERLINE.fullmatch(below):
                continue
            if _ENTRY.fullmatch(line):
                sentences += [*split_sentences(" ".join(running)), f"{line}."]
                running = []
            else:
                running.append(line)
        sentences += split_sentences(" ".join(running))
    words = [plain_words(sentence) for sentence in sentences]
    return [sentence for sentence in words if len(sentence) >= min_words]


def parameters(text: str) -> list[Parameter]:
    """Return a docstring's parameters in order; those without a one-word name, a type or a purpose are left out."""
    _, heading, below = text.partition("\nParameters\n")
    found: list[tuple[str, str, list[str]]] = []
    for line in below.splitlines()[1:] if heading else []:
        if _UNDERLINE.fullmatch(line):  # the next heading's
            break
        entry = _ENTRY.fullmatch(line.rstrip())
        if entry:
            found.append((entry[1], entry[2], []))
        elif found and line.startswith(" "):
            found[-1][2].append(line)
    split = [
        (_only_words(name), _only_words(kind), _only_words(" ".join(lines))) for name, kind, lines in found
    ]
    return [
        Parameter(name[0], kind, purpose)
        for name, kind, purpose in split
        if len(name) == 1 and kind and purpose
    ]


def _only_words(text: str) -> list[str]:
    return [word for word in plain_words(text) if word[0].isalnum()]
