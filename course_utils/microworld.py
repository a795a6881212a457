"""A small world of sentences in English and Japanese, with the true translation and alignment of every one of them.

The grammar is synchronous: each rule writes an English and a Japanese side at once, so that their words are linked by
construction. The verb stands in the middle in English and at the end in Japanese; a relative clause follows its noun in
English and precedes it in Japanese; so words move far. Articles have no counterpart in Japanese, particles none in
English. A pronoun is translated by the noun that it stands for, so a translator has to find out which one that is.

    SENTENCE   a clause | a clause "and" a sentence | a reason
    CLAUSE     who did it to whom, active or passive, perhaps two who did it, perhaps where
    NP2        the, size?, colour?, animal, relative clause? (which may hold one more relative clause, and no other)
    REASON     "the animal did not cross the street because it was too tired" (or: "... too wide")

As in any grammar that makes long sentences from short ones, the number of sentences grows exponentially with their
length; `n_sentences` counts them: 448 of 5 words, 2.5 million of 10 words and 10^20 of 30.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Literal, NamedTuple
from zlib import crc32


class Pair(NamedTuple):
    """A sentence and its translation, word by word; the links of true alignment; a pronoun's place and its noun's.

    (i, j) in `alignment` says that english[i] and japanese[j] mean the same; articles and most particles have no link.
    `antecedent` is (place of the pronoun, place of the noun it stands for), both in `english`, or None without pronoun.
    """

    english: tuple[str, ...]
    japanese: tuple[str, ...]
    alignment: frozenset[tuple[int, int]]
    antecedent: tuple[int, int] | None = None


# Classes of words, English and Japanese. Two English words that make one Japanese word stand together.
WORDS: dict[str, list[tuple[str, str]]] = {
    "ANIMAL": [("cat", "猫"), ("dog", "犬"), ("bird", "鳥"), ("fox", "狐")]
    + [("horse", "馬"), ("bear", "熊"), ("mouse", "鼠"), ("monkey", "猿")],
    "SIZE": [("big", "大きい"), ("small", "小さい"), ("young", "若い")],
    "COLOUR": [("white", "白い"), ("black", "黒い"), ("brown", "茶色い")],
    "VERB": [("saw", "見た"), ("chased", "追いかけた"), ("helped", "助けた"), ("called", "呼んだ")]
    + [("found", "見つけた"), ("pushed", "押した"), ("praised", "褒めた")],
    "PASSIVE": [("was seen", "見られた"), ("was chased", "追いかけられた"), ("was helped", "助けられた")]
    + [("was called", "呼ばれた"), ("was found", "見つけられた"), ("was pushed", "押された")]
    + [("was praised", "褒められた")],
    "PLACE": [("park", "公園"), ("garden", "庭"), ("forest", "森"), ("village", "村"), ("valley", "谷")],
    "THING": [("street", "道"), ("bridge", "橋"), ("river", "川"), ("field", "畑")],
    "AVOID": [("did not cross", "渡らなかった"), ("did not leave", "離れなかった")]
    + [("did not choose", "選ばなかった")],
    "FEELING": [("was too tired", "疲れすぎていた"), ("was too hungry", "空腹すぎた")]
    + [("was too weak", "弱すぎた"), ("was too proud", "高慢すぎた")],
    "QUALITY": [("was too wide", "広すぎた"), ("was too long", "長すぎた")]
    + [("was too crowded", "混みすぎていた"), ("was too dangerous", "危険すぎた")],
}

# What stands in capitals is replaced by a rule or a word of that name, on both sides by the same one: after a colon
# comes a number where a side needs two of one name. Words with the same mark after | are each other's translation, and
# a mark such as =ANIMAL says which name the word stands for.
RULES: dict[str, list[tuple[str, str]]] = {
    "SENTENCE": [("CLAUSE", "CLAUSE"), ("CLAUSE and|& SENTENCE", "CLAUSE そして|& SENTENCE")]
    + [("REASON", "REASON")],
    "CLAUSE": [
        ("WHO VERB NP2 WHERE", "WHO は WHERE NP2 を VERB"),
        ("NP2:1 PASSIVE by|by NP2:2 WHERE", "NP2:1 は WHERE NP2:2 に|by PASSIVE"),
    ],
    "WHO": [("NP2", "NP2"), ("NP0:1 and|& NP0:2", "NP0:1 と|& NP0:2")],
    "WHERE": [("", ""), ("in|in the PLACE", "PLACE で|in")],
    "NP0": [("the SIZE? COLOUR? ANIMAL", "SIZE? COLOUR? ANIMAL")],
    "NP1": [("the SIZE? COLOUR? ANIMAL REL0?", "REL0? SIZE? COLOUR? ANIMAL")],
    "NP2": [("the SIZE? COLOUR? ANIMAL REL1?", "REL1? SIZE? COLOUR? ANIMAL")],
    "REL0?": [("", ""), ("that REL0", "REL0")],
    "REL1?": [("", ""), ("that REL1", "REL1")],
    "REL0": [("VERB NP0", "NP0 を VERB"), ("NP0 VERB", "NP0 が VERB")],
    "REL1": [("VERB NP1", "NP1 を VERB"), ("NP1 VERB", "NP1 が VERB")],
    "SIZE?": [("", ""), ("SIZE", "SIZE")],
    "COLOUR?": [("", ""), ("COLOUR", "COLOUR")],
    # "it" is the animal if it was tired, and the thing if that was wide.
    "REASON": [
        (
            "the SIZE? COLOUR? ANIMAL REL1? AVOID the THING because|because it|=ANIMAL FEELING",
            "ANIMAL|=ANIMAL が FEELING ので|because REL1? SIZE? COLOUR? ANIMAL は THING を AVOID",
        ),
        (
            "the SIZE? COLOUR? ANIMAL REL1? AVOID the THING because|because it|=THING QUALITY",
            "THING|=THING が QUALITY ので|because REL1? SIZE? COLOUR? ANIMAL は THING を AVOID",
        ),
    ],
}


class _Node(NamedTuple):
    """A rule or word class, which of its entries was chosen, and the nodes for the names on the entry's sides."""

    symbol: str
    choice: int
    children: dict[str, _Node]


