"""What became of a case, in words, in the order in which it happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.outcomes import WORDS, Outcome

GIVEN: Final = "given in the list"
FILE_GIVEN: Final = "was given a file"
QUIET: Final = frozenset({"looked at", GIVEN, FILE_GIVEN, "noted", "delivered", "corrected", "withdrawn"})
"""Not part of the story: kept for the auditor, or told by the note itself, or by the reading that led to it."""

LINKED: Final = "linked a later report"
REASONS: Final = ("reasons", "reasons_new", "reasons_gone")
"""Where an entry has reasons of a grade."""

BY: Final = {
    "address": "the same address",
    "phone": "the same phone number",
    "email": "the same email address",
    "party": "the same other party",
    "told_again": "it points back to what was told",
}
"""Why intake linked two reports, in words."""


@dataclass(frozen=True, slots=True)
class Later:
    """A later report that intake linked to a case."""

    report_id: UUID
    reference: str
    why: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened: `lines` say what changed by it."""

    at: datetime
    who: str
    what: str
    why: str = ""
    lines: tuple[str, ...] = ()


def timeline(entries: Sequence[Mapping[str, Any]], notes: Sequence[Mapping[str, Any]]) -> tuple[Moment, ...]:
    """The newest first."""
    told = [_moment(entry) for entry in entries if entry["action"] not in QUIET]
    written = [Moment(note["at"], note["who"], "wrote", note["words"]) for note in notes]
    return tuple(sorted(told + written, key=lambda moment: moment.at, reverse=True))


def with_words(entries: Sequence[Mapping[str, Any]], written: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A case's record with what agencies wrote: the record itself says that they did something, and never what."""
    words = {(one["at"], one["by"], one["step"], one["agency_id"], one["queue"]): one["note"] for one in written}
    return [{**entry, "why": words.get(_act(entry), entry["why"])} for entry in entries]


def _act(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    detail = entry["detail"]
    return entry["at"], entry["who"], entry["action"], detail.get("agency"), detail.get("queue")


def later(entries: Sequence[Mapping[str, Any]]) -> tuple[Later, ...]:
    """The later reports that intake linked, by a case's record."""
    told = [entry["detail"] for entry in entries if entry["action"] == LINKED]
    return tuple(Later(UUID(one["later"]), one["reference"], linked_by(one["by"])) for one in told)


def linked_by(reasons: Sequence[str]) -> str:
    return ", ".join(BY.get(reason, reason) for reason in reasons)


def _moment(entry: Mapping[str, Any]) -> Moment:
    what = entry["action"].replace("_", " ")
    return Moment(entry["at"], entry["name"], what, entry["why"], tuple(_lines(entry["detail"])))


def _lines(detail: Mapping[str, Any]) -> list[str]:
    found = [_graded(detail)] if "grade" in detail else []
    found += [f"+ {reason}" for reason in detail.get("reasons_new", detail.get("reasons", ()))]
    found += [f"− {reason}" for reason in detail.get("reasons_gone", ())]
    if detail.get("destinations"):
        found.append(f"to {', '.join(detail['destinations'])}")
    if "reference" in detail:
        found.append(f"{detail['reference']}: {linked_by(detail['by'])}")
    if "agency" in detail:
        found.append(f"{detail['agency']}, {detail['queue']}")
    if "body" in detail:
        found.append(detail["body"])
    if "destination" in detail:
        found.append(f"to {detail['destination']}, on the ground: {detail['ground']}")
    if "outcome" in detail:
        found.append(WORDS[Outcome(detail["outcome"])])
    if "lapsed_from" in detail:
        found.append(f"the lease of {detail['lapsed_from']} had lapsed")
    if "taken_from" in detail:
        found.append(f"from {detail['taken_from']}")
    if detail.get("near_copies"):
        found.append(f"{detail['near_copies']} near-copies with it")
    return found


def _graded(detail: Mapping[str, Any]) -> str:
    now = f"class {detail['danger_class']}, {detail['grade']}"
    before = f"class {detail.get('danger_class_before')}, {detail.get('grade_before')}"
    return now if "grade_before" not in detail or before == now else f"{before} → {now}"
