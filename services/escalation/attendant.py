"""Sees, every second, to what must not be left lying: returns, missed targets and overdue actions."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from services.escalation.handlers import attendance
from services.escalation.rules_in_force import RulesInForce
from shared.clock import Clock
from shared.consumer import NotYet
from shared.database import DatabaseUnavailable, Pool
from shared.outbox import Bell

log = structlog.get_logger()

TICK: Final = 1.0  # seconds


@dataclass
class Attendant:
    pool: Pool
    bell: Bell
    rules: RulesInForce
    clock: Clock
    stop: asyncio.Event

    async def run(self) -> None:
        while not self.stop.is_set():
            try:
                await self.tick(self.clock.now())
            except (DatabaseUnavailable, NotYet) as error:
                log.warning("attendant waits", reason=str(error))
            await asyncio.sleep(TICK)

    async def tick(self, now: datetime) -> None:
        covering = self.rules.covering
        await attendance.settle_returns(self.pool, self.bell, covering, now)
        await attendance.come_back(self.pool, covering, now)
        await attendance.overdue_actions(self.pool, covering, now)
