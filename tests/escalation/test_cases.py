"""Cases, deliveries and receipts, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.escalation.domain import board
from services.escalation.domain.grading import danger_of
from services.escalation.domain.overrides import Override
from services.escalation.domain.unread import not_read
from services.escalation.handlers import cases, queue
from services.escalation.handlers.cases import Rules
from shared.codebook import DangerClass, Label, Threat
from shared.database import DatabaseUnavailable, Pool
from shared.events import Lane, ReportClassified, ReportReceived, ReportRouted
from shared.outbox import Bell
from shared.told import Addition, History
from tests.builders import NOON, assessment, classified, report
from tests.escalation.conftest import Escalate, as_they_are

NOISE = {"behaviours": ("A3",)}
HEALTH = "northmoor-environmental-health"


async def receipts(pool: Pool) -> list[ReportRouted]:
    rows = await pool.fetch("select value from outbox order by id")
    return [ReportRouted.model_validate_json(row["value"]) for row in rows]


async def positions(pool: Pool, agency: str) -> list[int]:
    rows = await pool.fetch("select position from delivery where agency_id = $1 order by position", agency)
    return [row["position"] for row in rows]


async def test_a_reading_opens_a_case_delivers_it_and_gives_a_receipt(escalate: Escalate, pool: Pool):
    event = classified(**NOISE)
    await escalate(event)
    (receipt,) = await receipts(pool)
    assert receipt.report_id == event.report_id
    assert [d.agency for d in receipt.destinations] == [HEALTH]
    assert await positions(pool, HEALTH) == [1]


NO_ROOM = """
create or replace function no_room() returns trigger language plpgsql as
    $$ begin raise exception 'no room' using errcode = 'disk_full'; end $$;
