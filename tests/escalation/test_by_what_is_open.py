"""What is asked every second, or by every page, has an index of what is open: it costs the same after millions.

PostgreSQL is asked how it would go about each, in a database that has seen 20,000 reports and has 100 of them open.
"""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from deploy.local.postgres import Postgres
from services.escalation.repository import audit, case_reviews, deliveries, open_cases, supervision, work
from services.escalation.settings import MIGRATIONS
from shared.database import Pool, create_pool, migrate, transaction

NOW = datetime(2026, 11, 26, tzinfo=UTC)
NOBODY = UUID(int=0)

EVER: Final = """
create temporary table ever as
select n, gen_random_uuid() as id, timestamptz '2026-11-26' - n * interval '1 minute' as at, n <= 100 as open
from generate_series(1, 20000) as n;

insert into cases (report_id, reference, revision, reading, assessed_at, event, danger_class, grade, reasons, receipt,
                   opened_at)
select id, 'HRD-' || n, 1, 1, at, '{}', 5, 'scheduled', '{}', '{}', at from ever;

insert into queue_item (report_id, force, queues, danger_class, grade_order, target_at, opened_at, state, closed_at)
select id, 'force-' || n % 5, '{control_room}', 5, 3, at, at,
       case when open then 'open' else 'closed' end, case when not open then at end
from ever;

insert into delivery (agency_id, position, report_id, queue, reason, ground, delivered_at, kind, state, acknowledge_by,
                      settled_at, by_hand, changed)
select 'council-' || n % 5, n, id, 'asb', 'A1', 'consent', at, 'report',
       case when open then (array['queued', 'seen', 'acknowledged', 'returned'])[1 + n / 5 % 4]
            else (array['closed', 'returned'])[1 + n / 5 % 2] end,
       at, case when not open then at end, false, false
from ever;

insert into alert (report_id, kind, raised_at, again_at, times, cleared_at) select id, 'unclaimed', at, at, 1, at
from ever;

insert into set_aside (id, place, came_from, reader, reason, at, report_id)
select gen_random_uuid(), '0/' || n, 'reports.classified', 'escalation', 'not JSON', at, id from ever;

insert into case_review (id, agency_id, report_id, reference, asked_by, offered, state, timeline, opened_at, closed_at)
select gen_random_uuid(), 'council', id, 'HRD-' || n, 'threshold', true, 'closed', '[]', at, at from ever;

insert into case_review_action (id, review_id, panel, action, owner, due_on, done_at)
select gen_random_uuid(), id, 'council', 'visit', 'council', opened_at::date, opened_at from case_review;

insert into audit_entry (at, who, action, report_id, why, detail)
select at, case when n % 10 = 0 then 'person-' || n % 7 else 'escalation' end, 'looked at', id, '', '{}' from ever;
"""


@pytest.fixture(scope="module")
def years_of_it(postgres: Postgres) -> str:
    url = postgres.create_database("escalation_years")
    migrate(url, MIGRATIONS)
    return url


@pytest.fixture
async def years(years_of_it: str) -> AsyncIterator[Pool]:
    async with create_pool(years_of_it, 1) as pool:
        if not await pool.fetchval("select exists (select from cases)"):
            await pool.execute(EVER, timeout=120)
            await pool.execute("analyze", timeout=120)
        yield pool


AN_AGENCY: Final = "set local heard.agency = 'council-1'"


@pytest.mark.parametrize(
    ("statement", "given", "by"),
    [
        (deliveries.RETURNED, (100,), ["delivery_returned"]),
        (deliveries.LEFT_LYING, (NOW, 100), ["delivery_unsettled"]),
        (open_cases.STILL_OPEN, (NOBODY, 200), ["queue_item_(open|rank)", "delivery_(open|to_do)"]),
        (supervision.COUNTS, (), ["cases_no_receipt"]),
        (work.SEARCH, ("force-1", "b", NOW, 20, 200, ["H-B"]), ["queue_item_newest"]),
        (case_reviews.DUE, (date(2026, 11, 26),), ["case_review_action_late"]),
        (audit.BY, (["person-1"], NOW - timedelta(days=1), NOW, 100), ["audit_entry_who"]),
        ("delete from alert where report_id = $1", (NOBODY,), ["alert_report"]),
        ("delete from set_aside where report_id = $1", (NOBODY,), ["ix_set_aside_report_id"]),
        ("delete from case_review where report_id = $1", (NOBODY,), ["ix_case_review_report_id"]),
    ],
)
async def test_it_goes_by_an_index_of_what_is_open(
    statement: str, given: tuple[Any, ...], by: list[str], years: Pool
) -> None:
    plan = await _plan(years, statement, given)
    assert [name for name in by if not re.search(rf" using {name} | on {name} ", plan)] == [], plan


@pytest.mark.parametrize(
    ("which", "by"), [("open", "delivery_to_do"), ("new", "delivery_to_do"), ("done", "delivery_done")]
)
async def test_a_list_is_read_by_its_index_and_in_its_order(which: str, by: str, years: Pool) -> None:
    statement = deliveries.LISTED.format(wanted=deliveries.LISTS[which])
    plan = await _plan(years, statement, ("council-1", 200), AN_AGENCY)
    assert f" {by} " in plan, plan
    in_order = await _plan(years, statement, ("council-1", 200), f"{AN_AGENCY}; set local enable_bitmapscan = off")
    assert "Sort" not in in_order, in_order


async def _plan(pool: Pool, statement: str, given: tuple[Any, ...], first: str = "set local jit = off") -> str:
    async with transaction(pool) as connection:
        await connection.execute(first)
        return "\n".join([row[0] for row in await connection.fetch(f"explain {statement}", *given)])
