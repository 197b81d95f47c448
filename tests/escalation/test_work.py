"""What people do about a case over HTTP: contact, notes, overrides, routes, links, search and the end."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.escalation.domain.people import Role
from services.escalation.domain.rules import Rules
from services.escalation.handlers import cases, queue
from services.escalation.repository import deliveries, work
from shared.assessment import Evidence, Explanation, Finding, RiskGroup, Standing
from shared.codebook import DangerClass, Label, Threat
from shared.database import Pool, transaction
from shared.events import Lane, LinkDisputed, ReportOverridden
from shared.outbox import Bell
from shared.told import Answers, Contact
from tests.builders import NOON, assessment, classified, report
from tests.escalation.conftest import OURS, Escalate, SignIn, SignInPage

STALKING = {"labels": (Label.stalking, Label.harassment), "danger_class": DangerClass.veiled_or_stalking}
IMMINENT = {"labels": (Label.harassment,), "threat": Threat.imminent, "danger_class": DangerClass.life_at_risk}


class Room:
    """A control room's program that holds one case."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str], report_id: Any, token: str) -> None:
        self.client, self.headers, self.token = client, headers, token
        self.path = f"/v1/queue/{report_id}"

    async def post(self, what: str, **body: Any) -> httpx.Response:
        return await self.client.post(f"{self.path}/{what}", json={"token": self.token} | body, headers=self.headers)

    async def case(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get(self.path, headers=self.headers)).raise_for_status().json()
        return found


@pytest.fixture
async def hold(client: httpx.AsyncClient, sign_in: SignIn, escalate: Escalate) -> Any:
    async def held(event: Any) -> Room:
        await escalate(event)
        headers = await sign_in("operator", "northmoor-police")
        answer = await client.post(f"/v1/queue/{event.report_id}/claim", headers=headers)
        return Room(client, headers, event.report_id, answer.raise_for_status().json()["token"])

    return held


async def test_contact_a_note_and_the_end_stand_in_the_case(hold: Any):
    room = await hold(classified(**STALKING))
    assert (await room.post("contact", how="rang, she is safe")).status_code == 204
    assert (await room.post("notes", words="sister is with her")).status_code == 201
    assert (await room.post("close", outcome="advised")).status_code == 204
    case = await room.case()
    actions = [entry["action"] for entry in case["entries"] if entry["action"] != "delivered"]
    assert actions == ["read", "claimed", "made contact", "noted", "closed"]
    assert [note["words"] for note in case["notes"]] == ["sister is with her"]
    assert (case["item"]["state"], case["item"]["outcome"]) == ("closed", "advised")


async def test_a_note_that_is_sent_again_with_its_key_is_written_once(hold: Any):
    room = await hold(classified(**STALKING))

    async def noted(key: str) -> int:
        sent = room.headers | {"Idempotency-Key": key}
        return (await room.client.post(f"{room.path}/notes", json={"words": "rang"}, headers=sent)).status_code

    assert await asyncio.gather(*(noted(key) for key in ("a", "a", "a", "b"))) == [201] * 4
    case = await room.case()
    assert len(case["notes"]) == len([entry for entry in case["entries"] if entry["action"] == "noted"]) == 2


