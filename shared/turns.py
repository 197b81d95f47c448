"""Long work in pieces, so that what cannot wait comes in between."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

TURN: Final = 0.002  # seconds: a turn for everybody else costs a thirtieth of a millisecond
ROUNDS: Final = 8
"""Of the event loop, in a turn: a message needs several on its way from the socket to its handler."""


async def in_turn(items: Iterable[T]) -> AsyncIterator[T]:
    """One after another, with a turn for the rest of the process every few milliseconds.

    So a threat that comes while a batch of the ordinary lane is worked on waits for one of its reports, not for all.
    """
    since = time.monotonic()
    for item in items:
        yield item
        if time.monotonic() - since > TURN:
            for _ in range(ROUNDS):
                await asyncio.sleep(0)
            since = time.monotonic()
