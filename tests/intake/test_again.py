"""Escalation's database was restored, and is told once more; or intake's own was, and others know more than it does."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.handlers import again, amendments, erasing, reports
from services.intake.handlers.again import publish_again
from services.intake.handlers.reports import Accepted
from services.intake.repository import accounts
from services.intake.settings import Settings
from shared.codebook import Label
from shared.database import Pool, statement
from shared.kafka import ERASED, LINKED
from shared.outbox import Bell
from tests.builders import NOON, receipt
from tests.intake.telling import RING, event_of, tell
from tests.intake.test_cli import ran

HOUR = timedelta(hours=1)
SENT = "select * from outbox where report_id = $1 and topic like 'reports.received%'"


async def routed(pool: Pool, told: Accepted, **given: Any) -> None:
    """It has its receipt, and is on its way no more."""
    await reports.close([receipt(await event_of(pool, told.report_id), **given)], pool)


async def published_again(pool: Pool) -> again.Far:
    *_, far = [far async for far in publish_again(NOON, pool)]
    return far


async def test_what_was_routed_since_is_published_again_as_it_was(pool: Pool):
    before, since, revised = [await tell(pool, f"No {n}.", phone="01632 960001", now=NOON - HOUR) for n in range(3)]
    await amendments.add_more(revised.reference, revised.secret, "And again.", pool, Bell(pool), RING, NOON)
    sent = {one: await pool.fetchrow(SENT, one.report_id) for one in (since, revised)}
    await routed(pool, before, routed_at=NOON - HOUR / 2)
    await routed(pool, since, labels=(Label.harassment,))
    await routed(pool, revised)
    assert await pool.fetchval("select count(*) from outbox where topic like 'reports.received%'") == 0
    assert (await published_again(pool)).reports == 2
    assert await pool.fetchrow(SENT, before.report_id) is None
    for one, first in sent.items():
        row = await pool.fetchrow(SENT, one.report_id)
        same = ("event_id", "revision", "urgent", "topic", "key", "value")
        assert [row[name] for name in same] == [first[name] for name in same]
    async with statement(pool) as connection:
        assert (await accounts.waiting(connection))["open"] == 2
    later = await tell(pool, "Once more.", phone="01632 960001", now=NOON + HOUR)
    assert (await event_of(pool, later.report_id)).history.labels == (Label.harassment,), "what it was read as stays"
    await routed(pool, since)
    await routed(pool, revised)
    await routed(pool, later)
    async with statement(pool) as connection:
        assert (await accounts.waiting(connection))["open"] == 0


async def test_cut_short_and_begun_anew_it_puts_nothing_out_twice(pool: Pool):
    waits, told = await tell(pool, "No 1."), await tell(pool, "No 2.")
    await routed(pool, told)
    assert [(await published_again(pool)).reports for _ in range(2)] == [1, 0]
    assert await pool.fetchval("select count(*) from outbox") == 2
    assert {waits.report_id, told.report_id} == {row["report_id"] for row in await pool.fetch("select * from outbox")}


async def test_every_erasure_is_told_again_whenever_it_was(pool: Pool):
    told = await tell(pool, "No 1.", now=NOON - 1000 * HOUR)
    await erasing.erase(told.reference, "kim", "asked for", pool, Bell(pool), NOON - 999 * HOUR)
    (first,) = await pool.fetch("select event_id, topic, value from outbox")
    await pool.execute("delete from outbox")
    assert [(await published_again(pool)).erasures for _ in range(2)] == [1, 1]
    assert await pool.fetch("select event_id, topic, value from outbox") == [first]
    assert first["topic"] == ERASED


async def test_the_cases_of_those_told_before_hear_again_that_it_belongs_with_them(pool: Pool):
    for n in (1, 2):
        await routed(pool, await tell(pool, f"No {n}.", phone="01632 960001", now=NOON + n * HOUR))
    notices = "select report_id, event_id from outbox where topic = $1"
    (notice,) = await pool.fetch(notices, LINKED)
    await pool.execute("delete from outbox")
    await published_again(pool)
    assert await pool.fetch(notices, LINKED) == [notice]


async def test_no_more_is_put_out_than_there_is_room_for(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    for name, value in {"ROOM": 3, "LOT": 2, "LOOK": 0.01, "LOOKED_AT": 3}.items():
        monkeypatch.setattr(again, name, value)
    told = {one.report_id: one for one in [await tell(pool, f"No {n}.") for n in range(9)]}
    for one in told.values():
        await routed(pool, one)
    most = 0
    async with asyncio.timeout(60):
        async for far in publish_again(NOON, pool):
            on_its_way: Sequence[UUID] = [row["report_id"] for row in await pool.fetch("select report_id from outbox")]
            most = max(most, len(on_its_way))
            if far.waiting >= again.ROOM:
                await routed(pool, told[on_its_way[0]])
    assert far.reports == 9
    assert most < again.ROOM + again.LOT


async def test_urgent_ones_take_turns_so_that_a_new_one_waits_for_none(pool: Pool):
    told = await tell(pool, "He is outside with a knife.", happening_now=True)
    await routed(pool, told)
    await published_again(pool)
    row = await pool.fetchrow(SENT, told.report_id)
    assert (row["urgent"], row["turn"]) == (True, again.TURN)


async def test_the_command_says_what_it_did(settings: Settings, pool: Pool):
    await routed(pool, await tell(pool, "No 1."))
    erased = await tell(pool, "No 2.")
    await erasing.erase(erased.reference, "kim", "asked for", pool, Bell(pool), NOON)
    code, printed, _ = await ran(settings, "intake", "again", "--since", f"{NOON:%Y-%m-%dT%H:%M:%S}")
    assert (code, printed) == (0, "published again: 1 reports, 1 erasures; 1 wait for a receipt\n")


async def test_what_is_told_after_intake_was_restored_is_above_all_that_has_a_receipt(pool: Pool):
    told = await tell(pool, "No 1.")
    await routed(pool, told, revision=3)
    await amendments.add_more(told.reference, told.secret, "And again.", pool, Bell(pool), RING, NOON)
    anew = await event_of(pool, told.report_id)
    assert (anew.revision, anew.text) == (4, "No 1.\n\nAnd again.")
    async with statement(pool) as connection:
        assert (await accounts.waiting(connection))["open"] == 1
    await erasing.erase(told.reference, "kim", "asked for", pool, Bell(pool), NOON)
    assert await pool.fetchval("select revision from outbox where topic = $1", ERASED) == 5


async def test_what_was_erased_and_came_back_with_a_backup_is_named_by_the_audit(settings: Settings, pool: Pool):
    told = await tell(pool, "No 1.")
    await routed(pool, told, revision=2, destinations=(), grade="erased")
    code, printed, _ = await ran(settings, "audit")
    assert code == 1
    assert f"here again: heard erase {told.reference}" in printed
    await erasing.erase(told.reference, "kim", "asked for", pool, Bell(pool), NOON)
    code, printed, _ = await ran(settings, "audit")
    assert (code, "here again" in printed) == (0, False)
