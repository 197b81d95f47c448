"""How many reports are open, and for how long: what an alarm hangs on, whether or not the broker is there."""

import asyncio
from collections.abc import Mapping
from math import nan
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Gauge

from services.intake.repository import accounts
from shared.consumer import RETRY
from shared.database import Pool, statement
from shared.worker import every

EVERY: Final = 10.0  # seconds
GAUGES: Final = {
    "open": ("heard_reports_open", "Reports whose newest words have no receipt"),
    "seconds": ("heard_reports_open_oldest_seconds", "For how long the first of them has had none"),
    "erasing": ("heard_erasures_open", "Erasures that escalation has not said are done"),
}
UNKNOWN: Final = dict.fromkeys(GAUGES, nan)


class Gauges:
    """Read from the database, where every worker finds the same; what cannot be read is not a number."""

    def __init__(self, pool: Pool, stop: asyncio.Event, registry: CollectorRegistry = REGISTRY) -> None:
        self._pool, self._stop = pool, stop
        self._gauges = {what: Gauge(*named, registry=registry) for what, named in GAUGES.items()}
        self._show(UNKNOWN)

    async def run(self) -> None:
        await every(EVERY, "counting open reports", self.read, self._stop)

    async def read(self) -> None:
        try:
            async with statement(self._pool) as connection:
                self._show(await accounts.waiting(connection))
        except RETRY:
            self._show(UNKNOWN)
            raise

    def _show(self, found: Mapping[str, float]) -> None:
        for what, gauge in self._gauges.items():
            gauge.set(found[what])
