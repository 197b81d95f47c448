"""An attacker: every route with every other agency's token and id, and SQL of their own under the guests' role."""

import re
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi.routing import APIRoute

from services.escalation.domain.directory import Directory
from services.escalation.domain.people import Role
from services.escalation.main import create_app
from services.escalation.repository.isolation import as_agency
from services.escalation.settings import Settings
from shared.codebook import Label
from shared.database import Pool, transaction
from tests.builders import classified, report
from tests.escalation.conftest import OURS, Escalate, SignIn, SignInPage

HEALTH = "northmoor-environmental-health"
SECRET = "a song that only Northmoor's environmental health may read"
REFERENCE = "H-ONLYT-HEIRS"
TABLES = ("delivery", "delivery_step", "webhook", "case_review", "case_review_agency", "case_review_action")


@pytest.fixture
async def report_id(escalate: Escalate) -> UUID:
    event = classified(report(reference=REFERENCE, text=SECRET), behaviours=("A3",))
    await escalate(event)
    return event.report_id


def doors(settings: Settings) -> list[tuple[str, str]]:
    """Every method and path that there is, published or not, for programs and for people."""
    routers = [kept.original_router for kept in create_app(settings).routes if hasattr(kept, "original_router")]
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return [(method, route.path) for route in routes for method in sorted(route.methods)]


ANYTHING = {
    "reason": "x",
    "note": "x",
    "outcome": "x",
    "tell_reporter": "being_looked_at",
    "agency": HEALTH,
    "whose": HEALTH,
    "action": "x",
    "owner": HEALTH,
    "due_on": "2026-04-01",
    "review_on": "2026-04-01",
}


def through(path: str, agency: str, report_id: UUID) -> str:
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda name: agency if name[1] == "agency_id" else str(report_id), path)


async def test_no_door_shows_or_changes_what_is_another_agencys(
    report_id: UUID,
    client: httpx.AsyncClient,
    sign_in: SignIn,
    sign_in_page: SignInPage,
    directory: Directory,
    settings: Settings,
    pool: Pool,
):
    """Every route, by every other agency's token and by a session of its people, under its own id and the other's."""
    before = await pool.fetch("select * from delivery")
    tried = doors(settings)
    assert len(tried) > 60
    for other in (agency.id for agency in directory.agencies if agency.id != HEALTH):
        token = await sign_in("agency", other)
        browser = await sign_in_page(Role.agency, other, other)
        for method, path in tried:
            for whose in {HEALTH, other} if "{agency_id}" in path else {other}:
                filled = through(path, whose, report_id)
                answers = [
                    await client.request(method, filled, headers=token, json=ANYTHING),
                    await browser.request(method, filled, headers=OURS, data=ANYTHING),
                ]
                for answer in answers:
                    assert SECRET not in answer.text, (other, method, filled)
                    assert REFERENCE not in answer.text, (other, method, filled)
                if whose == HEALTH:
                    assert answers[0].status_code == 403, (other, method, filled)
    assert await pool.fetch("select * from delivery") == before
    assert await pool.fetchval("select count(*) from delivery_step") == 0


async def test_another_forces_control_room_neither_sees_nor_changes_it(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, settings: Settings, pool: Pool
):
    event = classified(report(reference=REFERENCE, text=SECRET), labels=(Label.harassment,))
    await escalate(event)
    before = await pool.fetchrow("select * from queue_item")
    token = await sign_in("operator", "southvale-police")
    for method, path in doors(settings):
        answer = await client.request(method, through(path, HEALTH, event.report_id), headers=token, json=ANYTHING)
        assert SECRET not in answer.text, (method, path)
    assert await pool.fetchrow("select * from queue_item") == before
    assert await pool.fetchval("select count(*) from case_review") == 0


