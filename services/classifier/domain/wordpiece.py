"""Text to word pieces, as the BERT family cuts it (uncased), each with its place in the text."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

_MARKS = r"!-/:-@\[-`{-~\u00a1\u00a7\u00ab\u00b6\u00b7\u00bb\u00bf\u2010-\u2027\u2030-\u205e\u3001-\u3003\u3008-\u3011"
_WORD = re.compile(rf"[{_MARKS}]|[^\s{_MARKS}]+")
_LONGEST = 100  # characters; a longer word is unknown
UNKNOWN = "[UNK]"
_UNSEEN = {"Mn", "Cc", "Cf"}  # accents, control characters, joiners and soft hyphens


class Piece(NamedTuple):
    """A row of the vocabulary, and the characters of the text that it stands for."""

    id: int
    start: int
    end: int


class WordPiece:
    """Cuts words into the longest pieces that the vocabulary has."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._vocabulary = vocabulary
        self._cut = lru_cache(maxsize=50_000)(self._pieces)

    def pieces(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Piece]:
        """The pieces of a part of the text; those of one word share its place."""
        for word in _WORD.finditer(text, start, len(text) if end is None else end):
            for id_ in self._cut(word[0]):
                yield Piece(id_, word.start(), word.end())

    def _pieces(self, word: str) -> tuple[int, ...]:
        return tuple(piece for part in _parts(_plain(word)) for piece in self._longest_first(part))

    def _longest_first(self, word: str) -> tuple[int, ...]:
        if len(word) > _LONGEST:
            return (self._vocabulary[UNKNOWN],)
        found: list[int] = []
        at = 0
        while at < len(word):
            mark = "##" if at else ""
            for end in range(len(word), at, -1):
                if (piece := self._vocabulary.get(mark + word[at:end])) is not None:
                    found.append(piece)
                    at = end
                    break
            else:
                return (self._vocabulary[UNKNOWN],)
        return tuple(found)


def _plain(word: str) -> str:
    """Lower case, without accents or what cannot be seen."""
    return "".join(c for c in unicodedata.normalize("NFD", word.lower()) if unicodedata.category(c) not in _UNSEEN)


def _parts(word: str) -> list[str]:
    """A Chinese character is a word of its own."""
    return re.findall(r"[\u4e00-\u9fff\u3400-\u4dbf]|[^\u4e00-\u9fff\u3400-\u4dbf]+", word)
