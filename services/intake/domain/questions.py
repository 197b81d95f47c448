"""The public form's questions, in the order asked, and what is wrong with an answer. Their words are in `words/`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.codebook import Impact, Strand
from shared.told import Times

Given = Mapping[str, Sequence[str]]
"""What was filled in, by the name of the field; a field left alone is not there."""

Within = tuple[str, str]

MAX_STORY: Final = 2**20  # bytes of UTF-8, as for a report sent by a program
MAX_LINE: Final = 2_000  # characters


class Kind(StrEnum):
    words = "words"
    line = "line"
    one_of = "one_of"
    any_of = "any_of"


class Reporting(StrEnum):
    """Whom a report is for, and whether it says who sent it; or that it asks for an ASB Case Review."""

    myself = "myself"
    somebody_else = "somebody_else"
    anonymous = "anonymous"
    case_review = "case_review"


EVERYBODY: Final = frozenset(Reporting)
REPORTS: Final = EVERYBODY - {Reporting.case_review}
NAMED: Final = EVERYBODY - {Reporting.anonymous}
REVIEW: Final = frozenset({Reporting.case_review})


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in. `within` is the field and the option of it that make this one worth asking.

    `needed_by` are those who cannot leave it empty; for `or_else`, another field that will do as well. Options that are
    `alone` go with no other; they are the last.
    """

    name: str
    kind: Kind
    options: tuple[str, ...] = ()
    needed_by: frozenset[Reporting] = frozenset()
    or_else: str | None = None
    within: Within | None = None
    alone: tuple[str, ...] = ()
    autocomplete: str | None = None
    type: str = "text"


@dataclass(frozen=True, slots=True)
class Question:
    """One page, and who is asked it: somebody who stays anonymous nothing that says who they are."""

    name: str
    fields: tuple[Field, ...] = ()
    asked_of: frozenset[Reporting] = EVERYBODY

    def needed_by(self, reporting: Reporting) -> bool:
        """Whether something on it cannot be left empty."""
        return any(reporting in field.needed_by for field in self.fields)


def _one_of(name: str, *options: str) -> Field:
    return Field(name, Kind.one_of, options)


def _line(
    name: str,
    within: Within | None = None,
    autocomplete: str | None = None,
    type: str = "text",
    needed_by: frozenset[Reporting] = frozenset(),
    or_else: str | None = None,
) -> Field:
    return Field(name, Kind.line, (), needed_by, or_else, within, (), autocomplete, type)


RELATIONS: Final = (
    "partner", "ex_partner", "family", "neighbour", "someone_known", "stranger", "group", "organisation", "unsure",
)  # fmt: skip
NEED_CONSENT: Final = ("housing", "school", "stalking_advocacy", "hate_crime_support")

EVIDENCE: Final = Question("evidence")

QUESTIONS: Final = (
    Question("story", (Field("story", Kind.words, needed_by=EVERYBODY),)),
    Question("complaints", (Field("complaints", Kind.words), _line("complaints_made", type="number")), REVIEW),
    Question("wanted", (Field("wanted", Kind.words),), REVIEW),
    Question("behalf", (_one_of("behalf", "myself", "somebody_else"),), REVIEW),
    Question("times", (_one_of("times", *Times),), REPORTS),
    Question("when", (_line("when"),), REPORTS),
    Question("now", (_one_of("now", "yes", "no", "unsure"),)),
    Question(
        "party",
        (
            _one_of("relation", *RELATIONS),
            _line("organisation", within=("relation", "organisation")),
            Field("party", Kind.words),
        ),
    ),
    Question(
        "feeling",
        (
            Field("feeling", Kind.any_of, ("scared", "distressed", "threatened", "annoyed", "none"), alone=("none",)),
            _line("feeling_words"),
        ),
    ),
    Question("why", (Field("strands", Kind.any_of, (*Strand, "no", "prefer_not"), alone=("no", "prefer_not")),)),
    Question("online", (_one_of("online", "yes", "no", "unsure"),), REPORTS),
    Question("life", (Field("impact", Kind.any_of, (*Impact, "none"), alone=("none",)),)),
    Question(
        "told",
        (
            _one_of("told", "yes", "no", "unsure"),
            _line("told_whom", within=("told", "yes")),
            _line("told_times", within=("told", "yes"), type="number"),
            _line("told_when", within=("told", "yes")),
            _line("told_reference", within=("told", "yes")),
        ),
        REPORTS,
    ),
    Question("where", (_line("postcode", needed_by=REVIEW, or_else="place"), Field("place", Kind.words))),
    EVIDENCE,
    Question(
        "contact",
        (
            _line("name", autocomplete="name", needed_by=REVIEW),
            _line("phone", autocomplete="tel", type="tel", needed_by=REVIEW, or_else="email"),
            _line("email", autocomplete="email", type="email"),
        ),
        NAMED,
    ),
    Question(
        "safe",
        (
            _one_of("safe_how", "phone", "text", "email", "none"),
            _line("safe_when"),
            _one_of("safe_say", "yes", "no"),
            _line("safe_never"),
        ),
        NAMED,
    ),
    Question(
        "home", (_one_of("landlord", "council", "housing_association", "private", "none"), _line("landlord_name"))
    ),
    Question("share", (Field("consent", Kind.any_of, NEED_CONSENT),)),
)

