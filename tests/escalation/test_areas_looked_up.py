"""Where only a postcode service knows the area: it is asked wherever a case is routed; its silence moves nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.escalation import consumer
from services.escalation.consumer import Edge
from services.escalation.coverage import Coverage
from services.escalation.domain.directory import Directory
from services.escalation.domain.people import Role
from services.escalation.handlers import attendance, cases, directories
from services.escalation.handlers.cases import Arrived
from services.escalation.rules_in_force import RulesInForce
from services.escalation.rules_in_force import drills as exercises
from services.escalation.settings import Settings
from shared.clock import Clock
from shared.codebook import Label
from shared.database import Pool
from shared.events import Lane, ReportClassified, ReportReceived
from shared.kafka import RECEIVED
from shared.outbox import Bell
from shared.told import Answers, Contact, Place
from tests.builders import NOON, classified, report
from tests.escalation.conftest import OURS, SignIn, SignInPage
from tests.escalation.test_links_kept_apart import after
from tests.escalation.test_notices import notice

ELSEWHERE = Place(postcode="ZZ9 1AA")
HEALTH = "northmoor-environmental-health"
FORCE = "northmoor-police"
PANEL = "moor-and-vale-case-review"


@dataclass
class Service:
    """A postcode service that knows one district, and may be away, or know nothing any more."""

    away: bool = False
    empty: bool = False
    sends_to: str | None = None

    def __call__(self, _: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("away")
        if self.sends_to:
            return httpx.Response(302, headers={"location": self.sends_to})
        if self.empty:
            return httpx.Response(404, json={"status": 404, "error": "Postcode not found"})
        return httpx.Response(200, json={"result": {"admin_district": "Northmoor"}})


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def postcodes(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    base = "https://postcodes.test"
    async with httpx.AsyncClient(base_url=base, transport=httpx.MockTransport(service)) as client:
        yield client


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"postcodes": "https://postcodes.test"})


@pytest.fixture
async def rules(pool: Pool, directory: Directory, postcodes: httpx.AsyncClient) -> RulesInForce:
    await directories.load_directory(directory, pool, NOON)
    return RulesInForce(pool, Coverage(postcodes, pool))


@pytest.fixture
async def operator(client: httpx.AsyncClient, postcodes: httpx.AsyncClient, sign_in: SignIn) -> httpx.AsyncClient:
    """The control room's program, at the application as it is put together for a postcode service."""
    app = client._transport.app  # type: ignore[attr-defined]
    assert isinstance(app, FastAPI)
    app.state.rules.coverage.client = postcodes
    client.headers.update(await sign_in("operator", FORCE))
    return client


async def told(rules: RulesInForce, pool: Pool, *labels: Label) -> ReportClassified:
    """Noise outside the directory's own table of postcodes."""
    event = classified(report(place=ELSEWHERE), labels=(*labels, Label.asb), behaviours=("A3",))
    covered = await rules.covering([ELSEWHERE])
    await cases.escalate([Arrived(event, NOON, None)], pool, Bell(pool), covered, NOON)
    return event


async def where(pool: Pool) -> tuple[Any, set[tuple[str, str]]]:
    """The control room that has it, and the agencies that were given it, each with its state."""
    rows = await pool.fetch("select agency_id, state from delivery where kind = 'report'")
    return await pool.fetchval("select force from queue_item"), {tuple(row) for row in rows}


async def test_read_anew_by_another_process_it_stays_where_it_is_though_the_service_is_away(
    rules: RulesInForce, postcodes: httpx.AsyncClient, pool: Pool, service: Service
):
    event = await told(rules, pool, Label.harassment)
    before = await where(pool)
    service.away = True
    restarted = await RulesInForce(pool, Coverage(postcodes, pool)).covering([ELSEWHERE])
    assert event.assessment
    again = event.model_copy(update={"assessment": event.assessment.model_copy(update={"reading": 2})})
    await cases.escalate([Arrived(again, NOON, None)], pool, Bell(pool), restarted, NOON)
    assert await where(pool) == before == (FORCE, {(HEALTH, "queued"), (FORCE, "queued")})


@pytest.mark.parametrize("elsewhere", ["http:x", "http://xn--zzzzzz99999/"])
async def test_where_the_service_sends_us_nowhere_the_area_stays_unknown(
    rules: RulesInForce, pool: Pool, service: Service, elsewhere: str
):
    service.sends_to = elsewhere
    await told(rules, pool, Label.harassment)
    assert (await where(pool))[1] == set()


