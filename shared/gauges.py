"""What waits, and for how long: what an alarm hangs on, whether or not the broker is there."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from math import nan
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Gauge

from shared.consumer import RETRY
from shared.database import Connection, Pool, statement
from shared.worker import every

EVERY: Final = 10.0  # seconds

Count = Callable[[Connection], Awaitable[Mapping[str, float]]]


class Gauges:
    """Read from the database, where every worker finds the same; what cannot be read is not a number.

    `named`: the name of each and what it says, by what `count` calls it.
    """

    def __init__(
        self,
        named: Mapping[str, tuple[str, str]],
        count: Count,
        pool: Pool,
        stop: asyncio.Event,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._count, self._pool, self._stop = count, pool, stop
        self._gauges = {what: Gauge(*name_and_words, registry=registry) for what, name_and_words in named.items()}
        self._show(dict.fromkeys(named, nan))

    async def run(self) -> None:
        await every(EVERY, "counting what waits", self.read, self._stop)

    async def read(self) -> None:
        try:
            async with statement(self._pool) as connection:
                self._show(await self._count(connection))
        except RETRY:
            self._show(dict.fromkeys(self._gauges, nan))
            raise

    def _show(self, found: Mapping[str, float]) -> None:
        for what, gauge in self._gauges.items():
            gauge.set(found[what])
