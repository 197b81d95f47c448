"""Somebody is told what nobody has done. An alert takes nothing away from whoever holds a case."""

import asyncio
from datetime import datetime
from typing import Final

from prometheus_client import Counter

from services.escalation.repository import alerts, audit, queue
from services.escalation.repository.audit import Entry
from shared.clock import Clock
from shared.database import Pool, transaction
from shared.worker import every

EVERY: Final = 5.0  # seconds
RAISED: Final = Counter("heard_alerts_raised", "alerts raised or said again, by kind", ["kind"])


async def look(pool: Pool, now: datetime) -> int:
    """Raise what is due, clear what is settled; returns how many were raised or said again."""
    async with transaction(pool) as connection:
        settled = await alerts.clear_settled(connection, now)
        raised = await alerts.raise_due(connection, now)
        entries = [
            Entry(now, "escalation", "alerted", row["report_id"], "", {"kind": row["kind"], "times": row["times"]})
            for row in raised
        ]
        await audit.record(connection, entries)
        if raised or settled:
            await queue.changed(connection)
    for row in raised:
        RAISED.labels(row["kind"]).inc()
    return len(raised)


async def keep_watch(pool: Pool, clock: Clock, stop: asyncio.Event) -> None:
    await every(EVERY, "alerts", lambda: look(pool, clock.now()), stop)
