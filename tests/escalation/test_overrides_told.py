"""What a person says in place of the rules reaches whoever has the report, whoever is sent it, and intake."""

from typing import Any

import pytest

from services.escalation.handlers import acts, attendance
from services.escalation.handlers.cases import Rules
from services.escalation.tokens import Principal
from shared.codebook import DangerClass, Label, Threat
from shared.database import Pool
from shared.events import ReportClassified, ReportRouted
from shared.kafka import ROUTED
from shared.outbox import Bell
from shared.told import Place
from tests.builders import NOON, classified, report
from tests.escalation.conftest import as_they_are
from tests.escalation.test_work import Room
from tests.escalation.test_work import hold as hold

COUNCIL, HEALTH, HOMES = "northmoor-council-asb", "northmoor-environmental-health", "northmoor-homes"
SAID = {"why": "he has done it before", "threat": "explicit", "labels": ["stalking"]}
SEEN = (["stalking", "harassment"], "explicit", 2)
VEILED = {"threat": Threat.implied, "danger_class": DangerClass.veiled_or_stalking}


def heard() -> ReportClassified:
    """Read as harassment with a veiled threat, so that a control room has it too."""
    told = report(text="He said he would be back.", consent=("housing",))
    return classified(told, labels=(Label.harassment,), behaviours=("A3",), **VEILED)


async def seen_by(agency: str, pool: Pool) -> tuple[Any, ...]:
    body = await pool.fetchval("select body from delivery where agency_id = $1 and kind = 'report'", agency)
    return body["labels"], body["threat"], body["danger_class"]


async def told_again(agency: str, pool: Pool) -> list[str]:
    rows = await pool.fetch("select kind from delivery where agency_id = $1 order by position", agency)
    return [row["kind"] for row in rows]


async def receipts(pool: Pool) -> list[ReportRouted]:
    rows = await pool.fetch("select value from outbox where topic = $1 order by id", ROUTED)
    return [ReportRouted.model_validate_json(row["value"]) for row in rows]


async def sent_to_the_council(hold: Any, event: ReportClassified) -> Room:
    room: Room = await hold(event)
    assert (await room.post("route", why="theirs too", agency=COUNCIL)).status_code == 204
    return room


async def test_a_threat_that_a_person_saw_reaches_whoever_has_the_report(hold: Any, pool: Pool):
    room = await sent_to_the_council(hold, heard())
    assert (await room.post("override", **SAID)).status_code == 204
    assert await seen_by(COUNCIL, pool) == SEEN
    assert await told_again(COUNCIL, pool) == ["report", "corrected"]


async def test_a_threat_that_a_person_saw_reaches_whoever_is_sent_the_report_then(
    hold: Any, guests: Pool, pool: Pool, rules: Rules
):
    event = heard()
    room = await hold(event)
    assert (await room.post("override", **SAID)).status_code == 204
    assert (await room.post("route", why="theirs too", agency=COUNCIL)).status_code == 204
    assert await seen_by(COUNCIL, pool) == SEEN
    council = acts.ActingAgency(Principal("x", "agency", COUNCIL, ()), guests, Bell(pool))
    await acts.give_back(council, event.report_id, HOMES, "their tenant", rules.directory, NOON)
    await attendance.settle_returns(pool, Bell(pool), as_they_are(rules), NOON)
    assert await seen_by(HOMES, pool) == SEEN


async def test_intake_hears_what_a_person_read_it_as(hold: Any, pool: Pool):
    room = await hold(heard())
    assert (await room.post("override", **SAID)).status_code == 204
    read, said = await receipts(pool)
    assert read.labels == (Label.harassment,)
    assert (said.labels, said.danger_class) == ((Label.stalking, Label.harassment), DangerClass.violence_threatened)
    assert await pool.fetchval("select receipt from cases") == said.model_dump_json().encode()


async def test_what_has_no_receipt_yet_gets_none_by_an_override(hold: Any, pool: Pool):
    event = heard()
    room = await hold(event)
    await pool.execute("update cases set receipt = null")
    assert (await room.post("override", **SAID)).status_code == 204
    assert len(await receipts(pool)) == 1
    assert await pool.fetchval("select receipt from cases") is None


@pytest.mark.parametrize("state", ["queued", "returned"])
async def test_where_nobody_can_say_whose_area_it_is_by_now_it_stays_and_its_holders_hear_of_the_threat(
    hold: Any, pool: Pool, state: str
):
    """All but one that gave it back: it is no longer theirs to know of."""
    event = heard()
    room = await sent_to_the_council(hold, event)
    await pool.execute("update delivery set state = $1 where agency_id = $2", state, COUNCIL)
    placeless = event.model_copy(update={"report": event.report.model_copy(update={"place": Place()})})
    await pool.execute("update cases set event = $1", placeless.model_dump_json().encode())
    (before,) = await receipts(pool)
    assert (await room.post("override", **SAID)).status_code == 204
    told = state == "queued"
    assert (await seen_by(COUNCIL, pool) == SEEN) is told
    assert await told_again(COUNCIL, pool) == ["report", "corrected"][: 1 + told]
    assert await pool.fetchval("select force from queue_item") == "northmoor-police"
    after = (await receipts(pool))[-1]
    assert (after.destinations, after.labels) == (before.destinations, (Label.stalking, Label.harassment))