async def test_danger_is_not_closed_unheard_without_a_reason(hold: Any):
    room = await hold(classified(**STALKING))
    refused = await room.post("close", outcome="nobody_reached")
    assert refused.status_code == 422
    assert "make contact first" in refused.json()["detail"]
    assert (await room.post("close", outcome="nobody_reached", why="three calls, no answer")).status_code == 204


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("close", {"outcome": "advised", "why": "she is well"}),
        ("override", {"why": "a film", "threat": "none"}),
        ("route", {"why": "theirs", "agency": "southvale-police"}),
    ],
)
@pytest.mark.parametrize("since", [{"revision": 2}, {"reading": 2}])
async def test_nothing_is_done_to_what_has_moved_on_from_what_was_shown(
    hold: Any, escalate: Escalate, pool: Pool, since: dict[str, int], what: str, body: dict[str, str]
):
    told = report()
    room = await hold(classified(told, **STALKING))
    item = (await room.case())["item"]
    seen = {"revision": item["report"]["revision"], "reading": item["reading"]}
    again = told.model_copy(update={"revision": since.get("revision", 1)})
    await escalate(classified(again, reading=since.get("reading", 1), **IMMINENT))
    refused = await room.post(what, **body, **seen)
    assert (refused.status_code, refused.json()["title"]) == (409, "The case has moved on")
    assert tuple(await pool.fetchrow("select state, danger_class, force from queue_item")) == (
        "open", 1, "northmoor-police",
    )  # fmt: skip
    assert (await room.post(what, **body, **seen | since)).status_code == 204


CLOSE, CONTACT = ("close", {"outcome": "referred", "why": "the council has it"}), ("contact", {"how": "rang"})


@pytest.mark.parametrize(("what", "body"), [CLOSE, CONTACT])
@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("comes back", "it came back: given back by the council"),
        ("another rulebook", "it was class 3, and is class 1 now"),
        ("read late", "it was class 2, and is class 1 now"),
    ],
)
async def test_nothing_is_closed_or_seen_to_by_whoever_was_not_shown_that_it_came_back_or_turned_graver(
    hold: Any, escalate: Escalate, pool: Pool, rules: Rules, what: str, body: dict[str, str], since: str, said: str
):
    told = report(lane=Lane.urgent)
    room = await hold(classified(told, **STALKING))
    if since == "read late":
        third = told.model_copy(update={"revision": 3, "text": "He is back."})
        await cases.open_unread([cases.unread(third, NOON)], pool, Bell(pool), rules, NOON)
    item = (await room.case())["item"]
    seen = {"revision": item["report"]["revision"], "reading": item["reading"]}
    more = {"danger_class": item["danger_class"], "came_back": len(item["came_back"])}
    if since == "comes back":
        async with transaction(pool) as connection:
            why = "given back by the council"
            await deliveries.back_to_control_room(connection, told.report_id, why, "northmoor-police", NOON)
    else:
        of = told.model_copy(update={"revision": 2 if since == "read late" else 1})
        await escalate(classified(of, rulebook="another", **IMMINENT), at=NOON + timedelta(minutes=1))
    refused = await room.post(what, **body, **seen, **more)
    assert (refused.status_code, refused.json()["title"]) == (409, "The case has moved on")
    assert refused.json()["detail"].startswith(f"Since you opened it, {said}. Read it as it is now")
    row = await pool.fetchrow("select state, contacted_at, cardinality(came_back) from queue_item")
    assert tuple(row) == ("open", None, since == "comes back")
    item = (await room.case())["item"]
    more = {"danger_class": item["danger_class"], "came_back": len(item["came_back"])}
    assert (await room.post(what, **body, **seen, **more)).status_code == 204


async def test_a_page_says_what_it_showed_of_a_case_and_an_act_from_it_is_refused_where_it_came_back_since(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool
):
    event = classified(**STALKING)
    await escalate(event)
    sam, path = await sign_in_page(Role.operator), f"/board/cases/{event.report_id}"
    await sam.post(f"{path}/claim", headers=OURS)
    page = (await sam.get(path)).text
    form = page[page.index(f'hx-post="{path}/contact"') :]
    shown = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[: form.index("</form>")]))
    async with transaction(pool) as connection:
        await deliveries.back_to_control_room(connection, event.report_id, "given back", "northmoor-police", NOON)
    refused = await sam.post(f"{path}/contact", data=shown | {"how": "rang her"}, headers=OURS)
    assert refused.status_code == 409
    assert "it came back: given back" in refused.text
    assert "rang her</textarea>" in refused.text
    assert await pool.fetchval("select contacted_at from queue_item") is None


