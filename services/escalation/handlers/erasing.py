"""A report is forgotten: agencies keep its positions, empty, and are told to forget it too."""

from datetime import datetime

from services.escalation.domain.directory import Directory
from services.escalation.handlers.deliveries import append
from services.escalation.handlers.sending import SOURCE
from services.escalation.repository import audit, case_reviews, cases, deliveries, erasing
from services.escalation.repository.feeds import Entry
from shared.codebook import DangerClass
from shared.database import Connection, Pool, transaction
from shared.events import ERASED_GRADE, EntryKind, ReportErased, ReportRouted
from shared.kafka import ROUTED
from shared.outbox import Bell, Outgoing, outgoing, put


async def erase(event: ReportErased, directory: Directory, pool: Pool, bell: Bell, now: datetime) -> None:
    """Erase a report, once, and give its receipt, as often as it is asked for."""
    async with transaction(pool) as connection:
        await cases.lock(connection, [event.report_id])
        if await erasing.note(connection, event.report_id, now):
            await _forget(connection, event, directory, now)
        await put(connection, [_receipt(event, now)])
    bell.ring()


async def _forget(connection: Connection, event: ReportErased, directory: Directory, now: datetime) -> None:
    held = await deliveries.standing(connection, [event.report_id])
    await deliveries.erase(connection, event.report_id)
    if reference := await cases.reference(connection, event.report_id):
        reviews = await case_reviews.about(connection, [reference])
        await case_reviews.forget(connection, [reference], [row["id"] for row in reviews])
    await erasing.erase(connection, event.report_id)
    words = "erased: please erase your copy"
    notices = [Entry.notice(place, EntryKind.erased, words) for place in held]
    await append(connection, notices, directory, now)
    detail = {"told": sorted({agency for agency, _, _ in held})}
    await audit.record(connection, [audit.Entry(now, event.by, "erased", event.report_id, event.reason, detail)])


def _receipt(event: ReportErased, now: datetime) -> Outgoing:
    """It names no destination: there is nothing left to be anywhere."""
    routed = ReportRouted(
        report_id=event.report_id,
        revision=event.revision,
        routed_at=now,
        destinations=(),
        danger_class=DangerClass.everything_else,
        grade=ERASED_GRADE,
    )
    return outgoing(routed, ROUTED, SOURCE, now)
