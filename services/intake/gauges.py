"""How many reports are open, and for how long: what an alarm hangs on, whether or not the broker is there."""

import asyncio
from dataclasses import dataclass
from typing import Final

from prometheus_client import Gauge

from services.intake.repository import accounts
from shared.database import Pool, transaction
from shared.worker import every

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
        await every(EVERY, "counting open reports", self.read, self.stop)

    async def read(self) -> None:
        async with transaction(self.pool) as connection:
            waiting = await accounts.waiting(connection)
        OPEN.set(waiting["open"])
        OLDEST.set(waiting["seconds"])
        ERASING.set(waiting["erasing"])