async def test_what_turns_graver_is_in_the_control_room_whichever_queue_it_was_sent_to(
    hold: Any, escalate: Escalate, pool: Pool
):
    told = report()
    room = await hold(classified(told, labels=(Label.harassment,)))
    sent = await room.post("route", why="theirs", agency="southvale-police", queue="neighbourhood")
    assert sent.status_code == 204
    assert await pool.fetchval("select queues from queue_item") == ["neighbourhood"]
    await escalate(classified(told.model_copy(update={"revision": 2}), **IMMINENT))
    assert "control_room" in await pool.fetchval("select queues from queue_item")


async def test_nothing_is_done_without_the_lease(hold: Any):
    room = await hold(classified(**STALKING))
    room.token = "00000000-0000-0000-0000-000000000000"
    for what, body in (
        ("contact", {}),
        ("close", {"outcome": "advised"}),
        ("override", {"why": "x", "threat": "none"}),
        ("route", {"why": "x", "agency": "northmoor-homes", "queue": "tenancy"}),
        ("renew", {}),
        ("release", {}),
    ):
        assert (await room.post(what, **body)).status_code == 409


async def test_an_override_regrades_reroutes_and_goes_out_as_an_event(hold: Any, pool: Pool):
    told = report(text="He said he would be back.")
    room = await hold(classified(told, labels=(Label.harassment,)))
    answer = await room.post("override", why="he has done it before", threat="explicit", labels=["stalking"])
    assert answer.status_code == 204
    item = (await room.case())["item"]
    assert (item["danger_class"], item["grade"]) == (2, "priority")
    assert item["assessment"]["labels"] == ["stalking", "harassment"]
    assert item["reasons"][0].startswith("Override: northmoor-police-operator: he has done it before")
    assert "control_room" in item["queues"]
    row = await pool.fetchrow("select value from outbox where topic = 'reports.overridden'")
    event = ReportOverridden.model_validate_json(row["value"])
    assert (event.threat, event.danger_class) == (Threat.explicit, 2)
    kept = await pool.fetchrow("select before, override from overridden")
    assert (kept["before"]["labels"], kept["override"]["threat"]) == (["harassment"], "explicit")


async def test_what_the_rules_are_judged_by_holds_no_word_of_what_was_told(hold: Any, pool: Pool):
    shown = Evidence(fact="F4", rule="F4.back", start=0, end=25, quote="He said he would be back.")
    returns = Finding(
        id="four.1", group=RiskGroup.four, asks="Comes back?", standing=Standing.present, evidence=(shown,)
    )
    why = Explanation(reporter=(shown.quote,), staff=(f"F4 “{shown.quote}”",))
    read = {"evidence": (shown,), "risk": (returns,), "explanation": why, "safe_contact": (shown.quote,)}
    room = await hold(classified(report(text=shown.quote), **read))
    assert (await room.post("override", why="it goes on", labels=["stalking"])).status_code == 204
    before = await pool.fetchval("select before from overridden")
    assert shown.quote not in str(before)
    assert [(risk["id"], risk["standing"]) for risk in before["risk"]] == [("four.1", "present")]


async def test_an_override_outlives_a_like_reading_and_not_a_graver_one(hold: Any, escalate: Escalate, pool: Pool):
    told = report()
    room = await hold(classified(told, **STALKING))
    await room.post("override", why="a film, not a life", labels=["other"], threat="none")
    assert await pool.fetchval("select danger_class from queue_item") == 4
    await escalate(classified(told.model_copy(update={"revision": 2}), assessment(**STALKING)))
    assert await pool.fetchval("select danger_class from queue_item") == 4
    graver = assessment(danger_class=DangerClass.life_at_risk, threat=Threat.imminent)
    await escalate(classified(told.model_copy(update={"revision": 3}), graver))
    assert await pool.fetchval("select danger_class from queue_item") == 1


FILM = "There is a man outside with a knife in the film."
KNIFE = "He is outside with a knife."


