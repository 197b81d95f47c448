"""A report that was erased: an empty place in each feed, nothing else anywhere, and nothing brings it back."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from services.escalation.domain.directory import Directory
from services.escalation.handlers import alerts, cases, erasing, notices
from services.escalation.handlers.cases import Rules
from services.escalation.repository import cases as open_cases
from services.escalation.repository import deliveries
from services.escalation.repository import erasing as rows
from services.escalation.repository.alerts import raise_due
from shared.database import Pool, transaction
from shared.events import (
    Amendment,
    Progress,
    ReportAmended,
    ReportClassified,
    ReportDelivered,
    ReportErased,
    ReportLinked,
    ReportRouted,
)
from shared.kafka import ROUTED
from shared.outbox import Bell
from shared.told import Contact, History, LinkReason
from tests.builders import NOON, classified, report
from tests.escalation.conftest import Escalate, SignIn
from tests.infrastructure import until_waiting

HEALTH, COUNCIL, PANEL = "northmoor-environmental-health", "northmoor-council-asb", "moor-and-vale-case-review"
REFERENCE, STORY, NAME = "H-ERASE-00001", "The kettle drums of number eleven.", "Perpetua Quill"
DAY = timedelta(days=1)


@pytest.fixture
def told() -> ReportClassified:
    given = report(reference=REFERENCE, text=STORY, contact=Contact(name=NAME, phone="01632 960001"))
    return classified(given, behaviours=("A3", "A4"))


def erased(event: ReportClassified) -> ReportErased:
    return ReportErased(report_id=event.report_id, revision=2, erased_at=NOON, by="kim", reason="asked for")


async def forget(event: ReportClassified, directory: Directory, pool: Pool) -> None:
    await erasing.erase(erased(event), directory, pool, Bell(pool), NOON)


async def everything(pool: Pool) -> str:
    """Every row of every table as text, outbox values written out."""
    tables = await pool.fetch("select tablename from pg_tables where schemaname = 'public'")
    rows = [row for (table,) in tables for row in await pool.fetch(f'select * from "{table}"')]
    return " ".join(str([v.decode() if isinstance(v, bytes) else v for v in row.values()]) for row in rows)


async def test_a_tombstone_is_all_that_is_left(
    told: ReportClassified,
    escalate: Escalate,
    client: httpx.AsyncClient,
    sign_in: SignIn,
    pool: Pool,
    directory: Directory,
):
    await escalate(told, classified(behaviours=("A3",)))
    headers = await sign_in("agency", COUNCIL)
    acts = f"/v1/agencies/{COUNCIL}/reports/{told.report_id}"
    await client.post(f"{acts}/close", json={"outcome": f"{NAME} was visited"}, headers=headers)
    held = await everything(pool)
    assert all(words in held for words in (REFERENCE, STORY, NAME))
    await forget(told, directory, pool)
    left = await everything(pool)
    assert not any(words in left for words in (REFERENCE, STORY, NAME, "960001"))
    feed = (await client.get(f"/v1/agencies/{COUNCIL}/reports", headers=headers)).json()["reports"]
    assert [(e["position"], e["kind"], e["report_id"], e["report"]) for e in feed] == [
        (1, "report", str(told.report_id), None),
        (2, "erased", str(told.report_id), None),
    ]
    record = await pool.fetchrow("select who, why, detail from audit_entry where action = 'erased'")
    assert tuple(record) == ("kim", "asked for", {"told": [COUNCIL, HEALTH, "northmoor-police"]})


async def test_what_is_still_on_its_way_brings_nothing_back(
    told: ReportClassified, escalate: Escalate, pool: Pool, directory: Directory, rules: Rules
):
    await forget(told, directory, pool)
    await cases.open_unread([cases.unread(told.report, NOON)], pool, Bell(pool), rules, NOON)
    await escalate(told)
    assert await pool.fetchval("select count(*) from cases") == 0
    assert STORY not in await everything(pool)


async def test_a_notice_that_comes_late_is_not_kept(
    told: ReportClassified, escalate: Escalate, pool: Pool, directory: Directory
):
    other = classified()
    await escalate(other)
    await forget(told, directory, pool)
    ours, theirs = told.report_id, other.report_id
    linked = {"later_reference": REFERENCE, "linked_at": NOON, "reasons": (LinkReason.address,)}
    late = [
        ReportAmended(report_id=ours, revision=2, kind=Amendment.more_told, amended_at=NOON, text=STORY),
        ReportLinked(report_id=ours, later_id=theirs, **linked),
        ReportLinked(report_id=theirs, later_id=ours, **linked),
    ]
    kept = "select (select count(*) from notice), (select count(*) from audit_entry where who = 'intake')"
    await notices.hear(late, pool)
    assert tuple(await pool.fetchrow(kept)) == (0, 0)
    await notices.hear([ReportLinked(report_id=theirs, later_id=uuid4(), **linked)], pool)
    assert tuple(await pool.fetchrow(kept)) == (1, 1)


async def test_a_notice_heard_while_its_report_is_erased_is_not_kept(
    told: ReportClassified, escalate: Escalate, pool: Pool, directory: Directory
):
    await escalate(told)
    more = ReportAmended(report_id=told.report_id, revision=2, kind=Amendment.more_told, amended_at=NOON, text=STORY)
    async with transaction(pool) as connection:
        await open_cases.lock(connection, [told.report_id])
        hearing = asyncio.create_task(notices.hear([more], pool))
        await until_waiting(pool, 1)
        await rows.note(connection, told.report_id, NOON)
        await rows.erase(connection, told.report_id)
    await hearing
    assert await pool.fetchval("select count(*) from notice") == 0


async def test_asked_for_again_it_is_answered_again_and_nobody_is_told_twice(
    told: ReportClassified, escalate: Escalate, pool: Pool, directory: Directory
):
    await escalate(told)
    for _ in range(2):
        await forget(told, directory, pool)
    rows = await pool.fetch("select value from outbox where topic = $1", ROUTED)
    receipts = [ReportRouted.model_validate_json(row["value"]) for row in rows]
    assert [(r.report_id, r.revision, r.destinations) for r in receipts] == [(told.report_id, 2, ())] * 2
    assert await pool.fetchval("select count(*) from delivery where kind = 'erased' and agency_id = $1", HEALTH) == 1
    assert await pool.fetchval("select count(*) from audit_entry where action = 'erased'") == 1


async def test_agencies_on_kafka_are_told_there(
    told: ReportClassified, escalate: Escalate, pool: Pool, directory: Directory
):
    await escalate(told)
    agencies = tuple(a.model_copy(update={"kafka": a.id == HEALTH}) for a in directory.agencies)
    await forget(told, directory.model_copy(update={"agencies": agencies}), pool)
    (row,) = await pool.fetch("select value from outbox where topic like 'agency.%'")
    event = ReportDelivered.model_validate_json(row["value"])
    assert (event.agency, event.kind, event.report_id) == (HEALTH, "erased", told.report_id)


async def test_a_review_goes_on_about_the_others_and_does_not_name_it(
    told: ReportClassified, escalate: Escalate, pool: Pool, directory: Directory
):
    """The erased one is the third of three, where the review began, and the first telling of what came after it."""
    events: list[ReportClassified] = []
    for n, reference in enumerate(("H-A", "H-B", REFERENCE, "H-D")):
        history = History(reports=n, references=tuple(e.report.reference for e in reversed(events)))
        at = NOON + n * 10 * DAY if n < 3 else NOON + 20 * DAY + timedelta(hours=1)
        given = report(reference=reference, received_at=at, history=history)
        events.append(classified(given, behaviours=("A3",)))
        await escalate(events[-1])
    before = await pool.fetchrow("select report_id, timeline from case_review")
    assert before["report_id"] == events[2].report_id
    assert before["timeline"][3]["same_as"] == REFERENCE
    await forget(events[2], directory, pool)
    after = await pool.fetchrow("select report_id, reference, timeline from case_review")
    assert (after["report_id"], after["reference"]) == (events[3].report_id, "H-D")
    assert [(one["reference"], one["same_as"]) for one in after["timeline"]] == [
        ("H-A", None),
        ("H-B", None),
        ("H-D", None),
    ]


async def test_a_review_of_nothing_else_ends(
    told: ReportClassified, escalate: Escalate, pool: Pool, directory: Directory
):
    reading = told.assessment and told.assessment.model_copy(update={"reported_before": 3})
    await escalate(told.model_copy(update={"assessment": reading}))
    assert isinstance(await pool.fetchval("select id from case_review"), UUID)
    await forget(told, directory, pool)
    assert await pool.fetchval("select count(*) from case_review") == 0


async def test_what_an_agency_is_writing_down_meanwhile_is_gone_too(
    told: ReportClassified, escalate: Escalate, pool: Pool, directory: Directory
):
    await escalate(told)
    async with transaction(pool) as connection:
        about = COUNCIL, told.report_id
        queues = await deliveries.move(connection, *about, "acknowledged", ("queued",), NOON)
        await deliveries.add_step(connection, *about, queues, Progress.under_way, STORY, "their client", NOON)
        forgotten = asyncio.create_task(forget(told, directory, pool))
        await until_waiting(pool, 1)
    await forgotten
    assert await pool.fetchval("select count(*) from delivery_step") == 0


async def test_no_alert_is_raised_for_what_is_being_erased(told: ReportClassified, escalate: Escalate, pool: Pool):
    await escalate(told)
    async with transaction(pool) as connection:
        await deliveries.erase(connection, told.report_id)
        await rows.erase(connection, told.report_id)
        looked = asyncio.create_task(alerts.look(pool, NOON + 30 * DAY))
        await until_waiting(pool, 1)
    await looked
    assert await pool.fetchval("select count(*) from alert") == 0


async def test_what_an_alert_is_being_raised_for_can_be_erased(
    told: ReportClassified, escalate: Escalate, pool: Pool, directory: Directory
):
    await escalate(told)
    async with transaction(pool) as connection:
        await raise_due(connection, NOON + 30 * DAY)
        forgotten = asyncio.create_task(forget(told, directory, pool))
        await until_waiting(pool, 1)
    await forgotten
    assert await pool.fetchval("select count(*) from alert") == 0
