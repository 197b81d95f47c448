"""A report that is erased: nothing is left of it here, and the rest is told until the receipt says that it is done."""

import asyncio
from uuid import UUID

import httpx
import pytest

from services.intake.errors import StillOnTheLine, UnknownReference
from services.intake.handlers import amendments, erasing, links, reports
from services.intake.handlers.reports import Accepted
from services.intake.repository import households, series
from shared.database import Pool, transaction
from shared.events import LinkDisputed, ReportErased, ReportProgressed
from shared.kafka import ERASED
from shared.outbox import Bell
from tests.builders import NOON, receipt
from tests.infrastructure import until_waiting
from tests.intake.telling import DAY, RING, event_of, tell

STORY = "Flat 9 plays kettle drums all night and shouts at us through the letterbox."
TELEPHONE = {"Authorization": "Bearer a-key-for-the-telephone-system"}


async def forget(reference: str, pool: Pool) -> UUID:
    return await erasing.erase(reference, "kim", "asked for", pool, Bell(pool), NOON)


async def everything(pool: Pool) -> str:
    tables = await pool.fetch("select tablename from pg_tables where schemaname = 'public'")
    rows = [row for (table,) in tables for row in await pool.fetch(f'select * from "{table}"')]
    return " ".join(str([v.decode(errors="replace") if isinstance(v, bytes) else v for v in row]) for row in rows)


async def test_nothing_is_left_but_the_word_that_it_is_erased(pool: Pool):
    told = await tell(pool, STORY, phone="01632 960001", party="the man in flat 9")
    held = await everything(pool)
    assert all(words in held for words in (told.reference, STORY, "960001"))
    report_id = await forget(told.reference.lower(), pool)
    left = await everything(pool)
    assert not any(words in left for words in (told.reference, STORY, "960001", "the man in flat 9"))
    (row,) = await pool.fetch("select topic, value from outbox")
    event = ReportErased.model_validate_json(row["value"])
    assert (row["topic"], event.report_id, event.by, event.reason) == (ERASED, report_id, "kim", "asked for")


async def test_it_is_said_until_escalation_answers(pool: Pool):
    told = await tell(pool, STORY)
    before = await event_of(pool, told.report_id)
    await forget(told.reference, pool)
    await reports.close([receipt(before)], pool)
    assert await pool.fetchval("select count(*) from outbox") == 1
    await reports.close([receipt(before, revision=2, destinations=())], pool)
    assert await pool.fetchval("select count(*) from outbox") == 0


async def test_those_told_later_are_read_anew_and_do_not_name_it(pool: Pool):
    first, second, third = [await tell(pool, STORY, now=NOON + n * DAY) for n in range(3)]
    assert (await event_of(pool, third.report_id)).history.reports == 2
    await forget(second.reference, pool)
    anew = await event_of(pool, third.report_id)
    assert (anew.revision, anew.history.references) == (2, (first.reference,))
    assert second.reference not in await everything(pool)


async def test_those_that_it_was_parted_from_do_not_name_it_either(pool: Pool):
    hers = {"phone": "01632 960001"}
    first = await tell(pool, "Dave again.", party="Dave", **hers)
    parted = await tell(pool, "Dave, once more.", party="Dave", now=NOON + DAY)
    many = [await tell(pool, f"No {n}.", postcode=None, now=NOON + (n + 2) * DAY, **hers) for n in range(21)]
    await links.part([disputed(parted, first)], pool, Bell(pool), NOON)
    assert parted.reference in (await event_of(pool, many[0].report_id)).history.references, "it was read anew"
    await forget(parted.reference, pool)
    assert parted.reference not in await everything(pool)
    assert (await event_of(pool, many[0].report_id)).history.references == (first.reference,)


async def test_whoever_is_linked_to_it_does_not_name_it_in_whatever_series(pool: Pool):
    first, second = [await tell(pool, STORY, now=NOON + n * DAY) for n in range(2)]
    await pool.execute("update recognisable set series = report_id")
    await forget(first.reference, pool)
    assert first.reference not in await everything(pool)
    assert (await event_of(pool, second.report_id)).history.reports == 0


