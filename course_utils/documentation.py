"""The sentences of prose that stand in a docstring in NumPy's style."""

from __future__ import annotations

import re

from course_utils.text import split_sentences, split_words

# "axis : int, optional" begins the description of a parameter.
_ENTRY = re.compile(r"(\w[\w, *]*) : (.+)")
_UNDERLINE = re.compile(r"\s*[-=~]{3,}\s*")
# Code, its output, directives and tables are no prose.
_NO_PROSE = (">>>", "...", "array(", "..", "|")
_MARK_UP = re.compile(r":math:|[^\w\s.,;:()'’-]")


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
