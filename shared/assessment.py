"""What the classifier says of a report, and why. Spans count characters of `ReportReceived.text`."""

import re
from datetime import date
from enum import StrEnum
from typing import Final, Literal

from pydantic import (
    Field,
    NonNegativeInt,
)

from shared.codebook import DangerClass, Effect, Flag, Impact, Label, Repetition, Strand, Threat
from shared.contract import Contract


class Evidence(Contract):
    """The words, or the answer, that show a fact. `start` and `end` are None where it is not in the text."""

    fact: str = Field(description="a codebook id (F1, H7 …), with its value where it has several (F5.race)")
    rule: str = Field(description="the rulebook's id of the pattern or reader that found it")
    origin: Literal["text", "answer", "history", "model"] = "text"
    start: NonNegativeInt | None = None
    end: NonNegativeInt | None = None
    quote: str


UNREADABLE: Final = ("illegible", "language:", "script:")
"""How the notes begin on a story that could not be read: in no English, or in no words. Nothing is guessed of it."""

_WORDS: Final = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
)
_IN_WORDS: Final = {word: count for count, word in enumerate(_WORDS.split(), 2)} | {
    "a couple of": 2,
    "half a dozen": 6,
    "a dozen": 12,
}
_TIMES: Final = re.compile(
    rf"\b({'|'.join(_IN_WORDS)}|\d{{1,2}}) (?:(?:separate|different|other|odd|more|or so) )?(?:times|occasions)\b"
    r"|\btwice\b"
)
_ORDINALS: Final = "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_BEFORE: Final = {word: before for before, word in enumerate(_ORDINALS.split(), 1)}
_NTH: Final = re.compile(rf"\b(?:({'|'.join(_BEFORE)})|(\d{{1,2}})(?:nd|rd|th)) (?:report|call|complaint|email|time)\b")
_COUNTED: Final = re.compile(r"(\d+)(?: earlier)?", re.ASCII)


def times_reported(origin: str, quote: str) -> int:
    """How often, by what shows F9: as the form or earlier reports count, or as the words say; 101 is no count.

    Words may be of any origin: what was written beside the story is an answer too.
    """
    if origin != "text" and (counted := _COUNTED.fullmatch(quote)):
        return int(counted[1])
    said = _TIMES.search(quote.lower())
    if not said:
        nth = _NTH.search(quote.lower())
        return max(1, _BEFORE.get(nth[1]) or int(nth[2]) - 1) if nth else 1
    return 2 if said[0] == "twice" else _IN_WORDS.get(said[1]) or int(said[1])


class HeldRule(Contract):
    """A label with the rule that gave it and the facts it rests on."""

    label: Label
    rule: str
    facts: tuple[str, ...]
    why: str


class Missing(Contract):
    """What was missing for the next label up, in words that may be read to the reporter."""

    label: Label
    fact: str
    words: str


class RiskGroup(StrEnum):
    """The parts of the risk picture, in the order shown."""

    four = "four"
    sdash = "sdash"
    vulnerability = "vulnerability"
    weapons = "weapons"
    escalation = "escalation"


class Standing(StrEnum):
    """Unknown is not no: `absent` only where it was said not to be so."""

    present = "present"
    absent = "absent"
    unknown = "unknown"


class Finding(Contract):
    """One question of the risk picture, with the words that answer it. Never counted, never a score."""

    id: str
    group: RiskGroup
    asks: str
    standing: Standing
    evidence: tuple[Evidence, ...] = ()


class PossibleOffence(Contract):
    """An offence in England and Wales that the facts may make out. Shown to staff only while `staff_only`."""

    id: str
    name: str
    statute: str
    section: str
    line: str = Field(description="plain English, in careful words")
    facts: tuple[str, ...] = Field(description="the facts it rests on")
    checked: date | None = Field(None, description="when it was last checked; None: unverified")
    legal_review: Literal["due", "done"] = "due"
    staff_only: bool = True


class SupportOffered(Contract):
    """Help that fits what the reporter's own report says. A number or address is there only if it was checked."""

    id: str
    name: str
    line: str
    phone: str | None = None
    web: str | None = None
    checked: date | None = None


class Explanation(Contract):
    """Why, in paragraphs. `reporter` rests on their own report alone; `staff` has rules, facts, spans and links."""

    reporter: tuple[str, ...]
    staff: tuple[str, ...]


class Assessment(Contract):
    """The reading of one report: facts, labels, threat, and why. Same report and rulebook: same bytes."""

    rulebook: str = Field(description="content hash of the rules that said so")
    reading: int = Field(
        1, ge=1, lt=2**15, description="1: the first, at once; 2: the second, slower and with the deep reader"
    )
    primary: Label
    labels: tuple[Label, ...]
    repetition: Repetition
    effect: tuple[Effect, ...] = ()
    behaviours: tuple[str, ...] = ()
    fixation: bool = False
    strands: tuple[Strand, ...] = ()
    online: bool = False
    threat: Threat = Threat.none
    impact: tuple[Impact, ...] = ()
    reported_before: NonNegativeInt = 0
    happening_now: bool = False
    safe_contact: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    danger_class: DangerClass = DangerClass.everything_else
    notes: tuple[str, ...] = Field(
        (), description="single_incident, ask_repetition, unread, illegible, language:xx, script:xx …"
    )
    held: tuple[HeldRule, ...] = ()
    missing: tuple[Missing, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    ask: str | None = Field(None, description="the one question to ask next")
    risk: tuple[Finding, ...] = Field((), description="FOUR, S-DASH, vulnerability, weapons, escalation: for staff")
    offences: tuple[PossibleOffence, ...] = Field((), description="for staff, save what is not `staff_only`")
    support: tuple[SupportOffered, ...] = ()
    explanation: Explanation | None = None