BY_NAME: Final = MappingProxyType({question.name: question for question in QUESTIONS})


def asked(reporting: Reporting) -> Iterator[Question]:
    """The questions of one report, in order."""
    return (q for q in QUESTIONS if reporting in q.asked_of)


def number(question: Question, reporting: Reporting) -> int:
    return list(asked(reporting)).index(question) + 1


def after(question: Question, reporting: Reporting) -> Question | None:
    return _beside(question, reporting, 1)


def before(question: Question, reporting: Reporting) -> Question | None:
    return _beside(question, reporting, -1)


def beyond(reached: str | None, reporting: Reporting) -> Question | None:
    """The first question behind the one that was gone on from last of all; None where that was the end."""
    order = list(BY_NAME)
    start = order.index(reached) + 1 if reached else 0
    return next((q for q in asked(reporting) if q.name in order[start:]), None)


def _beside(question: Question, reporting: Reporting, step: int) -> Question | None:
    all_asked = list(asked(reporting))
    place = all_asked.index(question) + step
    return all_asked[place] if 0 <= place < len(all_asked) else None


def answered(question: Question, given: Given) -> dict[str, tuple[str, ...]]:
    """What was given to this question's fields, empty ones left out; what was typed stays exactly as it is.

    Also where another option was chosen than the one it is asked within: whoever names a body keeps the report from it.
    """
    found = {field.name: tuple(v for v in given.get(field.name, ()) if v.strip()) for field in question.fields}
    return {name: values for name, values in found.items() if values}


def faults(question: Question, given: Given, reporting: Reporting) -> dict[str, str]:
    """What is wrong, as the name of a fault for each field that has one.

    A report needs its story alone; who asks for an ASB Case Review says where it is, and gives a name and a way to be
    reached.
    """
    found = {field.name: _fault(field, given, reporting) for field in question.fields}
    return {name: fault for name, fault in found.items() if fault}


def longest(given: Given, reporting: Reporting) -> tuple[Question, str]:
    """The question that was answered at the greatest length, and its field."""
    fields = [(q, f.name) for q in asked(reporting) for f in q.fields]
    return max(fields, key=lambda one: len(json.dumps(given.get(one[1], ()))))


def unanswered(given: Given, reporting: Reporting) -> Question | None:
    """The first question without an answer that is needed."""
    return next((q for q in asked(reporting) if any(_missing(f, given, reporting) for f in q.fields)), None)


def _missing(field: Field, given: Given, reporting: Reporting) -> bool:
    needed = reporting in field.needed_by
    return needed and not (_said(field.name, given) or (field.or_else and _said(field.or_else, given)))


def _said(name: str, given: Given) -> bool:
    return any(value.strip() for value in given.get(name, ()))


def _fault(field: Field, given: Given, reporting: Reporting) -> str | None:
    values = given.get(field.name, ())
    if not _said(field.name, given):
        return f"missing_{field.name}" if _missing(field, given, reporting) else None
    if field.options and not set(values) <= set(field.options):
        return "unknown"
    if len(values) > 1 and set(values) & set(field.alone):
        return "not_both"
    return _fault_of_words(field, values[0])


def _fault_of_words(field: Field, value: str) -> str | None:
    if field.kind is Kind.words and len(value.encode()) > MAX_STORY:
        return "too_long"
    if field.kind is Kind.line and len(value) > MAX_LINE:
        return "too_long"
    if field.type == "email" and "@" not in value:
        return "not_an_address"
    if field.type == "tel" and sum(char.isdigit() for char in value) < 3:
        return "not_a_number"
    if field.type == "number" and not (value.strip().isdecimal() and int(value) < 10_000):
        return "not_a_count"
    return None