def shown(text: str, quote: str, fact: str) -> Evidence:
    """The last words of the text that say so."""
    start = text.rindex(quote)
    return Evidence(fact=fact, rule=fact, start=start, end=start + len(quote), quote=quote)


@pytest.mark.parametrize(
    ("text", "read", "danger"),
    [
        (f"{FILM}\n\n{KNIFE}", shown(FILM, "outside with a knife", "F7.imminent"), 1),
        (f"{FILM}\n\nHe is back for me.", shown(f"{FILM}\n\nHe is back for me.", "back for me", "F7.imminent"), 1),
        (f"{FILM}\n\nHe is here now.", shown(f"{FILM}\n\nHe is here now.", "here now", "F10.there"), 1),
        (f"{KNIFE} {FILM}", shown(FILM, "outside with a knife", "F7.imminent"), 1),
        (f"{FILM}\n\nThe music is loud.", shown(f"{FILM}\n\nThe music is loud.", "music", "A3"), 4),
        (FILM, shown(FILM, "outside with a knife", "F7.imminent"), 4),
    ],
    ids=["screened", "read", "now", "told anew", "no threat", "the same words"],
)
@pytest.mark.parametrize("unread_first", [False, True])
async def test_an_override_ends_where_danger_was_told_that_it_was_not_said_of(
    hold: Any,
    escalate: Escalate,
    pool: Pool,
    rules: Rules,
    text: str,
    read: Evidence,
    danger: int,
    unread_first: bool,
):
    film = shown(FILM, "outside with a knife", "F7.imminent")
    told = report(text=FILM)
    room = await hold(classified(told, evidence=(film,), **IMMINENT))
    assert (await room.post("override", why="a film", labels=["asb"], threat="none")).status_code == 204
    assert await pool.fetchval("select danger_class from queue_item") == 4
    more = told.model_copy(update={"revision": 2, "text": text})
    if unread_first:
        await cases.open_unread([cases.unread(more, NOON)], pool, Bell(pool), rules, NOON)
    await escalate(classified(more, evidence=(read,), **IMMINENT))
    assert await pool.fetchval("select danger_class from queue_item") == danger


async def test_a_second_reading_of_the_same_words_leaves_an_override_and_one_of_before_ends_where_more_was_told(
    hold: Any, escalate: Escalate, pool: Pool
):
    told = report(text=KNIFE)
    room = await hold(classified(told, **IMMINENT))
    await room.post("override", why="a film", grade="advice", threat="none")
    await escalate(classified(told, reading=2, **IMMINENT))
    assert await pool.fetchval("select danger_class from queue_item") == 4
    await pool.execute("update cases set override = override - 'of_length' - 'of_words'")
    await escalate(classified(told, reading=3, **IMMINENT))
    assert await pool.fetchval("select danger_class from queue_item") == 4
    await escalate(classified(told.model_copy(update={"revision": 2}), **IMMINENT))
    assert await pool.fetchval("select danger_class from queue_item") == 1


async def test_what_a_person_finds_graver_stays_whatever_is_told_since(hold: Any, escalate: Escalate, pool: Pool):
    told = report()
    room = await hold(classified(told, **STALKING))
    await room.post("override", why="he is at her door", threat="imminent")
    more = told.model_copy(update={"revision": 2, "text": f"{told.text}\n\nHe said he will stab me."})
    await escalate(classified(more, **STALKING))
    assert await pool.fetchval("select danger_class from queue_item") == 1


async def test_a_grade_leaves_what_nobody_has_read_as_grave_as_it_stood(hold: Any, pool: Pool, rules: Rules):
    told = report()
    room = await hold(classified(told, labels=(Label.harassment,)))
    for revision, lane in ((2, Lane.urgent), (3, Lane.ordinary)):
        more = told.model_copy(update={"revision": revision, "lane": lane})
        await cases.open_unread([cases.unread(more, NOON)], pool, Bell(pool), rules, NOON)
    await room.post("override", why="she is with her sister", grade="scheduled")
    assert tuple(await pool.fetchrow("select danger_class, grade from cases")) == (2, "scheduled")
    await room.post("override", why="only music", threat="none")
    assert await pool.fetchval("select danger_class from cases") == 4


