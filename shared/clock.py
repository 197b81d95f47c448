"""The time as the database has it: all who share one agree on it, though the clock of one of their machines be wrong.

A lease that one process gives must not have run out for another; a report's target must not be an hour off.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from shared.database import ANY_FAULT, Pool, end_if_told, statement

log = structlog.get_logger()

EVERY: Final = 10.0  # seconds between looks at the database's clock
SOON: Final = 1.0  # seconds, until it was seen once without delay: a process that starts is slow to hear
WRONG: Final = timedelta(seconds=2)
SAYS: Final = "select clock_timestamp()"
PROMPT: Final = 0.2  # seconds: an answer that took longer says less than what was seen before


async def time_of(pool: Pool) -> datetime:
    """What the database says now, for a command that asks once. Raises DatabaseUnavailable."""
    async with statement(pool) as connection:
        says: datetime = await connection.fetchval(SAYS)
    return says


@dataclass
class Clock:
    """Until the database was seen once, our own clock; then its time, carried on by what no clock's setting changes."""

    pool: Pool
    _seen: datetime | None = None
    _seen_at: float = 0.0
    _promptly: bool = False

    def now(self) -> datetime:
        if self._seen is None:
            return datetime.now(UTC)
        return self._seen + timedelta(seconds=time.monotonic() - self._seen_at)

    async def look(self) -> None:
        """See what the database says, half-way between asking and being told."""
        asked = time.monotonic()
        seen = await self.pool.fetchval(SAYS)
        told = time.monotonic()
        promptly = told - asked <= PROMPT
        if self._seen is not None and not promptly:
            return
        if self._seen is None and abs(seen - datetime.now(UTC)) > WRONG:
            log.warning("this machine's clock is wrong", seconds=round((datetime.now(UTC) - seen).total_seconds()))
        self._seen, self._seen_at, self._promptly = seen, (asked + told) / 2, promptly

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except ANY_FAULT as error:
                end_if_told()
                log.warning("the database's clock was not seen", reason=type(error).__name__)
            await asyncio.sleep(EVERY if self._promptly else SOON)