async def test_a_postcode_that_is_given_up_stays_where_it_was(
    rules: RulesInForce, postcodes: httpx.AsyncClient, pool: Pool, service: Service
):
    await rules.covering([ELSEWHERE])
    service.empty = True
    restarted = await RulesInForce(pool, Coverage(postcodes, pool)).covering([ELSEWHERE])
    assert restarted.area_of(ELSEWHERE) == "northmoor"
    assert (await rules.covering([Place(postcode="ZZ9 9ZZ")])).area_of(Place(postcode="ZZ9 9ZZ")) is None


@pytest.mark.parametrize("away", [False, True])
async def test_an_override_takes_no_case_away_from_whoever_has_it(
    rules: RulesInForce, operator: httpx.AsyncClient, pool: Pool, service: Service, away: bool
):
    event = await told(rules, pool, Label.harassment)
    before = await where(pool)
    assert before == (FORCE, {(HEALTH, "queued"), (FORCE, "queued")})
    path = f"/v1/queue/{event.report_id}"
    token = (await operator.post(f"{path}/claim")).json()["token"]
    service.away = away
    answer = await operator.post(f"{path}/override", json={"token": token, "why": "she is alone", "grade": "priority"})
    assert answer.status_code == 204
    assert await where(pool) == before
    assert await pool.fetchval("select grade from cases") == "priority"


async def test_what_an_agency_gives_back_is_its_own_control_rooms(rules: RulesInForce, pool: Pool):
    await told(rules, pool)
    await pool.execute("update delivery set state = 'returned'")
    await attendance.look(pool, Bell(pool), rules.covering, NOON)
    assert (await where(pool))[0] == FORCE


async def test_what_nobody_has_read_is_its_own_control_rooms(rules: RulesInForce, pool: Pool):
    urgent = report(place=ELSEWHERE, lane=Lane.urgent)
    edge = Edge(pool, Bell(pool), rules, timedelta(seconds=5), Clock(pool))
    await consumer.received_urgent([notice(urgent, RECEIVED[Lane.urgent])], edge)
    assert (await where(pool))[0] == FORCE


async def test_a_drill_that_is_overridden_stays_with_its_own_control_room_and_ends(
    sign_in_page: SignInPage, operator: httpx.AsyncClient, pool: Pool
):
    supervisor = await sign_in_page(Role.supervisor)
    await supervisor.post("/drills", data={"drill": exercises().drills[0].id}, headers=OURS)
    path = f"/v1/queue/{await pool.fetchval('select report_id from queue_item')}"
    token = (await operator.post(f"{path}/claim")).json()["token"]
    answer = await operator.post(f"{path}/override", json={"token": token, "why": "for practice", "threat": "none"})
    assert answer.status_code == 204
    assert tuple(await pool.fetchrow("select force, queues from queue_item")) == (FORCE, ["control_room"])
    await supervisor.post("/drills/end", headers=OURS)
    assert await pool.fetchval("select state from queue_item") == "closed"


async def escalated(told: ReportReceived, rules: RulesInForce, pool: Pool) -> None:
    event = classified(told, labels=(Label.harassment, Label.asb), behaviours=("A3",))
    await cases.escalate([Arrived(event, NOON, None)], pool, Bell(pool), await rules.covering([told.place]), NOON)


async def test_the_council_of_another_area_may_join_a_review_of_what_is_said_of_the_council(
    rules: RulesInForce, operator: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    asks = {"case_review_asked_at": NOON, "contact": Contact(name="Jo", phone="01632 960001")}
    await escalated(report(place=ELSEWHERE, answers=Answers(party="a council officer"), **asks), rules, pool)
    panel = await sign_in("agency", PANEL)
    path = f"/v1/agencies/{PANEL}/case-reviews/{await pool.fetchval('select id from case_review')}/invitations"
    councils = ({"agency": f"{area}-council-asb"} for area in ("southvale", "northmoor"))
    answers = [await operator.post(path, json=council, headers=panel) for council in councils]
    assert [answer.status_code for answer in answers] == [204, 422]


async def test_the_force_that_acts_instead_knows_what_else_is_said_of_the_police(
    rules: RulesInForce, operator: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    said = Answers(party_organisation="the police")
    first = report(place=ELSEWHERE, answers=said, reference="H-FIRST-11111")
    later = report(place=ELSEWHERE, answers=said, history=after(first))
    for one in (first, later):
        await escalated(one, rules, pool)
    southvale = await sign_in("operator", "southvale-police")
    for path in ("/v1/queue", f"/v1/queue/{later.report_id}"):
        answer = await operator.get(path, headers=southvale)
        items = answer.json().get("items") or [answer.json()["item"]]
        known = {name for item in items for name in item["report"]["history"]["references"]}
        assert known == {"H-FIRST-11111"}, path
