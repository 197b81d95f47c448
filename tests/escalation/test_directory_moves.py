"""A new directory moves what was sent on by hand, and what came back to a person, as it does what the rules place."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from deploy.local.samples import DIRECTORY
from services.escalation.domain.directory import Directory, Kind, Sees
from services.escalation.domain.people import Role
from services.escalation.domain.rules import Rules
from services.escalation.handlers import acts, attendance, cases, directories
from services.escalation.handlers.directories import Move
from services.escalation.rules_in_force import covering
from services.escalation.settings import Settings
from services.escalation.tokens import Principal
from shared.codebook import DangerClass
from shared.database import Pool
from shared.events import Lane, ReportClassified
from shared.outbox import Bell
from shared.told import Answers, Contact, Place
from tests.builders import NOON, classified, report
from tests.escalation.conftest import Escalate, SignIn, SignInPage, as_they_are
from tests.escalation.test_audit_command import heard
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
    await acts.give_back(health, event.report_id, whose, "not ours", rules.directory, NOON)
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


async def test_what_nobody_has_read_yet_moves_with_the_rest_and_a_drill_does_not(
    escalate: Escalate, pool: Pool, rules: Rules
):
    unread = cases.unread(report(lane=Lane.urgent), NOON)
    await cases.open_unread([unread], pool, Bell(pool), rules, NOON)
    drill = classified(report(reference="H-DRILL"), behaviours=("A4",), danger_class=DangerClass.life_at_risk)
    await escalate(drill)
    await pool.execute("delete from delivery where report_id = $1", drill.report_id)
    await pool.execute("update cases set receipt = null where report_id = $1", drill.report_id)
    await pool.execute("update queue_item set drill = true where report_id = $1", drill.report_id)
    assert await moved(rules, pool) == []
    (move,) = await moved(changed(rules, POLICE, id="moorvale-police", name="Moorvale Police"), pool)
    assert move.report_id == unread.event.report_id
    rows = dict(await pool.fetch("select report_id, force from queue_item"))
    assert rows == {unread.event.report_id: "moorvale-police", drill.report_id: POLICE}
    assert await pool.fetchval("select count(*) from cases where receipt is null") == 2


def without_contact(directory: Directory, kind: Kind) -> Directory:
    """The directory in which this kind sees neither contact nor place."""
    hidden = {Sees.contact, Sees.place}
    kinds = [
        rule.model_copy(update={"sees": tuple(one for one in rule.sees if one not in hidden)})
        if rule.kind is kind
        else rule
        for rule in directory.kinds
    ]
    return Directory.model_validate(directory.model_copy(update={"kinds": tuple(kinds)}))


@pytest.mark.parametrize("state", ["queued", "closed", "returned"])
async def test_what_a_kind_may_see_no_more_is_taken_from_what_it_has_and_had(
    escalate: Escalate, hold: Any, pool: Pool, rules: Rules, state: str
):
    """What was told after one was given back is still not shown to whoever gave it back."""
    jo = Contact(name="Jo Marsh", phone="01632 960001")
    event = classified(report(**LET, contact=jo, text="Music. Ask Jo Marsh."), behaviours=("A1",))
    room = await hold(event)
    assert (await room.post("route", why="their tenant", agency=HOMES)).status_code == 204
    in_state = "update delivery set state = $1 where agency_id = $2"
    await pool.execute(in_state, state, HOMES)
    more = event.report.model_copy(update={"revision": 2, "text": "Music. Ask Jo Marsh. He hit me."})
    await escalate(classified(more, behaviours=("A1",)))
    await pool.execute(in_state, state, HOMES)
    narrower = without_contact(rules.directory, Kind.housing)
    agencies = await directories.seeing_otherwise(narrower, pool)
    assert HOMES in agencies
    assert HEALTH not in agencies
    await directories.show_anew(agencies, narrower, pool, Bell(pool), NOON)
    row = await pool.fetchrow("select body, kind from delivery where agency_id = $1 and kind = 'report'", HOMES)
    hit = "" if state == "returned" else " He hit me."
    assert row["body"]["text"] == f"Music. Ask [withheld].{hit}"
    assert not {"contact", "place"} & set(row["body"])
    last = "select kind from delivery where agency_id = $1 order by position desc limit 1"
    assert await pool.fetchval(last, HOMES) == "corrected"
    count = "select count(*) from delivery"
    before = await pool.fetchval(count)
    await directories.show_anew(agencies, narrower, pool, Bell(pool), NOON)
    assert await pool.fetchval(count) == before


@pytest.mark.parametrize("state", ["closed", "returned", "queued"])
async def test_what_an_agency_had_that_left_the_directory_is_taken_from_it(
    hold: Any, pool: Pool, rules: Rules, state: str
):
    """What was closed or given back, and what no rule moves: police, say, need not acknowledge it."""
    room = await hold(classified(report(**LET), behaviours=("A1",)))
    assert (await room.post("route", why="their tenant", agency=HOMES)).status_code == 204
    await pool.execute("update delivery set state = $1 where agency_id = $2", state, HOMES)
    without = changed(rules, HOMES).directory
    agencies = await directories.seeing_otherwise(without, pool)
    assert agencies == [HOMES]
    await directories.take_back(agencies, without, pool, Bell(pool), NOON)
    row = await pool.fetchrow("select state, body from delivery where agency_id = $1 and kind = 'report'", HOMES)
    assert tuple(row) == ("withdrawn", None)
    assert await directories.seeing_otherwise(without, pool) == []


async def test_what_was_had_by_law_is_taken_back_where_it_needs_consent_by_now(hold: Any, pool: Pool, rules: Rules):
    council = "northmoor-council-asb"
    reports = [report(reference=f"H-{n}", consent=given) for n, given in enumerate(((), ("council_asb",)))]
    told = [classified(one, behaviours=("A1",)) for one in reports]
    for event in told:
        room = await hold(event)
        assert (await room.post("route", why="theirs", agency=council)).status_code == 204
    await pool.execute("update delivery set state = 'closed'")
    kinds = [
        kind.model_copy(update={"legal_ground": None}) if kind.kind is Kind.council_asb else kind
        for kind in rules.directory.kinds
    ]
    by_consent = Directory.model_validate(rules.directory.model_copy(update={"kinds": tuple(kinds)}))
    agencies = await directories.seeing_otherwise(by_consent, pool)
    assert council in agencies
    await directories.take_back(agencies, by_consent, pool, Bell(pool), NOON)
    states = "select state from delivery where agency_id = $1 and kind = 'report' order by reference"
    assert [row["state"] for row in await pool.fetch(states, council)] == ["withdrawn", "closed"]


async def test_whoever_left_the_directory_is_let_in_no_more(
    client: Any, sign_in: SignIn, sign_in_page: SignInPage, app: FastAPI, pool: Pool, rules: Rules
):
    """Whatever token or session they hold."""
    token, page = await sign_in("agency", HOMES), await sign_in_page(Role.agency, "Ada", HOMES)
    feed = f"/v1/agencies/{HOMES}/reports"
    assert (await client.get(feed, headers=token)).status_code == 200
    assert (await page.get("/portal")).status_code == 200
    await directories.load_directory(changed(rules, HOMES).directory, pool, NOON)
    app.state.rules._read_at = 0.0
    assert (await client.get(feed, headers=token)).status_code == 403
    assert (await page.get("/portal")).status_code == 403


async def test_loading_a_directory_without_an_agency_moves_what_was_open_and_takes_back_the_rest(
    hold: Any, pool: Pool, settings: Settings, tmp_path: Path
):
    told = [classified(report(**LET, reference=f"H-{n}"), behaviours=("A1",)) for n in range(2)]
    for event in told:
        room = await hold(event)
        assert (await room.post("route", why="their tenant", agency=HOMES)).status_code == 204
    others = "update delivery set state = 'closed' where agency_id <> $1 or report_id = $2"
    await pool.execute(others, HOMES, told[0].report_id)
    await pool.execute("update queue_item set state = 'closed'")
    head, _, rest = DIRECTORY.read_text().partition(f'[[agencies]]\nid = "{HOMES}"')
    file = tmp_path / "directory.toml"
    file.write_text(head + rest[rest.index("[[agencies]]") :])
    assert (await heard(settings, "directory", "load", str(file)))[0] == 0
    rows = await pool.fetch("select state, body from delivery where agency_id = $1 and kind = 'report'", HOMES)
    assert [tuple(row) for row in rows] == [("withdrawn", None)] * 2
    item = await pool.fetchrow("select state, queues from queue_item where report_id = $1", told[1].report_id)
    assert (item["state"], "review" in item["queues"]) == ("open", True)


async def test_a_directory_that_shows_the_same_takes_nothing_back(client: Any, pool: Pool, rules: Rules):
    assert await directories.seeing_otherwise(rules.directory, pool) == []
    await pool.execute("truncate directory_version")
    assert await directories.seeing_otherwise(without_contact(rules.directory, Kind.housing), pool) == []


async def test_loading_a_directory_takes_back_what_it_shows_no_more(
    hold: Any, pool: Pool, settings: Settings, tmp_path: Path
):
    room = await hold(classified(report(**LET, contact=Contact(phone="01632 960001")), behaviours=("A1",)))
    assert (await room.post("route", why="their tenant", agency=HOMES)).status_code == 204
    housing = '[[kinds]]\nkind = "housing"\n'
    head, _, rest = DIRECTORY.read_text().partition(housing)
    file = tmp_path / "directory.toml"
    file.write_text(head + housing + rest.replace(', "contact"', "", 1))
    status, printed = await heard(settings, "directory", "load", "--dry-run", str(file))
    assert (status, f"{HOMES}: sees other parts" in printed) == (0, True)
    phone = "select body -> 'contact' ->> 'phone' from delivery where agency_id = $1"
    assert await pool.fetchval(phone, HOMES) == "01632 960001"
    assert (await heard(settings, "directory", "load", str(file)))[0] == 0
    assert await pool.fetchval(phone, HOMES) is None
