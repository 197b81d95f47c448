"""Calls that end without anybody saying so: what was said is completed as it stands."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from prometheus_client import Counter

from services.intake.handlers import calls
from services.intake.handlers.calls import Switchboard
from shared.clock import Clock
from shared.database import DatabaseUnavailable

log = structlog.get_logger()

TICK: Final = 2.0  # seconds
DROPPED = Counter("heard_calls_dropped_total", "Calls in which nothing was heard any more, completed as they stood")


@dataclass
class DeadLines:
    """`after` is how many seconds without a word make a line dead."""

    board: Switchboard
    after: float
    clock: Clock
    stop: asyncio.Event

    async def run(self) -> None:
        while not self.stop.is_set():
            now = self.clock.now()
            try:
                DROPPED.inc(await calls.drop_silent(now - timedelta(seconds=self.after), self.board, now))
            except DatabaseUnavailable as error:
                log.warning("dead lines wait", reason=str(error))
            await asyncio.sleep(TICK)