async def test_progress_that_comes_once_it_is_erased_is_not_kept(pool: Pool):
    told = await tell(pool, STORY)
    await forget(told.reference, pool)
    late = ReportProgressed(
        report_id=told.report_id, agency="northmoor", progress="acknowledged", at=NOON, words="being_looked_at"
    )
    await reports.hear([late], pool)
    assert await pool.fetchval("select count(*) from message") == 0


def disputed(one: Accepted, other: Accepted) -> LinkDisputed:
    return LinkDisputed(
        report_id=one.report_id, other_id=other.report_id, disputed_at=NOON, by="Sam", reason="another flat"
    )


async def add_more(told: Accepted, pool: Pool) -> None:
    await amendments.add_more(told.reference, told.secret, "And again.", pool, Bell(pool), RING, NOON)


async def erased_while_more_is_told(
    pool: Pool, erased: Accepted, added_to: Accepted
) -> list[UUID | BaseException | None]:
    """Both at once: erasing comes first to the household, and telling more to the report that it is told of."""
    async with transaction(pool) as connection:
        await households.lock(connection, await households.keys_known(connection, erased.report_id))
        erasing_it = asyncio.create_task(forget(erased.reference, pool))
        await until_waiting(pool, 1)
        adding = asyncio.create_task(add_more(added_to, pool))
        await until_waiting(pool, 2)
    return await asyncio.gather(erasing_it, adding, return_exceptions=True)


async def test_more_told_of_a_report_while_it_is_erased_finds_it_gone(pool: Pool):
    told = await tell(pool, STORY)
    erased, added = await erased_while_more_is_told(pool, told, told)
    assert (erased, type(added)) == (told.report_id, UnknownReference)
    assert STORY not in await everything(pool)


async def test_more_told_of_a_later_report_while_an_earlier_one_is_erased_is_kept(pool: Pool):
    first, second = [await tell(pool, STORY, now=NOON + n * DAY) for n in range(2)]
    assert await erased_while_more_is_told(pool, first, second) == [first.report_id, None]
    anew = await event_of(pool, second.report_id)
    assert (anew.text.endswith("And again."), anew.history.reports) == (True, 0)
    assert first.reference not in await everything(pool)


async def test_more_is_told_of_a_report_while_its_link_is_disputed(pool: Pool):
    first, second = [await tell(pool, STORY, now=NOON + n * DAY) for n in range(2)]
    async with transaction(pool) as connection:
        await series.held_series(connection, [first.report_id])
        parted = asyncio.create_task(links.part([disputed(second, first)], pool, Bell(pool), NOON))
        await until_waiting(pool, 1)
        added = asyncio.create_task(add_more(second, pool))
        await until_waiting(pool, 2)
    await asyncio.gather(parted, added)
    anew = await event_of(pool, second.report_id)
    assert (anew.text.endswith("And again."), anew.history.reports) == (True, 0)


async def test_what_is_not_there_cannot_be_erased(pool: Pool):
    with pytest.raises(UnknownReference, match="erased before"):
        await forget("H-NEVER-GIVEN", pool)


async def test_a_call_is_erased_once_it_has_ended(client: httpx.AsyncClient, pool: Pool):
    opened = (await client.post("/v1/calls", json={"call_id": "c-1", "line": "101"}, headers=TELEPHONE)).json()
    turns = [{"number": 1, "speaker": "caller", "text": STORY}]
    said = f"/v1/calls/{opened['report_id']}"
    await client.post(f"{said}/turns", json={"turns": turns}, headers=TELEPHONE)
    with pytest.raises(StillOnTheLine):
        await forget(opened["reference"], pool)
    assert STORY in await everything(pool)
    await client.post(f"{said}/end", json={}, headers=TELEPHONE)
    await forget(opened["reference"], pool)
    left = await everything(pool)
    assert not any(words in left for words in (STORY, opened["reference"]))
