"""From text to tokens to numbers, and back."""

from __future__ import annotations

import re
import string
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from unicodedata import category, normalize

import regex

from course_utils.shapes import check_at_least_one

UNKNOWN = "<unk>"

# A word may hold apostrophes and hyphens ("don't", "well-kept"); every other visible character stands alone.
_WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
# A sentence ends with . ! or ? and what closes after it, if then comes a space and something that begins like one.
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9])")


def split_words(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in order, as they are written; spaces are left out."""
    return _WORD.findall(text)


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text, stripped; an empty line ends a sentence, too.

    The rule is a guess: an abbreviation such as "e.g." before a capital also ends a sentence.
    """
    blocks = re.split(r"\n\s*\n", text)
    pieces = (piece for block in blocks for piece in _SENTENCE_END.split(block))
    return [" ".join(piece.split()) for piece in pieces if piece.strip()]


class Vocab:
    """A numbered list of different tokens: token_ids in, tokens out, and back.

    `tokens[i]` is the token with the id i, and `counts[i]` how often it occurred in the text that the list was built
    from (0 if nobody counted). If "<unk>" is in the list, it stands for every token that is not. Raises ValueError if a
    token is there twice, or if there are not as many counts as tokens.
    """

    def __init__(self, tokens: Iterable[str], counts: Iterable[int] | None = None) -> None:
        self.tokens: list[str] = list(tokens)
        self.counts: list[int] = [0] * len(self.tokens) if counts is None else list(counts)
        self._ids = {token: i for i, token in enumerate(self.tokens)}
        if len(self._ids) < len(self.tokens):
            twice = next(token for token, n in Counter(self.tokens).items() if n > 1)
            raise ValueError(f"tokens has {twice!r} more than once, expected every token once")
        if len(self.counts) != len(self.tokens):
            raise ValueError(
                f"counts has {len(self.counts)} entries, expected one for each of {len(self)} tokens"
            )

    @classmethod
    def build(
        cls,
        tokens: Iterable[str],
        specials: Sequence[str] = (UNKNOWN,),
        max_size: int | None = None,
        min_count: int = 1,
    ) -> Vocab:
        """Return the vocabulary of a text: first the specials, then its tokens, the most frequent one first.

        Ties stand in alphabetical order, so the same text always gives the same ids. At most `max_size` entries are
        kept, specials included, and only tokens that occur at least `min_count` times; the occurrences of all others
        are counted for "<unk>", if it is among the specials. Raises ValueError if max_size leaves no room for a token.
        """
        if max_size is not None and max_size <= len(specials):
            raise ValueError(f"max_size is {max_size}, expected more than the {len(specials)} specials")
        counter = Counter(tokens)
        counts = [counter.pop(special, 0) for special in specials]
        ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
        room = len(ranked) if max_size is None else max_size - len(specials)
        kept = [(token, n) for token, n in ranked[:room] if n >= min_count]
        if UNKNOWN in specials:
            counts[list(specials).index(UNKNOWN)] += counter.total() - sum(n for _, n in kept)
        return cls([*specials, *(token for token, _ in kept)], [*counts, *(n for _, n in kept)])

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __getitem__(self, token: str) -> int:
        """Return the id of a token. Raises ValueError if it is not in the list and "<unk>" is not, either."""
        found = self._ids.get(token, self._ids.get(UNKNOWN))
        if found is None:
            raise ValueError(f"token is {token!r}, expected one of the {len(self)} tokens of the vocabulary")
        return found

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Return the id of each token. A text is a sequence of characters, so a string is encoded by character."""
        return [self[token] for token in tokens]

    def decode(self, token_ids: Iterable[int]) -> list[str]:
        """Return the token of each id. Raises ValueError if an id is not below the size of the vocabulary."""
        ids = [int(i) for i in token_ids]
        check_ids(ids, len(self))
        return [self.tokens[i] for i in ids]


def check_text(text: object) -> None:
    """Raise TypeError unless the text is a string."""
    if not isinstance(text, str):
        raise TypeError(f"text is a {type(text).__name__}, expected a string")


def check_ids(token_ids: Sequence[int], n_tokens: int) -> None:
    """Raise ValueError unless every id is below the number of tokens."""
    if outside := [i for i in token_ids if not 0 <= i < n_tokens]:
        raise ValueError(f"token_ids has {outside[0]}, expected numbers from 0 to {n_tokens - 1}")


Pair = tuple[int, int]

# One token for each byte, in GPT-2's order, visible signs first, so that ids and ties are the same as there.
_VISIBLE = {*range(33, 127), *range(161, 173), *range(174, 256)}
BYTES = [bytes([b]) for b in sorted(range(256), key=lambda b: (b not in _VISIBLE, b))]
_ID_OF_BYTE = {byte[0]: i for i, byte in enumerate(BYTES)}
# What no token may cross, as in GPT-2: English endings such as 'll; letters, digits or other signs, with one space
# before them; spaces, of which the last one belongs to what follows. \p{L} is any letter and \p{N} any digit.
_PIECE = regex.compile(r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")


def split_pieces(text: str) -> list[str]:
    """Cut a text into the pieces within which bytes are merged; joined again they are the text."""
    return _PIECE.findall(text)


def byte_ids(text: str) -> list[int]:
    """Return the text's bytes (UTF-8) as token ids from 0 to 255. Raises UnicodeEncodeError for half a character."""
    return [_ID_OF_BYTE[byte] for byte in text.encode("utf-8")]


def merge(token_ids: list[int], pair: Pair, new_id: int) -> list[int]:
    """Return the tokens with new_id wherever the pair stood, from left to right."""
    merged, i = [], 0
    while i < len(token_ids):
        found = tuple(token_ids[i : i + 2]) == pair
        merged.append(new_id if found else token_ids[i])
        i += 2 if found else 1
    return merged


def learn_merges(text: str, n_merges: int) -> list[Pair]:
    """Merge the most frequent pair of neighbours into a new token, again and again (Sennrich and others, 2016).

    Pair number i makes the token with the id 256 + i. Of equally frequent pairs the one with the lower ids is taken.
    There are fewer than n_merges if no pair is left. Raises ValueError if n_merges is below 1.
    """
    check_at_least_one(n_merges=n_merges)
    pieces = Counter(split_pieces(text))
    rows, times = [byte_ids(piece) for piece in pieces], list(pieces.values())
    counts: Counter[Pair] = Counter()
    places: defaultdict[Pair, set[int]] = defaultdict(set)  # in which rows a pair has been seen

    def count(i: int, sign: int) -> None:
        for pair in zip(rows[i], rows[i][1:]):
            counts[pair] += sign * times[i]
            places[pair].add(i)

    for i in range(len(rows)):
        count(i, +1)
    merges: list[Pair] = []
    while len(merges) < n_merges and (most := max(counts.values(), default=0)):
        best = min(pair for pair, n in counts.items() if n == most)
        for i in places.pop(best):
            count(i, -1)
            rows[i] = merge(rows[i], best, new_id=256 + len(merges))
            count(i, +1)
        merges.append(best)
    return merges


class BytePairEncoding:
    """From text to token ids and back, without loss: frequent sequences of bytes are one token (as in GPT-2).

    `merges` are the pairs of ids that make tokens, in order; `tokens[i]` are the bytes of the token with the id i.
    Raises ValueError for a pair with an id that is not there yet, and for one that comes twice.
    """

    def __init__(self, merges: Iterable[Pair]) -> None:
        self.tokens = list(BYTES)
        self.new_ids: dict[Pair, int] = {}
        for first, second in merges:
            check_merge(first, second, len(self.tokens), self.new_ids)
            self.new_ids[first, second] = len(self.tokens)
            self.tokens.append(self.tokens[first] + self.tokens[second])

    def __len__(self) -> int:
        return len(self.tokens)

    def encode_piece(self, piece: str) -> list[int]:
        """Return the token ids of one piece: of the pairs in it, the one learned first is merged first."""
        token_ids = byte_ids(piece)
        while known := [pair for pair in zip(token_ids, token_ids[1:]) if pair in self.new_ids]:
            pair = min(known, key=self.new_ids.__getitem__)
            token_ids = merge(token_ids, pair, self.new_ids[pair])
        return token_ids

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text."""
        pieces = split_pieces(text)
        encoded = {piece: self.encode_piece(piece) for piece in set(pieces)}  # every piece once
        return [i for piece in pieces for i in encoded[piece]]

    def decode(self, token_ids: Sequence[int]) -> str:
        """Return the text. Bytes that are no text by themselves, such as a third of a kanji, become "\ufffd".

        Raises ValueError if an id is not below the number of tokens.
        """
        check_ids(token_ids, len(self))
        return b"".join(self.tokens[i] for i in token_ids).decode("utf-8", errors="replace")


def check_merge(first: int, second: int, n_tokens: int, known: Container[Pair]) -> None:
    """Raise ValueError unless the pair is new and made of ids below n_tokens."""
    pair = f"merges has ({first}, {second}) as pair number {n_tokens - len(BYTES)}"
    if not (0 <= first < n_tokens and 0 <= second < n_tokens):
        raise ValueError(f"{pair}, expected ids from 0 to {n_tokens - 1}")
    if (first, second) in known:
        raise ValueError(f"{pair}, expected a pair that was not merged before")


def read_gpt2_merges(path: str | Path) -> list[Pair]:
    """Return the merges in a file merges.txt, such as GPT-2's with 50,000; it writes each byte as one visible sign."""
    # The signs of invisible bytes are the next ones of Unicode, from 256 on.
    signs = [
        chr(byte[0]) if byte[0] in _VISIBLE else chr(256 + i - len(_VISIBLE)) for i, byte in enumerate(BYTES)
    ]
    ids, merges = {sign: i for i, sign in enumerate(signs)}, []
    for line in Path(path).read_text("utf-8").splitlines():
        if line and not line.startswith("#version"):
            first, second = line.split(" ")
            merges.append((ids[first], ids[second]))
            ids[first + second] = len(ids)
    return merges


_IDEOGRAPHS = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2CEAF), (0x2F800, 0x2FA1F)]


