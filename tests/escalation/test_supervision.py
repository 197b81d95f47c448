"""Alerts, what a supervisor sees and takes away, and drills."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.escalation.domain.alerting import NO_CONTACT_AFTER, UNCLAIMED_AFTER
from services.escalation.domain.people import Role, Worker
from services.escalation.errors import LeaseLost
from services.escalation.handlers import alerts, attendance, drills, leases, work
from services.escalation.handlers.cases import Rules
from services.escalation.handlers.leases import Hold
from services.escalation.routers import supervisor
from services.escalation.rules_in_force import drills as exercises
from shared.codebook import DangerClass, Label
from shared.database import Pool
from shared.outbox import Bell
from shared.told import Place
from tests.builders import NOON, classified, report
from tests.escalation.conftest import OURS, Escalate, SignInPage, as_they_are

SAM = Worker("sam", "Sam", "northmoor-police")
SECOND = timedelta(seconds=1)


def told(danger: int, at: datetime = NOON, **given: Any) -> Any:
    return classified(report(received_at=at, **given), labels=(Label.harassment,), danger_class=DangerClass(danger))


async def kinds(pool: Pool) -> list[tuple[str, int]]:
    rows = await pool.fetch("select kind, times from alert where cleared_at is null order by kind")
    return [(row["kind"], row["times"]) for row in rows]


@pytest.mark.parametrize(("danger", "alerted"), [(1, True), (2, True), (3, False)])
async def test_a_threat_that_nobody_claims_alerts_after_a_minute_and_again(
    escalate: Escalate, pool: Pool, danger: int, alerted: bool
):
    await escalate(told(danger))
    await alerts.look(pool, NOON + UNCLAIMED_AFTER - SECOND)
    assert await kinds(pool) == []
    await alerts.look(pool, NOON + UNCLAIMED_AFTER)
    assert await kinds(pool) == ([("unclaimed", 1)] if alerted else [])
    await alerts.look(pool, NOON + UNCLAIMED_AFTER + SECOND)
    await alerts.look(pool, NOON + 2 * UNCLAIMED_AFTER)
    assert await kinds(pool) == ([("unclaimed", 2)] if alerted else [])


async def test_claiming_clears_it_and_no_contact_alerts_and_takes_nothing_away(escalate: Escalate, pool: Pool):
    await escalate(told(1))
    now = NOON + UNCLAIMED_AFTER
    await alerts.look(pool, now)
    claim = await leases.claim_next(SAM, None, None, pool, now)
    assert claim
    await alerts.look(pool, now)
    assert await kinds(pool) == []
    for _ in range(4):
        now += leases.LEASE - SECOND
        await leases.renew(Hold(claim.report_id, claim.token, SAM), pool, now)
    assert now - NOON > NO_CONTACT_AFTER
    await alerts.look(pool, now)
    assert await kinds(pool) == [("no_contact", 1)]
    await work.contacted(Hold(claim.report_id, claim.token, SAM), "rang", pool, now)
    await alerts.look(pool, now)
    assert await kinds(pool) == []


async def test_a_breached_target_alerts(escalate: Escalate, pool: Pool):
    await escalate(told(3))
    await alerts.look(pool, NOON + timedelta(hours=48))
    assert await kinds(pool) == [("breached", 1)]


async def test_a_case_that_rises_to_a_threat_waits_from_then_on(escalate: Escalate, pool: Pool):
    event = told(4)
    await escalate(event)
    later = NOON + timedelta(hours=1)
    graver = told(1).assessment
    await escalate(classified(event.report.model_copy(update={"revision": 2}), graver), at=later)
    await alerts.look(pool, later + UNCLAIMED_AFTER - SECOND)
    assert ("unclaimed", 1) not in await kinds(pool)
    await alerts.look(pool, later + UNCLAIMED_AFTER)
    assert ("unclaimed", 1) in await kinds(pool)


async def test_a_threat_that_becomes_graver_still_and_is_not_claimed_keeps_its_alert(escalate: Escalate, pool: Pool):
    event = told(2)
    await escalate(event)
    later = NOON + UNCLAIMED_AFTER
    await alerts.look(pool, later)
    read = told(1).assessment
    await escalate(classified(event.report.model_copy(update={"revision": 2}), read), at=later + SECOND)
    await alerts.look(pool, later + SECOND)
    assert await kinds(pool) == [("unclaimed", 1)]


@pytest.mark.parametrize(("before", "after", "alerted"), [(3, 1, True), (4, 3, True), (2, 2, False), (2, 3, False)])
async def test_what_turns_graver_after_contact_is_to_be_contacted_again_in_as_long(
    escalate: Escalate, pool: Pool, before: int, after: int, alerted: bool
):
    event = told(before)
    await escalate(event)
    claim = await leases.claim(event.report_id, SAM, None, pool, NOON)
    await work.contacted(Hold(claim.report_id, claim.token, SAM), "rang", pool, NOON)
    risen = NOON + leases.LEASE - SECOND
    read = told(after).assessment
    await escalate(classified(event.report.model_copy(update={"revision": 2}), read), at=risen)
    assert await pool.fetchval("select contacted_at is null from queue_item") == alerted
    await pool.execute("update queue_item set lease_until = $1", risen + 2 * NO_CONTACT_AFTER)
    await alerts.look(pool, risen + NO_CONTACT_AFTER - SECOND)
    assert ("no_contact", 1) not in await kinds(pool)
    await alerts.look(pool, risen + NO_CONTACT_AFTER)
    assert (("no_contact", 1) in await kinds(pool)) == alerted


async def test_what_comes_back_after_contact_is_to_be_contacted_again_in_as_long(
    escalate: Escalate, pool: Pool, rules: Rules
):
    event = classified(labels=(Label.harassment, Label.asb), behaviours=("A3",), danger_class=DangerClass(3))
    await escalate(event)
    claim = await leases.claim(event.report_id, SAM, None, pool, NOON)
    await work.contacted(Hold(claim.report_id, claim.token, SAM), "rang", pool, NOON)
    back = NOON + leases.LEASE - SECOND
    await pool.execute("update delivery set state = 'returned' where agency_id = 'northmoor-environmental-health'")
    await attendance.look(pool, Bell(pool), as_they_are(rules), back)
    await pool.execute("update queue_item set lease_until = $1", back + 2 * NO_CONTACT_AFTER)
    await alerts.look(pool, back + NO_CONTACT_AFTER - SECOND)
    assert ("no_contact", 1) not in await kinds(pool)
    await alerts.look(pool, back + NO_CONTACT_AFTER)
    assert ("no_contact", 1) in await kinds(pool)


async def test_turning_graver_gives_nobody_longer_who_was_not_in_contact(escalate: Escalate, pool: Pool):
    event = told(3)
    await escalate(event)
    await leases.claim(event.report_id, SAM, None, pool, NOON)
    read = told(1).assessment
    await escalate(classified(event.report.model_copy(update={"revision": 2}), read), at=NOON + SECOND)
    await pool.execute("update queue_item set lease_until = $1", NOON + 2 * NO_CONTACT_AFTER)
    await alerts.look(pool, NOON + NO_CONTACT_AFTER)
    assert ("no_contact", 1) in await kinds(pool)


async def test_a_supervisor_sees_what_is_late_unclaimed_and_for_a_person_to_place(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool
):
    """Danger that no rule places stands in the control room's own queue too (docs/decisions/0031)."""
    now = datetime.now(UTC)
    await escalate(told(1, now - timedelta(minutes=20), reference="H-LATE"), at=now)
    nowhere = told(3, now, reference="H-NOWHERE", place=Place())
    await escalate(classified(report(reference="H-LOST", received_at=now), labels=(Label.other,)), nowhere, at=now)
    browser = await sign_in_page(Role.supervisor)
    page = (await browser.get("/supervisor")).text
    assert "Threats that nobody holds: 1" in page
    assert "Past their target: 1" in page
    assert "In review: a person decides: 2" in page
    assert page.count(">H-LATE</a>") == 2


