"""Forgetting what is over: drafts and their files, and the visits of those who looked how their report stands."""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from services.intake.handlers import drafts
from shared.clock import Clock
from shared.database import DatabaseUnavailable, Pool

log = structlog.get_logger()

TICK: Final = 1.0  # seconds
BATCH: Final = 100
"""Of a kind, at each tick: a file may have 10 MB, and a statement 10 seconds."""


@dataclass
class Forgetting:
    """In batches, so that what is over all at once keeps nobody waiting."""

    pool: Pool
    clock: Clock
    stop: asyncio.Event

    async def run(self) -> None:
        while not self.stop.is_set():
            try:
                await drafts.forget_expired(BATCH, self.pool, self.clock.now())
            except DatabaseUnavailable as error:
                log.warning("forgetting waits", reason=str(error))
            await asyncio.sleep(TICK)
