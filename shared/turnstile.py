"""What holds the ordinary lane back while there is an urgent one to read."""

import asyncio
import time
from typing import Final

AWAY: Final = 15.0  # seconds that the ordinary lane waits for an urgent lane that nobody reads


class Turnstile:
    """Lets the ordinary lane through only while the urgent lane has nothing to do.

    Whoever reads the urgent lane may be away, cut off or joining again after the broker was gone: it is waited for, but
    not for ever; and anew each time that it joins, for how long the broker was gone says nothing.
    """

    def __init__(self, patience: float = AWAY) -> None:
        self._patience = patience
        self._clear = asyncio.Event()
        self._clear.set()
        self._left: float | None = None

    def close(self) -> None:
        self._clear.clear()
        self._left = None

    def open(self) -> None:
        self._clear.set()
        self._left = None

    def leave(self, anew: bool = False) -> None:
        """Nobody reads the urgent lane, until it is closed or opened again."""
        self._clear.clear()
        if anew or self._left is None:
            self._left = time.monotonic()

    async def passed(self) -> None:
        while not self._clear.is_set() and not self._gone():
            await _set_within(self._clear, min(0.5, self._patience))

    def _gone(self) -> bool:
        return self._left is not None and time.monotonic() - self._left > self._patience


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
