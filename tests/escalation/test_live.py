"""Open boards wake at what people do and at what was read, and listen anew after their connection was lost."""

import asyncio

import pytest

from services.escalation.live import Watch
from services.escalation.repository import queue
from shared import outbox
from shared.database import Pool

LISTENING = """
select pid from pg_stat_activity
where query ilike 'listen%outbox%' and datname = current_database() and pid <> $1
"""


async def listener(pool: Pool, but: int) -> int:
    """The process in the database that the watch listens by, to both channels."""
    async with asyncio.timeout(30):
        while (found := await pool.fetchval(LISTENING, but)) is None:  # noqa: ASYNC110 - nothing says that it listens
            await asyncio.sleep(0.01)
    return int(found)


@pytest.mark.parametrize("channel", [queue.CHANNEL, outbox.CHANNEL])
async def test_a_board_wakes_and_listens_anew_where_its_connection_was_lost(channel: str, pool: Pool):
    watch, lost = Watch(pool), 0
    listening = asyncio.create_task(watch.run())
    try:
        for _ in range(2):
            lost = await listener(pool, lost)
            moment = watch.moment
            await pool.execute(f"notify {channel}")
            await asyncio.wait_for(moment.wait(), 30)
            await pool.execute("select pg_terminate_backend($1)", lost)
    finally:
        listening.cancel()
        await asyncio.wait({listening}, timeout=30)


@pytest.mark.parametrize("turns", range(12))
async def test_it_ends_when_told_though_its_connection_is_being_lost(turns: int, pool: Pool):
    listening = asyncio.create_task(Watch(pool).run())
    await pool.execute("select pg_terminate_backend($1)", await listener(pool, 0))
    for _ in range(turns):
        await asyncio.sleep(0)
    listening.cancel()
    await asyncio.wait({listening}, timeout=30)
    assert listening.cancelled()
