"""Waiting for an agency's feed to grow: one listener and one look at the counters for everybody who waits."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

import structlog

from services.escalation.repository import feeds
from shared.database import ANY_FAULT, Pool, transaction
from shared.outbox import hear

log = structlog.get_logger()

GATHER: Final = 0.02  # seconds between a notification and the look at the counters, for all that come meanwhile
LOOK: Final = 1.0  # seconds, where no notification came


@dataclass
class Arrivals:
    """`run` looks at the counters whenever the outbox's bell is rung; `beyond` waits for one of them."""

    pool: Pool
    _waiting: dict[str, set[asyncio.Event]] = field(default_factory=dict)
    _positions: dict[str, int] = field(default_factory=dict)
    _rung: asyncio.Event = field(default_factory=asyncio.Event)

    async def beyond(self, agency: str, position: int, seconds: float) -> bool:
        """Whether the agency's feed went beyond `position` within so many seconds."""
        moved = asyncio.Event()
        self._waiting.setdefault(agency, set()).add(moved)
        self._rung.set()
        try:
            async with asyncio.timeout(seconds):
                while self._positions.get(agency, 0) <= position:
                    await moved.wait()
                    moved.clear()
        except TimeoutError:
            return False
        finally:
            self._waiting[agency].discard(moved)
            if not self._waiting[agency]:
                del self._waiting[agency]
        return True

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(hear(self.pool, self._rung.set))
            while True:
                await self._look()
                try:
                    async with asyncio.timeout(LOOK):
                        await self._rung.wait()
                except TimeoutError:
                    continue
                await asyncio.sleep(GATHER)
                self._rung.clear()

    async def _look(self) -> None:
        if not self._waiting:
            return
        try:
            async with transaction(self.pool) as connection:
                found = await feeds.positions(connection, list(self._waiting))
        except ANY_FAULT as error:
            log.warning("feeds not looked at", reason=type(error).__name__)
            return
        for agency, position in found.items():
            self._positions[agency] = position
            for moved in self._waiting.get(agency, ()):
                moved.set()
