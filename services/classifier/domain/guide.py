"""What a rulebook says beside the labels, as data: questions of risk, possible offences, support, and words to explain.

Every entry is frozen and refuses keys it does not know. A *way* is a tuple of terms (see `facts.holds`) that must all
hold; where there are several ways, one is enough.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.assessment import Finding, RiskGroup, Standing, SupportOffered

Way = tuple[str, ...]
EntryT = TypeVar("EntryT", bound="Entry")


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str


class Question(Entry):
    """One question of the risk picture: `absent` are the ways in which it is said not to be so."""

    group: RiskGroup
    asks: str
    source: str
    present: tuple[Way, ...] = Field(min_length=1)
    absent: tuple[Way, ...] = ()

    @cached_property
    def unknown(self) -> Finding:
        return Finding(id=self.id, group=self.group, asks=self.asks, standing=Standing.unknown)


class Checked(BaseModel):
    """When a person last compared an entry with its source, and which source that was."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: date
    source: str


class Offence(Entry):
    """An offence in England and Wales; without `checked` it is unverified, and for staff only."""

    name: str
    statute: str
    section: str
    line: str
    needs: tuple[Way, ...] = Field(min_length=1)
    legal_review: Literal["due", "done"] = "due"
    checked: Checked | None = None

    @property
    def staff_only(self) -> bool:
        return self.checked is None or self.legal_review == "due"


class SupportEntry(Entry):
    """One service in the directory of support; a number or address that nobody checked is refused."""

    name: str
    line: str
    fits: tuple[Way, ...] = Field(min_length=1)
    source: str
    phone: str | None = None
    web: str | None = None
    checked: Checked | None = None

    @model_validator(mode="after")
    def _only_what_was_checked(self) -> "SupportEntry":
        if (self.phone or self.web) and not self.checked:
            raise ValueError(f"{self.id}: a number or address needs `checked`")
        return self

    @cached_property
    def offered(self) -> SupportOffered:
        on = self.checked.on if self.checked else None
        return SupportOffered(id=self.id, name=self.name, line=self.line, phone=self.phone, web=self.web, checked=on)


class Phrase(Entry):
    """Words for the reporter: of a label, a behaviour, or what happens next. `source` is the guidance that says so."""

    words: str
    source: str = ""


class Guide(BaseModel):
    """All of it, as the files of a rulebook hold it together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: tuple[Question, ...] = ()
    offence: tuple[Offence, ...] = ()
    support: tuple[SupportEntry, ...] = ()
    phrase: tuple[Phrase, ...] = ()

    def ways(self) -> Iterator[tuple[str, Way]]:
        """Every way in which an entry can hold, with the entry's id."""
        yield from ((question.id, way) for question in self.question for way in (*question.present, *question.absent))
        yield from ((offence.id, way) for offence in self.offence for way in offence.needs)
        yield from ((entry.id, way) for entry in self.support for way in entry.fits)

    @cached_property
    def phrases(self) -> Mapping[str, Phrase]:
        return {phrase.id: phrase for phrase in self.phrase}


def together(guides: Iterable[Guide]) -> Guide:
    """The guide of several files. Raises ValueError where an id is taken twice."""
    parts = list(guides)
    whole = Guide(
        question=tuple(entry for part in parts for entry in part.question),
        offence=tuple(entry for part in parts for entry in part.offence),
        support=tuple(entry for part in parts for entry in part.support),
        phrase=tuple(entry for part in parts for entry in part.phrase),
    )
    ids = [entry.id for entry in (*whole.question, *whole.offence, *whole.support, *whole.phrase)]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise ValueError(f"id {twice[0]} is taken twice")
    return whole