def split_uncased(text: str) -> list[str]:
    """Return the words as BERT reads them, in lower case and without accents; signs and ideographs stand alone."""
    visible = "".join(c for c in text if c in "\t\n\r" or (category(c)[0] != "C" and c != "\ufffd"))
    letters = "".join(c for c in normalize("NFD", visible) if category(c) != "Mn")
    # One by one, because lower() of a whole word has a rule of its own for the end of Greek ones.
    lower = "".join(map(str.lower, letters))
    return "".join(f" {c} " if _stands_alone(c) else c for c in lower).split()


def _stands_alone(c: str) -> bool:
    is_sign = c in string.punctuation or category(c)[0] == "P"
    return is_sign or any(first <= ord(c) <= last for first, last in _IDEOGRAPHS)


class WordPiece:
    """From text to the word pieces of a BERT that has read lower case only, and their ids (Wu and others, 2016).

    `tokens[i]` is the piece with the id i; "##" marks a piece that goes on. Raises ValueError without an "[UNK]".
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self.vocab = Vocab(tokens)
        if "[UNK]" not in self.vocab:
            raise ValueError("tokens has no '[UNK]', expected a BERT's list of word pieces")

    def split(self, text: str) -> list[str]:
        """Return the pieces of a text. Raises TypeError for anything but a string."""
        check_text(text)
        return [piece for word in split_uncased(text) for piece in self.split_word(word)]

    def split_word(self, word: str) -> list[str]:
        """Return the longest piece that the word begins with, then of what is left, and so on.

        Where there is none, or beyond 100 characters, the whole word is "[UNK]".
        """
        pieces, rest, mark = [], word, ""
        while rest:
            known = (end for end in range(len(rest), 0, -1) if mark + rest[:end] in self.vocab)
            end = next(known, None)
            if end is None or len(word) > 100:
                return ["[UNK]"]
            pieces.append(mark + rest[:end])
            rest, mark = rest[end:], "##"
        return pieces

    def encode(self, text: str) -> list[int]:
        """Return the ids of the text's pieces, without [CLS] and [SEP]."""
        return self.vocab.encode(self.split(text))
