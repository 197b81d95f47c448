"""Whether what somebody called an organisation is one that we know: missing one is worse than one too many."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz, process

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
CLOSE: Final = 80  # of 100, for two words to be the same word mistyped
SHORT: Final = 5  # letters: shorter words must be the same to the letter
WORKS_FOR: Final = re.compile(
    r"\b(?:work(?:s|ed|ing)?|employed|serv(?:es|ed|ing)|job)\b[^,.;\n]{0,20}?\b(?:for|in|at|by|with)\b([^,.;\n]*)",
    re.IGNORECASE,
)
IS_IN: Final = re.compile(r"\b(?:is|was|are|were|he's|she's|they're) (?:in|with|from)\b([^,.;\n]*)", re.IGNORECASE)
LOOKED_AT: Final = 5_000  # characters: each word of them is compared with all words that are known


def is_called(known: str, given: str) -> bool:
    """Whether `given` names `known`: every word of one is in the other, and more than a single word if it is shorter.

    "PC Shaw of Northmoor Police" and "Nortmoor Police" are Northmoor Police; "Northmoor" and "Northmoor Taxis" are not.
    """
    ours, theirs = _words(known), _looked_at(given)
    return bool(ours) and (_within(ours, theirs) or (len(theirs) > 1 and _within(theirs, ours)))


def says(phrases: Iterable[str], said: str) -> bool:
    """Whether one of these phrases is in what is `spoken`, word for word, in the singular or the plural."""
    return any(_phrase(phrase) in said for phrase in phrases)


def works_for(phrases: Iterable[str], party: str) -> bool:
    """Whether a party is, or works for, one of these: "he works for the council", "who is in the police", "the police".

    "The man in the council flats" does not.
    """
    party = party[:LOOKED_AT]
    employers = [spoken(found[1]) for found in WORKS_FOR.finditer(party)]
    one_of = {spoken(party), *(spoken(found[1]) for found in IS_IN.finditer(party))}
    return any(_phrase(phrase) in one_of or any(_phrase(phrase) in said for said in employers) for phrase in phrases)


def spoken(text: str) -> str:
    """The words that count, in the singular, each with a space on both sides."""
    return f" {' '.join(_singular(word) for word in _words(text))} "


_phrase = lru_cache(maxsize=5_000)(spoken)


class Index:
    """Which of many may be meant at all: what `is_called` takes for one has a word like one of the words given.

    So that of a directory of thousands only a few are looked at closely.
    """

    def __init__(self, named: Mapping[str, Iterable[str]]) -> None:
        self._known_by: dict[str, set[str]] = defaultdict(set)
        for known, names in named.items():
            for word in (word for name in names for word in _words(name)):
                self._known_by[word].add(known)
        self._words = [word for word in self._known_by if len(word) >= SHORT]
        self._in_singular: dict[str, set[str]] = defaultdict(set)
        for word, known_by in self._known_by.items():
            self._in_singular[_singular(word)] |= known_by
        self._like = lru_cache(maxsize=10_000)(self._found)

    def candidates(self, given: str) -> frozenset[str]:
        """Those that any word given may name; looked at no closer."""
        return frozenset().union(*(self._like(word) for word in {*_looked_at(given)}))

    def _found(self, given: str) -> frozenset[str]:
        found = frozenset(self._in_singular.get(_singular(given), ()))
        if len(given) < SHORT:
            return found
        close = process.extract(given, self._words, scorer=fuzz.ratio, score_cutoff=CLOSE, limit=None)
        return found.union(*(self._known_by[word] for word, _, _ in close))


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).casefold().replace("'", "").replace("’", "").replace("&", " and ")
    spaced = "".join(char if char.isalnum() else " " for char in plain if not unicodedata.combining(char))
    return [word for word in spaced.split() if word not in LITTLE]


@lru_cache(maxsize=500)
def _looked_at(given: str) -> list[str]:
    return _words(given[:LOOKED_AT])


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _within(few: list[str], many: list[str]) -> bool:
    return all(any(_same(word, other) for other in many) for word in few)


def _same(word: str, other: str) -> bool:
    if min(len(word), len(other)) < SHORT:
        return _singular(word) == _singular(other)
    return fuzz.ratio(word, other) >= CLOSE
