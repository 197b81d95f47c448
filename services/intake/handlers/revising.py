"""A report is told anew, or read anew because what was told before is known otherwise: its next revision."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from services.intake.domain.households import Keyring
from services.intake.domain.reports import in_its_lane
from services.intake.handlers import households
from services.intake.handlers.reports import on_its_way
from services.intake.repository import reports
from services.intake.repository.households import Recognised
from shared.database import Connection, Pool, transaction
from shared.events import ReportReceived

T = TypeVar("T")


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


async def told_anew(
    connection: Connection, report: ReportReceived, ring: Keyring, now: datetime, turn: str | None = None
) -> ReportReceived:
    """Keep and publish a higher revision of a report, in the lane that its words now ask for.

    Where it is about another place by now, so are those from whom that parts it. Of these, who is held by somebody else
    is passed over: whoever revises one asks anew what was told before.
    """
    report, alone = in_its_lane(report), households.known_by(report, ring)
    parted = await households.moved(connection, report, alone, ring, now)
    recognised = await households.recognise(connection, report, alone)
    report = await revise(connection, report, recognised, now, turn)
    await households.remember(connection, report, recognised, now)
    free = await reports.hold(connection, parted, wait=False) if parted else {}
    await read_anew(connection, [one for one in parted if one in free], free, now)
    return report


async def revise(
    connection: Connection, report: ReportReceived, recognised: Recognised, now: datetime, turn: str | None = None
) -> ReportReceived:
    """Keep and publish a higher revision of a report with what is known of before."""
    report = report.model_copy(update={"history": recognised.history})
    await reports.revise(connection, report, on_its_way(report, recognised, now, turn), now)
    return report


async def read_anew(connection: Connection, ids: Sequence[UUID], held: Collection[UUID], now: datetime) -> None:
    """Publish each of these reports whose history is now another. Raises NotHeld."""
    if missing := set(ids).difference(held):
        raise NotHeld(missing)
    for report_id in ids:
        await _read_anew(connection, report_id, now)


async def _read_anew(connection: Connection, report_id: UUID, now: datetime) -> None:
    report = await reports.held(connection, report_id)
    if report is None:
        return
    report = report.model_copy(update={"revision": report.revision + 1})
    recalled = await households.recall(connection, report)
    if recalled.history != report.history:
        await revise(connection, report, recalled, now)
