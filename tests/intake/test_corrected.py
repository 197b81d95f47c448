"""A place or a number that was a slip of the pen counts no more, and what was told while it stood is read anew."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.intake.domain.households import Keyring
from services.intake.handlers.amendments import add_more
from services.intake.repository import reports
from shared.database import Pool, transaction
from shared.events import ReportReceived
from shared.outbox import Bell
from shared.told import History, Link
from tests.builders import NOON
from tests.intake.conftest import TELEPHONY_KEY
from tests.intake.telling import DAY, RING, event_of, tell
from tests.intake.test_erasing import everything, forget

KEY = {"Authorization": f"Bearer {TELEPHONY_KEY}"}
OURS = Keyring.of(RING.reporters, {})
HERE, THERE = {"postcode": "ZZ1 4AB"}, {"postcode": "ZZ1 4AD"}


async def rung(client: httpx.AsyncClient, words: str = "Drums, at number 9.", **about: Any) -> UUID:
    opened = await client.post("/v1/calls", json={"call_id": "c-1"} | about, headers=KEY)
    report_id = UUID(opened.json()["report_id"])
    turns = [{"number": 1, "speaker": "caller", "text": words}]
    await client.post(f"/v1/calls/{report_id}/turns", json={"turns": turns}, headers=KEY)
    return report_id


async def learn(client: httpx.AsyncClient, report_id: UUID, **about: Any) -> None:
    answer = await client.patch(f"/v1/calls/{report_id}", json=about, headers=KEY)
    assert answer.status_code == 200, answer.text


async def before(pool: Pool, report_id: UUID) -> tuple[str, ...]:
    return (await event_of(pool, report_id)).history.references


async def test_a_postcode_that_is_corrected_links_nobody_either_way(client: httpx.AsyncClient, pool: Pool):
    first = await tell(pool, "Loud music from number 9.", ring=OURS)
    call = await rung(client, place=HERE)
    assert await before(pool, call) == (first.reference,)
    await learn(client, call, place=THERE)
    assert (await event_of(pool, call)).history == History()
    there = await tell(pool, "Number 9 again.", postcode="ZZ1 4AD", ring=OURS)
    here = await tell(pool, "Number 9 again.", now=NOON + DAY, ring=OURS)
    told = await event_of(pool, call)
    assert await before(pool, there.report_id) == (told.reference,)
    assert await before(pool, here.report_id) == (first.reference,)


@pytest.mark.parametrize("since", [{"words": "Flat 6"}, {"words": None}])
async def test_so_does_a_number(client: httpx.AsyncClient, pool: Pool, since: dict[str, Any]):
    first = await tell(pool, "Loud music.", words="Flat 9", ring=OURS)
    call = await rung(client, "He is drumming.", place=HERE | {"words": "Flat 9"})
    assert await before(pool, call) == (first.reference,)
    await learn(client, call, place=since)
    assert await before(pool, call) == ()


async def test_a_place_that_is_taken_back_is_no_place(client: httpx.AsyncClient, pool: Pool):
    await tell(pool, "Loud music from number 9.", ring=OURS)
    call = await rung(client, place=HERE)
    await learn(client, call, place={"postcode": None})
    assert (await event_of(pool, call)).history == History()
    assert await pool.fetchval("select count(*) from household_key where report_id = $1", call) == 0
    assert await pool.fetchval("select count(distinct series) from recognisable") == 2


async def test_who_rang_is_who_rang_wherever_it_is(client: httpx.AsyncClient, pool: Pool):
    first = await tell(pool, "Loud music from number 9.", phone="01632 960001", ring=OURS)
    call = await rung(client, place=HERE, contact={"phone": "01632 960001"})
    await learn(client, call, place=THERE)
    assert await before(pool, call) == (first.reference,)
    await learn(client, call, place={"postcode": None}, contact={"phone": None})
    assert await before(pool, call) == (first.reference,)


async def test_once_it_is_corrected_back_they_belong_together_again(client: httpx.AsyncClient, pool: Pool):
    first = await tell(pool, "Loud music from number 9.", ring=OURS)
    call = await rung(client, place=HERE)
    for place in (THERE, HERE):
        await learn(client, call, place=place)
    assert await before(pool, call) == (first.reference,)
    assert await pool.fetchval("select count(distinct series) from recognisable") == 1


async def told_between(client: httpx.AsyncClient, pool: Pool) -> tuple[Any, UUID, Any]:
    """One who told of it before the slip, whose call it is in, and one who told while it stood."""
    first = await tell(pool, "Loud music from number 9.", ring=OURS)
    call = await rung(client, place=HERE)
    between = await tell(pool, "Number 9, once more.", now=NOON + DAY, ring=OURS)
    assert (await event_of(pool, call)).reference in await before(pool, between.report_id)
    return first, call, between


async def test_what_was_told_while_the_slip_stood_is_read_anew(client: httpx.AsyncClient, pool: Pool):
    first, call, between = await told_between(client, pool)
    await learn(client, call, place=THERE)
    anew = await event_of(pool, between.report_id)
    assert (anew.revision, anew.history.references) == (2, (first.reference,))
    told: tuple[Link, ...] = anew.history.links
    assert [link.report_id for link in told] == [first.report_id]
    assert (await event_of(pool, call)).history == History()


async def test_one_that_somebody_holds_keeps_nobody_waiting_and_does_not_name_it_once_it_is_erased(
    client: httpx.AsyncClient, pool: Pool
):
    first, call, between = await told_between(client, pool)
    async with transaction(pool) as connection, asyncio.timeout(5):
        await reports.hold(connection, [between.report_id])
        await learn(client, call, place=THERE)
    told: ReportReceived = await event_of(pool, call)
    assert told.reference in await before(pool, between.report_id)
    await client.post(f"/v1/calls/{call}/end", json={}, headers=KEY)
    await forget(told.reference, pool)
    assert told.reference not in await everything(pool)
    assert await before(pool, between.report_id) == (first.reference,)


async def test_one_that_somebody_holds_is_right_once_they_are_done(client: httpx.AsyncClient, pool: Pool):
    first, call, between = await told_between(client, pool)
    async with transaction(pool) as connection:
        await reports.hold(connection, [between.report_id])
        await learn(client, call, place=THERE)
    await add_more(between.reference, between.secret, "And again.", pool, Bell(pool), OURS, NOON + 2 * DAY)
    assert await before(pool, between.report_id) == (first.reference,)
