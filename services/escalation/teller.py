"""Tells agencies by webhook, as long as the worker runs."""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from services.escalation.handlers import webhooks
from services.escalation.outward import Outward
from shared.clock import Clock
from shared.database import DatabaseUnavailable, Pool

log = structlog.get_logger()

TICK: Final = 1.0  # seconds


@dataclass
class Teller:
    pool: Pool
    outward: Outward
    clock: Clock
    stop: asyncio.Event

    async def run(self) -> None:
        while not self.stop.is_set():
            try:
                await webhooks.tell_due(self.pool, self.outward, self.clock.now())
            except DatabaseUnavailable as error:
                log.warning("webhooks wait", reason=str(error))
            await asyncio.sleep(TICK)