async def test_who_said_that_it_is_grave_may_say_otherwise_of_more_that_nobody_has_read(
    hold: Any, pool: Pool, rules: Rules
):
    told = report()
    room = await hold(classified(told, labels=(Label.harassment,)))
    await room.post("override", why="he is at her door", labels=["harassment"], threat="imminent")
    more = told.model_copy(update={"revision": 2, "text": f"{told.text}\n\nIt was the postman."})
    await cases.open_unread([cases.unread(more, NOON)], pool, Bell(pool), rules, NOON)
    assert await pool.fetchval("select danger_class from cases") == 1
    await room.post("override", why="it was the postman", threat="none")
    assert await pool.fetchval("select danger_class from cases") == 3


@pytest.mark.parametrize("said", [{"labels": ["harassment"]}, {"grade": "priority"}])
async def test_what_is_said_of_more_that_nobody_has_read_leaves_what_was_said_before_of_other_things(
    hold: Any, pool: Pool, rules: Rules, said: dict[str, Any]
):
    told = report()
    room = await hold(classified(told, labels=(Label.harassment,)))
    await room.post("override", why="he is at her door", threat="imminent")
    more = told.model_copy(update={"revision": 2, "text": f"{told.text}\n\nHe said he will be back."})
    await cases.open_unread([cases.unread(more, NOON)], pool, Bell(pool), rules, NOON)
    assert (await room.post("override", why="no more than that", **said)).status_code == 204
    assert await pool.fetchval("select danger_class from queue_item") == 1


async def test_a_grade_alone_holds_down_no_threat_told_since(hold: Any, escalate: Escalate, pool: Pool):
    told = report(text=FILM)
    room = await hold(classified(told, **IMMINENT))
    await room.post("override", why="a film", grade="advice")
    assert await pool.fetchval("select grade from cases") == "advice"
    await escalate(classified(told.model_copy(update={"revision": 2, "text": f"{FILM}\n\n{KNIFE}"}), **IMMINENT))
    assert await pool.fetchval("select grade from cases") == "emergency"


async def test_an_override_holds_down_nothing_that_was_told_since_and_not_read_until_it_is_said_of_that_too(
    hold: Any, pool: Pool, rules: Rules
):
    told = report()
    room = await hold(classified(told, **STALKING))
    await room.post("override", why="a film, not a life", labels=["other"], threat="none", grade="advice")
    more = told.model_copy(update={"revision": 2, "lane": Lane.urgent, "text": "He is outside with a knife."})
    await cases.open_unread([cases.unread(more, NOON)], pool, Bell(pool), rules, NOON)
    item = (await room.case())["item"]
    assert (item["danger_class"], item["grade"], item["assessment"]["notes"]) == (2, "priority", ["unread"])
    await room.post("override", why="the film again", labels=["other"], threat="none", grade="advice")
    item = (await room.case())["item"]
    assert (item["danger_class"], item["grade"], item["assessment"]["notes"]) == (4, "advice", [])
    assert await pool.fetchval("select before from overridden order by id desc limit 1") is None


async def test_what_a_person_finds_less_grave_is_ranked_so_though_only_others_have_it_now(hold: Any, pool: Pool):
    veiled = {"threat": Threat.implied, "danger_class": DangerClass.veiled_or_stalking}
    room = await hold(classified(labels=(Label.asb,), behaviours=("A3",), **veiled))
    answer = await room.post("override", why="only the noise", labels=["asb"], threat="none", grade="scheduled")
    assert answer.status_code == 204
    ranked = "select cases.danger_class, item.danger_class as ranked, item.holder is not null as held, state from"
    row = await pool.fetchrow(f"{ranked} cases join queue_item as item using (report_id)")
    assert tuple(row) == (4, 4, True, "open")
    assert (await room.post("close", outcome="referred")).status_code == 204


