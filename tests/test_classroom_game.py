"""The numbers on the page for the classroom game of lesson 10: they come out as the page says, whole or half."""

import math
import re

import pytest
import torch

from course_utils.models.attention import scaled_dot_product_attention
from tools import lessons

PAGE = (lessons.ROOT / "docs" / "10_classroom_game.md").read_text(encoding="utf-8")
WORDS = ["The", "cat", "sat", "on", "the", "mat"]


def numbers(cell):
    """The numbers of a table's cell, such as "½ 4 2½"."""
    return [float(re.sub("½", ".5", part)) for part in cell.split()]


def table(heading):
    """The rows under the table's heading: lists of cells."""
    body = PAGE[PAGE.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in body]


@pytest.fixture
def cards():
    rows = table("| Player | Word | Question card")
    assert [row[1] for row in rows] == WORDS
    return [torch.tensor([numbers(row[column]) for row in rows], dtype=torch.float64) for column in (2, 3, 4)]


def test_round_one_comes_out_as_printed(cards):
    questions, labels, contents = cards
    tickets = 2 ** (questions @ labels.mT)
    assert tickets.sum(1).tolist() == [16] * 6
    votes = tickets / 2
    rows = table("| Player | Votes")
    assert [row[0] for row in rows] == WORDS
    assert votes.tolist() == [numbers(row[1]) for row in rows]
    assert (votes @ contents / 8).tolist() == [numbers(row[2]) for row in rows]


def test_the_game_is_attention_with_another_scale(cards):
    questions, labels, contents = cards
    factor = math.log(2) * math.sqrt(3)  # 2 ** s = exp(s log 2), and our attention divides by the root of 3
    context, _ = scaled_dot_product_attention(factor * questions, labels, contents)
    expected = [numbers(row[2]) for row in table("| Player | Votes")]
    torch.testing.assert_close(context, torch.tensor(expected, dtype=torch.float64))
    assert f"multiplied by {math.log(2):.2f}" in PAGE


def test_the_later_rounds_come_out_as_printed(cards):
    questions, labels, _ = cards
    tickets = 2 ** (questions @ labels.mT)
    assert tickets[0, :1].tolist() == [1]
    assert (8 * tickets[1, :2] / tickets[1, :2].sum()).tolist() == [4, 4]
    loud = 2 ** (2 * questions @ labels.mT)
    assert loud[1].sum() == 84
    assert loud[1, 2] == 64
    assert loud[1, 2] / 84 > 0.75 > tickets[1, 2] / 16 == 0.5
    assert set(loud.flatten().tolist()) == {1, 16, 64}


def test_the_lesson_plays_with_the_same_cards():
    (cell,) = [
        c for c in lessons.read(lessons.lesson_paths()["10"]).cells if c.source.startswith("questions = ")
    ]
    scope = {"torch": torch, "words": WORDS, "print_table": lambda *_: None}
    exec(cell.source, scope)
    rows = table("| Player | Word | Question card")
    assert scope["questions"].tolist() == [numbers(row[2]) for row in rows]
    assert scope["labels"].tolist() == [numbers(row[3]) for row in rows]


def test_it_is_one_page():
    assert lessons.words(PAGE) < 700
