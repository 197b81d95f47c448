"""Whether two reports about the same place tell of the same household or party.

Asked only of reports that share a postcode. Each is boiled down once to its *marks*: house numbers, what is said of the
party, and the words that are not in everybody's mouth. A later report belongs with an earlier one where both name a
number, where what is said of one party fits the other, or where it points back ("him that did the flag") at something
that the earlier one told. Each rule asks for more than one common word, for a false link makes "once" into "repeated".
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import Final

from pydantic import BaseModel, ConfigDict

from services.intake.domain.likeness_words import (
    COLOURS,
    COMMON,
    NUMBERS,
    PEOPLE,
    PLACES,
    RELATIONS,
    SHORT_NAMES,
    STREETS,
)
from shared.events import ReportReceived
from shared.patterns import normalise
from shared.told import LinkReason

LOOKED_AT: Final = 20_000  # characters, of the words and of each answer
LONGEST: Final = 40  # letters of a word
KEPT: Final = 300  # words, of each kind
ENOUGH_IN_COMMON: Final = 3  # words, where one of them describes a party and neither names it

Words = frozenset[str]


class Marks(BaseModel):
    """What a report may be recognised by among others of its place."""

    model_config = ConfigDict(frozen=True)

    numbers: Words = frozenset()
    party: Words = frozenset()
    people: Words = frozenset()
    names: Words = frozenset()
    relations: Words = frozenset()
    described: Words = frozenset()
    pointing: Words = frozenset()
    words: Words = frozenset()


def marks_of(report: ReportReceived) -> Marks:
    """The marks of a report. Cost grows linearly with what is looked at."""
    given = (report.answers.party or "")[:LOOKED_AT]
    party, place = normalise(given).text, normalise((report.place.words or "")[:LOOKED_AT]).text
    text = normalise(_LABEL.sub("", report.text[:LOOKED_AT])).text
    said = _tokens(party)
    told = _rare(said)
    return Marks(
        numbers=frozenset((*_numbers(party, bare=True), *_numbers(place, bare=True), *_numbers(text))),
        party=_some(told),
        people=PEOPLE.intersection(said),
        names=_some(_names(given) & told),
        relations=frozenset(kind for kind, nouns in RELATIONS.items() if not nouns.isdisjoint(said)),
        described=_some(_described(text)),
        pointing=_some(_pointed_at(text)),
        words=_some(_rare(_tokens(text))),
    )


def likeness(later: Marks, earlier: Marks) -> tuple[LinkReason, tuple[str, ...]] | None:
    """Why the later report belongs with the earlier one of its place, with the words that both have; None if not."""
    if numbers := later.numbers & earlier.numbers:
        return LinkReason.address, tuple(sorted(numbers))
    if party := _same_party(later, earlier) or _same_party(earlier, later):
        return LinkReason.party, tuple(sorted(party))
    if told := later.pointing & earlier.words:
        return LinkReason.told_again, tuple(sorted(told))
    return None


def contradict(one: Marks, other: Marks) -> bool:
    """Whether the parties cannot be the same: other names, or another relation."""
    if one.party & other.party:
        return False
    names = bool(one.names and other.names and not one.names & other.names)
    return names or bool(one.relations and other.relations and not one.relations & other.relations)


def _same_party(one: Marks, other: Marks) -> Words:
    """What is said of the party in `one`, and of the party or in the words of `other`."""
    if shared := one.party & other.party or one.names & other.words or one.party & other.described:
        return shared
    in_common = len(one.words & other.words) + len(one.people & other.people)
    return one.party & other.words if in_common >= ENOUGH_IN_COMMON else frozenset()


_LABEL = re.compile(r"^(?:CALLER|OPERATOR|BACKGROUND): ?", re.MULTILINE)
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_NAME = re.compile(r"\b[A-Z][a-z]+\b|(?<=called )[a-z]+|(?<=named )[a-z]+")
_SENTENCE = re.compile(r"[.!?\n]+")


def _tokens(text: str) -> list[str]:
    """Words as they are compared: without plurals, possessives and short forms; the names of streets left out."""
    found = _TOKEN.findall(text)
    return [_stem(word) for word, after in zip(found, [*found[1:], ""], strict=False) if after not in STREETS]


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    bare = word.removesuffix("'s").replace("'", "")
    if bare.endswith("ies") and len(bare) > 4:
        bare = bare[:-3] + "y"
    elif bare.endswith("s") and not bare.endswith("ss") and len(bare) > 3:
        bare = bare[:-1]
    return SHORT_NAMES.get(bare, bare)


_DULL: Final = frozenset(
    stem
    for words in (COMMON, PEOPLE, PLACES, COLOURS, STREETS, *RELATIONS.values(), NUMBERS)
    for word in words
    for stem in (word, _stem(word))
)


def _rare(tokens: Iterable[str]) -> Words:
    return frozenset(token for token in {*tokens} - _DULL if 2 < len(token) <= LONGEST)


def _some(words: Words) -> Words:
    return words if len(words) <= KEPT else frozenset(sorted(words)[:KEPT])


def _names(party: str) -> Words:
    return frozenset(token for name in _NAME.findall(party) for token in _tokens(name.lower()))


def _one_of(words: Iterable[str]) -> str:
    """A pattern for any of these, told apart by their first letters: at most places that is all that is looked at."""
    by_first = groupby(sorted(words), key=lambda word: word[0])
    return "|".join(f"{first}(?:{'|'.join(word[1:] for word in those)})" for first, those in by_first)


_NUMBER = re.compile(rf"\b(?<![£$\d.,:/-])(?:\d{{1,4}}[a-h]?|{_one_of(NUMBERS)})\b")
_CUE = re.compile(
    r"\b(?:number|no\.?|flat|house|apartment|plot) ?$"
    r"|\b(?:tenant|occupier|householder|resident|neighbours?|family|lady|man|couple|people|lot) (?:of|at|from|in) $"
    r"|\b(?:from|at) $"
)
_SPELT_CUE = re.compile(r"\b(?:number|flat|apartment) $")
_BARE_CUE = re.compile(r"(?:^|, ?|\b(?:at|of|from|in|and) )$")
_STREET = re.compile(rf" (?:[a-z']+ ){{1,2}}(?:{_one_of(STREETS)})\b")
_NO_HOUSE = re.compile(
    r" ?(?:[ap]\.?m\b|o'?clock|till?\b|until\b|to\b|years?\b|yrs?\b|year-old|months?\b|weeks?\b|days?\b|nights?\b|"
    r"hours?\b|min(?:ute)?s?\b|times?\b|of (?:us|them)\b|bus\b|doors?\b|mph\b|miles?\b|met(?:re|er)s?\b|"
    r"per ?cent|%|[:.,/-]?\d|"
    rf"(?:[a-z]+ )?(?:{_one_of(PEOPLE)})s?\b)"
)
_NEAR: Final = 20  # characters before a number in which its cue stands


def _numbers(text: str, bare: bool = False) -> Iterator[str]:
    """House numbers, said as such; `bare` where few other numbers are to be expected."""
    for found in _NUMBER.finditer(text):
        number, before = found[0], text[max(0, found.start() - _NEAR) : found.start()]
        cued = _CUE.search(before) or (bare and _BARE_CUE.search(before))
        if number in NUMBERS:
            cued = _SPELT_CUE.search(before)
        if _STREET.match(text, found.end()) or (cued and not _NO_HOUSE.match(text, found.end())):
            yield NUMBERS.get(number, number.lstrip("0"))


_STANDS_FOR: Final = 60  # characters that a description runs on
_DESCRIBES: Final = re.compile(r" (?:in|with|on|wearing|called|named) [^.!?\n,;]*")
_PERSON: Final = re.compile(rf"\b(?:{_one_of(PEOPLE)})s?\b")


def _described(text: str) -> Words:
    """What is said of people: "bloke in a green cagoule", "a man called Piers"."""
    said = (_DESCRIBES.match(text, person.end(), person.end() + _STANDS_FOR) for person in _PERSON.finditer(text))
    return frozenset(word for part in said if part for word in _rare(_tokens(part[0])))


_SURELY_BACK = re.compile(
    r"\b(?:it (?:was|is) (?:him|her|them)\b|it'?s the\b|had it before\b|you (?:were told|know) about\b"
    r"|same (?!day|time|night|week|thing|as|here)"
    r"|(?:told|rang|reported|wrote to|contacted) (?:you|this|it|about|before|on the)\b"
    r"|(?:earlier|previous|last|first|other) (?:report|call|complaint)\b)|^ ?re\b"
)
_WHERE = re.compile(
    r"\b(?:outside|at|near|by|behind|opposite|in|from|to|inside|round|around|past|through|along|off)"
    r" (?:(?:the|our|my|his|her|their|a|an|that|this) )?[\w'-]+"
)


def _pointed_at(text: str) -> Words:
    """What is spoken of as told before, places apart: "him that did the flag"."""
    back = (sentence for sentence in _SENTENCE.split(text) if _SURELY_BACK.search(sentence))
    return frozenset(word for sentence in back for word in _rare(_tokens(_WHERE.sub(" ", sentence))))
