"""Somebody on the staff said that two reports do not belong together, and intake goes by it."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Final, TypeVar
from uuid import UUID, uuid5

import structlog

from services.intake.domain.series import parting
from services.intake.handlers.households import recall
from services.intake.handlers.reports import revise
from services.intake.repository import households, reports
from shared.database import Connection, Pool, transaction
from shared.events import LinkDisputed
from shared.outbox import Bell

log = structlog.get_logger()

T = TypeVar("T")

MOST_REREAD: Final = 20
"""Reports that are read anew beside those whose own links are cut, the newest first: each is an open case perhaps."""


class NotHeld(Exception):
    """Reports are to be revised that were not held before the households and series were locked."""

    def __init__(self, reports: Iterable[UUID]) -> None:
        super().__init__("to be begun again with these held")
        self.reports = frozenset(reports)


async def with_all_held(work: Callable[[Connection, frozenset[UUID]], Awaitable[T]], pool: Pool) -> T:
    """Do `work` in a transaction. Where it raises NotHeld, all is undone, and it is given those too to hold first.

    Which reports a dispute or an erasure revises is known only by their series, which are locked after the reports.
    """
    to_hold: frozenset[UUID] = frozenset()
    while True:
        try:
            async with transaction(pool) as connection:
                return await work(connection, to_hold)
        except NotHeld as more:
            to_hold |= more.reports


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
    known = await households.held_series(connection, [dispute.report_id, dispute.other_id])
    if len(known) < 2:
        log.warning("a dispute about reports that are not linked", report_id=str(dispute.report_id))
        return []
    earlier, later = sorted(known, key=lambda report_id: (known[report_id][1], report_id))
    series = known[later][0]
    if series != known[earlier][0]:
        await households.dispute(connection, [(later, earlier)], dispute)
        return []
    cut, leaving = parting(later, earlier, await households.edges(connection, series))
    told = await households.members(connection, series)
    await households.dispute(connection, sorted(cut | {(later, earlier)}), dispute)
    await households.rename(connection, sorted(leaving), uuid5(dispute.event_id, "series"))
    changed = {*told[told.index(earlier) :][-MOST_REREAD:], earlier, later}.union(*cut)
    return [report_id for report_id in told if report_id in changed]


async def read_anew(connection: Connection, ids: Sequence[UUID], held: Collection[UUID], now: datetime) -> None:
    """Publish each of these reports whose history is now another. Raises NotHeld."""
    if missing := set(ids).difference(held):
        raise NotHeld(missing)
    for report_id in ids:
        await _read_anew(connection, report_id, now)


async def _read_anew(connection: Connection, report_id: UUID, now: datetime) -> None:
    report = await reports.whole(connection, report_id)
    if report is None:
        return
    report = report.model_copy(update={"revision": report.revision + 1})
    recalled = await recall(connection, report)
    if recalled.history != report.history:
        await revise(connection, report, recalled, now)
