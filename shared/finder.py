"""Which of many patterns may occur in a text: one pass for the words that each of them needs.

The idea is that of RE2's FilteredRE2: a pattern cannot occur where none of the words that it needs does. RE2's own
filter looks for those words with a set, which makes a new state at nearly every letter of a text that it has not seen.
Here it is Aho and Corasick's automaton, made once (docs/decisions/0030-what-a-pattern-needs.md).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

import ahocorasick
import re2

from shared.patterns import Normal, UnknownWordsError, expand, filled, loosened, options
from shared.patterns import Words as WordLists

Words = frozenset[str]
"""Pieces of a text as `apart` gives it, one of which is there wherever a pattern occurs."""

MOST_TOGETHER: Final = 64
"""Alternatives in a row are taken together up to so many ("he hit", "he hits", "she hit", ...), and apart beyond."""
LOOKED_AT: Final = 2
"""The rarest of a pattern's needs are looked at, so many: more find hardly less, and cost more."""

_APART = re.compile(r"\W+", re.ASCII)


class WrongPatternError(ValueError):
    """The pattern at this place names a word list that there is not, or is none that RE2 and Python can both read."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at


class Finder:
    """Patterns, compiled, and an automaton of the words that they need. Raises WrongPatternError."""

    def __init__(self, written: Sequence[str], lists: WordLists) -> None:
        self.patterns: Final[list[Any]] = []
        self._always: list[int] = []
        self._first: dict[int, list[tuple[int, frozenset[int]]]] = {}
        needs, numbers = _Needs(lists), dict[Words, int]()
        for at, pattern in enumerate(written):
            try:
                self.patterns.append(re2.compile(expand(pattern, lists), options()))
                rarest = needs.of(pattern)[:LOOKED_AT]
            except re2.error as error:
                raise WrongPatternError(at, f"{error.args[0].decode()}: {pattern}") from error
            except (UnknownWordsError, re.error) as error:
                raise WrongPatternError(at, f"{error}: {pattern}") from error
            wanted = [numbers.setdefault(words, len(numbers)) for words in rarest]
            if wanted:
                self._first.setdefault(wanted[0], []).append((at, frozenset(wanted[1:])))
            else:
                self._always.append(at)
        self._automaton: Final = _automaton(numbers)

    def occurring(self, normal: Normal) -> list[int]:
        """The places, in order, of the patterns that occur."""
        return [at for at in self.may_occur(normal.text) if self.patterns[at].search(normal.data)]

    def may_occur(self, text: str) -> list[int]:
        """The places, in order, of the patterns that may occur in a normalised text: all that do, and some others."""
        met = {needs for _, needs in self._automaton.iter(apart(text))} if self._automaton else set()
        there = set().union(*met)
        some = [at for need in there & self._first.keys() for at, rest in self._first[need] if rest <= there]
        return sorted(some + self._always)


def _automaton(numbers: Mapping[Words, int]) -> Any:
    """What finds each word, with the numbers of the needs that it meets."""
    asked: dict[str, list[int]] = {}
    for words, number in numbers.items():
        for word in words:
            asked.setdefault(word, []).append(number)
    automaton = ahocorasick.Automaton()
    for word, those in asked.items():
        automaton.add_word(word, tuple(those))
    automaton.make_automaton()
    return automaton


def apart(text: str) -> str:
    """A normalised text with one space for all that is no letter, digit or `_`, and one at either end."""
    return _APART.sub(" ", f" {text} ")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a pattern: everything that it matches, where that is little, or else what it needs."""

    exact: frozenset[str] | None = None
    needs: tuple[Words, ...] = ()
    ends_apart: bool = False
    """Whatever it matches ends with a space, if it matches anything."""
    optional: bool = False


_SPACE: Final = frozenset({" "})
_NOTHING: Final = frozenset({""})
_ANYTHING: Final = _Part()


def _ends_apart(part: _Part) -> bool:
    return part.ends_apart if part.exact is None else _all_end_apart(part.exact)


def _all_end_apart(strings: Iterable[str]) -> bool:
    return all(string.endswith(" ") for string in strings)


def _needed(part: _Part) -> tuple[Words, ...]:
    return part.needs if part.exact is None else _need(part.exact)


def _need(strings: Iterable[str]) -> tuple[Words, ...]:
    """One need, without the strings that hold another of them; none, where one of them says nothing."""
    kept: list[str] = []
    for string in sorted(strings, key=lambda string: (len(string), string)):
        if not string.strip():
            return ()
        if not any(shorter in string for shorter in kept):
            kept.append(string)
    return (frozenset(kept),)


def _commonness(words: Words) -> float:
    return sum(6.0 ** -len(word) for word in words)


