"""What one line of the board says."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.escalation.domain.grading import Grade
from services.escalation.domain.unread import is_read
from services.escalation.domain.words import (
    CLASSES,
    FLAGS,
    GRADES,
    LABELS,
    SHAPES,
    THREATS,
    WITHDRAWAL_ASKED,
    unreadable,
)
from shared.assessment import Assessment
from shared.codebook import DangerClass, Label, Threat
from shared.events import ReportReceived
from shared.told import CallState

SAID = 110  # characters of the words that a line shows


class Stamp(NamedTuple):
    """Another whenever anything that people see of a case is. Written out, an `h` at the end says that it is held."""

    version: int
    held: bool
    copies: int

    def __str__(self) -> str:
        return f"{self.version}.{self.copies}{'h' if self.held else ''}"


@dataclass(frozen=True, slots=True)
class Line:
    """One case on the board."""

    report_id: UUID
    stamp: Stamp
    danger_class: int
    shape: str
    danger: str
    grade: str
    target_at: datetime
    reference: str
    place: str
    labels: tuple[str, ...]
    said: str
    safe_contact: bool
    holder: str | None
    contacted: bool
    drill: bool
    queues: tuple[str, ...]
    copies: int
    marks: tuple[str, ...]


def labels(assessment: Assessment | None) -> tuple[str, ...]:
    """Threat, labels and flags in words; what nobody has read says so, before what was read of it earlier."""
    unread = () if is_read(assessment) else ("Not yet read",)
    if assessment is None:
        return unread
    why = (words,) if (words := unreadable(assessment.notes)) else ()
    threat = () if assessment.threat is Threat.none else (THREATS[assessment.threat],)
    now = ("Happening now",) if assessment.happening_now else ()
    named = tuple(LABELS[label] for label in assessment.labels if not (why and label is Label.other))
    return unread + why + threat + now + named + tuple(FLAGS[flag] for flag in assessment.flags)


def marks(report: ReportReceived) -> tuple[str, ...]:
    """What is to be known beside what was told: how the call stands, and how far the sender is to be trusted."""
    told = {
        "Call still on": report.call and report.call.state is CallState.live,
        "Line dead": report.call and report.call.state is CallState.dropped,
        WITHDRAWAL_ASKED: report.withdrawal_asked_at,
        "Asks for an ASB Case Review": report.case_review_asked_at,
        "Sent in a flood, or hardly by a person": report.low_trust,
        "Told by somebody else": report.answers.on_behalf,
    }
    return tuple(words for words, so in told.items() if so)


def safe_contact(report: ReportReceived, assessment: Assessment | None) -> tuple[str, ...]:
    """How, when and when not to get in touch or arrive (F11): from the form, and from the words."""
    said = assessment.safe_contact if assessment else ()
    return tuple(dict.fromkeys(words for words in (report.answers.safe_contact, *said) if words))


def place(report: ReportReceived) -> str:
    return ", ".join(part for part in (report.place.words, report.place.postcode) if part) or "Place not known"


def shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SAID else flat[: SAID - 1] + "…"


def danger(class_: int) -> tuple[str, str]:
    """Its shape and its words."""
    return SHAPES[class_], CLASSES[DangerClass(class_)]


def grade(name: str) -> str:
    return GRADES[Grade(name)]
