"""Which of many patterns may occur in a text: one pass for the words that each of them needs.

The idea is that of RE2's FilteredRE2: a pattern cannot occur where none of the words that it needs does. RE2's own
filter looks for those words with a set, which makes a new state at nearly every letter of a text that it has not seen.
Here it is Aho and Corasick's automaton, made once (docs/decisions/0030-what-a-pattern-needs.md).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import ahocorasick
import re2

from shared.needs import Needs, Words, apart, commonness
from shared.patterns import Normal, UnknownWordsError, expand, normalise, options
from shared.patterns import Words as WordLists

LOOKED_AT: Final = 2
"""The rarest of a pattern's needs are looked at, so many: more find hardly less, and cost more."""
TOO_OFTEN: Final = 0.9
"""What so large a share of texts meets is not looked for at all."""
STRETCH: Final = 500
"""Characters in which it is counted how often something is told: about as long as a report."""


class WrongPatternError(ValueError):
    """The pattern at this place names a word list that there is not, or is none that RE2 and Python can both read."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at


class Finder:
    """Patterns, compiled, and an automaton of the words that they need. Raises WrongPatternError."""

    def __init__(self, written: Sequence[str], lists: WordLists, told: Iterable[str] = ()) -> None:
        """`told` is like what will come: what is rare in it is looked for."""
        self.patterns: Final[list[Any]] = []
        needs, needed = Needs(lists), list[Sequence[Words]]()
        for at, pattern in enumerate(written):
            try:
                self.patterns.append(re2.compile(expand(pattern, lists), options()))
                needed.append(needs.of(pattern))
            except re2.error as error:
                raise WrongPatternError(at, f"{error.args[0].decode()}: {pattern}") from error
            except (UnknownWordsError, re.error) as error:
                raise WrongPatternError(at, f"{error}: {pattern}") from error
        rare, numbers = _rarity(frozenset().union(*needed), told), dict[Words, int]()
        self._always: list[int] = []
        self._first: dict[int, list[tuple[int, frozenset[int]]]] = {}
        for at, those in enumerate(needed):
            rarest = sorted((words for words in those if words in rare), key=rare.__getitem__)[:LOOKED_AT]
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
        there = _met(self._automaton, apart(text)) if self._automaton else set()
        some = [at for need in there & self._first.keys() for at, rest in self._first[need] if rest <= there]
        return sorted(some + self._always)


def _rarity(needs: Iterable[Words], told: Iterable[str]) -> Mapping[Words, tuple[float, float]]:
    """How often each need is met, and would be by its letters alone; without those that are met too often."""
    numbers = {words: at for at, words in enumerate(needs)}
    automaton, met, text = _automaton(numbers), Counter[int](), apart(normalise(" ".join(told)).text)
    stretches = [text[at : at + STRETCH] for at in range(0, len(text), STRETCH)]
    for stretch in stretches if numbers else ():
        met.update(_met(automaton, stretch))
    often = {words: met[at] / len(stretches) for words, at in numbers.items()}
    return {words: (share, commonness(words)) for words, share in often.items() if share < TOO_OFTEN}


def _met(automaton: Any, text: str) -> set[int]:
    """The numbers of the needs that a text meets, as `apart` gives it."""
    return set().union(*{needs for _, needs in automaton.iter(text)})


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
