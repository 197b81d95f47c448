"""Calls that end without anybody saying so."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import Counter

from services.intake.handlers.calls import Switchboard, as_told
from services.intake.repository import calls, reports
from shared.clock import Clock
from shared.database import DatabaseUnavailable, statement, transaction
from shared.told import CallState
from shared.worker import every

log = structlog.get_logger()

TICK: Final = 2.0  # seconds between two looks

DROPPED = Counter("heard_calls_dropped_total", "Calls in which nothing was heard any more, completed as they stood")


async def drop_silent(since: datetime, board: Switchboard, now: datetime) -> int:
    """Complete the calls in which nothing was heard since then; returns how many."""
    async with statement(board.pool) as connection:
        silent = await calls.silent(connection, since)
    dropped = [await _drop(report_id, since, board, now) for report_id in silent]
    board.bell.ring()
    return sum(dropped)


@dataclass
class Listening:
    """Since when something must have been heard of a call, or it is dead: for the last `patience`.

    While the database is away nobody is heard. So for as long after it, only what was silent before it is dead.
    """

    board: Switchboard
    patience: timedelta
    clock: Clock
    _since: datetime = field(init=False)
    _away_at: datetime | None = None

    def __post_init__(self) -> None:
        self._since = self.clock.now() - self.patience

    async def look(self) -> None:
        """Raises DatabaseUnavailable."""
        now = self.clock.now()
        if self._away_at is None or self._away_at <= now - self.patience:
            self._since = now - self.patience
        try:
            DROPPED.inc(await drop_silent(self._since, self.board, now))
        except DatabaseUnavailable:
            self._away_at = self.clock.now()
            raise


async def keep_dropping(board: Switchboard, after: float, clock: Clock, stop: asyncio.Event) -> None:
    """Calls end without anybody saying so: those in which nothing was heard for `after` seconds."""
    await every(TICK, "dead lines", Listening(board, timedelta(seconds=after), clock).look, stop)


async def _drop(report_id: UUID, since: datetime, board: Switchboard, now: datetime) -> bool:
    """Whether it was still silent once nobody else could add to it.

    One that somebody has in hand waits for the next look: it holds up no other, and is no database that is away.
    """
    try:
        async with transaction(board.pool) as connection:
            await reports.wait_little(connection)
            call = await calls.held(connection, report_id)
            if call is None or call.state is not CallState.live or call.heard_at >= since:
                return False
            await as_told(connection, replace(call, state=CallState.dropped), True, board.ring, now)
    except asyncpg.LockNotAvailableError:
        log.warning("a silent call is in hand", report_id=str(report_id))
        return False
    return True
