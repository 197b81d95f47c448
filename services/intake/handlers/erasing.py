"""A report is forgotten: here at once, and by everybody it went to once escalation has heard of it."""

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from services.intake.errors import StillOnTheLine, UnknownReference
from services.intake.handlers.households import SOURCE
from services.intake.handlers.revising import read_anew, with_all_held
from services.intake.repository import again, calls, households, reports, series
from shared.database import Connection, Pool
from shared.events import ReportErased
from shared.kafka import ERASED
from shared.outbox import Bell, outgoing, put
from shared.references import normalised_reference
from shared.told import CallState

GONE: Final = "No report is called {}; it may have been erased before."


async def erase(reference: str, by: str, reason: str, pool: Pool, bell: Bell, now: datetime) -> UUID:
    """Erase a report and have it erased elsewhere. Raises UnknownReference, or StillOnTheLine.

    Those told later of the same household are read anew without it, so that none of them names it.
    """
    forget = partial(_erased, normalised_reference(reference), by, reason, now)
    report_id = await with_all_held(forget, pool)
    bell.ring()
    return report_id


async def _erased(
    reference: str, by: str, reason: str, now: datetime, connection: Connection, to_hold: frozenset[UUID]
) -> UUID:
    """Raises UnknownReference, StillOnTheLine, or NotHeld."""
    row = await reports.by_reference(connection, reference)
    if row is None:
        raise UnknownReference(GONE.format(reference))
    report_id: UUID = row["id"]
    call = await calls.held(connection, report_id)
    if call is not None and call.state is CallState.live:
        raise StillOnTheLine("Somebody is still speaking: end the call, then erase its report.")
    held = await reports.hold(connection, {report_id, *to_hold})
    if report_id not in held:
        raise UnknownReference(GONE.format(reference))
    await read_anew(connection, await _forgotten(connection, report_id, reference), held, now)
    event = ReportErased(report_id=report_id, revision=held[report_id] + 1, erased_at=now, by=by, reason=reason)
    told = outgoing(event, ERASED, SOURCE, now)
    await again.keep_erasure(connection, told)
    await put(connection, [told])
    return report_id


async def _forgotten(connection: Connection, report_id: UUID, reference: str) -> list[UUID]:
    """Take the report, which is held, out of every table; returns the reports whose history names it."""
    await households.lock(connection, await households.keys_known(connection, report_id))
    named_in = await reports.naming(connection, report_id, reference)
    await series.held_series(connection, [report_id, *named_in])
    naming = await reports.naming(connection, report_id, reference)
    await reports.erase(connection, report_id, reference)
    return naming
