"""What a control room may know of the reports that belong with a case: never of one that complains of its own force."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.rules import Rules
from services.escalation.domain.timeline import LINKED
from shared.assessment import Assessment
from shared.codebook import Label, Strand
from shared.events import ReportClassified
from shared.told import History

BY_HAND: Final = frozenset({"linked", "disputed a link"})

Theirs = Mapping[str, ReportClassified]
"""The linked reports that somebody may know of, by their references."""


def theirs(force: str, found: Mapping[str, ReportClassified], rules: Rules) -> Theirs:
    """Those that this police force may have. What is not a case yet is nobody's: whom it complains of is not known."""
    return {reference: event for reference, event in found.items() if rules.ground(force, event.report)}


def named(history: History) -> set[str]:
    """The references of every report that it names."""
    return {*history.references, *(link.reference for link in history.links)}


def history_for(history: History, known: Theirs) -> History:
    """Without what is not theirs: no reference, date, label or strand of it, and it is not counted."""
    kept_back = named(history) - known.keys()
    if not kept_back:
        return history
    links = tuple(link for link in history.links if link.reference in known)
    references = tuple(reference for reference in history.references if reference in known)
    told = [known[reference].report.received_at for reference in references]
    read = [reading for link in links if (reading := known[link.reference].assessment)]
    return History(
        reports=max(history.reports - len(kept_back), len(references)),
        first_at=min(told, default=None),
        last_at=max(told, default=None),
        references=references,
        links=links,
        labels=tuple(label for label in Label if any(label in reading.labels for reading in read)),
        strands=tuple(strand for strand in Strand if any(strand in reading.strands for reading in read)),
    )


def reading_for(reading: Assessment | None, history: History, known: Theirs) -> Assessment | None:
    """Without the sentences for staff that name what is not theirs, nor how many there are."""
    kept_back = named(history) - known.keys()
    if reading is None or not kept_back:
        return reading
    shown = tuple(one for one in reading.evidence if one.origin != "history")
    told = reading.explanation
    if told:
        staff = tuple(line for line in told.staff if not any(reference in line for reference in kept_back))
        told = told.model_copy(update={"staff": staff})
    return reading.model_copy(update={"evidence": shown, "explanation": told})


def linked_later(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """The references of the later reports that a case's record names."""
    return {entry["detail"]["reference"] for entry in entries if entry["action"] == LINKED}


def entries_for(entries: Sequence[Any], known: Theirs) -> tuple[Any, ...]:
    """A case's record without the links to what is not theirs."""
    ids = {event.report_id for event in known.values()}
    return tuple(entry for entry in entries if _is_theirs(entry, known, ids))


def _is_theirs(entry: Any, known: Theirs, ids: set[UUID]) -> bool:
    if entry["action"] == LINKED:
        return entry["detail"]["reference"] in known
    return entry["action"] not in BY_HAND or UUID(entry["detail"]["other"]) in ids
