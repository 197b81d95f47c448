"""Publishing again what has no receipt: urgent first, at a capped rate, and not while it is merely waiting."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import structlog
from prometheus_client import Counter

from services.intake.backlog import Backlog
from shared.database import statement
from shared.relay import Relay, postpone
from shared.worker import every

log = structlog.get_logger()

TICK: Final = 1.0  # seconds
REPUBLISHED = Counter("heard_reports_republished_total", "Reports published again for want of a receipt")


@dataclass
class Republisher:
    """`batch` is the most that is published again at each tick; `after` the seconds that a waiting one is put off."""

    relay: Relay
    brokers: str
    batch: int
    after: float
    stop: asyncio.Event

    async def run(self) -> None:
        await every(TICK, "republishing", self.tick, self.stop)

    async def tick(self) -> int:
        """Publish again at most one batch; returns how many."""
        rows: list[Any] = []
        for urgent in (True, False):
            rows += await self.relay.claim(urgent, published=True, limit=self.batch - len(rows))
        return await self._again(rows) if rows else 0

    async def _again(self, rows: list[Any]) -> int:
        backlog = await Backlog.read(self.brokers)
        waiting = [row for row in rows if backlog.is_waiting(row["topic"], row["partition"], row["position"])]
        lost = [row for row in rows if row not in waiting]
        if waiting:
            async with statement(self.relay.pool) as connection:
                await postpone(connection, [row["id"] for row in waiting], self.after)
        if lost:
            await self.relay.publish(lost)
            REPUBLISHED.inc(len(lost))
            log.warning("published again", count=len(lost), reports=[str(row["report_id"]) for row in lost[:20]])
        return len(lost)
