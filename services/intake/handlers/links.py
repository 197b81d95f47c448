"""Somebody on the staff said that two reports do not belong together, and intake goes by it."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID, uuid5

import structlog

from services.intake.domain.series import parting, told_otherwise
from services.intake.handlers.revising import read_anew, with_all_held
from services.intake.repository import reports, series
from shared.database import Connection, Pool
from shared.events import LinkDisputed
from shared.outbox import Bell

log = structlog.get_logger()


async def part(disputes: Sequence[LinkDisputed], pool: Pool, bell: Bell, now: datetime) -> None:
    """Part the reports of each dispute, never link them again, and have those read anew whose history it changes."""
    for dispute in disputes:
        await with_all_held(partial(_part, dispute, now), pool)
    bell.ring()


async def _part(dispute: LinkDisputed, now: datetime, connection: Connection, to_hold: frozenset[UUID]) -> None:
    held = await reports.hold(connection, to_hold)
    await read_anew(connection, await _parted(connection, dispute), held, now)


async def _parted(connection: Connection, dispute: LinkDisputed) -> list[UUID]:
    """Undo the links; returns the reports that now have another history, none where it was undone before."""
    known = await series.held_series(connection, [dispute.report_id, dispute.other_id])
    if len(known) < 2:
        log.warning("a dispute about reports that are not linked", report_id=str(dispute.report_id))
        return []
    earlier, later = sorted(known, key=lambda report_id: (known[report_id][1], report_id))
    said = dispute.disputed_at, dispute.by, dispute.reason
    left = known[later][0]
    if left != known[earlier][0]:
        await series.part(connection, [(later, earlier)], *said)
        return []
    cut, leaving = parting(later, earlier, await series.edges(connection, left))
    cut |= {(later, earlier)}
    told = await series.members(connection, left)
    await series.part(connection, sorted(cut), *said)
    await series.rename(connection, sorted(leaving), uuid5(dispute.event_id, "series"))
    return told_otherwise(told, earlier, cut)
