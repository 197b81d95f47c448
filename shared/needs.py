"""What a pattern needs: pieces of text of which one is there wherever it occurs, worked out from how it is written.

A need is only ever weaker than its pattern: whatever is not known to be needed is not (docs/decisions/0030).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

from shared.patterns import Words as WordLists
from shared.patterns import expand, filled, loosened

Words = frozenset[str]
"""Pieces of a text as `apart` gives it, one of which is there wherever a pattern occurs."""

MOST_TOGETHER: Final = 256
"""Alternatives in a row are taken together up to so many ("he hit", "he hits", "she hit", ...), and apart beyond."""

_APART = re.compile(r"\W+", re.ASCII)


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


def _need(strings: Words) -> tuple[Words, ...]:
    """None, where one of the strings says nothing."""
    return (strings,) if all(string.strip() for string in strings) else ()


def commonness(words: Words) -> float:
    return sum(6.0 ** -len(word) for word in words)


_FIRST_NAME: Final = 0xE000  # where no pattern has a letter: each word list stands for one while a pattern is parsed


_REPEATS: Final = (op.MAX_REPEAT, op.MIN_REPEAT)


class Needs:
    """What patterns need. A word list is looked at once for each two edges that it stands between."""

    def __init__(self, lists: WordLists) -> None:
        self._lists = list(lists.values())
        self._names = {name: chr(_FIRST_NAME + at) for at, name in enumerate(lists)}
        self._parts: dict[tuple[int, Words, Words], _Part] = {}

    def of(self, written: str) -> Sequence[Words]:
        """A pattern's needs; none, where it may occur in any text."""
        return _needed(self._sequence(parser.parse(expand(written, self._names))))

    def _list(self, at: int, before: Words, after: Words) -> _Part:
        if (at, before, after) not in self._parts:
            nodes = parser.parse(loosened(filled(self._lists[at], self._names)))
            self._parts[at, before, after] = self._sequence(nodes, before, after)
        return self._parts[at, before, after]

    def _sequence(self, nodes: Iterable[tuple[Any, Any]], before: Words = _NOTHING, after: Words = _NOTHING) -> _Part:
        """Parts one after the other, between what is there before and after them: the edge of a word, or nothing.

        `run` is all that the last of them can be together, as long as that is little.
        """
        run, needs, whole = before, list[Words](), True
        pieces = list(self._pieces(nodes))
        for (kind, value), following in zip_longest(pieces, pieces[1:]):
            edge = _SPACE if _all_end_apart(run) else _NOTHING
            then = after if following is None else _SPACE if _begins_apart(*following) else _NOTHING
            part = self._part(kind, value, edge, then)
            if part.exact is not None and len(run) * len(part.exact) <= max(MOST_TOGETHER, len(run), len(part.exact)):
                run = _each_joined(run, part.exact)
                continue
            needs += (*_need(run), *part.needs)
            if part.exact is not None:
                run = _each_joined(edge, part.exact)
            else:
                run = _SPACE if part.ends_apart and (edge == _SPACE or not part.optional) else _NOTHING
            whole = False
        run = _each_joined(run, after)
        return _Part(run) if whole else _Part(None, (*needs, *_need(run)), _all_end_apart(run))

    def _pieces(self, nodes: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        """Letters in a row as one; what is there once or more as once, a gap, and once; the others one by one."""
        letters = ""
        for kind, value in nodes:
            if kind is op.LITERAL and not self._is_list(value):
                letters += chr(value)
                continue
            if letters:
                yield op.LITERAL, _plain(letters)
                letters = ""
            if kind in _REPEATS and value[0] and value[:2] != (1, 1) and not _begins_apart(kind, value):
                yield from ((op.SUBPATTERN, value[2:]), (op.ANY, None), (op.SUBPATTERN, value[2:]))
            else:
                yield kind, value
        if letters:
            yield op.LITERAL, _plain(letters)

    def _is_list(self, code: int) -> bool:
        return _FIRST_NAME <= code < _FIRST_NAME + len(self._lists)

    def _part(self, kind: Any, value: Any, before: Words, after: Words) -> _Part:
        match kind:
            case op.LITERAL if isinstance(value, str):
                return _Part(frozenset({value}))
            case op.LITERAL:
                return self._list(value - _FIRST_NAME, before, after)
            case op.IN:
                return _one_of(value)
            case op.AT if value is not op.AT_NON_BOUNDARY:
                return _Part(_SPACE)
            case op.SUBPATTERN:
                return self._sequence(value[-1], before, after)
            case op.BRANCH:
                return _either([self._sequence(branch, before, after) for branch in value[1]])
            case op.MAX_REPEAT | op.MIN_REPEAT:
                least, most, inner = value
                return _repeated(self._sequence(inner), least, most)
        return _ANYTHING


def _begins_apart(kind: Any, value: Any) -> bool:
    """Whether it begins at an edge of a word, or of the text, on one side or the other."""
    match kind:
        case op.LITERAL:
            return isinstance(value, str) and value.startswith(" ")
        case op.AT:
            return value is not op.AT_NON_BOUNDARY
        case op.IN:
            return _one_of(value).exact == _SPACE
        case op.SUBPATTERN:
            return len(value[-1]) > 0 and _begins_apart(*value[-1][0])
        case op.BRANCH:
            return all(len(branch) > 0 and _begins_apart(*branch[0]) for branch in value[1])
        case op.MAX_REPEAT | op.MIN_REPEAT:
            return value[0] > 0 and len(value[2]) > 0 and _begins_apart(*value[2][0])
    return False


def _each_joined(before: Words, after: Words) -> Words:
    return frozenset(_joined(one, other) for one in before for other in after)


def _joined(before: str, after: str) -> str:
    return before + after[1:] if before[-1:] == after[:1] == " " else before + after


def _plain(letters: str) -> str:
    return _APART.sub(" ", letters)


def _one_of(members: Sequence[tuple[Any, Any]]) -> _Part:
    if members == [(op.NEGATE, None), (op.CATEGORY, op.CATEGORY_WORD)]:
        return _Part(_SPACE)
    found = set[str]()
    for kind, value in members:
        if kind is op.LITERAL:
            found.add(_plain(chr(value)))
        elif (kind, value) == (op.CATEGORY, op.CATEGORY_DIGIT):
            found.update("0123456789")
        elif kind is op.RANGE and value[1] - value[0] < MOST_TOGETHER:
            found.update(_plain(chr(code)) for code in range(value[0], value[1] + 1))
        else:
            return _ANYTHING
    return _Part(frozenset(found))


def _either(parts: Sequence[_Part]) -> _Part:
    exact = [part.exact for part in parts if part.exact is not None]
    if len(exact) == len(parts):
        return _Part(frozenset().union(*exact))
    ends_apart = all(_ends_apart(part) for part in parts)
    rarest = [min(_needed(part), key=commonness, default=None) for part in parts]
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
