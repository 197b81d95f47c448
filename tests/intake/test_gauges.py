"""What is open: told, or told more of, and without a receipt for that; counted for the audit and for an alarm."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner, Result

from services.cli import app as heard
from services.intake.gauges import open_reports
from services.intake.handlers import erasing, reports
from services.intake.handlers.amendments import add_more
from services.intake.handlers.reports import Accepted
from services.intake.main import create_app
from services.intake.repository.accounts import account, open_ones
from services.intake.settings import Settings
from shared.clock import time_of
from shared.database import DatabaseUnavailable, Pool, create_pool
from shared.events import ReportReceived
from shared.outbox import Bell
from tests.builders import NOON, receipt
from tests.intake.telling import DAY, RING, event_of, tell

MINUTE = timedelta(minutes=1)


async def routed(pool: Pool) -> tuple[Accepted, ReportReceived]:
    accepted = await tell(pool, "He follows me.")
    told = await event_of(pool, accepted.report_id)
    await reports.close([receipt(told)], pool)
    return accepted, told


async def add(pool: Pool, to: Accepted, text: str, now: Any) -> None:
    await add_more(to.reference, to.secret, text, pool, Bell(pool), RING, now)


async def counted(pool: Pool) -> tuple[Any, ...]:
    async with pool.acquire() as connection:
        found = await account(connection)
    return found["accepted"], found["routed"], found["open"], found["oldest"]


async def test_what_is_told_is_open_until_its_receipt(pool: Pool):
    accepted = await tell(pool, "He follows me.")
    assert await counted(pool) == (1, 0, 1, NOON)
    await reports.close([receipt(await event_of(pool, accepted.report_id))], pool)
    assert await counted(pool) == (1, 1, 0, None)


async def test_what_is_added_is_open_until_a_receipt_for_it_however_long_ago_the_report_was_routed(pool: Pool):
    accepted, told = await routed(pool)
    await add(pool, accepted, "He is at the door.", NOON + DAY)
    await reports.close([receipt(told)], pool)
    assert await counted(pool) == (1, 0, 1, NOON + DAY)
    await reports.close([receipt(told, revision=2)], pool)
    assert await counted(pool) == (1, 1, 0, None)


async def test_more_of_what_is_open_does_not_make_it_younger_and_a_receipt_on_the_way_does(pool: Pool):
    accepted, told = await routed(pool)
    for minutes in (1, 2, 3):
        await add(pool, accepted, f"Again, the {minutes}. time.", NOON + minutes * MINUTE)
    assert await counted(pool) == (1, 0, 1, NOON + MINUTE)
    for _ in range(2):
        await reports.close([receipt(told, revision=3, routed_at=NOON + 2 * MINUTE)], pool)
    assert await counted(pool) == (1, 0, 1, NOON + 2 * MINUTE)


OLD_INTAKE = """
insert into report (id, reference, source, received_at, urgent, revision, event, secret_hash, body_hash)
select gen_random_uuid(), 'OLD', source, received_at, urgent, revision, event, secret_hash, body_hash from report
"""
OLD_WORKER = "update report set routed_at = now(), receipt = '{\"revision\": 1}' where reference = 'OLD'"


async def test_what_an_older_process_keeps_is_open_and_what_it_closes_is_not(pool: Pool):
    """Before 0005 no process knew of `open_since`; during an upgrade both kinds are at work."""
    await routed(pool)
    await pool.execute(OLD_INTAKE)
    now = await pool.fetchval("select now()")
    accepted, closed, still, since = await counted(pool)
    assert (accepted, closed, still) == (2, 1, 1)
    assert now - MINUTE < since <= now
    async with pool.acquire() as connection:
        assert [row["reference"] for row in await open_ones(connection, 10)] == ["OLD"]
    await pool.execute(OLD_WORKER)
    assert await counted(pool) == (2, 2, 0, None)
    async with pool.acquire() as connection:
        assert not await open_ones(connection, 10)


async def audited(settings: Settings) -> Result:
    environment = {
        "HEARD_INTAKE_DATABASE": settings.database.get_secret_value(),
        "HEARD_INTAKE_KAFKA": "127.0.0.1:1",
        "HEARD_INTAKE_SECRET": settings.secret.get_secret_value(),
    }
    return await asyncio.to_thread(CliRunner().invoke, heard, ["audit"], env=environment)


async def test_the_audit_names_what_was_added_and_waits_and_fails(pool: Pool, settings: Settings):
    accepted, _ = await routed(pool)
    assert (await audited(settings)).exit_code == 0
    await add(pool, accepted, "He is at the door.", NOON)
    result = await audited(settings)
    assert result.exit_code == 1
    assert "accepted 1 = routed 0 + open 1" in result.output
    assert f"open {accepted.reference} ordinary for" in result.output


async def test_the_audit_finds_what_nothing_says_is_open_and_has_no_receipt(pool: Pool, settings: Settings):
    accepted = await tell(pool, "He follows me.", now=await time_of(pool))
    assert (await audited(settings)).exit_code == 0
    await pool.execute("update report set open_since = null")
    result = await audited(settings)
    assert result.exit_code == 1
    assert "accepted 1 = routed 0 + open 0 + neither 1" in result.output
    assert f"not open: {accepted.reference}" in result.output


async def test_the_audit_finds_what_is_open_and_nothing_publishes(pool: Pool, settings: Settings):
    accepted = await tell(pool, "He follows me.", now=await time_of(pool))
    await pool.execute("delete from outbox")
    result = await audited(settings)
    assert result.exit_code == 1
    assert f"open {accepted.reference} ordinary for 0 s, and nothing publishes it" in result.output


NAMES = ("heard_reports_open", "heard_reports_open_oldest_seconds", "heard_erasures_open")


async def test_an_alarm_sees_what_is_open_and_for_how_long_and_what_is_not_yet_erased(pool: Pool):
    registry = CollectorRegistry()
    gauges = open_reports(pool, asyncio.Event(), registry)
    await gauges.read()
    assert [registry.get_sample_value(name) for name in NAMES] == [0, 0, 0]
    now = await pool.fetchval("select now()")
    first, _ = await tell(pool, "Loud.", now=now - MINUTE), await tell(pool, "Louder.", now=now)
    await gauges.read()
    many, seconds, _ = [registry.get_sample_value(name) for name in NAMES]
    assert many == 2
    assert seconds is not None
    assert 60 <= seconds < 90
    await erasing.erase(first.reference, "kim", "asked for", pool, Bell(pool), now)
    await gauges.read()
    assert [registry.get_sample_value(name) for name in (NAMES[0], NAMES[2])] == [1, 1]


async def test_while_the_database_is_away_an_alarm_sees_no_number(pool: Pool, settings: Settings):
    registry = CollectorRegistry()
    database = create_pool(settings.database.get_secret_value(), 1)
    async with database:
        gauges = open_reports(database, asyncio.Event(), registry)
        await gauges.read()
        assert registry.get_sample_value("heard_reports_open") == 0
    with pytest.raises(DatabaseUnavailable):
        await gauges.read()
    assert [str(registry.get_sample_value(name)) for name in NAMES] == ["nan"] * 3


async def test_what_only_serves_counts_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shared.gauges.Gauge", lambda *_, **__: pytest.fail("a gauge"))
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        assert app.state.pool
