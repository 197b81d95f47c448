"""A report is forgotten: here at once, and by everybody it went to once escalation has heard of it."""

from datetime import datetime
from uuid import UUID

from services.intake.domain.reports import normalised_reference
from services.intake.errors import StillOnTheLine, UnknownReference
from services.intake.handlers.households import SOURCE
from services.intake.handlers.links import read_anew
from services.intake.repository import calls, households, reports
from shared.database import Connection, Pool, transaction
from shared.events import ReportErased
from shared.kafka import ERASED
from shared.outbox import Bell, outgoing, put
from shared.told import CallState


async def erase(reference: str, by: str, reason: str, pool: Pool, bell: Bell, now: datetime) -> UUID:
    """Erase a report and have it erased elsewhere. Raises UnknownReference, or StillOnTheLine.

    Those told later of the same household are read anew without it, so that none of them names it.
    """
    async with transaction(pool) as connection:
        row = await reports.by_reference(connection, normalised_reference(reference))
        if row is None:
            raise UnknownReference(f"No report is called {reference}; it may have been erased before.")
        event = ReportErased(report_id=row["id"], revision=row["revision"] + 1, erased_at=now, by=by, reason=reason)
        for later in await _forgotten(connection, event.report_id, normalised_reference(reference)):
            await read_anew(connection, later, now)
        await put(connection, [outgoing(event, ERASED, SOURCE, now)])
    bell.ring()
    return event.report_id


async def _forgotten(connection: Connection, report_id: UUID, reference: str) -> list[UUID]:
    """Take the report out of every table; returns the reports whose history names it."""
    call = await calls.held(connection, report_id)
    if call is not None and call.state is CallState.live:
        raise StillOnTheLine("Somebody is still speaking: end the call, then erase its report.")
    await households.lock(connection, await households.keys_known(connection, report_id))
    await households.held_series(connection, [report_id])
    naming = await reports.naming(connection, report_id, reference)
    await reports.erase(connection, report_id, reference)
    return naming
