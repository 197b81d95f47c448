"""A new directory moves what was sent on by hand, and what came back to a person, as it does what the rules place."""

from functools import partial
from typing import Any

import pytest

from services.escalation.domain.directory import Directory
from services.escalation.domain.rules import Rules
from services.escalation.handlers import acts, attendance, directories
from services.escalation.handlers.directories import Move
from services.escalation.rules_in_force import covering
from services.escalation.tokens import Principal
from shared.codebook import DangerClass
from shared.database import Pool
from shared.events import ReportClassified
from shared.outbox import Bell
from shared.told import Answers, Place
from tests.builders import NOON, classified, report
from tests.escalation.conftest import Escalate, as_they_are
from tests.escalation.test_work import hold as hold

HEALTH, HOMES, POLICE = "northmoor-environmental-health", "northmoor-homes", "northmoor-police"
NOISE = {"behaviours": ("A3",)}
LET = {"consent": ("housing",)}


def changed(rules: Rules, agency_id: str, **update: Any) -> Rules:
    """The rules with one agency otherwise; without it where nothing is given."""
    agencies = [
        agency.model_copy(update=update) if agency.id == agency_id else agency
        for agency in rules.directory.agencies
        if update or agency.id != agency_id
    ]
    areas = [
        area.model_copy(update={"police_instead": update.get("id")}) if area.police_instead == agency_id else area
        for area in rules.directory.areas
    ]
    given = {"agencies": tuple(agencies), "areas": tuple(areas)}
    return Rules(Directory.model_validate(rules.directory.model_copy(update=given)), rules.grading, rules.routing)


async def moved(rules: Rules, pool: Pool) -> list[Move]:
    """What these rules move, once; nothing is left for them to move then."""
    other = partial(covering, rules, None)
    found = await directories.moves(other, pool)
    await directories.move(found, other, pool, Bell(pool), NOON)
    assert await directories.moves(other, pool) == []
    return found


async def given_back(event: ReportClassified, whose: str | None, guests: Pool, pool: Pool, rules: Rules) -> None:
    health = acts.ActingAgency(Principal("x", "agency", HEALTH, ()), guests, Bell(pool))
    await acts.give_back(health, event.report_id, whose, "not ours", NOON)
    await attendance.settle_returns(pool, Bell(pool), as_they_are(rules), NOON)


async def state_of(agency: str, pool: Pool) -> str:
    found: str = await pool.fetchval("select state from delivery where agency_id = $1 and kind = 'report'", agency)
    return found


async def test_what_was_sent_by_hand_is_taken_from_whoever_is_complained_of_by_now(hold: Any, pool: Pool, rules: Rules):
    of_the_council = report(**LET, answers=Answers(party_organisation="Northmoor Council"))
    room = await hold(classified(of_the_council, behaviours=("A1",)))
    assert (await room.post("route", why="their tenant", agency=HOMES)).status_code == 204
    assert await moved(rules, pool) == []
    (move,) = await moved(changed(rules, HOMES, part_of="Northmoor Council"), pool)
    assert (move.to, move.no_longer_to) == ((), (f"{HOMES}/tenancy",))
    assert await state_of(HOMES, pool) == "withdrawn"


async def test_what_was_passed_on_to_a_body_that_is_gone_goes_to_a_person(
    escalate: Escalate, guests: Pool, pool: Pool, rules: Rules
):
    event = classified(report(**LET), **NOISE)
    await escalate(event)
    await given_back(event, HOMES, guests, pool, rules)
    homes = acts.ActingAgency(Principal("x", "agency", HOMES, ()), guests, Bell(pool))
    await acts.acknowledge(homes, event.report_id, NOON)
    (move,) = await moved(changed(rules, HOMES), pool)
    assert (move.to, move.no_longer_to) == ((), (f"{HOMES}/tenancy",))
    assert await state_of(HOMES, pool) == "withdrawn"
    assert tuple(await pool.fetchrow("select force, queues, state from queue_item")) == (POLICE, ["review"], "open")


@pytest.mark.parametrize("state", ["open", "closed"])
async def test_what_came_back_is_on_the_queue_of_the_force_that_has_it_by_now(
    escalate: Escalate, guests: Pool, pool: Pool, rules: Rules, state: str
):
    """Closed too, where an agency has it: it may come back once more."""
    event = classified(behaviours=("A3", "A9"))
    await escalate(event)
    await given_back(event, None, guests, pool, rules)
    await pool.execute("update queue_item set state = $1", state)
    assert await moved(rules, pool) == []
    (move,) = await moved(changed(rules, POLICE, id="moorvale-police", name="Moorvale Police"), pool)
    assert (move.to, move.no_longer_to) == (("moorvale-police/review",), (f"{POLICE}/review",))
    assert tuple(await pool.fetchrow("select force, state from queue_item")) == ("moorvale-police", state)


async def test_what_a_person_sent_where_the_rules_do_too_stays(hold: Any, pool: Pool, rules: Rules):
    room = await hold(classified(behaviours=("A1",)))
    sent = await room.post("route", why="theirs", agency="northmoor-council-asb", queue="asb")
    assert sent.status_code == 204
    assert await pool.fetchval("select by_hand from delivery where agency_id = 'northmoor-council-asb'")
    assert await moved(rules, pool) == []


async def test_danger_without_an_area_that_stood_in_review_alone_comes_into_the_control_rooms_queue(
    escalate: Escalate, pool: Pool, rules: Rules
):
    await escalate(classified(report(place=Place()), danger_class=DangerClass.life_at_risk))
    assert await moved(rules, pool) == []
    await pool.execute("update queue_item set queues = '{review}'")
    (move,) = await moved(rules, pool)
    assert (move.to, move.no_longer_to) == (("none/control_room",), ())
    assert await pool.fetchval("select queues from queue_item") == ["control_room", "review"]
