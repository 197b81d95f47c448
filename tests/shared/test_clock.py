"""Processes that share a database agree on the time."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.clock import EVERY, PROMPT, Clock
from shared.database import Pool, create_pool

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class Elsewhere:
    """A database whose clock is an hour behind ours, as ours looks to a process that is an hour ahead."""

    async def fetchval(self, statement: str) -> Any:
        return datetime.now(UTC) - HOUR


async def test_the_databases_clock_is_gone_by():
    clock: Clock = Clock(Elsewhere())  # type: ignore[arg-type]
    assert abs(clock.now() - datetime.now(UTC)) < SECOND
    await clock.look()
    assert abs(clock.now() - (datetime.now(UTC) - HOUR)) < SECOND


class Slow(Elsewhere):
    """One that first answers at once, and then late."""

    late = 0.0

    async def fetchval(self, statement: str) -> Any:
        seen = await super().fetchval(statement)
        await asyncio.sleep(self.late)
        return seen + timedelta(seconds=self.late * 10)


async def test_an_answer_that_comes_late_does_not_set_it():
    slow = Slow()
    clock: Clock = Clock(slow)  # type: ignore[arg-type]
    await clock.look()
    slow.late = 2 * PROMPT
    await clock.look()
    assert abs(clock.now() - (datetime.now(UTC) - HOUR)) < SECOND


async def test_after_a_first_answer_that_came_late_it_soon_asks_again():
    slow = Slow()
    slow.late = 2 * PROMPT
    clock: Clock = Clock(slow)  # type: ignore[arg-type]
    looking = asyncio.create_task(clock.run())
    try:
        async with asyncio.timeout(EVERY - 1):
            while abs(clock.now() - (datetime.now(UTC) - HOUR)) > 5 * SECOND:  # noqa: ASYNC110 - nothing says it
                await asyncio.sleep(0.01)
            assert abs(clock.now() - (datetime.now(UTC) - HOUR)) > 2 * SECOND
            slow.late = 0.0
            while abs(clock.now() - (datetime.now(UTC) - HOUR)) > SECOND:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        looking.cancel()


async def test_a_real_database_says_the_time(pool: Pool):
    clock = Clock(pool)
    await clock.look()
    assert abs(clock.now() - await pool.fetchval("select clock_timestamp()")) < SECOND


async def test_without_its_database_a_service_has_its_own_clock_and_looks_again():
    async with create_pool("postgresql://nobody:nothing@127.0.0.1:1/nowhere", 1) as nowhere:
        assert abs(Clock(nowhere).now() - datetime.now(UTC)) < SECOND