async def test_a_list_is_taken_away_as_a_file_without_a_word_that_was_told_and_recorded(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool
):
    now = datetime.now(UTC)
    await escalate(told(1, now, reference="=cmd|calc"), at=now)
    browser = await sign_in_page(Role.supervisor)
    answer = await browser.get("/supervisor/unclaimed.csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["reference"], row["danger_class"]) == ("'=cmd|calc", "1")
    assert "Music" not in answer.text
    detail = await pool.fetchval("select detail from audit_entry where action = 'exported' and who = 'sam'")
    assert detail == {"what": "unclaimed", "rows": 1}


@pytest.mark.parametrize("role", [Role.operator, Role.admin, Role.auditor, Role.agency])
@pytest.mark.parametrize("path", ["/supervisor", "/supervisor/unclaimed.csv", "/drills"])
async def test_only_a_supervisor_supervises(sign_in_page: SignInPage, role: Role, path: str):
    browser = await sign_in_page(role)
    assert (await browser.get(path)).status_code == 403
    assert (await browser.post("/drills", data={"drill": "door"}, headers=OURS)).status_code == 403


async def test_a_drill_comes_after_all_that_is_real_and_goes_nowhere(escalate: Escalate, pool: Pool, rules: Rules):
    await drills.start(exercises().drills[1], SAM, pool, rules, NOON)
    await escalate(told(4))
    first = await leases.claim_next(SAM, None, None, pool, NOON)
    second = await leases.claim_next(SAM, None, None, pool, NOON)
    assert first
    assert second
    assert await pool.fetchval("select drill from queue_item where report_id = $1", first.report_id) is False
    assert await pool.fetchval("select drill from queue_item where report_id = $1", second.report_id) is True
    assert await pool.fetchval("select count(*) from delivery where report_id = $1", second.report_id) == 0
    assert await pool.fetchval("select count(*) from outbox where report_id = $1", second.report_id) == 0


async def test_a_drill_is_started_by_a_supervisor_marked_and_ended(sign_in_page: SignInPage, pool: Pool):
    browser = await sign_in_page(Role.supervisor)
    for drill in exercises().drills:
        answer = await browser.post("/drills", data={"drill": drill.id}, headers=OURS)
        assert answer.status_code == 303
    board = (await browser.get("/board")).text
    assert board.count('<strong class="tag">Drill</strong>') == len(exercises().drills)
    assert "0 open" in board
    assert "Threats that nobody holds: 0" in (await browser.get("/supervisor")).text
    await browser.post("/drills/end", headers=OURS)
    assert "Drill</strong>" not in (await browser.get("/board")).text


async def test_an_administrator_shuts_somebody_out_at_once(sign_in_page: SignInPage):
    alex = await sign_in_page(Role.operator, "Alex")
    admin = await sign_in_page(Role.admin, "Kim")
    assert (await alex.get("/board")).status_code == 200
    await admin.post("/people", data={"person": "alex", "active": "false"}, headers=OURS)
    assert (await alex.get("/board")).status_code == 303


async def test_a_supervisor_takes_over_what_is_held_and_nobody_was_in_contact_about(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool
):
    now = datetime.now(UTC)
    event = told(1, now)
    await escalate(event, at=now)
    claim = await leases.claim(event.report_id, SAM, None, pool, now - NO_CONTACT_AFTER)
    await pool.execute("update queue_item set lease_until = $1", now + leases.LEASE)
    robin = await sign_in_page(Role.supervisor, "Robin")
    path = f"/supervisor/takeovers/{event.report_id}"
    page = (await robin.get("/supervisor")).text
    assert path in page
    given = {"holder": re.findall(r'name="holder" value="(.*?)"', page)[0], "why": "Sam went home"}
    answer = await robin.post(path, data=given, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/board/cases/{event.report_id}")
    page = " ".join((await robin.get(f"/board/cases/{event.report_id}")).text.split())
    assert "You hold it" in page
    assert '<strong>Robin</strong> took over: Sam went home<ul><li class="quiet">from Sam</li></ul>' in page
    with pytest.raises(LeaseLost):
        await work.contacted(Hold(event.report_id, claim.token, SAM), "rang", pool, now)
    assert path not in (await robin.get("/supervisor")).text


async def test_it_is_taken_over_from_whom_the_list_showed_alone_with_a_reason_and_by_a_supervisor(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool
):
    now = datetime.now(UTC)
    event = told(1, now)
    await escalate(event, at=now)
    await leases.claim(event.report_id, SAM, None, pool, now)
    robin, alex = await sign_in_page(Role.supervisor, "Robin"), await sign_in_page(Role.operator, "Alex")
    south = await sign_in_page(Role.supervisor, "Kit", "southvale-police")
    path, given = f"/supervisor/takeovers/{event.report_id}", {"holder": "sam", "why": "went home"}
    answers = [
        await alex.post(path, data=given, headers=OURS),
        await south.post(path, data=given, headers=OURS),
        await robin.post(path, data=given | {"why": " "}, headers=OURS),
        await robin.post(path, data=given | {"holder": "alex"}, headers=OURS),
    ]
    assert [answer.status_code for answer in answers] == [403, 404, 422, 409]
    assert "It is with Sam. The lists are as they are now." in answers[3].text
    assert re.search(r"What you wrote, which was not kept.*?went home</textarea>", answers[3].text, re.DOTALL)
    await pool.execute("update queue_item set lease_until = $1", now)
    late = await robin.post(path, data=given, headers=OURS)
    assert (late.status_code, "Nobody holds it any more." in late.text) == (409, True)
    assert await pool.fetchval("select holder from queue_item") == "sam"
    assert await pool.fetchval("select count(*) from audit_entry where action = 'took over'") == 0


async def test_a_list_that_is_cut_off_says_so(
    escalate: Escalate, sign_in_page: SignInPage, monkeypatch: pytest.MonkeyPatch
):
    now = datetime.now(UTC)
    await escalate(told(1, now), told(1, now, text="something else"), at=now)
    monkeypatch.setattr(supervisor, "MOST", 2)
    page = (await (await sign_in_page(Role.supervisor, "Robin")).get("/supervisor")).text
    assert page.count("Threats that nobody holds: 2 or more") == 2
