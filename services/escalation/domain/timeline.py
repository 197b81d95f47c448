"""What became of a case, in words, in the order in which it happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.escalation.domain.outcomes import WORDS, Outcome

QUIET: Final = frozenset({"looked at", "noted"})
"""Not part of the story: kept for the auditor, or told by the note itself."""


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


def _moment(entry: Mapping[str, Any]) -> Moment:
    return Moment(entry["at"], entry["name"], entry["action"], entry["why"], tuple(_lines(entry["detail"])))


def _lines(detail: Mapping[str, Any]) -> list[str]:
    found = [_graded(detail)] if "grade" in detail else []
    found += [f"+ {reason}" for reason in detail.get("reasons_new", detail.get("reasons", ()))]
    found += [f"− {reason}" for reason in detail.get("reasons_gone", ())]
    if detail.get("destinations"):
        found.append(f"to {', '.join(detail['destinations'])}")
    if "destination" in detail:
        found.append(f"to {detail['destination']}, on the ground: {detail['ground']}")
    if "outcome" in detail:
        found.append(WORDS[Outcome(detail["outcome"])])
    if "lapsed_from" in detail:
        found.append(f"the lease of {detail['lapsed_from']} had lapsed")
    return found


def _graded(detail: Mapping[str, Any]) -> str:
    now = f"class {detail['danger_class']}, {detail['grade']}"
    before = f"class {detail.get('danger_class_before')}, {detail.get('grade_before')}"
    return now if "grade_before" not in detail or before == now else f"{before} → {now}"
