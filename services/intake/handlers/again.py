"""Escalation's database was restored: it is told once more what it forgot, and what is new has room beside that."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.intake.domain.households import in_order_by
from services.intake.handlers.households import SOURCE, tell
from services.intake.repository import accounts, again, households, reports, series
from shared.clock import time_of
from shared.database import Pool, transaction
from shared.events import Lane, ReportErased
from shared.kafka import ERASED, RECEIVED
from shared.outbox import outgoing, put

LOOKED_AT: Final = 5_000  # reports in one look
LOT: Final = 100  # reports, or erasures, put out before it is seen whether there is room
ROOM: Final = 1_000  # reports without a receipt, with which no more are put out
LOOK: Final = 1.0  # seconds until it is seen again whether there is room
TURN: Final = "published again"
"""They take turns with the floods: of the urgent ones some dozens are on their way at once, and no new one waits."""

FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Far:
    """How far it has come: how much of all reports was `looked_at` (0 to 1), and how many were put out again.

    `waiting`: how many have no receipt at this moment, whoever published them.
    """

    looked_at: float = 0.0
    reports: int = 0
    erasures: int = 0
    waiting: int = 0


async def publish_again(since: datetime, pool: Pool) -> AsyncIterator[Far]:
    """Put out every erasure, whenever it was; then each report received or routed since, as it is kept.

    Yields how far it is, again and again. Cut short and begun anew it does again what has its receipt by then, which
    changes nothing. Raises DatabaseUnavailable.
    """
    far, after = Far(), FIRST
    while lot := await _erasures_again(after, pool):
        after, far = lot[-1], replace(far, erasures=far.erasures + len(lot))
        yield far
    after = FIRST
    while page := await _page(since, after, pool):
        wanted = [report_id for report_id, is_wanted in page if is_wanted]
        for start in range(0, len(wanted), LOT):
            while (waiting := await _waiting(pool)) >= ROOM:
                yield replace(far, waiting=waiting)
                await asyncio.sleep(LOOK)
            far = replace(far, reports=far.reports + await _reports_again(wanted[start : start + LOT], pool))
            yield replace(far, waiting=waiting)
        after, far = page[-1][0], replace(far, looked_at=page[-1][0].int / 2**128)  # ids are random
    yield replace(far, looked_at=1.0, waiting=await _waiting(pool))


async def _erasures_again(after: UUID, pool: Pool) -> list[UUID]:
    """The next erasures; those that nobody is being told of are told again."""
    now = await time_of(pool)
    async with transaction(pool) as connection:
        rows = await again.erasures(connection, after, LOT)
        events = [ReportErased.model_validate_json(row["event"]) for row in rows if not row["waits"]]
        await put(connection, [outgoing(event, ERASED, SOURCE, now) for event in events])
    return [row["report_id"] for row in rows]


async def _page(since: datetime, after: UUID, pool: Pool) -> list[tuple[UUID, bool]]:
    async with transaction(pool) as connection:
        rows = await again.routed_since(connection, since, after, LOOKED_AT)
    return [(row["id"], row["wanted"]) for row in rows]


async def _waiting(pool: Pool) -> int:
    async with transaction(pool) as connection:
        return int((await accounts.waiting(connection))["open"])


async def _reports_again(ids: Sequence[UUID], pool: Pool) -> int:
    """How many of these were put out: each in a transaction of its own, for a report may be large."""
    now = await time_of(pool)
    return sum([await _report_again(report_id, pool, now) for report_id in ids])


async def _report_again(report_id: UUID, pool: Pool, now: datetime) -> bool:
    """And the cases of those told before it hear again that it belongs with them. False where it was erased since."""
    async with transaction(pool) as connection:
        report = await reports.held(connection, report_id)
        if report is None:
            return False
        key = in_order_by(await households.keys_known(connection, report_id), report_id)
        out = outgoing(report, RECEIVED[report.lane], SOURCE, now, report.lane is Lane.urgent, key, turn=TURN)
        if not await again.reopen(connection, out, now):
            return False
        await tell(connection, report, await series.links_of(connection, report_id), now)
        return True