_FIRST_NAME: Final = 0xE000  # where no pattern has a letter: each word list stands for one while a pattern is parsed


class _Needs:
    """What patterns need. A word list is looked at once, however many patterns name it."""

    def __init__(self, lists: WordLists) -> None:
        self._lists = list(lists.values())
        self._names = {name: chr(_FIRST_NAME + at) for at, name in enumerate(lists)}
        self._parts: dict[int, _Part] = {}

    def of(self, written: str) -> list[Words]:
        """A pattern's needs, the rarest first; none, where it may occur in any text."""
        return sorted(_needed(self._sequence(parser.parse(expand(written, self._names)))), key=_commonness)

    def _list(self, at: int) -> _Part:
        if at not in self._parts:
            self._parts[at] = self._sequence(parser.parse(loosened(filled(self._lists[at], self._names))))
        return self._parts[at]

    def _sequence(self, nodes: Iterable[tuple[Any, Any]]) -> _Part:
        """Parts one after the other. `run` is all that the last of them can be together, as long as that is little."""
        run, needs, whole = _NOTHING, list[Words](), True
        for part in self._parts_of(nodes):
            if part.exact is not None and len(run) * len(part.exact) <= max(MOST_TOGETHER, len(run), len(part.exact)):
                run = frozenset(_joined(before, after) for before in run for after in part.exact)
                continue
            needs += (*_need(run), *part.needs)
            after_gap = _all_end_apart(run)
            if part.exact is not None:
                run = frozenset(_joined(" ", string) for string in part.exact) if after_gap else part.exact
            else:
                run = _SPACE if part.ends_apart and (after_gap or not part.optional) else _NOTHING
            whole = False
        return _Part(run) if whole else _Part(None, (*needs, *_need(run)), _all_end_apart(run))

    def _parts_of(self, nodes: Iterable[tuple[Any, Any]]) -> Iterator[_Part]:
        """Letters in a row as one part, and the others one by one."""
        letters = ""
        for kind, value in nodes:
            if kind is op.LITERAL and not self._is_list(value):
                letters += chr(value)
                continue
            if letters:
                yield _Part(frozenset({_plain(letters)}))
                letters = ""
            yield self._part(kind, value)
        if letters:
            yield _Part(frozenset({_plain(letters)}))

    def _is_list(self, code: int) -> bool:
        return _FIRST_NAME <= code < _FIRST_NAME + len(self._lists)

    def _part(self, kind: Any, value: Any) -> _Part:
        match kind:
            case op.LITERAL:
                return self._list(value - _FIRST_NAME)
            case op.IN:
                return _one_of(value)
            case op.AT if (
                value is not op.AT_NON_BOUNDARY
            ):  # at an edge of a word or of the text, on one side or the other
                return _Part(_SPACE)
            case op.SUBPATTERN:
                return self._sequence(value[-1])
            case op.BRANCH:
                return _either([self._sequence(branch) for branch in value[1]])
            case op.MAX_REPEAT | op.MIN_REPEAT:
                least, most, inner = value
                return _repeated(self._sequence(inner), least, most)
        return _ANYTHING


def _joined(before: str, after: str) -> str:
    return before + after[1:] if before[-1:] == after[:1] == " " else before + after


def _plain(letters: str) -> str:
    return _APART.sub(" ", letters)


def _one_of(members: Sequence[tuple[Any, Any]]) -> _Part:
    if members == [(op.NEGATE, None), (op.CATEGORY, op.CATEGORY_WORD)]:
        return _Part(_SPACE)
    if any(kind is not op.LITERAL for kind, _ in members):
        return _ANYTHING
    return _Part(frozenset(_plain(chr(code)) for _, code in members))


def _either(parts: Sequence[_Part]) -> _Part:
    exact = [part.exact for part in parts if part.exact is not None]
    if len(exact) == len(parts):
        return _Part(frozenset().union(*exact))
    ends_apart = all(_ends_apart(part) for part in parts)
    rarest = [min(_needed(part), key=_commonness, default=None) for part in parts]
    if None in rarest:
        return _Part(None, (), ends_apart)
    return _Part(None, _need(frozenset().union(*(words for words in rarest if words))), ends_apart)


def _repeated(part: _Part, least: int, most: int) -> _Part:
    if part.exact == _SPACE:
        return _Part(_SPACE if least else _SPACE | _NOTHING)
    if least == most == 1:
        return part
    if least:
        return _Part(None, _needed(part), _ends_apart(part))
    if most == 1 and part.exact is not None:
        return _Part(part.exact | _NOTHING)
    return _Part(None, (), _ends_apart(part), optional=True)