def make_pairs(
    n: int,
    lengths: Sequence[int] = range(5, 21),
    split: str = "train",
    seed: int = 0,
    kind: str = "SENTENCE",
) -> list[Pair]:
    """Return `n` random pairs whose English sides have one of the `lengths`, each length equally often on average.

    Within a length, all shapes of sentence are equally likely, and all words. A sentence belongs to the test split if
    its checksum ends in 0, so that train and test never share one, whatever their seeds; a short sentence may come up
    twice within a split. `kind` is the rule to begin with: "SENTENCE", "CLAUSE" or "REASON". Raises ValueError for an
    unknown kind or split, or for a length that no such sentence has.
    """
    _check_choice("kind", kind, ("SENTENCE", "CLAUSE", "REASON"))
    _check_choice("split", split, ("train", "test"))
    for length in lengths:
        if n_sentences(length, kind) == 0:
            raise ValueError(
                f"lengths has {length}, but no sentence of kind {kind!r} has {length} English words"
            )
    rng = random.Random(seed)
    pairs: list[Pair] = []
    while len(pairs) < n:
        pair = _render(_draw(kind, rng.choice(lengths), rng))
        if split_of(pair.english) == split:
            pairs.append(pair)
    return pairs


def translate(sentence: str | Sequence[str]) -> Pair:
    """Return the true translation of any English sentence of the microworld, with its alignment.

    `sentence` is a string, in which capitals and a full stop at the end do not matter, or the words one by one. Raises
    ValueError if it has a word that the microworld lacks, or is not made as its grammar wants.
    """
    if isinstance(sentence, str):
        sentence = sentence.lower().strip().removesuffix(".").split()
    words = tuple(sentence)
    if unknown := [word for word in words if word not in vocabulary(0)]:
        raise ValueError(
            f"sentence has {unknown[0]!r}, expected words of the microworld: {sorted(vocabulary(0))}"
        )
    for end, node in _parse("SENTENCE", words, 0):
        if end == len(words):
            return _render(node)
    raise ValueError(
        f"sentence is {' '.join(words)!r}, which the grammar cannot make; expected something like "
        "'the small cat saw the dog that chased the bird in the park'"
    )


@cache
def vocabulary(side: int) -> frozenset[str]:
    """Return all words of the microworld: 53 English ones for side 0, 56 Japanese ones for side 1."""
    tokens = [token for rules in RULES.values() for rule in rules for token in rule[side].split()]
    names = {token.partition("|")[0] for token in tokens}
    words = {word for entries in WORDS.values() for entry in entries for word in entry[side].split()}
    return frozenset(words | {name for name in names if not _is_symbol(_symbol(name))})


def n_sentences(length: int, kind: str = "SENTENCE") -> int:
    """Return how many different sentences of that many English words the grammar can make."""
    return _n_ways((kind,), length, True)


def split_of(english: Iterable[str]) -> Literal["train", "test"]:
    """Return to which split a sentence belongs, a tenth of them to "test", by the checksum (CRC-32) of its text."""
    return "test" if crc32(" ".join(english).encode()) % 10 == 0 else "train"


def _check_choice(name: str, given: str, expected: Sequence[str]) -> None:
    if given not in expected:
        raise ValueError(f"{name} is {given!r}, expected one of {', '.join(expected)}")