async def test_an_override_needs_a_reason_and_something_to_say(hold: Any):
    room = await hold(classified(**STALKING))
    assert (await room.post("override", why="", threat="none")).status_code == 422
    assert (await room.post("override", why="because")).status_code == 422


@pytest.mark.parametrize(
    ("agency", "status", "words"),
    [
        ("northmoor-homes", 422, "has not agreed"),
        ("northmoor-high-street", 422, "no such agency"),
        ("northmoor-council-asb", 422, "the party complained of"),
        ("northmoor-safeguarding", 422, "the party complained of"),
        ("southvale-safeguarding", 204, ""),
        ("southvale-police", 204, ""),
    ],
)
async def test_a_case_is_sent_on_only_where_it_may_go(hold: Any, pool: Pool, agency: str, status: int, words: str):
    told = report(answers=Answers(party_organisation="Northmoor Council"))
    room = await hold(classified(told, **STALKING))
    answer = await room.post("route", why="theirs", agency=agency)
    assert answer.status_code == status
    assert words in answer.text
    assert await pool.fetchval("select count(*) from delivery where agency_id = $1", agency) == (status == 204)


@pytest.mark.parametrize(
    ("agency", "queue"),
    [
        ("southvale-police", "Control room"),
        ("southvale-police", "hate crime"),
        ("southvale-police", "safeguarding"),
        ("southvale-safeguarding", "control_room"),
    ],
)
async def test_a_case_is_sent_to_no_queue_that_is_not_there(hold: Any, pool: Pool, agency: str, queue: str):
    room = await hold(classified(**STALKING))
    answer = await room.post("route", why="theirs", agency=agency, queue=queue)
    assert (answer.status_code, "has no such queue" in answer.text) == (422, True)
    assert await pool.fetchval("select force from queue_item") == "northmoor-police"


async def test_danger_that_is_sent_to_another_queue_of_a_force_is_in_its_control_rooms_too(hold: Any, pool: Pool):
    room = await hold(classified(**STALKING))
    answer = await room.post("route", why="theirs", agency="southvale-police", queue="harassment")
    assert answer.status_code == 204
    assert await pool.fetchval("select queues from queue_item") == ["control_room", "harassment"]


async def test_a_case_sent_to_another_force_is_theirs_whatever_is_read_later(
    hold: Any, pool: Pool, escalate: Escalate, sign_in: SignIn
):
    """And its first force's no longer, unless it is the other that turns out to be complained of."""
    told = report()
    room = await hold(classified(told, **STALKING))
    await room.post("route", why="over the boundary", agency="southvale-police")
    assert await forces_that_have_it(pool) == {"southvale-police"}
    await escalate(classified(told.model_copy(update={"revision": 2, "text": "He is back."}), assessment(**STALKING)))
    row = await pool.fetchrow("select force, holder from queue_item")
    assert (row["force"], row["holder"]) == ("southvale-police", None)
    assert await forces_that_have_it(pool) == {"southvale-police"}
    southvale = await sign_in("operator", "southvale-police")
    claim = await room.client.post(f"{room.path}/claim", headers=southvale)
    blamed = {"revision": 3, "answers": Answers(party_organisation="Southvale Constabulary")}
    await escalate(classified(told.model_copy(update=blamed), assessment(**STALKING)), at=NOON + timedelta(hours=1))
    assert await forces_that_have_it(pool) == {"northmoor-police"}
    close = {"token": claim.json()["token"], "outcome": "advised", "why": "nothing in it"}
    assert (await room.client.post(f"{room.path}/close", json=close, headers=southvale)).status_code == 409
    assert (await room.client.post(f"{room.path}/claim", headers=room.headers)).status_code == 201


async def forces_that_have_it(pool: Pool) -> set[str]:
    rows = await pool.fetch("""select agency_id from delivery where kind = 'report' and state <> 'withdrawn'
        and agency_id like '%-police' union select force from queue_item""")
    return {row["agency_id"] for row in rows}


