"""From text to tokens to numbers, and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

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
        if outside := [i for i in ids if not 0 <= i < len(self)]:
            raise ValueError(f"token_ids has {outside[0]}, expected numbers from 0 to {len(self) - 1}")
        return [self.tokens[i] for i in ids]
