"""Whether what somebody called an organisation is one that we know: missing one is worse than one too many."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

LITTLE: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "at",
        "by",
        "for",
        "from",
        "in",
        "my",
        "of",
        "on",
        "our",
        "the",
        "to",
        "ltd",
        "limited",
        "plc",
        "llp",
        "cic",
        "uk",
        "group",
    ]
)
CLOSE: Final = 0.8  # of 1, for two words to be the same word mistyped
SHORT: Final = 5  # letters: shorter words must be the same to the letter


def is_called(known: str, given: str) -> bool:
    """Whether `given` names `known`: every word of one is in the other, and more than a single word if it is shorter.

    "PC Shaw of Northmoor Police" and "Nortmoor Police" are Northmoor Police; "Northmoor" and "Northmoor Taxis" are not.
    """
    ours, theirs = _words(known), _words(given)
    return bool(ours) and (_within(ours, theirs) or (len(theirs) > 1 and _within(theirs, ours)))


def mentions(phrases: Iterable[str], given: str) -> bool:
    """Whether one of these phrases is said, word for word, in the singular or the plural."""
    return says(phrases, spoken(given))


def says(phrases: Iterable[str], said: str) -> bool:
    """The same of what is `spoken`, for many phrases and one text."""
    return any(_phrase(phrase) in said for phrase in phrases)


def spoken(text: str) -> str:
    """The words that count, in the singular, each with a space on both sides."""
    return f" {' '.join(_singular(word) for word in _words(text))} "


_phrase = lru_cache(maxsize=5_000)(spoken)


class Index:
    """Which of many may be meant at all: what `is_called` takes for one has a word like one of the words given.

    So that a directory of thousands costs what looking closely at a few of them does.
    """

    def __init__(self, named: Mapping[str, Iterable[str]]) -> None:
        self._known_by: dict[str, set[str]] = defaultdict(set)
        for known, names in named.items():
            for word in (word for name in names for word in _words(name)):
                self._known_by[word].add(known)
        self._alike: dict[str, set[str]] = defaultdict(set)
        for word in self._known_by:
            for part in _parts(word):
                self._alike[part].add(word)
        self._like = lru_cache(maxsize=10_000)(self._found)

    def candidates(self, given: str) -> frozenset[str]:
        """Those that any word given may name; looked at no closer."""
        return frozenset().union(*(self._like(word) for word in _words(given)))

    def _found(self, given: str) -> frozenset[str]:
        like = set().union(*(self._alike[part] for part in _parts(given) if part in self._alike))
        words = (word for word in like if _same(word, given) or _same(given, word))
        return frozenset().union(*(self._known_by[word] for word in words))


def _parts(word: str) -> set[str]:
    """A short word itself; of a longer one the pairs of letters, for words as close as CLOSE have one in common."""
    if len(word) < SHORT:
        return {_singular(word)}
    return {word[at : at + 2] for at in range(len(word) - 1)} | {_singular(word)}


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).casefold().replace("'", "").replace("’", "").replace("&", " and ")
    spaced = "".join(char if char.isalnum() else " " for char in plain if not unicodedata.combining(char))
    return [word for word in spaced.split() if word not in LITTLE]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _within(few: list[str], many: list[str]) -> bool:
    return all(any(_same(word, other) for other in many) for word in few)


def _same(word: str, other: str) -> bool:
    if min(len(word), len(other)) < SHORT:
        return _singular(word) == _singular(other)
    return SequenceMatcher(None, word, other).ratio() >= CLOSE