async def test_what_was_given_back_is_sent_there_again_by_a_person_where_it_belongs(hold: Any, pool: Pool):
    room = await hold(classified(labels=(Label.harassment, Label.asb), behaviours=("A3", "A4")))
    await pool.execute("update delivery set state = 'returned' where agency_id = 'northmoor-environmental-health'")
    answer = await room.post("route", why="it is theirs", agency="northmoor-environmental-health")
    assert answer.status_code == 204
    statement = "select queue, state, kind from delivery where agency_id = 'northmoor-environmental-health'"
    rows = [tuple(row) for row in await pool.fetch(statement + " order by position")]
    assert rows == [("nuisance", "queued", "report"), ("nuisance", "queued", "corrected")]


async def test_links_are_made_and_disputed(hold: Any, escalate: Escalate, pool: Pool):
    other = report(reference="H-OTHER-22222")
    await escalate(classified(other, **STALKING))
    room = await hold(classified(report(reference="H-FIRST-11111"), **STALKING))
    assert (await room.post("links", reference="h-other-22222", why="same car")).status_code == 201
    (link,) = (await room.case())["links"]
    assert (link["reference"], link["why"], link["disputed_by"]) == ("H-OTHER-22222", "same car", None)
    answer = await room.post("links/dispute", reference="H-OTHER-22222", why="another car after all")
    assert answer.status_code == 204
    (link,) = (await room.case())["links"]
    assert link["disputed_why"] == "another car after all"
    row = await pool.fetchrow("select value from outbox where topic = 'links.disputed'")
    assert LinkDisputed.model_validate_json(row["value"]).other_id == other.report_id
    assert (await room.post("links", reference="H-NONE", why="x")).status_code == 404


@pytest.mark.parametrize(
    "words",
    ["H-4K7", "h4k7qx 9m2tb", "zz14ab", "01632960001", "+44 1632 960001", "(01632) 960-001", "every night", "jo f"],
)
async def test_a_case_is_found(hold: Any, pool: Pool, words: str):
    contact = Contact(name="Jo Field", phone="01632 960001")
    room = await hold(classified(report(contact=contact), **STALKING))
    await pool.execute("update queue_item set opened_at = now()")
    answer = await room.client.post("/v1/queue/search", json={"q": words}, headers=room.headers)
    assert [found["reference"] for found in answer.json()] == ["H-4K7QX-9M2TB"]
    older = await room.client.get("/v1/queue/search", params={"q": words}, headers=room.headers)
    assert older.json() == answer.json()


@pytest.mark.parametrize(
    ("phone", "words"), [("01632 960001", "01632 960002"), ("960001", "01632 960001"), ("?", "--")]
)
async def test_a_case_is_not_found_by_another_telephone_number(hold: Any, pool: Pool, phone: str, words: str):
    room = await hold(classified(report(contact=Contact(phone=phone)), **STALKING))
    await pool.execute("update queue_item set opened_at = now()")
    answer = await room.client.post("/v1/queue/search", json={"q": words}, headers=room.headers)
    assert answer.json() == []


async def test_a_search_goes_through_the_newest_and_finds_any_by_its_reference(escalate: Escalate, pool: Pool):
    await escalate(classified(report(reference="H-OLDER-11111"), **STALKING))
    await escalate(classified(report(reference="H-NEWER-22222"), **STALKING), at=NOON + timedelta(days=1))

    async def found(words: str) -> list[str]:
        async with transaction(pool) as connection:
            rows = await work.search(connection, "northmoor-police", words, NOON - timedelta(days=1), 50, 1)
        return [row["reference"] for row in rows]

    assert await found("every night") == ["H-NEWER-22222"]
    assert await found("h-older-11111") == ["H-OLDER-11111"]
    assert await found("%%") == []


