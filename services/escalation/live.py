"""Waking the boards that are open: PostgreSQL says that something changed, and every open page looks again."""

import asyncio
from typing import Final

import structlog

from services.escalation.repository.queue import CHANNEL
from shared import outbox
from shared.database import ANY_FAULT, Pool

log = structlog.get_logger()

CHANNELS: Final = (CHANNEL, outbox.CHANNEL)
RETRY: Final = 0.5  # seconds


class Watch:
    """One for a process. Pages look again when it wakes them, and once a second, for leases lapse by themselves."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._woken = asyncio.Event()

    @property
    def moment(self) -> asyncio.Event:
        """What is set by the next change: take it before looking, and nothing falls in between."""
        return self._woken

    async def after(self, moment: asyncio.Event, seconds: float = 1.0) -> None:
        """Return once something changed since that moment, or after so long."""
        try:
            await asyncio.wait_for(moment.wait(), seconds)
        except TimeoutError:
            return

    async def run(self) -> None:
        """Listen for as long as the process lives: to what people do, and to the bell of what was read."""
        while True:
            try:
                await self._listen()
            except ANY_FAULT as error:
                log.warning("board listens anew", reason=type(error).__name__)
                await asyncio.sleep(RETRY)

    async def _listen(self) -> None:
        closed = asyncio.Event()
        async with self._pool.acquire() as connection:
            connection.add_termination_listener(lambda _: closed.set())
            try:
                for channel in CHANNELS:
                    await connection.add_listener(channel, self._wake)
                await closed.wait()
            finally:
                for channel in CHANNELS:
                    await connection.remove_listener(channel, self._wake)

    def _wake(self, *_: object) -> None:
        self._woken.set()
        self._woken = asyncio.Event()
