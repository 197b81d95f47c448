"""Long work in pieces, so that what cannot wait comes in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")


async def in_turn(items: Iterable[T]) -> AsyncIterator[T]:
    """One after another, with a turn for the rest of the process after each.

    So a threat that comes while a batch of the ordinary lane is worked on waits for one of its reports, not for all.
    """
    for item in items:
        yield item
        await asyncio.sleep(0)