def _symbol(name: str) -> str:
    return name.partition(":")[0]


def _is_symbol(name: str) -> bool:
    return name in RULES or name in WORDS


@cache
def _english_names(symbol: str, choice: int) -> tuple[str, ...]:
    return tuple(token.partition("|")[0] for token in RULES[symbol][choice][0].split())


@cache
def _n_ways(names: tuple[str, ...], n: int, with_words: bool) -> int:
    """Count the ways to make n English words of these names in a row; without words, shapes alone are counted."""
    if not names:
        return int(n == 0)
    symbol, total = _symbol(names[0]), 0
    for m in range(n + 1):
        if symbol in RULES:
            ways = sum(_n_ways(_english_names(symbol, k), m, with_words) for k in range(len(RULES[symbol])))
        elif symbol in WORDS:
            fitting = [english for english, _ in WORDS[symbol] if len(english.split()) == m]
            ways = len(fitting) if with_words else min(len(fitting), 1)
        else:
            ways = int(m == 1)
        # A name that cannot have m words ends the search here; or a rule that holds itself would never end it.
        if ways:
            total += ways * _n_ways(names[1:], n - m, with_words)
    return total


@cache
def _weights_of_rules(symbol: str, n: int) -> list[int]:
    return [_n_ways(_english_names(symbol, k), n, False) for k in range(len(RULES[symbol]))]


@cache
def _weights_of_splits(names: tuple[str, ...], n: int) -> list[int]:
    return [_n_ways(names[:1], m, False) * _n_ways(names[1:], n - m, False) for m in range(n + 1)]


def _draw(symbol: str, n: int, rng: random.Random) -> _Node:
    """Make one node of n English words at random, all shapes equally likely."""
    if symbol in WORDS:
        fitting = [k for k, (english, _) in enumerate(WORDS[symbol]) if len(english.split()) == n]
        return _Node(symbol, rng.choice(fitting), {})
    choice = rng.choices(range(len(RULES[symbol])), _weights_of_rules(symbol, n))[0]
    names, children = _english_names(symbol, choice), {}
    for i, name in enumerate(names):
        m = rng.choices(range(n + 1), _weights_of_splits(names[i:], n))[0]
        if _is_symbol(_symbol(name)):
            children[name] = _draw(_symbol(name), m, rng)
        n -= m
    return _Node(symbol, choice, children)


def _parse(symbol: str, words: tuple[str, ...], start: int) -> Iterator[tuple[int, _Node]]:
    """Find all nodes of that symbol which begin at `start`, each with the place where it ends."""
    if symbol in WORDS:
        for choice, (english, _) in enumerate(WORDS[symbol]):
            end = start + len(english.split())
            if words[start:end] == tuple(english.split()):
                yield end, _Node(symbol, choice, {})
    else:
        for choice in range(len(RULES[symbol])):
            for end, children in _parse_row(_english_names(symbol, choice), words, start):
                yield end, _Node(symbol, choice, children)


def _parse_row(
    names: tuple[str, ...], words: tuple[str, ...], start: int
) -> Iterator[tuple[int, dict[str, _Node]]]:
    if not names:
        yield start, {}
    elif not _is_symbol(_symbol(names[0])):
        if words[start : start + 1] == names[:1]:
            yield from _parse_row(names[1:], words, start + 1)
    else:
        for middle, node in _parse(_symbol(names[0]), words, start):
            for end, children in _parse_row(names[1:], words, middle):
                yield end, {names[0]: node, **children}


def _render(node: _Node) -> Pair:
    english, japanese = (list(_linked_words(node, side, ())) for side in (0, 1))
    place = {link: i for i, (_, link) in enumerate(english) if link}
    alignment = {
        (i, j) for i, (_, a) in enumerate(english) for j, (_, b) in enumerate(japanese) if a and a == b
    }
    pronouns = [link for link in place if link[-1].startswith("=")]
    antecedents = [(place[link], place[(*link[:-1], link[-1].removeprefix("="))]) for link in pronouns]
    return Pair(
        tuple(word for word, _ in english),
        tuple(word for word, _ in japanese),
        frozenset(alignment),
        antecedents[0] if antecedents else None,
    )


def _linked_words(
    node: _Node, side: int, path: tuple[str, ...], link: tuple[str, ...] | None = None
) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Yield the words of one side, each with its link: words of both sides with the same link belong together."""
    if node.symbol in WORDS:
        for word in WORDS[node.symbol][node.choice][side].split():
            yield word, link or path
    else:
        for token in RULES[node.symbol][node.choice][side].split():
            name, _, mark = token.partition("|")
            marked = (*path, mark) if mark else None
            if name in node.children:
                yield from _linked_words(node.children[name], side, (*path, name), marked)
            else:
                yield name, marked