async def test_what_is_searched_for_is_in_no_address_and_more_than_is_shown_is_said(
    escalate: Escalate, sign_in_page: SignInPage
):
    now, sam = datetime.now(UTC), await sign_in_page(Role.operator)
    await escalate(*(classified(report(text="the blue van", received_at=now)) for _ in range(51)), at=now)
    assert (await sam.get("/board/search", params={"q": "blue van"})).status_code == 405
    part = await sam.post("/board/search", data={"q": "blue van"}, headers=OURS | {"HX-Request": "true"})
    assert ("The newest 50 of more" in part.text, "<html" in part.text) == (True, False)
    alone = await sam.post("/board/search", data={"q": "blue van"}, headers=OURS)
    assert ("The newest 50 of more" in alone.text, "Back to the board" in alone.text) == (True, True)


async def test_looking_and_searching_are_recorded_without_what_was_searched_for(hold: Any, pool: Pool):
    room = await hold(classified(**STALKING))
    await room.case()
    await room.client.post("/v1/queue/search", json={"q": "Jo Field"}, headers=room.headers)
    rows = await pool.fetch("select action, why, detail from audit_entry order by id")
    assert [row["action"] for row in rows][-2:] == ["looked at", "searched"]
    assert "Jo" not in str([dict(row) for row in rows])


async def test_where_no_words_on_safe_contact_are_found_staff_are_sent_to_what_was_said(
    escalate: Escalate, sign_in_page: SignInPage
):
    event = classified(behaviours=("A4",), labels=(Label.harassment, Label.asb))
    await escalate(event)
    sam = await sign_in_page(Role.operator)
    ada = await sign_in_page(Role.agency, "Ada", "northmoor-council-asb")
    found = "No words on safe contact were found. They may still be there: read what was"
    assert f"{found} said before you ring" in (await sam.get(f"/board/cases/{event.report_id}")).text
    assert f"{found} told first" in (await ada.get(f"/portal/reports/{event.report_id}")).text


async def test_a_page_that_says_it_only_keeps_up_is_recorded_unless_they_had_the_case_open_lately(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool
):
    event = classified(**STALKING)
    await escalate(event)
    sam, alex = await sign_in_page(Role.operator), await sign_in_page(Role.operator, "Alex")
    keeps_up = f"/board/cases/{event.report_id}?again=true"

    async def looks(who: str) -> int:
        statement = "select count(*) from audit_entry where action = 'looked at' and who = $1"
        return int(await pool.fetchval(statement, who))

    for _ in range(2):
        assert (await sam.get(keeps_up)).status_code == 200
    assert (await looks("sam"), await looks("alex")) == (1, 0)
    await alex.post(f"/board/cases/{event.report_id}/claim", headers=OURS)
    await alex.get(keeps_up)
    assert await looks("alex") == 0
    await queue.seen(event.report_id, "sam", pool, datetime.now(UTC) + queue.KEEPS_UP, again=True)
    assert await looks("sam") == 2


async def test_staff_are_told_how_to_reach_the_agencies_that_have_it_and_who_else_is_responsible(
    escalate: Escalate, sign_in_page: SignInPage
):
    noise, fraud = classified(behaviours=("A3", "A4")), report(text="A scam. My dog is thin and tied up.")
    await escalate(noise, classified(fraud, labels=(Label.other,)))
    sam = await sign_in_page(Role.operator)
    page = " ".join((await sam.get(f"/board/cases/{noise.report_id}")).text.split())
    council, health = "01632 960120, asb@northmoor.example", "01632 960125"
    assert f"To reach them: {council}</span>" in page
    assert f"To reach them: {health} (not checked)</span>" in page
    assert "Others who are responsible" not in page
    page = " ".join((await sam.get(f"/board/cases/{fraud.report_id}")).text.split())
    assert "<h3>Others who are responsible</h3>" in page
    assert "<li>Report Fraud: fraud. To reach them: 0300 123 2040</li>" in page
    assert "<li>RSPCA: animal welfare. No contact is kept</li>" in page
