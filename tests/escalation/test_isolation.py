"""An attacker: every route with every other agency's token and id, and SQL of their own under the guests' role."""

import re
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi.routing import APIRoute

from services.escalation.domain.alerting import UNCLAIMED_AFTER, Listed
from services.escalation.domain.directory import Directory
from services.escalation.domain.people import Role, Worker
from services.escalation.domain.rules import Rules
from services.escalation.handlers import alerts, drills, webhooks
from services.escalation.main import create_app
from services.escalation.repository.isolation import as_agency
from services.escalation.rules_in_force import drills as exercises
from services.escalation.settings import Settings
from shared.codebook import DangerClass, Label
from shared.database import NotAsNeeded, Pool, transaction
from shared.told import Place
from tests.builders import NOON, classified, report
from tests.escalation.conftest import OURS, Escalate, SignIn, SignInPage

HEALTH, PANEL = "northmoor-environmental-health", "moor-and-vale-case-review"
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
        filled, asked = through(path, HEALTH, event.report_id), {"q": REFERENCE}
        answer = await client.request(method, filled, headers=token, json=ANYTHING, params=asked)
        assert SECRET not in answer.text, (method, path)
        assert REFERENCE not in answer.text, (method, path)
    assert await pool.fetchrow("select * from queue_item") == before
    assert await pool.fetchval("select count(*) from case_review") == 0


LISTED_FOR = {
    "breached": "target_at = now() - interval '1 hour'",
    "nearly": "target_at = now() + interval '5 minutes'",
    "unclaimed": "target_at = now() + interval '1 minute'",
    "no_contact": "lease_until = now() + interval '1 hour', claimed_at = now() - interval '1 day', holder_name = 'Vic'",
    "in_review": "queues = '{review}'",
    "unread": "lease_until = null",
    "folded": "fold = (select report_id from cases where reference = 'H-THEIR-UNCLAIMED')",
}


@pytest.mark.parametrize(("force", "theirs"), [("southvale-police", True), ("northmoor-police", False)])
async def test_what_is_on_a_control_rooms_lists_is_on_its_own_alone(
    escalate: Escalate,
    client: httpx.AsyncClient,
    sign_in: SignIn,
    sign_in_page: SignInPage,
    pool: Pool,
    rules: Rules,
    force: str,
    theirs: bool,
):
    """Board and search, each list and its file, alerts, links and the end of drills; of southvale's cases, for both."""
    now, place = datetime.now(UTC), Place(postcode="ZZ4 1AA")
    for name, as_listed in LISTED_FOR.items():
        told = report(reference=f"H-THEIR-{name.upper()}", text=name, place=place, received_at=now)
        event = classified(told, labels=(Label.harassment,), danger_class=DangerClass(1))
        await escalate(event, at=now)
        await pool.execute(f"update queue_item set {as_listed} where report_id = $1", event.report_id)
    await pool.execute("update cases set rulebook = null where reference = 'H-THEIR-UNREAD'")
    await alerts.look(pool, now + UNCLAIMED_AFTER)
    await drills.start(exercises().drills[0], Worker("vic", "Vic", "southvale-police"), pool, rules, now)
    supervisor, program = await sign_in_page(Role.supervisor, "Robin", force), await sign_in("operator", force)
    for name in Listed:
        assert (f"H-THEIR-{name.upper()}" in (await supervisor.get(f"/supervisor/{name}.csv")).text) is theirs, name
    searched = await supervisor.post("/board/search", data={"q": "H-THEIR"}, headers=OURS)
    assert ("H-THEIR-UNREAD" in searched.text) is theirs
    for path, shown in (
        ("/board", "H-THEIR-UNCLAIMED"),
        ("/board", "nobody has claimed it"),
        ("/supervisor", "H-THEIR-BREACHED"),
        ("/supervisor", "Vic"),
    ):
        assert (shown in (await supervisor.get(path)).text) is theirs, (path, shown)
    found = await client.post("/v1/queue/search", json={"q": "H-THEIR-FOLDED"}, headers=program)
    assert ("H-THEIR-FOLDED" in found.text) is theirs
    mine = classified(report(place=place if theirs else Place(postcode="ZZ1 4AB"), received_at=now))
    await escalate(mine, at=now)
    link = {"reference": "H-THEIR-FOLDED", "why": "the same van"}
    linked = await client.post(f"/v1/queue/{mine.report_id}/links", json=link, headers=program)
    assert linked.status_code == (201 if theirs else 404)
    await supervisor.post("/drills/end", headers=OURS)
    assert (await pool.fetchval("select state from queue_item where drill") == "closed") is theirs


async def test_another_agencys_cursor_is_refused(client: httpx.AsyncClient, sign_in: SignIn, report_id: UUID):
    mine = await sign_in("agency", HEALTH)
    cursor = (await client.get(f"/v1/agencies/{HEALTH}/reports", headers=mine)).json()["next"]
    other = await sign_in("agency", "northmoor-homes")
    answer = await client.get("/v1/agencies/northmoor-homes/reports", params={"after": cursor}, headers=other)
    assert answer.status_code == 422


@pytest.fixture
async def in_every_table(escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool) -> None:
    """A report that HEALTH acknowledged and has a webhook for, and that a panel reviews with it."""
    event = classified(behaviours=("A3",), reported_before=3)
    await escalate(event)
    panel, health = await sign_in("agency", PANEL), await sign_in("agency", HEALTH)
    review = f"/v1/agencies/{PANEL}/case-reviews/{await pool.fetchval('select id from case_review')}"
    action = {"action": "x", "owner": HEALTH, "due_on": "2026-04-01"}
    (await client.post(f"{review}/actions", json=action, headers=panel)).raise_for_status()
    acknowledge = f"/v1/agencies/{HEALTH}/reports/{event.report_id}/acknowledge"
    (await client.post(acknowledge, headers=health)).raise_for_status()
    await webhooks.set_up(HEALTH, "https://health.example/", pool, NOON)


@pytest.mark.usefixtures("in_every_table")
@pytest.mark.parametrize("table", TABLES)
async def test_a_wrong_query_shows_an_agency_nothing_else(guests: Pool, table: str):
    assert await guests.fetch(f"select * from {table}") == []
    async with as_agency(guests, HEALTH) as connection:
        assert await connection.fetch(f"select * from {table}")
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
    with pytest.raises((asyncpg.PostgresError, NotAsNeeded)):
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
