"""What becomes of a delivery: acknowledged, noted, given back, closed, corrected, withdrawn, left lying, erased."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.escalation.domain.directory import Directory
from services.escalation.domain.people import Role
from services.escalation.handlers import alerts, attendance, cases
from services.escalation.handlers.cases import Arrived, Rules
from services.escalation.repository import deliveries
from shared.codebook import Label
from shared.database import Pool, transaction
from shared.events import Progress, ReportClassified, ReportProgressed, SafeWords
from shared.kafka import PROGRESSED
from shared.outbox import Bell
from shared.told import Answers, Contact, Place
from tests.builders import NOON, assessment, classified, report
from tests.escalation.conftest import Escalate, SignIn, SignInPage, as_they_are
from tests.infrastructure import until_waiting

HEALTH, COUNCIL = "northmoor-environmental-health", "northmoor-council-asb"
NOISE = {"behaviours": ("A3",)}
LATER = NOON + timedelta(days=30)


class Agency:
    """An agency's program, signed in."""

    def __init__(self, agency: str, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.base, self._client, self._headers = f"/v1/agencies/{agency}/reports", client, headers

    async def feed(self) -> list[dict[str, Any]]:
        answer = await self._client.get(self.base, headers=self._headers)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["reports"]
        return found

    async def does(self, what: str, report_id: UUID, **given: Any) -> int:
        answer = await self._client.post(f"{self.base}/{report_id}/{what}", json=given, headers=self._headers)
        return answer.status_code

    async def held(self, report_id: UUID) -> dict[str, Any]:
        answer = await self._client.get(f"{self.base}/{report_id}", headers=self._headers)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found


@pytest.fixture
async def health(client: httpx.AsyncClient, sign_in: SignIn) -> Agency:
    return Agency(HEALTH, client, await sign_in("agency", HEALTH))


@pytest.fixture
async def council(client: httpx.AsyncClient, sign_in: SignIn) -> Agency:
    return Agency(COUNCIL, client, await sign_in("agency", COUNCIL))


@pytest.fixture
async def noise(escalate: Escalate) -> ReportClassified:
    event = classified(**NOISE)
    await escalate(event)
    return event


async def said(pool: Pool) -> list[ReportProgressed]:
    rows = await pool.fetch("select value from outbox where topic = $1 order by id", PROGRESSED)
    return [ReportProgressed.model_validate_json(row["value"]) for row in rows]


async def reasons(pool: Pool) -> list[str]:
    return list(await pool.fetchval("select reasons from cases"))


async def test_each_delivery_has_a_state_of_its_own(noise: ReportClassified, health: Agency, pool: Pool):
    states = [await pool.fetchval("select state from delivery")]
    await health.feed()
    states.append(await pool.fetchval("select state from delivery"))
    await health.does("acknowledge", noise.report_id)
    states.append(await pool.fetchval("select state from delivery"))
    await health.does("close", noise.report_id, outcome="visited")
    states.append(await pool.fetchval("select state from delivery"))
    assert states == ["queued", "seen", "acknowledged", "closed"]
    steps = (await health.held(noise.report_id))["steps"]
    assert [(s["step"], s["note"]) for s in steps] == [("acknowledged", None), ("closed", "visited")]


async def test_what_is_done_is_told_to_intake_in_words_chosen_not_written(
    noise: ReportClassified, health: Agency, pool: Pool
):
    await health.does("acknowledge", noise.report_id)
    words = {"note": "Mr Brown of 12 was spoken to", "tell_reporter": "something_was_done"}
    assert await health.does("progress", noise.report_id, **words) == 204
    events = await said(pool)
    assert [(e.agency, e.progress, e.words) for e in events] == [
        (HEALTH, Progress.acknowledged, None),
        (HEALTH, Progress.under_way, SafeWords.something_was_done),
    ]
    assert "Brown" not in "".join(event.model_dump_json() for event in events)
    assert await health.does("progress", noise.report_id, note="x", tell_reporter="He says sorry") == 422
    assert await health.does("return", noise.report_id, reason="x", whose="x" * 64) == 422


async def test_done_again_nothing_more_happens(noise: ReportClassified, health: Agency, pool: Pool):
    assert [await health.does("acknowledge", noise.report_id) for _ in range(3)] == [204, 204, 204]
    assert len(await said(pool)) == 1


async def test_a_note_that_is_sent_again_with_its_key_is_written_once(
    noise: ReportClassified, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    headers = await sign_in("agency", HEALTH)
    base = f"/v1/agencies/{HEALTH}/reports/{noise.report_id}"

    async def noted(key: str | None) -> int:
        sent = headers | ({"Idempotency-Key": key} if key else {})
        return (await client.post(f"{base}/progress", json={"note": "rang her"}, headers=sent)).status_code

    assert await asyncio.gather(*(noted(key) for key in ("a", "a", "a", "b", None, None))) == [204] * 6
    assert await pool.fetchval("select count(*) from delivery_step where note is not null") == 4
    assert len(await said(pool)) == 4
    assert (await client.post(f"{base}/close", json={"outcome": "moved"}, headers=headers)).status_code == 204
    assert (await noted("b"), await noted("c")) == (204, 409)


async def test_what_is_closed_is_not_acknowledged(noise: ReportClassified, health: Agency):
    await health.does("close", noise.report_id, outcome="nothing heard")
    assert await health.does("acknowledge", noise.report_id) == 409


async def settle(pool: Pool, rules: Rules) -> int:
    return await attendance.settle_returns(pool, Bell(pool), as_they_are(rules), NOON)


async def test_not_ours_goes_to_whom_it_is_for(
    noise: ReportClassified, health: Agency, council: Agency, pool: Pool, rules: Rules
):
    assert await health.does("return", noise.report_id, reason="a pub", whose=COUNCIL) == 204
    assert await settle(pool, rules) == 1
    assert await settle(pool, rules) == 0
    (entry,) = await council.feed()
    assert entry["reason"] == "passed on by Northmoor Environmental Health"
    assert await pool.fetchval("select count(*) from queue_item") == 0


async def test_given_back_twice_it_goes_to_a_person(
    noise: ReportClassified, health: Agency, council: Agency, pool: Pool, rules: Rules
):
    await health.does("return", noise.report_id, reason="a pub", whose=COUNCIL)
    await settle(pool, rules)
    await council.does("return", noise.report_id, reason="no, theirs", whose="northmoor-safeguarding")
    await settle(pool, rules)
    item = await pool.fetchrow("select force, queues, state from queue_item")
    assert tuple(item) == ("northmoor-police", ["review"], "open")
    assert "given back by Northmoor Council ASB team: whose it is, a person decides" in await reasons(pool)


@pytest.mark.parametrize("whose", [None, COUNCIL])
async def test_what_was_given_back_goes_to_a_person_the_second_time_whoever_gives_it_back(
    noise: ReportClassified, health: Agency, escalate: Escalate, pool: Pool, rules: Rules, whose: str | None
):
    """Whom they name now, or named then, has it already, and would hear nothing."""
    await health.does("return", noise.report_id, reason="theirs", whose=COUNCIL)
    await settle(pool, rules)
    elsewhere = noise.report.model_copy(update={"revision": 2})
    await escalate(classified(elsewhere, labels=(Label.harassment,)))
    await escalate(more(noise, 3))
    assert await health.does("return", noise.report_id, reason="still not ours", whose=whose) == 204
    await settle(pool, rules)
    assert GIVEN_BACK in await reasons(pool)
    council = "select by_hand from delivery where agency_id = $1 and kind = 'report'"
    assert [row["by_hand"] for row in await pool.fetch(council, COUNCIL)] == [True]


@pytest.mark.parametrize("whose", [None, "northmoor-homes", "southvale-council-asb", HEALTH])
async def test_given_back_for_nobody_who_may_have_it_it_goes_to_a_person(
    noise: ReportClassified, health: Agency, pool: Pool, rules: Rules, whose: str | None
):
    await health.does("return", noise.report_id, reason="not ours", whose=whose)
    await settle(pool, rules)
    assert await pool.fetchval("select queues from queue_item") == ["review"]
    assert await pool.fetchval("select count(*) from delivery where kind = 'report'") == 1


async def test_given_back_for_nobody_of_the_directory_it_is_refused_and_stays(
    noise: ReportClassified, health: Agency, pool: Pool
):
    assert await health.does("return", noise.report_id, reason="not ours", whose="northmoor-home") == 422
    assert await pool.fetchval("select count(*) from delivery where state = 'returned'") == 0


async def test_given_back_for_the_police_it_is_on_their_queue(
    noise: ReportClassified, health: Agency, pool: Pool, rules: Rules
):
    await health.does("return", noise.report_id, reason="he hits her", whose="northmoor-police")
    await settle(pool, rules)
    item = await pool.fetchrow("select force, queues, state from queue_item")
    assert tuple(item) == ("northmoor-police", ["review"], "open")
    assert (await reasons(pool))[-1] == "given back by Northmoor Environmental Health: for the police, they say"


GIVEN_BACK = "given back by Northmoor Environmental Health: whose it is, a person decides"
DUE = NOON + timedelta(hours=3)


def more(event: ReportClassified, revision: int = 2, **read: Any) -> ReportClassified:
    """The reporter adds a line."""
    told = event.report.model_copy(update={"revision": revision, "text": f"{event.report.text} Still nobody came."})
    return classified(told, assessment(**(NOISE | read)))


async def waits(pool: Pool) -> tuple[Any, ...]:
    """Where it is, by when, whether it came back, by its reasons, and what alerts stand of it."""
    await alerts.look(pool, DUE + timedelta(minutes=6))
    row = await pool.fetchrow("select queues, target_at from queue_item")
    standing = await pool.fetch("select kind from alert where cleared_at is null order by kind")
    return row["queues"], row["target_at"], GIVEN_BACK in await reasons(pool), [one["kind"] for one in standing]


@pytest.fixture
async def given_back(noise: ReportClassified, health: Agency, pool: Pool, rules: Rules) -> ReportClassified:
    """It came back at three, due then."""
    await health.does("return", noise.report_id, reason="not ours", whose=None)
    await attendance.settle_returns(pool, Bell(pool), as_they_are(rules), DUE)
    return noise


@pytest.mark.parametrize(
    ("read", "queues"), [({}, ["review"]), ({"behaviours": ("A3", "A1")}, ["neighbourhood", "review"])]
)
async def test_what_came_back_is_put_off_by_nothing_told_or_read_since(
    given_back: ReportClassified, escalate: Escalate, pool: Pool, read: dict[str, Any], queues: list[str]
):
    """Whether no police queue has it otherwise, or another one does; by the next revision, and the one after."""
    assert await waits(pool) == (["review"], DUE, True, ["breached"])
    for revision in (2, 3):
        await escalate(more(given_back, revision, **read), at=DUE + timedelta(minutes=revision))
        assert await waits(pool) == (queues, DUE, True, ["breached"])
    detail = await pool.fetchval("select detail from audit_entry where action = 'read' order by id desc limit 1")
    assert GIVEN_BACK not in detail["reasons_new"] + detail["reasons_gone"]


@pytest.mark.parametrize("act", ["contact", "close", "override"])
async def test_once_somebody_has_looked_what_came_back_is_graded_like_the_rest(
    given_back: ReportClassified, escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool, act: str
):
    """By contact, or once it is closed and brought back; to say what it is does not see to it yet."""
    operator, path = await sign_in("operator", "northmoor-police"), f"/v1/queue/{given_back.report_id}"
    claim = (await client.post(f"{path}/claim", headers=operator)).json()
    given = {"contact": {"how": "rang"}, "close": {"outcome": "referred"}, "override": {"labels": ["asb"], "why": "x"}}
    answer = await client.post(f"{path}/{act}", json={"token": claim["token"], **given[act]}, headers=operator)
    assert answer.status_code == 204, answer.text
    await escalate(more(given_back), at=DUE + timedelta(minutes=5))
    row = await pool.fetchrow("select state, target_at = $1 as due from queue_item", DUE)
    looked = act != "override"
    assert (row["state"], row["due"], GIVEN_BACK in await reasons(pool)) == ("open", not looked, not looked)


@pytest.mark.parametrize("act", ["acknowledge", "progress", "return", "close"])
async def test_a_program_that_says_what_it_read_acts_on_nothing_that_was_corrected_since(
    noise: ReportClassified, health: Agency, escalate: Escalate, act: str
):
    given = {"note": "x", "reason": "x", "outcome": "x"}
    (entry,) = await health.feed()
    await escalate(more(noise))
    assert await health.does(act, noise.report_id, **given, position=entry["position"]) == 409
    held = await health.held(noise.report_id)
    assert [one["state"] for one in held["deliveries"]] == ["seen"]
    assert "Still nobody came" in held["report"]["text"]
    assert await health.does(act, noise.report_id, **given, position=held["position"]) == 204


async def test_a_program_that_says_nothing_of_what_it_read_acts_as_before(
    noise: ReportClassified, health: Agency, escalate: Escalate
):
    await escalate(more(noise))
    assert await health.does("close", noise.report_id, outcome="nothing heard") == 204


COUNTER = "select position from agency_counter where agency_id = $1 for update"
DELIVERY = "select state from delivery where agency_id = $1 and kind = 'report' for update"


async def test_what_is_closed_while_it_is_being_corrected_is_not_closed_over_the_correction(
    noise: ReportClassified, health: Agency, escalate: Escalate, pool: Pool
):
    (entry,) = await health.feed()
    async with pool.acquire() as other, asyncio.TaskGroup() as at_once, other.transaction():
        await other.execute(COUNTER, HEALTH)
        at_once.create_task(escalate(more(noise)))
        await until_waiting(pool, 1)  # it is corrected, and to be numbered
        given = {"outcome": "nothing heard", "position": entry["position"]}
        closing = at_once.create_task(health.does("close", noise.report_id, **given))
        await until_waiting(pool, 2)
    assert closing.result() == 409
    assert await pool.fetchval("select state from delivery where kind = 'report'") == "seen"


async def test_what_is_closed_just_before_it_is_corrected_is_open_again(
    noise: ReportClassified, health: Agency, escalate: Escalate, pool: Pool
):
    async with pool.acquire() as other, asyncio.TaskGroup() as at_once, other.transaction():
        await other.execute(DELIVERY, HEALTH)
        closing = at_once.create_task(health.does("close", noise.report_id, outcome="nothing heard", position=1))
        await until_waiting(pool, 1)
        at_once.create_task(escalate(more(noise)))
        await until_waiting(pool, 2)  # it is known as it was, and to be corrected
    assert closing.result() == 204
    assert await pool.fetchval("select state from delivery where kind = 'report'") == "queued"


async def test_given_back_for_whom_it_was_closed_by_it_goes_to_a_person(
    escalate: Escalate, health: Agency, council: Agency, pool: Pool, rules: Rules
):
    event = classified(behaviours=("A3", "A9"))
    await escalate(event)
    await council.does("close", event.report_id, outcome="left to Environmental Health")
    await health.does("return", event.report_id, reason="theirs", whose=COUNCIL)
    await settle(pool, rules)
    assert await pool.fetchval("select queues from queue_item") == ["review"]


async def test_given_back_for_whom_it_is_with_already_they_have_it_once(
    escalate: Escalate, health: Agency, council: Agency, pool: Pool, rules: Rules
):
    event = classified(behaviours=("A3", "A9"))
    await escalate(event)
    await health.does("return", event.report_id, reason="theirs", whose=COUNCIL)
    await settle(pool, rules)
    assert len(await council.feed()) == 1
    assert await pool.fetchval("select count(*) from queue_item") == 0


async def test_given_back_for_the_body_complained_of_it_goes_to_a_person(
    escalate: Escalate, health: Agency, pool: Pool, rules: Rules
):
    told = report(answers=Answers(party_organisation="Northmoor Homes"), consent=("housing",))
    event = classified(told, **NOISE)
    await escalate(event)
    await health.does("return", event.report_id, reason="theirs", whose="northmoor-homes")
    await settle(pool, rules)
    assert await pool.fetchval("select queues from queue_item") == ["review"]
    assert await pool.fetchval("select count(*) from delivery where agency_id = 'northmoor-homes'") == 0


async def test_what_was_passed_on_is_kept_current_until_its_holder_may_not_have_it(
    noise: ReportClassified, health: Agency, council: Agency, pool: Pool, rules: Rules, escalate: Escalate
):
    """Whoever has it hears how to get in touch safely; whoever gave it back hears no more; the blamed lose it."""
    await health.does("return", noise.report_id, reason="a pub", whose=COUNCIL)
    await settle(pool, rules)
    told = noise.report.model_copy(update={"revision": 2})
    await escalate(classified(told, **NOISE))
    assert [entry["kind"] for entry in await council.feed()] == ["report"]
    safer = told.model_copy(update={"revision": 3, "answers": Answers(safe_contact="never ring, he listens")})
    await escalate(classified(safer, **NOISE))
    report_, corrected = await council.feed()
    assert (report_["kind"], corrected["kind"]) == ("report", "corrected")
    assert corrected["report"]["safe_contact"] == ["never ring, he listens"]
    assert [entry["kind"] for entry in await health.feed()] == ["report"]
    blamed = Answers(party_organisation="Northmoor Council")
    await escalate(classified(safer.model_copy(update={"revision": 4, "answers": blamed}), **NOISE))
    assert [(entry["kind"], entry["report"]) for entry in await council.feed()] == [
        ("report", None),
        ("corrected", None),
        ("withdrawn", None),
    ]


LET = {"consent": ("housing",)}


@pytest.mark.parametrize("since", [{"answers": Answers(party_organisation="Northmoor Homes")}, {"consent": ()}])
async def test_withdrawn_from_the_last_who_had_it_it_goes_to_a_person(
    escalate: Escalate, health: Agency, pool: Pool, rules: Rules, since: dict[str, Any]
):
    """By the rules it is still for whoever gave it back, who hears no more of it."""
    told = report(**LET)
    await escalate(classified(told, **NOISE))
    await health.does("return", told.report_id, reason="theirs", whose="northmoor-homes")
    await settle(pool, rules)
    assert await pool.fetchval("select count(*) from queue_item") == 0
    await escalate(classified(told.model_copy(update={"revision": 2, **since}), **NOISE))
    item = await pool.fetchrow("select force, queues, state from queue_item")
    assert tuple(item) == ("northmoor-police", ["review"], "open")
    assert (await reasons(pool))[-1] == "withdrawn from Northmoor Homes, and nobody else has it: a person decides"


async def test_withdrawn_from_one_of_two_who_had_it_it_stays_with_the_other(
    escalate: Escalate, health: Agency, pool: Pool, rules: Rules
):
    told = report(**LET)
    await escalate(classified(told, behaviours=("A3", "A9")))
    await health.does("return", told.report_id, reason="theirs", whose="northmoor-homes")
    await settle(pool, rules)
    await escalate(classified(told.model_copy(update={"revision": 2, "consent": ()}), behaviours=("A3", "A9")))
    rows = await pool.fetch("select agency_id, state from delivery where kind = 'report'")
    assert {tuple(row) for row in rows} == {
        (HEALTH, "returned"),
        (COUNCIL, "queued"),
        ("northmoor-homes", "withdrawn"),
    }
    assert await pool.fetchval("select count(*) from queue_item") == 0


async def test_what_police_closed_does_not_come_back_because_it_is_no_longer_for_them(
    escalate: Escalate, health: Agency, pool: Pool, rules: Rules
):
    event = classified(labels=(Label.harassment,), **NOISE)
    await escalate(event)
    await health.does("return", event.report_id, reason="theirs", whose="northmoor-police")
    await settle(pool, rules)
    await pool.execute("update queue_item set state = 'closed'")
    await escalate(classified(event.report, reading=2, **NOISE))
    assert await pool.fetchval("select state from delivery where agency_id = 'northmoor-police'") == "withdrawn"
    assert await pool.fetchval("select state from queue_item") == "closed"


@pytest.mark.parametrize(
    ("had", "settled_at", "then"),
    [
        ("acknowledged", None, "open"),
        ("queued", NOON, "open"),
        ("returned", None, "open"),
        ("returned", NOON, "closed"),
        ("closed", None, "closed"),
    ],
)
async def test_what_police_closed_comes_back_with_what_the_last_agency_had_still_to_do(
    escalate: Escalate, pool: Pool, rules: Rules, had: str, settled_at: datetime | None, then: str
):
    event = classified(behaviours=("A1",))
    await escalate(event)
    await pool.execute("update queue_item set state = 'closed', outcome = 'referred'")
    with_the_council = "update delivery set state = $2, settled_at = $3 where agency_id = $1"
    await pool.execute(with_the_council, COUNCIL, had, settled_at)
    left = tuple(agency for agency in rules.directory.agencies if agency.id != COUNCIL)
    without = replace(rules, directory=rules.directory.model_copy(update={"agencies": left}))
    await cases.route_anew([event.report_id], pool, Bell(pool), without, NOON)
    assert await pool.fetchval("select state from delivery where agency_id = $1", COUNCIL) == "withdrawn"
    assert await pool.fetchval("select state from queue_item") == then
    lost = f"withdrawn from {COUNCIL}, and nobody else has it: a person decides"
    assert (lost in await reasons(pool)) is (then == "open")


async def test_what_police_have_open_is_not_said_to_come_back(escalate: Escalate, pool: Pool, rules: Rules):
    told = report()
    await escalate(classified(told, behaviours=("A1",)))
    await escalate(classified(told, labels=(Label.harassment,), reading=2))
    assert await pool.fetchval("select state from delivery where agency_id = $1", COUNCIL) == "withdrawn"
    assert not any("nobody else has it" in reason for reason in await reasons(pool))


async def test_of_several_deliveries_the_one_that_is_open_is_shown_first(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn
):
    police = Agency("northmoor-police", client, await sign_in("agency", "northmoor-police"))
    event = classified(behaviours=("A4",))
    await escalate(event)
    await escalate(classified(event.report, labels=(Label.harassment,), reading=2))
    held = await police.held(event.report_id)
    assert [(one["queue"], one["state"]) for one in held["deliveries"]] == [
        ("harassment", "queued"),
        ("neighbourhood", "withdrawn"),
    ]
    assert held["report"]["text"] == event.report.text


async def test_what_is_routed_elsewhere_is_withdrawn_and_comes_back_corrected(
    noise: ReportClassified, health: Agency, escalate: Escalate
):
    elsewhere = assessment(labels=(Label.harassment,))
    await escalate(classified(noise.report.model_copy(update={"revision": 2}), elsewhere))
    entries = await health.feed()
    assert [(e["position"], e["kind"], e["report"]) for e in entries] == [(1, "report", None), (2, "withdrawn", None)]
    await escalate(classified(noise.report.model_copy(update={"revision": 3}), **NOISE))
    entries = await health.feed()
    assert [e["kind"] for e in entries] == ["report", "withdrawn", "corrected"]
    assert entries[2]["report"]["text"] == noise.report.text


async def test_more_told_is_a_correction_and_the_same_told_again_is_not(
    noise: ReportClassified, health: Agency, escalate: Escalate
):
    more = noise.report.model_copy(update={"revision": 2, "text": "Music until five, every night."})
    await escalate(classified(more, **NOISE))
    await escalate(classified(more.model_copy(update={"revision": 3}), **NOISE))
    entries = await health.feed()
    assert [e["kind"] for e in entries] == ["report", "corrected"]
    assert {e["report"]["text"] for e in entries} == {more.text}


async def test_more_told_buys_no_time_and_after_the_end_begins_anew(
    noise: ReportClassified, health: Agency, pool: Pool, rules: Rules, escalate: Escalate
):
    more = noise.report.model_copy(update={"revision": 2, "text": "Again last night."})
    await escalate(classified(more, **NOISE), at=NOON + timedelta(hours=70))
    assert await attendance.come_back(pool, as_they_are(rules), NOON + timedelta(hours=73)) == 1
    assert await health.does("acknowledge", noise.report_id) == 204
    assert await health.does("close", noise.report_id, outcome="spoke to them") == 204
    again = more.model_copy(update={"revision": 3, "text": "Again, and he has smashed the window."})
    await escalate(classified(again, **NOISE), at=LATER)
    (standing,) = (await health.held(noise.report_id))["deliveries"]
    ends = ("seen_at", "acknowledged_at", "closed_at", "returned_for", "outcome")
    assert (standing["state"], [standing[one] for one in ends]) == ("queued", [None] * 5)
    assert await pool.fetchval("select changed from delivery where kind = 'report'") is False
    assert await attendance.come_back(pool, as_they_are(rules), LATER + timedelta(hours=71)) == 0
    assert await attendance.come_back(pool, as_they_are(rules), LATER + timedelta(hours=73)) == 1


async def test_what_is_not_acknowledged_in_time_comes_back_once(noise: ReportClassified, pool: Pool, rules: Rules):
    assert await attendance.come_back(pool, as_they_are(rules), NOON + timedelta(hours=71)) == 0
    assert await attendance.come_back(pool, as_they_are(rules), LATER) == 1
    assert await attendance.come_back(pool, as_they_are(rules), LATER) == 0
    assert await pool.fetchval("select queues from queue_item") == ["review"]
    assert (await reasons(pool))[-1] == "not acknowledged by Northmoor Environmental Health by 17 March 12:00 GMT"


async def test_given_back_after_a_missed_target_it_goes_to_whom_it_is_for(
    noise: ReportClassified, health: Agency, council: Agency, pool: Pool, rules: Rules
):
    """The person whom it came back to for the missed target may have left it with the agency, and closed theirs."""
    await attendance.come_back(pool, as_they_are(rules), LATER)
    await pool.execute("update queue_item set state = 'closed'")
    assert await health.does("return", noise.report_id, reason="a pub", whose=COUNCIL) == 204
    assert await settle(pool, rules) == 1
    assert [entry["kind"] for entry in await council.feed()] == ["report"]


async def test_given_back_after_a_missed_target_for_nobody_it_goes_to_a_person_again(
    noise: ReportClassified, health: Agency, pool: Pool, rules: Rules
):
    await attendance.come_back(pool, as_they_are(rules), LATER)
    await pool.execute("update queue_item set state = 'closed'")
    await health.does("return", noise.report_id, reason="not ours")
    await settle(pool, rules)
    assert await pool.fetchval("select state from queue_item") == "open"
    assert (await reasons(pool))[-1].startswith("given back by")


async def test_given_back_while_its_missed_target_is_seen_to_it_is_a_return(
    noise: ReportClassified, health: Agency, council: Agency, pool: Pool, rules: Rules
):
    async with transaction(pool) as connection:
        (late,) = await deliveries.left_lying(connection, LATER, 1)
    await health.does("return", noise.report_id, reason="a pub", whose=COUNCIL)
    async with transaction(pool) as connection:
        assert not await deliveries.settle(connection, late, LATER)
    assert await settle(pool, rules) == 1
    assert len(await council.feed()) == 1


async def test_what_is_acknowledged_does_not_come_back(
    noise: ReportClassified, health: Agency, pool: Pool, rules: Rules
):
    await health.does("acknowledge", noise.report_id)
    assert await attendance.come_back(pool, as_they_are(rules), LATER) == 0


async def test_one_agency_that_never_looks_holds_up_no_other(
    escalate: Escalate, council: Agency, pool: Pool, rules: Rules
):
    events = [classified(behaviours=("A3", "A4")) for _ in range(3)]
    await escalate(*events)
    for event in events:
        assert await council.does("acknowledge", event.report_id) == 204
    assert await attendance.come_back(pool, as_they_are(rules), LATER) == 3
    rows = await pool.fetch("select agency_id, state from delivery where agency_id = any($1)", [HEALTH, COUNCIL])
    assert {tuple(row) for row in rows} == {(HEALTH, "queued"), (COUNCIL, "acknowledged")}


async def test_a_story_read_by_those_who_may_not_get_in_touch_reaches_nobody(escalate: Escalate, health: Agency):
    contact = Contact(name="Jo Marsh", phone="01632 960001", email="jo@example.org")
    text = "I'm Jo Marsh, ring 07700 900123 or +44 1632 960001, jo.m@example.org. Noise at 3 since 2019."
    place = Place(postcode="ZZ1 4AB", words="the flat of Jo Marsh, 01632 960001")
    await escalate(classified(report(contact=contact, text=text, place=place), **NOISE))
    (entry,) = await health.feed()
    assert entry["report"]["place"] == {"postcode": "ZZ1 4AB", "words": "the flat of [withheld], [withheld]"}
    assert entry["report"]["text"] == "I'm [withheld], ring [withheld] or [withheld], [withheld] Noise at 3 since 2019."
    assert "contact" not in entry["report"]


async def test_safe_contact_stands_beside_every_contact(escalate: Escalate, council: Agency):
    told = report(contact=Contact(phone="01632 960001"), answers=Answers(safe_contact="never ring"))
    await escalate(classified(told, behaviours=("A4",), safe_contact=("no letters", "never ring")))
    (entry,) = await council.feed()
    assert entry["report"]["safe_contact"] == ["never ring", "no letters"]


async def test_safe_contact_stands_beside_a_place_too_for_somebody_may_knock_there(escalate: Escalate, health: Agency):
    told = report(contact=Contact(phone="01632 960001"), answers=Answers(safe_contact="never call; text 07700 900123"))
    await escalate(classified(told, **NOISE, safe_contact=("don't come to the door",)))
    (entry,) = await health.feed()
    assert entry["report"]["place"]["postcode"] == "ZZ1 4AB"
    assert entry["report"]["safe_contact"] == ["never call; text [withheld]", "don't come to the door"]


async def test_ids_alone_go_to_the_topic_of_an_agency_on_kafka(
    pool: Pool, directory: Directory, rules: Rules, noise: ReportClassified
):
    agencies = tuple(a.model_copy(update={"kafka": a.id == HEALTH}) for a in directory.agencies)
    on_kafka = replace(rules, directory=directory.model_copy(update={"agencies": agencies}))
    event = classified(**NOISE)
    await cases.escalate([Arrived(event, NOON, None)], pool, Bell(pool), on_kafka, NOON)
    (row,) = await pool.fetch("select value from outbox where topic = $1", f"agency.{HEALTH}")
    assert event.report.text not in row["value"].decode()
    assert str(event.report_id) in row["value"].decode()


async def test_whoever_decides_reads_what_the_agency_wrote(
    noise: ReportClassified,
    health: Agency,
    client: httpx.AsyncClient,
    sign_in: SignIn,
    sign_in_page: SignInPage,
    pool: Pool,
    rules: Rules,
):
    note, reason, theirs = "She asks that you ring her sister.", "He lives in Southvale.", "southvale-council-asb"
    await health.does("progress", noise.report_id, note=note)
    await health.does("return", noise.report_id, reason=reason, whose=theirs)
    await settle(pool, rules)
    operator = await sign_in("operator", "northmoor-police")
    case = (await client.get(f"/v1/queue/{noise.report_id}", headers=operator)).json()
    acts = [(entry["action"], entry["why"]) for entry in case["entries"] if entry["who"] == f"{HEALTH}-agency"]
    assert acts == [("under_way", note), ("returned", reason)]
    (sent,) = case["deliveries"]
    assert (sent["agency_id"], sent["state"], sent["returned_for"]) == (HEALTH, "returned", theirs)
    page = (await (await sign_in_page(Role.operator)).get(f"/board/cases/{noise.report_id}")).text
    assert f"</strong> under way: {note}" in page
    assert f"</strong> returned: {reason}" in page
    assert "returned, they say for Southvale Borough ASB team" in page
    assert f"<br>“{reason}”</li>" in page
    record = (await (await sign_in_page(Role.auditor, "Kim")).get(f"/audit?reference={noise.report.reference}")).text
    assert reason not in record


async def test_safe_contact_stands_on_every_staff_item(escalate: Escalate, sign_in_page: SignInPage):
    told = report(answers=Answers(safe_contact="never ring, he listens"))
    await escalate(classified(told), classified(report(reference="H-ANOTHER-1")))
    browser = await sign_in_page(Role.operator)
    assert (await browser.get("/board")).text.count("⚠ Safe contact") == 1
    assert "never ring, he listens" in (await browser.get(f"/board/cases/{told.report_id}")).text
