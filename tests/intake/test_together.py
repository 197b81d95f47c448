"""Reports that come at once go in one transaction, and each is what it would have been alone."""

import asyncio
from datetime import timedelta

import asyncpg
import httpx
import pytest

from services.intake.handlers.reports import Told, standing, taken
from services.intake.handlers.together import Together
from services.intake.repository import households
from shared.database import Pool
from shared.events import ReportReceived
from shared.outbox import Bell
from shared.told import Answers, Channel, Place
from tests.builders import NOON
from tests.intake.telling import RING, tell


def about(postcode: str | None, key: str | None = None) -> Told:
    return Told(
        channel=Channel.web,
        source="public",
        text="Dave is at it again.",
        answers=Answers(party="Dave"),
        place=Place(postcode=postcode),
        contact=None,
        consent=(),
        idempotency_key=key,
        body_hash="",
    )


@pytest.fixture
def together(pool: Pool) -> Together:
    return Together(pool, Bell(pool), RING)


async def told_before(pool: Pool) -> list[int]:
    rows = await pool.fetch("select value from outbox where topic like 'reports.received%'")
    return sorted(ReportReceived.model_validate_json(row["value"]).history.reports for row in rows)


async def test_of_many_households_each_gets_its_own_answer_from_few_transactions(together: Together, pool: Pool):
    places = [f"ZZ{number} 1AA" for number in range(1, 30)]
    kept = await asyncio.gather(*(together.accept(about(place), NOON) for place in (*places, None)))
    for one in kept:
        assert (await standing(one.reference, one.secret, pool)).reference == one.reference
    assert len({one.report_id for one in kept}) == 30
    assert await told_before(pool) == [0] * 30
    assert await pool.fetchval("select count(distinct xmin::text) from report") < 5


async def test_of_one_household_each_sees_those_before_it(together: Together, pool: Pool):
    await asyncio.gather(*(together.accept(about("ZZ1 4AB"), NOON) for _ in range(20)))
    assert await told_before(pool) == list(range(20))


async def test_what_was_told_before_is_seen(together: Together, pool: Pool):
    await tell(pool, "Dave is at it again.", party="Dave", now=NOON - timedelta(days=1))
    await asyncio.gather(*(together.accept(about(place), NOON) for place in ("ZZ1 4AB", "ZZ9 9ZZ")))
    assert await told_before(pool) == [0, 0, 1]


async def test_whoever_is_telling_of_a_household_is_waited_for_by_that_household_alone(together: Together, pool: Pool):
    earlier = await tell(pool, "At it again.", party="Dave")
    async with pool.acquire() as connection, connection.transaction():
        await households.lock(connection, await households.keys_known(connection, earlier.report_id))
        same, other = (asyncio.create_task(together.accept(about(at), NOON)) for at in ("ZZ1 4AB", "ZZ9 9ZZ"))
        await asyncio.wait_for(other, 4)
        assert not same.done()
    await asyncio.wait_for(same, 10)


async def test_whose_key_somebody_is_keeping_waits_alone(together: Together, pool: Pool):
    first, same = about("ZZ1 1AA", key="one"), about("ZZ2 1AA", key="one")
    async with pool.acquire() as connection, connection.transaction():
        await taken(connection, first, RING, NOON)
        waits = asyncio.create_task(together.accept(same, NOON))
        other = asyncio.create_task(together.accept(about("ZZ3 1AA"), NOON))
        await asyncio.wait_for(other, 4)
        assert not waits.done()
    await asyncio.wait_for(waits, 10)
    assert await told_before(pool) == [0, 0]


async def test_what_cannot_be_written_fails_alone(together: Together, pool: Pool):
    told = [about("ZZ1 1AA"), about("ZZ2 1AA", key="no database keeps \x00"), about("ZZ3 1AA")]
    first, wrong, last = await asyncio.gather(*(together.accept(t, NOON) for t in told), return_exceptions=True)
    assert isinstance(wrong, asyncpg.PostgresError)
    assert not isinstance(first, BaseException)
    assert not isinstance(last, BaseException)
    assert await told_before(pool) == [0, 0]


async def test_by_the_public_way_too(client: httpx.AsyncClient, pool: Pool):
    body = {"text": "Dave is at it again.", "answers": {"party": "Dave"}, "place": {"postcode": "ZZ1 4AB"}}
    answers = await asyncio.gather(*(client.post("/v1/reports", json=body) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert await told_before(pool) == list(range(10))
