"""What a control room may know of the reports that belong with a case: never of one that complains of its own force."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.case_review import said_themselves
from services.escalation.domain.grading import GradingTable
from services.escalation.domain.rules import Rules
from services.escalation.domain.timeline import LINKED, REASONS
from shared.assessment import Assessment, Evidence, Finding, Standing
from shared.codebook import Label, Strand
from shared.events import ReportClassified, ReportReceived
from shared.told import History

BY_HAND: Final = frozenset({"linked", "disputed a link"})

Theirs = Mapping[str, ReportClassified]
"""The linked reports that somebody may know of, by their references."""


def theirs(force: str, found: Mapping[str, ReportClassified], rules: Rules) -> Theirs:
    """Those that the rules would let this police force have: none that its people are blamed in, if only in its words.

    What is not a case yet is nobody's: whom it complains of is not known.
    """
    return {
        reference: event
        for reference, event in found.items()
        if force not in rules.complained_of(event.report) and rules.ground(force, event.report)
    }


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
        reports=len(named(history) & known.keys()),
        first_at=min(told, default=None),
        last_at=max(told, default=None),
        references=references,
        links=links,
        labels=tuple(label for label in Label if any(label in reading.labels for reading in read)),
        strands=tuple(strand for strand in Strand if any(strand in reading.strands for reading in read)),
    )


def reading_for(reading: Assessment | None, report: ReportReceived, known: Theirs) -> Assessment | None:
    """Without what names those that are not theirs, or counts them: what they say themselves and what is theirs count.

    Labels and class stay as they were read.
    """
    kept_back = named(report.history) - known.keys()
    if reading is None or not kept_back:
        return reading
    reports = history_for(report.history, known).reports
    theirs = {
        "evidence": _without_history(reading.evidence),
        "risk": tuple(_finding_for(one, reports) for one in reading.risk),
        "reported_before": max(said_themselves(report, reading), reports),
    }
    if told := reading.explanation:
        shown = {f"({one.origin}, {one.rule})" for one in reading.evidence if one.origin == "history"}
        staff = tuple(line for line in told.staff if not any(part in line for part in kept_back | shown))
        theirs["explanation"] = told.model_copy(update={"staff": staff})
    return reading.model_copy(update=theirs)


def _without_history(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(one for one in evidence if one.origin != "history")


def _finding_for(finding: Finding, reports: int) -> Finding:
    """What earlier reports alone answer is unknown to whoever knows of none."""
    evidence = _without_history(finding.evidence)
    if len(evidence) == len(finding.evidence):
        return finding
    standing = finding.standing if evidence or reports else Standing.unknown
    return finding.model_copy(update={"evidence": evidence, "standing": standing})


def reasons_kept_back(
    table: GradingTable, reading: Assessment | None, history: History, known: Theirs
) -> frozenset[str]:
    """The reasons that rest on more earlier reports than they know of; `reading` as it is for them."""
    if named(history) <= known.keys():
        return frozenset()
    reports = history_for(history, known).reports
    return table.resting_on_more(max(reports, reading.reported_before if reading else 0))


def linked_later(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """The references of the later reports that a case's record names."""
    return {entry["detail"]["reference"] for entry in entries if entry["action"] == LINKED}


def entries_for(entries: Sequence[Any], known: Theirs, kept_back: Collection[str] = ()) -> tuple[Any, ...]:
    """A case's record without the links to what is not theirs, and without the reasons that are kept back."""
    ids = {event.report_id for event in known.values()}
    return tuple(_entry_for(entry, kept_back) for entry in entries if _is_theirs(entry, known, ids))


def _entry_for(entry: Any, kept_back: Collection[str]) -> Any:
    detail = entry["detail"]
    shown = {name: [one for one in detail[name] if one not in kept_back] for name in REASONS if name in detail}
    return {**entry, "detail": detail | shown}


def _is_theirs(entry: Any, known: Theirs, ids: set[UUID]) -> bool:
    if entry["action"] == LINKED:
        return entry["detail"]["reference"] in known
    return entry["action"] not in BY_HAND or UUID(entry["detail"]["other"]) in ids