async def test_another_agencys_cursor_is_refused(client: httpx.AsyncClient, sign_in: SignIn, report_id: UUID):
    mine = await sign_in("agency", HEALTH)
    cursor = (await client.get(f"/v1/agencies/{HEALTH}/reports", headers=mine)).json()["next"]
    other = await sign_in("agency", "northmoor-homes")
    answer = await client.get("/v1/agencies/northmoor-homes/reports", params={"after": cursor}, headers=other)
    assert answer.status_code == 422


@pytest.mark.parametrize("table", TABLES)
async def test_a_wrong_query_shows_an_agency_nothing_else(guests: Pool, report_id: UUID, table: str):
    assert await guests.fetch(f"select * from {table}") == []
    async with as_agency(guests, "northmoor-homes") as connection:
        assert await connection.fetch(f"select * from {table}") == []


async def test_its_own_it_sees(guests: Pool, report_id: UUID):
    async with as_agency(guests, HEALTH) as connection:
        (row,) = await connection.fetch("select * from delivery")
    assert row["body"]["text"] == SECRET


@pytest.mark.parametrize(
    "statement",
    [
        "select * from cases",
        "select * from queue_item",
        "select * from outbox",
        "select * from client_secret",
        "select * from directory_version",
        "select * from agency_counter",
        "delete from delivery",
        "update delivery set agency_id = 'northmoor-homes'",
        "update delivery set body = '{}'",
        "insert into delivery (agency_id, position, report_id, queue, reason, ground, delivered_at)"
        " values ('northmoor-homes', 99, gen_random_uuid(), '', '', '', now())",
        "alter table delivery disable row level security",
        "drop policy guest on delivery",
        "create table mine as select 1",
        "create temporary table audit_entry (at timestamptz)",
        "set role postgres",
        "set role escalation_tests",
        "copy delivery to program 'cat'",
        "set session authorization postgres",
    ],
)
async def test_the_guests_role_may_do_nothing_but_what_it_is_for(guests: Pool, report_id: UUID, statement: str):
    with pytest.raises(asyncpg.PostgresError):
        async with as_agency(guests, "northmoor-homes") as connection:
            await connection.execute(statement)


async def test_the_setting_ends_with_its_transaction(guests: Pool, report_id: UUID):
    async with as_agency(guests, HEALTH):
        pass
    async with guests.acquire() as connection:
        assert await connection.fetch("select * from delivery") == []


async def test_nobody_can_act_for_another_agency_in_sql(guests: Pool, pool: Pool, report_id: UUID):
    async with as_agency(guests, "northmoor-homes") as connection:
        await connection.execute("update delivery set state = 'closed'")
    assert await pool.fetchval("select state from delivery") == "queued"
    columns = "agency_id, report_id, queue, step, by, at"
    statement = f"insert into delivery_step ({columns}) values ('{HEALTH}', '{uuid4()}', '', '', '', now())"
    async with as_agency(guests, "northmoor-homes") as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


@pytest.mark.parametrize("function", ["delivery_step_is_recorded", "case_review_is_recorded"])
async def test_what_runs_with_its_owners_rights_looks_in_a_temporary_schema_last(pool: Pool, function: str):
    settings = await pool.fetchval("select proconfig from pg_proc where proname = $1 and prosecdef", function)
    assert settings == ["search_path=pg_catalog, public, pg_temp"]


async def test_the_owner_too_sees_no_other_agency_once_one_is_set(pool: Pool, report_id: UUID):
    async with transaction(pool) as connection:
        await connection.execute("select set_config('heard.agency', 'northmoor-homes', true)")
        assert await connection.fetch("select * from delivery") == []


async def test_the_guests_role_cannot_bypass_and_owns_nothing(guests: Pool):
    role = await guests.fetchrow(
        "select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user"
    )
    assert not any(role)
    owned = "select count(*) from pg_class where relowner = (select oid from pg_roles where rolname = current_user)"
    assert await guests.fetchval(owned) == 0
    forced = "select relname from pg_class where relrowsecurity and relforcerowsecurity order by relname"
    assert [row["relname"] for row in await guests.fetch(forced)] == sorted(TABLES)
