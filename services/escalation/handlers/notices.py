"""What intake tells of cases beside their readings: for the timeline, and to know which reports are later ones."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.escalation.domain.timeline import FILE_GIVEN, LINKED
from services.escalation.repository import audit, cases, erasing, notices, queue
from services.escalation.repository.audit import Entry
from shared.database import Pool, transaction
from shared.events import Amendment, FileGiven, ReportAmended, ReportLinked

AMENDED: Final = {
    Amendment.more_told: "was told more",
    Amendment.withdrawal_asked: "was asked to withdraw, perhaps under pressure",
    Amendment.case_review_asked: "was asked for an ASB Case Review",
}
INTAKE: Final = "intake"


async def hear(told: Sequence[ReportLinked | ReportAmended], pool: Pool) -> None:
    """Into each case's record, once however often a notice comes; one may come before its case is opened.

    What names a report that was erased is not kept: it would bring back more than the id.
    A link wakes no page: one that changes and shows nothing new would tell that something is kept from it.
    """
    by_id = {event.event_id: event for event in told}
    about = {i: _about(event) for i, event in by_id.items()}
    async with transaction(pool) as connection:
        named = [report_id for ids in about.values() for report_id in ids]
        await cases.lock(connection, named)
        gone = await erasing.among(connection, named)
        new = await notices.remember(connection, {i: ids[0] for i, ids in about.items() if not gone.intersection(ids)})
        await audit.record(connection, [_entry(event) for i, event in by_id.items() if i in new])
        for report_id in sorted({by_id[i].report_id for i in new if isinstance(by_id[i], ReportAmended)}):
            await queue.touch(connection, report_id)


async def files_given(told: Sequence[FileGiven], pool: Pool) -> None:
    """Who was given which file, into its case's record, once however often it is told: one erased since as well."""
    by_id = {event.event_id: event for event in told}
    async with transaction(pool) as connection:
        new = await notices.remember(connection, {i: event.report_id for i, event in by_id.items()})
        await audit.record(connection, [_given(event) for i, event in by_id.items() if i in new])


def _given(event: FileGiven) -> Entry:
    detail = {"file": str(event.file), "key": str(event.key)}
    return Entry(event.given_at, event.to, FILE_GIVEN, event.report_id, detail=detail)


def _about(event: ReportLinked | ReportAmended) -> tuple[UUID, ...]:
    """The case that a notice is for, and the one that it names."""
    return (event.report_id, event.later_id) if isinstance(event, ReportLinked) else (event.report_id,)


def _entry(event: ReportLinked | ReportAmended) -> Entry:
    """Never the words that both reports have: the record outlives the report."""
    if isinstance(event, ReportAmended):
        return Entry(event.amended_at, INTAKE, AMENDED[event.kind], event.report_id)
    detail = {"later": str(event.later_id), "reference": event.later_reference, "by": list(event.reasons)}
    return Entry(event.linked_at, INTAKE, LINKED, event.report_id, "", detail)