create trigger full_for_events before insert on outbox for each row execute function no_room()
"""


@pytest.fixture
async def full(pool: Pool) -> AsyncIterator[None]:
    """A database that has room for a case, and none for what is said of it."""
    await pool.execute(NO_ROOM)
    yield
    await pool.execute("drop trigger full_for_events on outbox")


@pytest.mark.usefixtures("full")
async def test_what_cannot_be_said_is_not_done(escalate: Escalate, pool: Pool):
    with pytest.raises(DatabaseUnavailable):
        await escalate(classified(behaviours=("A3",)))
    for table in ("cases", "queue_item", "delivery", "audit_entry"):
        assert await pool.fetchval(f"select count(*) from {table}") == 0, table


async def test_a_repetition_only_repeats_the_receipt(escalate: Escalate, pool: Pool):
    event = classified(**NOISE)
    for hours in range(10):
        await escalate(event, at=NOON + timedelta(hours=hours))
    given = await receipts(pool)
    assert len(given) == 10
    assert len({receipt.model_dump_json() for receipt in given}) == 1
    assert await positions(pool, HEALTH) == [1]


async def test_a_repetition_within_one_batch_is_one_case(escalate: Escalate, pool: Pool):
    event = classified(**NOISE)
    await escalate(event, event, event)
    assert await pool.fetchval("select count(*) from cases") == 1
    assert await positions(pool, HEALTH) == [1]


async def test_a_higher_revision_regrades_the_one_case(escalate: Escalate, pool: Pool):
    told = report()
    await escalate(classified(told, **NOISE))
    graver = assessment(labels=(Label.harassment,), threat=Threat.imminent, danger_class=DangerClass.life_at_risk)
    await escalate(classified(told.model_copy(update={"revision": 2}), graver))
    (case,) = await pool.fetch("select * from cases")
    assert (case["revision"], case["grade"]) == (2, "emergency")
    assert [receipt.revision for receipt in await receipts(pool)] == [1, 2]
    kinds = await pool.fetch("select kind from delivery where agency_id = $1 order by position", HEALTH)
    assert [row["kind"] for row in kinds] == ["report", "withdrawn"]


async def test_a_late_lower_revision_changes_nothing(escalate: Escalate, pool: Pool):
    told = report()
    await escalate(classified(told.model_copy(update={"revision": 2}), danger_class=DangerClass.life_at_risk))
    await escalate(classified(told, **NOISE))
    assert tuple(await pool.fetchrow("select danger_class, reading from cases")) == (1, 1)
    assert [receipt.revision for receipt in await receipts(pool)] == [2, 2]


async def test_a_newer_rulebook_regrades_and_an_older_reading_by_another_does_not(escalate: Escalate, pool: Pool):
    told = report()
    await escalate(classified(told, rulebook="rules-1", **NOISE))
    await escalate(classified(told, rulebook="rules-2", labels=(Label.harassment,)), at=NOON + timedelta(hours=1))
    await escalate(classified(told, rulebook="rules-0", **NOISE), at=NOON - timedelta(hours=1))
    assert await pool.fetchval("select rulebook from cases") == "rules-2"


async def test_the_second_reading_stands_over_the_first_whenever_it_comes(escalate: Escalate, pool: Pool):
    told = report()
    first = classified(told, rulebook="first", **NOISE)
    second = classified(told, rulebook="second", reading=2, labels=(Label.harassment,))
    await escalate(second)
    await escalate(first, at=NOON + timedelta(hours=1))
    assert await pool.fetchval("select rulebook from cases") == "second"
    assert len(await receipts(pool)) == 2


async def test_an_unread_threat_is_on_the_queue_without_a_receipt_and_filled_in_later(
    escalate: Escalate, pool: Pool, rules: Rules
):
    told = report(lane=Lane.urgent)
    await cases.open_unread([cases.unread(told, NOON)], pool, Bell(pool), rules, NOON)
    assert await pool.fetchval("select danger_class from queue_item") == 2
    assert await receipts(pool) == []
    await escalate(classified(told, labels=(Label.harassment,), danger_class=DangerClass.life_at_risk))
    assert await pool.fetchval("select danger_class from queue_item") == 1
    assert len(await receipts(pool)) == 1


async def test_what_was_opened_by_a_clock_ahead_is_ranked_as_it_was_read(escalate: Escalate, pool: Pool, rules: Rules):
    """The reading was waiting for the lock: what another worker opened meanwhile bears a later time than its own."""
    event = classified(**NOISE)
    later = NOON + timedelta(seconds=1)
    await cases.open_unread([cases.unread(event.report, later, None)], pool, Bell(pool), rules, later)
    await escalate(event, at=NOON)
    assert tuple(await pool.fetchrow("select danger_class, grade_order from queue_item")) == (4, 3)


async def test_what_was_read_is_not_opened_again_as_unread(escalate: Escalate, pool: Pool, rules: Rules):
    event = classified(labels=(Label.harassment,))
    await escalate(event)
    await cases.open_unread([cases.unread(event.report, NOON)], pool, Bell(pool), rules, NOON)
    assert await pool.fetchval("select rulebook from cases") == "rules-1"


KNIFE = "He is outside with a knife."
GRAVE = {"labels": (Label.harassment,), "danger_class": DangerClass.life_at_risk, "threat": Threat.imminent}


def more(event: ReportClassified, **given: Any) -> ReportReceived:
    """The next revision of a report, with a threat at its end."""
    told = {"revision": event.revision + 1, "lane": Lane.urgent, "text": f"{event.report.text}\n\n{KNIFE}"}
    return event.report.model_copy(update=told | given)


async def test_a_threat_told_later_and_not_read_brings_a_closed_case_back_and_is_filled_in_later(
    escalate: Escalate, pool: Pool, rules: Rules
):
    event = classified(labels=(Label.harassment,), rulebook="first")
    await escalate(event)
    await pool.execute("update queue_item set state = 'closed'")
    await cases.open_unread([cases.unread(more(event), NOON)], pool, Bell(pool), rules, NOON + timedelta(days=1))
    item = await pool.fetchrow("select state, danger_class, queues from queue_item")
    assert tuple(item) == ("open", 2, ["control_room", "harassment", "review"])
    case = await pool.fetchrow("select danger_class, grade, rulebook, reading, receipt from cases")
    assert tuple(case) == (2, "priority", None, 0, None)
    assert [receipt.revision for receipt in await receipts(pool)] == [1]
    await escalate(classified(event.report, reading=2, rulebook="late"))
    assert await pool.fetchval("select revision from cases") == 2
    await escalate(classified(more(event), **GRAVE, rulebook="read"))
    case = await pool.fetchrow("select rulebook, reading, danger_class from cases")
    assert tuple(case) == ("read", 1, 1)
    assert [receipt.revision for receipt in await receipts(pool)] == [1, 2]


@pytest.mark.parametrize("lane", Lane)
async def test_another_history_and_not_a_word_more_brings_no_closed_case_back(
    escalate: Escalate, pool: Pool, rules: Rules, lane: Lane
):
    """As a link is undone, or a report of the same series is erased."""
    event = classified(report(lane=lane), labels=(Label.harassment,))
    await escalate(event)
    await pool.execute("update queue_item set state = 'closed'")
    again = event.report.model_copy(update={"revision": 2, "history": History(reports=1, references=("H-1",))})
    await cases.open_unread([cases.unread(again, NOON)], pool, Bell(pool), rules, NOON)
    await escalate(classified(again, labels=(Label.harassment,)))
    assert await pool.fetchval("select state from queue_item") == "closed"
    assert [receipt.revision for receipt in await receipts(pool)] == [1, 2]
    graver = again.model_copy(update={"revision": 3})
    await escalate(classified(graver, labels=(Label.harassment,), danger_class=DangerClass.veiled_or_stalking))
    assert await pool.fetchval("select state from queue_item") == "open"


async def test_what_becomes_graver_is_to_be_answered_from_when_that_was_told(escalate: Escalate, pool: Pool):
    event = classified(labels=(Label.harassment,))
    await escalate(event)
    later = NOON + timedelta(days=3)
    minutes = timedelta(minutes=15)
    threat, please = (Addition(start=30, told_at=at) for at in (later, later + 4 * minutes))
    await escalate(classified(more(event, additions=(threat,)), **GRAVE))
    assert await pool.fetchval("select target_at from queue_item") == later + minutes
    await escalate(classified(more(event, revision=3, additions=(threat, please)), **GRAVE))
    await escalate(classified(more(event, revision=3, additions=(threat, please)), reading=2, **GRAVE))
    assert await pool.fetchval("select target_at from queue_item") == later + minutes


async def test_what_is_told_of_a_closed_case_is_to_be_answered_from_when_that_was_told(escalate: Escalate, pool: Pool):
    event = classified(**GRAVE)
    await escalate(event)
    await pool.execute("update queue_item set state = 'closed'")
    later = NOON + timedelta(days=3)
    await escalate(classified(more(event, additions=(Addition(start=30, told_at=later),)), **GRAVE))
    assert await pool.fetchval("select target_at from queue_item") == later + timedelta(minutes=15)


async def test_a_threat_not_read_leaves_it_with_whoever_has_it_and_says_so(
    escalate: Escalate, pool: Pool, rules: Rules
):
    event = classified(behaviours=("A3", "A4"))
    await escalate(event)
    await cases.open_unread([cases.unread(more(event), NOON)], pool, Bell(pool), rules, NOON)
    body = await pool.fetchval("select body from delivery where agency_id = 'northmoor-council-asb' and body <> 'null'")
    assert (body["labels"], body["danger_class"], body["not_yet_read"]) == (["asb"], 2, True)
    assert await pool.fetchval("select count(*) from delivery where kind = 'withdrawn'") == 0
    (case,), _ = await queue.ranked("northmoor-police", None, 1, pool, as_they_are(rules))
    assert board.labels(case.assessment) == ("Not yet read", "Anti-social behaviour")


@pytest.mark.parametrize("lane", Lane)
async def test_more_that_cannot_be_read_never_lowers_what_was_read(
    escalate: Escalate, pool: Pool, rules: Rules, lane: Lane
):
    event = classified(**GRAVE)
    await escalate(event)
    await escalate(not_read(more(event, lane=lane)))
    await cases.open_unread([cases.unread(more(event, revision=3), NOON)], pool, Bell(pool), rules, NOON)
    await escalate(not_read(more(event, lane=lane, revision=4)))
    assert tuple(await pool.fetchrow("select revision, danger_class, grade from cases")) == (4, 1, "emergency")
    assert [receipt.revision for receipt in await receipts(pool)] == [1, 2, 4]
    assert await pool.fetchval("select danger_class from queue_item") == 1


async def test_more_that_cannot_be_read_never_lowers_what_was_taken_to_be_grave(
    escalate: Escalate, pool: Pool, rules: Rules
):
    event = classified(labels=(Label.harassment,))
    await escalate(event)
    await cases.open_unread([cases.unread(more(event), NOON)], pool, Bell(pool), rules, NOON)
    await escalate(not_read(more(event, revision=3, lane=Lane.ordinary)))
    assert tuple(await pool.fetchrow("select revision, danger_class from cases")) == (3, 2)


async def test_more_that_cannot_be_read_comes_after_what_came_with_it(escalate: Escalate, pool: Pool):
    event = classified(**GRAVE)
    await escalate(not_read(more(event)), event)
    assert tuple(await pool.fetchrow("select revision, danger_class from cases")) == (2, 1)


async def test_a_graver_reading_that_is_late_counts_until_what_was_told_since_is_read(
    escalate: Escalate, pool: Pool, rules: Rules
):
    event = classified(**GRAVE)
    await cases.open_unread([cases.unread(more(event), NOON)], pool, Bell(pool), rules, NOON)
    for _ in range(2):
        await escalate(event)
    assert tuple(await pool.fetchrow("select revision, danger_class, reading from cases")) == (2, 1, 0)
    assert await pool.fetchval("select count(*) from audit_entry where action = 'opened, not yet read'") == 2
    assert await receipts(pool) == []
    await escalate(classified(more(event), labels=(Label.harassment,)))
    assert tuple(await pool.fetchrow("select revision, danger_class, reading from cases")) == (2, 4, 1)
    assert [receipt.revision for receipt in await receipts(pool)] == [2]


async def test_routed_anew_what_was_not_read_stays_so(escalate: Escalate, pool: Pool, rules: Rules):
    event = classified(labels=(Label.harassment,))
    await escalate(event)
    await cases.open_unread([cases.unread(more(event), NOON)], pool, Bell(pool), rules, NOON)
    before = await pool.fetchrow("select * from cases")
    await cases.route_anew([event.report_id], pool, Bell(pool), rules, NOON)
    assert await pool.fetchrow("select * from cases") == before
    assert len(await receipts(pool)) == 1


async def test_a_report_that_nobody_can_read_goes_to_review_with_a_receipt(escalate: Escalate, pool: Pool):
    await escalate(not_read(report()))
    (receipt,) = await receipts(pool)
    assert [d.queue for d in receipt.destinations] == ["control_room", "review"]
    assert await pool.fetchval("select queues from queue_item") == ["control_room", "review"]


async def test_positions_have_no_gap_under_eight_writers(escalate: Escalate, pool: Pool):
    batches = [[classified(**NOISE) for _ in range(10)] for _ in range(24)]
    gate = asyncio.Semaphore(8)

    async def write(batch: list) -> None:
        async with gate:
            await escalate(*batch)

    await asyncio.gather(*map(write, batches))
    assert await positions(pool, HEALTH) == list(range(1, 241))


async def test_two_readings_of_one_report_at_one_instant_leave_the_newest(escalate: Escalate, pool: Pool):
    told = report()
    events = [classified(told.model_copy(update={"revision": n}), **NOISE) for n in range(1, 9)]
    await asyncio.gather(*(escalate(event) for event in events))
    assert await pool.fetchval("select revision from cases") == 8
    assert await positions(pool, HEALTH) == [1]


NOT_ENGLISH: dict[str, Any] = {"labels": (Label.other,), "notes": ("language:pl",)}


@pytest.mark.parametrize(("lane", "danger"), [(Lane.urgent, 2), (Lane.ordinary, 3)])
async def test_a_story_in_no_english_is_as_grave_as_what_nobody_has_read_and_says_so(
    escalate: Escalate, pool: Pool, rules: Rules, lane: Lane, danger: int
):
    event = classified(report(lane=lane), **NOT_ENGLISH)
    await escalate(event, event)
    assert tuple(await pool.fetchrow("select danger_class, queues from queue_item")) == (
        danger,
        ["control_room", "review"],
    )
    assert len(await receipts(pool)) == 1
    (case,), _ = await queue.ranked("northmoor-police", None, 1, pool, as_they_are(rules))
    assert board.labels(case.assessment) == ("Not yet read", "Not in English: Polish")


async def test_the_second_reading_of_a_story_in_no_english_changes_nothing(escalate: Escalate, pool: Pool):
    event = classified(rulebook="first", **NOT_ENGLISH)
    await escalate(event)
    await escalate(classified(event.report, reading=2, rulebook="second", **NOT_ENGLISH))
    await escalate(event)
    assert tuple(await pool.fetchrow("select rulebook, reading, danger_class from cases")) == ("second", 2, 3)


def test_who_had_it_translated_says_what_it_is():
    event = classified(**NOT_ENGLISH)
    said = Override(who="Sam", why="rang an interpreter", at=NOON, of_danger=3, of_revision=1, threat=Threat.none)
    assert danger_of(event.report, said.applied_to(event).assessment) == 4
    told_since = event.model_copy(update={"revision": 2})
    assert danger_of(event.report, said.applied_to(told_since).assessment) == 3
