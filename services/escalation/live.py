"""Waking the boards that are open: PostgreSQL says that something changed, and every open page looks again."""

import asyncio

from services.escalation.repository.queue import CHANNEL
from shared import outbox
from shared.database import Pool


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
        await outbox.hear(self._pool, self._wake, (CHANNEL, outbox.CHANNEL))

    def _wake(self) -> None:
        self._woken.set()
        self._woken = asyncio.Event()
