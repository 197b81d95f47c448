"""How many reports are open, and for how long: what an alarm hangs on, whether or not the broker is there."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from prometheus_client import Gauge

from services.intake.repository import reports
from shared.database import DatabaseUnavailable, Pool, transaction

log = structlog.get_logger()

EVERY: Final = 10.0  # seconds
OPEN = Gauge("heard_reports_open", "Reports whose newest words have no receipt")
OLDEST = Gauge("heard_reports_open_oldest_seconds", "For how long the first of them has had none")
ERASING = Gauge("heard_erasures_open", "Erasures that escalation has not said are done")


@dataclass
class Gauges:
    """Read from the database, where every worker finds the same."""

    pool: Pool
    stop: asyncio.Event

    async def run(self) -> None:
        while not self.stop.is_set():
            try:
                await self.read()
            except DatabaseUnavailable as error:
                log.warning("open reports were not counted", reason=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), EVERY)

    async def read(self) -> None:
        async with transaction(self.pool) as connection:
            waiting = await reports.waiting(connection)
        OPEN.set(waiting["open"])
        OLDEST.set(waiting["seconds"])
        ERASING.set(waiting["erasing"])
