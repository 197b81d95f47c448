"""Calls as they go on: every turn kept, read by the real classifier, and one report whatever becomes of the line."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
import websockets
from fastapi import FastAPI

from deploy.local.process import free_port
from services.classifier.main import create_app as create_classifier
from services.classifier.settings import Settings as ClassifierSettings
from services.intake.domain import reports as domain
from services.intake.domain.calls import ADDRESS, SAFETY
from services.intake.domain.households import Keyring
from services.intake.domain.partners import Partner, Scope
from services.intake.handlers import partners
from services.intake.handlers.amendments import add_more, ask_for_review, ask_to_withdraw
from services.intake.handlers.calls import Switchboard
from services.intake.handlers.dead_lines import Listening, drop_silent
from services.intake.handlers.erasing import erase
from services.intake.handlers.reports import close
from services.intake.repository import calls, reports
from services.intake.settings import Settings
from shared.clock import Clock
from shared.codebook import Label
from shared.database import DatabaseUnavailable, Pool, create_pool, transaction
from shared.events import ReportReceived
from shared.kafka import RECEIVED
from shared.screen import screen
from shared.security import sha256
from shared.told import CallState, Channel, Contact, Place
from tests.builders import NOON, assessment, receipt
from tests.intake import telling
from tests.intake.conftest import TELEPHONY_KEY
from tests.intake.telling import RING

JSON = {"Content-Type": "application/json"}
KEY = {"Authorization": f"Bearer {TELEPHONY_KEY}"}
CALLS = Path(__file__).parents[1] / "data" / "calls"
SCRIPT = [
    ("operator", "Police, what's happening?"),
    ("caller", "My neighbour keeps banging on the wall, every night."),
    ("operator", "How does that make you feel?"),
    ("caller", "I'm scared of him."),
    ("caller", "He's at my door now with a knife, he says he will kill me."),
]


class Slow(httpx.AsyncBaseTransport):
    """A classifier that does not answer."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(5)
        return httpx.Response(500)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    key = type(settings.secret)("a key for intake")
    return settings.model_copy(update={"classifier_url": "http://classifier", "classifier_key": key})


@pytest.fixture
async def classifier() -> AsyncIterator[httpx.AsyncClient]:
    app = create_classifier(ClassifierSettings(kafka="none:1", keys={"intake": sha256("a key for intake")}))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http,
    ):
        yield http


@pytest.fixture
async def phone(client: httpx.AsyncClient, app: FastAPI, classifier: httpx.AsyncClient) -> httpx.AsyncClient:
    app.state.http = classifier
    return client


async def opened(phone: httpx.AsyncClient, call_id: str = "call-1", **given: Any) -> str:
    answer = await phone.post("/v1/calls", json={"call_id": call_id, "line": "999"} | given, headers=KEY)
    assert answer.status_code == 201
    return str(answer.json()["report_id"])


def turn(number: int, **given: Any) -> dict[str, Any]:
    speaker, text = SCRIPT[number - 1]
    return {"number": number, "speaker": speaker, "text": text} | given


async def tell(phone: httpx.AsyncClient, report_id: str, *turns: dict[str, Any]) -> dict[str, Any]:
    answer = await phone.post(f"/v1/calls/{report_id}/turns", json={"turns": turns}, headers=KEY)
    assert answer.status_code == 200, answer.text
    standing: dict[str, Any] = answer.json()
    return standing


async def say(phone: httpx.AsyncClient, report_id: str, *turns: dict[str, Any]) -> dict[str, Any]:
    """Turns, and the call as it stands once they are read: on a busy machine the answer may come before."""
    standing = await tell(phone, report_id, *turns)
    return standing if standing["read"] else await once_read(phone, report_id)


async def once_read(phone: httpx.AsyncClient, report_id: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            standing: dict[str, Any] = (await phone.get(f"/v1/calls/{report_id}", headers=KEY)).json()
            if standing["read"]:
                return standing


async def end(phone: httpx.AsyncClient, report_id: str, state: str = "ended") -> dict[str, Any]:
    answer = await phone.post(f"/v1/calls/{report_id}/end", json={"state": state}, headers=KEY)
    standing: dict[str, Any] = answer.json()
    return standing


async def outgoing(pool: Pool) -> list[ReportReceived]:
    rows = await pool.fetch("select value from outbox where topic = any($1) order by id", list(RECEIVED.values()))
    return [ReportReceived.model_validate_json(row["value"]) for row in rows]


async def kept(pool: Pool) -> ReportReceived:
    return ReportReceived.model_validate_json(
        await pool.fetchval("select value from outbox where topic like 'reports.received%' order by revision desc")
    )


async def test_a_report_exists_from_the_first_turn_and_grows(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    assert await pool.fetchval("select count(*) from report") == 0
    revisions = [(await say(phone, report_id, turn(n)))["revision"] for n in range(1, 6)]
    assert revisions == [1, 2, 3, 4, 5]
    report = await kept(pool)
    assert str(report.report_id) == report_id
    assert report.text.splitlines()[-1] == "CALLER: He's at my door now with a knife, he says he will kill me."
    assert report.call is not None
    assert (report.call.state, report.call.line) == ("live", "999")


async def test_the_answer_says_what_is_established_what_changed_and_what_to_ask(phone: httpx.AsyncClient):
    report_id = await opened(phone)
    await say(phone, report_id, turn(1))
    second = await say(phone, report_id, turn(2))
    assert second["read"]
    assert second["established"]["repetition"] == "repeated"
    assert "repetition" in second["changed"]
    fourth = await say(phone, report_id, turn(3), turn(4))
    assert fourth["established"]["primary"] == "harassment"
    fifth = await say(phone, report_id, turn(5))
    assert fifth["established"]["danger_class"] == 1
    assert {"danger_class", "threat"} <= set(fifth["changed"])
    assert fifth["ask"] == ADDRESS
    where = await phone.patch(f"/v1/calls/{report_id}", json={"place": {"words": "Flat 9, ZZ1 4AB"}}, headers=KEY)
    assert where.json()["ask"] == SAFETY
    assert (await say(phone, report_id, turn(5)))["changed"] == []


@pytest.mark.parametrize("where", ["I'm at no4 1st floor.", "Flat 9, ZZ1 4AB.", "He lives at ZZ5 1AA."])
async def test_where_it_is_is_asked_until_it_is_noted_since_by_a_callers_words_it_goes_to_nobody(
    phone: httpx.AsyncClient, where: str
):
    report_id = await opened(phone)
    told = await say(phone, report_id, turn(5), {"number": 6, "speaker": "caller", "text": where})
    assert told["ask"] == ADDRESS


async def test_the_words_are_screened_once_for_each_turn(
    client: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    screened: list[tuple[str, ...]] = []
    monkeypatch.setattr(domain, "screen", lambda *texts: screened.append(texts) or screen(*texts))
    report_id = await opened(client)
    for number in (1, 5):
        await tell(client, report_id, turn(number))
    assert [texts[0].count("\n") for texts in screened] == [0, 1]
    assert [one.lane for one in await outgoing(pool)] == ["urgent"]


async def test_only_the_newest_revision_is_on_its_way_and_a_threat_takes_the_urgent_lane(
    phone: httpx.AsyncClient, pool: Pool
):
    report_id = await opened(phone)
    for n in range(1, 5):
        await say(phone, report_id, turn(n))
    assert [(one.revision, one.lane) for one in await outgoing(pool)] == [(4, "ordinary")]
    await say(phone, report_id, turn(5))
    assert [(one.revision, one.lane) for one in await outgoing(pool)] == [(5, "urgent")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(1, 4))))
async def test_turns_out_of_order_are_put_in_order(phone: httpx.AsyncClient, pool: Pool, order: tuple[int, ...]):
    report_id = await opened(phone)
    standings = [await say(phone, report_id, turn(n)) for n in order]
    assert (await kept(pool)).text.count("\n") == 2
    assert [line.split(": ", 1)[1] for line in (await kept(pool)).text.splitlines()] == [s[1] for s in SCRIPT[:3]]
    assert standings[0]["awaiting"] == list(range(1, order[0]))
    assert standings[-1]["awaiting"] == []


async def test_a_call_is_ended_by_saying_that_it_is_over_and_never_that_it_lives(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    await say(phone, report_id, turn(1))
    for _ in range(2):
        answer = await phone.post(f"/v1/calls/{report_id}/end", json={"state": "live"}, headers=KEY)
        assert answer.status_code == 422
        assert (await end(phone, report_id))["state"] == "ended"


async def test_a_repeated_turn_is_kept_once_and_a_corrected_one_replaced(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    await say(phone, report_id, turn(1))
    first = await say(phone, report_id, turn(2, version=2, text="He is stalking me."))
    assert (await say(phone, report_id, turn(2, version=2, text="He is stalking me.")))["revision"] == first["revision"]
    late = await say(phone, report_id, turn(2, version=1, text="He is stocking me."))
    assert late["revision"] == first["revision"]
    assert (await kept(pool)).text.endswith("He is stalking me.")


async def test_of_two_versions_of_a_turn_the_higher_holds_though_it_said_nothing_new(
    phone: httpx.AsyncClient, pool: Pool
):
    report_id = await opened(phone)
    heard = [(1, "He is here."), (3, "He is here."), (2, "Is he here?"), (3, "He has a knife."), (3, "He has a knife.")]
    revisions = [(await say(phone, report_id, turn(1, version=v, text=text)))["revision"] for v, text in heard]
    assert revisions == [1, 1, 1, 2, 2]
    assert (await kept(pool)).text.endswith("He has a knife.")


async def test_turns_sent_at_once_from_two_lines_are_all_kept(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    await asyncio.gather(*(say(phone, report_id, turn(n)) for n in range(1, 6)))
    assert len((await kept(pool)).turns) == 5
    assert (await kept(pool)).revision == 5


async def test_two_desks_that_type_at_once_lose_nothing_of_each_other(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    await say(phone, report_id, turn(1))
    typed = [{"speaker": "caller", "text": f"He is at window {n}."} for n in range(6)]
    answers = await asyncio.gather(*(tell(phone, report_id, *typed[n : n + 2]) for n in (0, 2, 4)))
    turns = [said.text for said in (await kept(pool)).turns]
    assert turns[0] == turn(1)["text"]
    assert sorted(turns[1:]) == [said["text"] for said in typed]
    last = max(answers, key=lambda answer: len(answer["turns"]))
    assert [(said["number"], said["text"]) for said in last["turns"]] == [*enumerate(turns, 1)]


async def test_a_turn_with_an_id_of_its_own_is_kept_once_however_often_it_is_sent(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    first, second = ({"id": str(UUID(int=n)), "speaker": "caller", "text": "He hit me."} for n in (1, 2))
    await say(phone, report_id, first)
    await say(phone, report_id, {"speaker": "operator", "text": "Again?"})
    again = await say(phone, report_id, first, second, second)
    assert [(said["number"], said["text"]) for said in again["turns"]] == [
        (1, "He hit me."),
        (2, "Again?"),
        (3, "He hit me."),
    ]
    assert (await say(phone, report_id, first, second))["revision"] == again["revision"]
    other = await opened(phone, "call-2")
    assert len((await say(phone, other, first))["turns"]) == 1


FULL = """
create or replace function no_room() returns trigger language plpgsql as
    $$ begin raise exception 'no room' using errcode = 'disk_full'; end $$;
create trigger full_for_readings before update on call for each row
    when (new.read_revision > old.read_revision) execute function no_room()
"""


@pytest.fixture
async def full(pool: Pool) -> AsyncIterator[None]:
    """A database that has room for words, and by the time that they are read none for the reading."""
    await pool.execute(FULL)
    yield
    await pool.execute("drop trigger full_for_readings on call")


@pytest.mark.usefixtures("full")
async def test_words_whose_reading_cannot_be_kept_are_not_asked_for_again(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    standing = await say(phone, report_id, {"speaker": "caller", "text": SCRIPT[1][1]})
    assert standing["established"]["repetition"] == "repeated"
    assert (await end(phone, report_id))["state"] == "ended"
    assert await pool.fetchval("select read_revision from call") == 0
    assert [said.text for said in (await kept(pool)).turns] == [SCRIPT[1][1]]


async def test_the_end_of_the_call_completes_the_same_report(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    await say(phone, report_id, turn(1), turn(2))
    standing = await end(phone, report_id)
    assert (standing["state"], standing["revision"]) == ("ended", 2)
    assert (await end(phone, report_id))["revision"] == 2
    late = await say(phone, report_id, turn(3))
    assert (late["state"], late["revision"]) == ("ended", 3)
    assert await pool.fetchval("select count(*) from report") == 1


async def test_a_line_that_goes_dead_in_the_middle_of_violence_is_class_1(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    said = {"number": 1, "speaker": "caller", "text": "He said he would stab me. He is shouting. Please"}
    assert (await say(phone, report_id, said))["established"]["danger_class"] == 2
    later = await heard_at(pool) + timedelta(seconds=61)
    board = Switchboard(pool, phone_bell(phone), RING, None)
    assert await drop_silent(later - timedelta(seconds=60), board, later) == 1
    standing = await once_read(phone, report_id)
    assert standing["state"] == "dropped"
    assert standing["established"]["danger_class"] == 1
    assert (await kept(pool)).text == f"CALLER: {said['text']}"
    assert await drop_silent(later, board, later) == 0


@dataclass
class At(Clock):
    """A clock that somebody sets."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at


async def test_a_database_that_was_away_is_no_dead_line(phone: httpx.AsyncClient, pool: Pool):
    await say(phone, await opened(phone), turn(1))
    begun = await heard_at(pool)
    board, clock = Switchboard(pool, phone_bell(phone), RING, None), At(pool, at=begun + timedelta(seconds=30))
    listening = Listening(board, timedelta(seconds=60), clock)
    states = []
    async with create_pool("postgresql://intake:none@127.0.0.1:1/intake", 1) as away:
        for seconds, there in ((40, False), (90, False), (92, True), (149, True), (151, True)):
            clock.at, listening.board = begun + timedelta(seconds=seconds), replace(board, pool=pool if there else away)
            with nullcontext() if there else pytest.raises(DatabaseUnavailable):
                await listening.look()
            states.append(await pool.fetchval("select state from call"))
    assert states == ["live", "live", "live", "live", "dropped"]


async def heard_at(pool: Pool) -> datetime:
    at: datetime = await pool.fetchval("select heard_at from call")
    return at


def phone_bell(phone: httpx.AsyncClient) -> Any:
    transport = phone._transport
    assert isinstance(transport, httpx.ASGITransport)
    app: Any = transport.app
    return app.state.bell


async def test_a_silent_call_that_somebody_has_in_hand_holds_up_no_other(phone: httpx.AsyncClient, pool: Pool):
    for call_id in ("call-1", "call-2"):
        await say(phone, await opened(phone, call_id), turn(1))
    await pool.execute("update call set heard_at = heard_at - interval '1 hour' where call_id = 'call-1'")
    later = datetime.now(UTC) + timedelta(seconds=61)
    clock = At(pool, at=later)
    listening = Listening(Switchboard(pool, phone_bell(phone), RING, None), timedelta(seconds=60), clock)
    first = await pool.fetchval("select report_id from call where call_id = 'call-1'")
    async with transaction(pool) as connection:
        await calls.held(connection, first)
        await listening.look()
    states = "select array_agg(state order by call_id) from call"
    assert await pool.fetchval(states) == ["live", "dropped"]
    await listening.look()
    assert await pool.fetchval(states) == ["dropped", "dropped"]


async def test_an_open_line_on_which_nothing_is_said_is_not_dead(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    await say(phone, report_id, turn(1))
    board = Switchboard(pool, phone_bell(phone), RING, None)
    began = await heard_at(pool) + timedelta(microseconds=1)
    assert (await say(phone, report_id))["revision"] == 1
    assert await drop_silent(began, board, began) == 0
    later = began + timedelta(seconds=61)
    assert await drop_silent(later, board, later) == 1
    assert (await say(phone, report_id, turn(1)))["state"] == "dropped"
    again = await say(phone, report_id)
    assert (again["state"], again["revision"]) == ("live", 3)


@pytest.mark.parametrize("how", ["ended", "dropped"])
async def test_a_call_in_which_nobody_spoke_is_a_report_too(phone: httpx.AsyncClient, pool: Pool, how: str):
    report_id = await opened(phone, answers={"happening_now": True}, place={"postcode": "ZZ1 4AB"})
    if how == "ended":
        assert (await end(phone, report_id))["revision"] == 1
    else:
        later = datetime.now(UTC) + timedelta(seconds=61)
        board = Switchboard(pool, phone_bell(phone), RING, None)
        assert await drop_silent(later, board, later) == 1
    told = await kept(pool)
    assert (told.channel, told.lane, told.place.postcode) == (Channel.phone, "urgent", "ZZ1 4AB")
    assert told.call is not None
    assert told.call.state is CallState(how)
    late = await say(phone, report_id, turn(1))
    assert (late["revision"], (await kept(pool)).text) == (2, f"OPERATOR: {turn(1)['text']}")
    await end(phone, report_id)
    await erase(told.reference, "test", "asked", pool, phone_bell(phone), NOON)
    assert await pool.fetchval("select count(*) from call") == 0


async def test_what_is_learnt_in_the_middle_of_a_call_is_in_its_report_at_once(phone: httpx.AsyncClient, pool: Pool):
    async def learn(**more: Any) -> dict[str, Any]:
        answer = await phone.patch(f"/v1/calls/{report_id}", json=more, headers=KEY)
        assert answer.status_code == 200, answer.text
        standing: dict[str, Any] = answer.json()
        return standing

    report_id = await opened(phone, contact={"name": "Sam"})
    assert (await learn(place={"postcode": "ZZ1 4AB"}))["revision"] == 0
    assert (await say(phone, report_id, turn(5)))["ask"] == SAFETY
    assert (await learn(place={"words": "Flat 9"}, contact={"phone": "01632 960001"}))["revision"] == 2
    assert (await learn(contact={"phone": "01632 960001"}))["revision"] == 2
    await end(phone, report_id, "dropped")
    report = await kept(pool)
    assert (report.place.postcode, report.place.words) == ("ZZ1 4AB", "Flat 9")
    assert report.contact is not None
    assert (report.contact.name, report.contact.phone) == ("Sam", "01632 960001")
    assert report.call is not None
    assert (report.call.state, report.call.line) == ("dropped", "999")
    about = (await phone.get(f"/v1/calls/{report_id}", headers=KEY)).json()["about"]
    assert (about["line"], about["place"]["words"], about["contact"]["phone"]) == ("999", "Flat 9", "01632 960001")
    answer = await phone.patch(f"/v1/calls/{report_id}", json={"place": None}, headers=KEY)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "place")
    assert (await phone.patch(f"/v1/calls/{report_id}", json={})).status_code == 401


async def test_a_line_that_comes_back_goes_on_with_the_same_report(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    await say(phone, report_id, turn(1))
    await end(phone, report_id, "dropped")
    again = await say(phone, report_id, turn(2))
    assert (again["state"], again["revision"]) == ("live", 3)
    assert await pool.fetchval("select count(*) from report") == 1


async def test_without_the_classifier_the_turn_is_kept_and_answered_in_time(
    client: httpx.AsyncClient, app: FastAPI, pool: Pool
):
    async with httpx.AsyncClient(transport=Slow()) as slow:
        app.state.http = slow
        report_id = await opened(client)
        await tell(client, report_id, turn(1))
        began = asyncio.get_running_loop().time()
        standing = await tell(client, report_id, turn(5))
        assert asyncio.get_running_loop().time() - began < 4  # the classifier takes five
    assert (standing["read"], standing["established"], standing["ask"]) == (False, None, ADDRESS)
    assert [one.lane for one in await outgoing(pool)] == ["urgent"]


async def test_what_was_not_read_in_time_is_read_for_whoever_follows(
    phone: httpx.AsyncClient, app: FastAPI, classifier: httpx.AsyncClient
):
    report_id = await opened(phone)
    async with httpx.AsyncClient(transport=Slow()) as slow:
        app.state.http = slow
        assert not (await tell(phone, report_id, turn(5)))["read"]
        assert not (await phone.get(f"/v1/calls/{report_id}", headers=KEY)).json()["read"]
    app.state.http = classifier
    assert (await once_read(phone, report_id))["established"]["danger_class"] == 1


async def test_a_reading_that_comes_late_does_not_replace_a_later_one(pool: Pool, phone: httpx.AsyncClient):
    report_id = UUID(await opened(phone))
    await say(phone, str(report_id), turn(1), turn(2))
    await say(phone, str(report_id), turn(5))
    async with pool.acquire() as connection:
        await calls.keep_assessment(connection, report_id, assessment(), 1)
    kept = await pool.fetchrow("select read_revision, assessment -> 'danger_class' as danger_class from call")
    assert tuple(kept) == (2, 1)
    assert (await once_read(phone, report_id))["established"]["danger_class"] == 1


async def test_what_the_caller_added_meanwhile_is_not_lost_by_the_next_turn(phone: httpx.AsyncClient, pool: Pool):
    body = {"call_id": "call-1"}
    call = (await phone.post("/v1/calls", json=body, headers=KEY)).json()
    await say(phone, call["report_id"], turn(1))
    bell = phone_bell(phone)
    await add_more(call["reference"], call["secret"], "He has a key.", pool, bell, RING, NOON)
    await ask_to_withdraw(call["reference"], call["secret"], pool, bell, RING, NOON)
    reach = Contact(name="Sam", phone="01632 960001")
    about = (reach, "before noon", Place(words="Elm Street"))
    await ask_for_review(call["reference"], call["secret"], *about, pool, bell, RING, NOON)
    await say(phone, call["report_id"], turn(2))
    report = await kept(pool)
    assert report.text.splitlines()[1:] == [f"CALLER: {SCRIPT[1][1]}", "CALLER: He has a key."]
    assert report.text[report.additions[0].start :] == "He has a key."
    assert (report.withdrawal_asked_at, report.case_review_asked_at, report.revision) == (NOON, NOON, 5)
    assert (report.contact, report.answers.safe_contact) == (reach, "before noon")
    assert report.place == Place(words="Elm Street")


async def test_a_transcript_of_a_call_that_was_heard_live_is_told_where_to_go(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    await say(phone, report_id, turn(1))
    body = {"call_id": "call-1", "turns": [{"speaker": "caller", "text": "Help."}]}
    answer = await phone.post("/v1/transcripts", json=body, headers=KEY)
    assert (answer.status_code, "correct its turns" in answer.json()["detail"]) == (409, True)
    assert await pool.fetchval("select count(*) from report") == 1


TRANSCRIPT: dict[str, Any] = {
    "call_id": "call-1",
    "turns": [{"speaker": "caller", "text": "He is outside with a knife."}],
}


async def test_a_call_whose_words_come_all_at_once_is_the_call_that_was_opened(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone, place={"postcode": "ZZ1 4AB"})
    answers = [await phone.post("/v1/transcripts", json=TRANSCRIPT, headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    again = await phone.post("/v1/calls", json={"call_id": "call-1", "line": "999"}, headers=KEY)
    assert answers[0].json()["reference"] == again.json()["reference"]
    assert answers[0].json()["secret"] == again.json()["secret"]
    told = await kept(pool)
    assert (str(told.report_id), told.place.postcode, told.lane) == (report_id, "ZZ1 4AB", "urgent")
    assert told.call is not None
    assert (told.call.state, told.call.line) == (CallState.ended, "999")
    assert await pool.fetchval("select count(*) from report") == 1


async def test_what_a_transcript_says_besides_of_a_call_that_was_heard_live_is_in_its_report(
    phone: httpx.AsyncClient, pool: Pool
):
    report_id = await opened(phone)
    await say(phone, report_id, turn(1))
    await say(phone, report_id, turn(3))  # the second was silence
    words = [{"speaker": SCRIPT[n][0], "text": SCRIPT[n][1]} for n in (0, 2)]
    body: dict[str, Any] = {"call_id": "call-1", "turns": words}
    where, who = {"place": {"postcode": "ZZ1 4AB"}}, {"contact": {"phone": "01632 960001"}}
    found = []
    for more in ({}, where, where, who):
        answer = await phone.post("/v1/transcripts", json=body | more, headers=KEY)
        told = await kept(pool)
        number = await pool.fetchval("select contact ->> 'phone' from contact")
        assert told.call is not None
        found.append((answer.status_code, told.revision, told.call.state, told.place.postcode, number))
    assert found == [
        (202, 3, "ended", None, None),
        (202, 4, "ended", "ZZ1 4AB", None),
        (202, 4, "ended", "ZZ1 4AB", None),
        (202, 5, "ended", "ZZ1 4AB", "01632 960001"),
    ]
    assert [said.text for said in told.turns] == [said["text"] for said in words]
    assert await pool.fetchval("select count(*) from report") == 1


async def test_a_transcript_of_a_line_that_was_given_up_says_that_it_ended(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    await say(phone, report_id, {"number": 1} | TRANSCRIPT["turns"][0])
    await end(phone, report_id, "dropped")
    assert (await phone.post("/v1/transcripts", json=TRANSCRIPT, headers=KEY)).status_code == 202
    told = await kept(pool)
    assert told.call is not None
    assert (told.call.state, told.revision) == (CallState.ended, 3)


async def test_words_that_come_after_a_silent_line_was_given_up_are_its_words(phone: httpx.AsyncClient, pool: Pool):
    await opened(phone)
    later = datetime.now(UTC) + timedelta(seconds=61)
    assert await drop_silent(later, Switchboard(pool, phone_bell(phone), RING, None), later) == 1
    assert (await phone.post("/v1/transcripts", json=TRANSCRIPT, headers=KEY)).status_code == 202
    told = await kept(pool)
    assert (told.revision, told.text) == (2, "CALLER: He is outside with a knife.")
    assert await pool.fetchval("select count(*) from report") == 1


async def test_a_call_that_came_as_a_transcript_is_not_opened(phone: httpx.AsyncClient, pool: Pool):
    await phone.post("/v1/transcripts", json=TRANSCRIPT, headers=KEY)
    answer = await phone.post("/v1/calls", json={"call_id": "call-1"}, headers=KEY)
    assert (answer.status_code, "an id of its own" in answer.json()["detail"]) == (409, True)
    assert await pool.fetchval("select count(*) from call") == 0


async def test_one_silent_call_whose_transcript_is_kept_holds_up_no_other(phone: httpx.AsyncClient, pool: Pool):
    """Both at once: the call was opened while its transcript was being kept."""
    await phone.post("/v1/transcripts", json=TRANSCRIPT | {"call_id": "call-0"}, headers=KEY)
    await opened(phone, "call-1")
    await pool.execute("update call set call_id = 'call-0'")
    await opened(phone, "call-2", answers={"happening_now": True})
    later = datetime.now(UTC) + timedelta(seconds=61)
    board = Switchboard(pool, phone_bell(phone), RING, None)
    assert await drop_silent(later, board, later) == 2
    assert await drop_silent(later, board, later) == 0
    assert await pool.fetchval("select count(*) from report") == 2


async def test_what_was_said_is_kept_where_more_would_be_too_long(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    page = [{"number": n, "speaker": "caller", "text": "a" * 20_000} for n in range(1, 50)]
    await tell(phone, report_id, *page)
    over = {"turns": [{"number": n, "speaker": "caller", "text": "b" * 20_000} for n in range(50, 60)]}
    answer = await phone.post(f"/v1/calls/{report_id}/turns", json=over, headers=KEY)
    assert (answer.status_code, "kept" in answer.json()["detail"]) == (409, True)
    assert len((await kept(pool)).turns) == 49


async def test_a_vcon_comes_back_with_our_reading_and_where_to_hear_it(phone: httpx.AsyncClient):
    whole = (CALLS / "vcon-transcript.json").read_bytes()
    answer: dict[str, Any] = {"vcon": None}
    async with asyncio.timeout(30):
        while answer["vcon"] is None:  # not read in time: sent again, it is the same report
            answer = (await phone.post("/v1/transcripts/files", files={"file": whole}, headers=KEY)).json()
    reading = json.loads(answer["vcon"]["analysis"][-1]["body"])
    assert answer["vcon"]["analysis"][-1]["type"] == "report"
    assert reading["threat"] == "imminent"
    assert {shown["seconds"] for shown in reading["evidence"] if "stab" in shown["quote"]} == {8.4}


async def test_a_call_opened_twice_is_one_call(phone: httpx.AsyncClient):
    assert await opened(phone) == await opened(phone)
    assert await opened(phone, "call-2") != await opened(phone)


async def test_a_call_opened_again_with_something_more_says_where_that_goes(phone: httpx.AsyncClient):
    report_id = await opened(phone, place={"postcode": "ZZ1 4AB"})
    again = {"call_id": "call-1", "answers": {"happening_now": True}}
    answer = await phone.post("/v1/calls", json=again, headers=KEY)
    assert (answer.status_code, f"PATCH to /v1/calls/{report_id}." in answer.json()["detail"]) == (409, True)
    await phone.patch(f"/v1/calls/{report_id}", json={"answers": {"happening_now": True}}, headers=KEY)
    assert (await phone.post("/v1/calls", json=again, headers=KEY)).json()["report_id"] == report_id
    assert await opened(phone, place={"postcode": "ZZ1 4AB"}) == report_id
    await phone.patch(f"/v1/calls/{report_id}", json={"place": {"postcode": "ZZ2 1AA"}}, headers=KEY)
    assert await opened(phone, place={"postcode": "ZZ1 4AB"}) == report_id


async def test_whoever_sends_a_call_is_told_nothing_of_what_others_told_before(phone: httpx.AsyncClient, pool: Pool):
    number = "01632 960001"
    first = await telling.tell(pool, "He follows me.", postcode=None, phone=number, ring=Keyring.of(RING.reporters, {}))
    await close([receipt(await telling.event_of(pool, first.report_id), labels=(Label.stalking,))], pool)
    key = await partners_key(pool, Scope.reports)
    opening = {"call_id": "call-1", "contact": {"phone": number}}
    report_id = (await phone.post("/v1/calls", json=opening, headers=key)).json()["report_id"]
    heard = await phone.post(f"/v1/calls/{report_id}/turns", json={"turns": [turn(1)]}, headers=key)
    whole = (CALLS / "vcon-transcript.json").read_bytes()
    about: dict[str, Any] = {"headers": key, "data": {"caller": number}, "files": {"file": whole}}
    async with asyncio.timeout(30):
        while not heard.json()["read"]:
            heard = await phone.get(f"/v1/calls/{report_id}", headers=key)
        while not (sent := await phone.post("/v1/transcripts/files", **about)).json()["vcon"]:
            pass
    events = [ReportReceived.model_validate_json(row["event"]) for row in await pool.fetch("select event from report")]
    assert sorted(event.history.reports for event in events) == [0, 1, 2], "whoever deals with them is told"
    readings = [heard.json()["established"], json.loads(sent.json()["vcon"]["analysis"][-1]["body"])]
    assert [reading["reported_before"] for reading in readings] == [0, 0]
    assert not any(words in heard.text + sent.text for words in (first.reference, "Earlier reports", '"history"'))


async def test_what_the_same_number_told_before_is_there_from_the_first_turn(phone: httpx.AsyncClient, pool: Pool):
    caller = {"contact": {"phone": "01632 960001"}}
    for call_id in ("call-1", "call-2"):
        report_id = await opened(phone, call_id, **caller)
        await say(phone, report_id, turn(2))
        await say(phone, report_id, turn(4))
        await end(phone, report_id)
    rows = await pool.fetch("select event from report order by received_at")
    first, second = (ReportReceived.model_validate_json(row["event"]) for row in rows)
    assert (first.history.reports, second.history.reports) == (0, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "turns"),
        ({"turns": [{"number": 1, "speaker": "caller", "text": "Hi", "end": 1e999}]}, "turns.0.end"),
        ({"turns": [{"number": 0, "speaker": "caller", "text": "Hi"}]}, "turns.0.number"),
        ({"turns": [{"number": 1, "speaker": "robot", "text": "Hi"}]}, "turns.0.speaker"),
        ({"turns": [{"number": 1, "speaker": "caller", "text": ""}]}, "turns.0.text"),
        ({"turns": [{"version": 2**31, "speaker": "caller", "text": "Hi"}]}, "turns.0.version"),
    ],
)
async def test_a_wrong_turn_is_named(phone: httpx.AsyncClient, body: dict[str, Any], field: str):
    report_id = await opened(phone)
    raw = json.dumps(body).replace("Infinity", "1e999")
    answer = await phone.post(f"/v1/calls/{report_id}/turns", content=raw, headers=KEY | JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_what_no_database_keeps_is_marked_and_the_turn_kept(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    raw = '{"turns": [{"number": 1, "speaker": "caller", "text": "He will \\u0000 kill \\ud800 me"}]}'
    answer = await phone.post(f"/v1/calls/{report_id}/turns", content=raw, headers=KEY | JSON)
    assert answer.status_code == 200
    assert (await kept(pool)).text == "CALLER: He will \ufffd kill \ufffd me"


async def test_nobody_else_hears_or_adds_to_a_call(phone: httpx.AsyncClient, app: FastAPI, settings: Settings):
    report_id = await opened(phone)
    keys = settings.keys | {"another": sha256("another key")}
    app.state.settings = settings.model_copy(update={"keys": keys})
    for headers, status in (({}, 401), ({"Authorization": "Bearer another key"}, 404)):
        body = {"turns": [turn(1)]}
        assert (await phone.post(f"/v1/calls/{report_id}/turns", json=body, headers=headers)).status_code == status
        assert (await phone.get(f"/v1/calls/{report_id}", headers=headers)).status_code == status


async def test_who_follows_a_call_waits_for_nobody_who_adds_to_it(phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    await say(phone, report_id, turn(1))
    async with transaction(pool) as connection:
        await calls.held(connection, UUID(report_id))
        await reports.held(connection, UUID(report_id))
        async with asyncio.timeout(5):
            standing = (await phone.get(f"/v1/calls/{report_id}", headers=KEY)).json()
    assert (standing["revision"], len(standing["turns"])) == (1, 1)


async def partners_key(pool: Pool, scope: Scope) -> dict[str, str]:
    await partners.register(Partner("northmoor", "Northmoor", "#00563f"), pool)
    _, secret = await partners.make_key("northmoor", [scope], pool, NOON)
    return {"Authorization": f"Bearer {secret}"}


async def test_a_partners_key_of_scope_reports_opens_and_writes_calls_and_reads_what_is_pasted(
    phone: httpx.AsyncClient, pool: Pool
):
    async def statuses(scope: Scope) -> list[int]:
        key = await partners_key(pool, scope)
        opening = await phone.post("/v1/calls", json={"call_id": "call-1"}, headers=key)
        said = f"/v1/calls/{opening.json().get('report_id', UUID(int=1))}/turns"
        saying = await phone.post(said, json={"turns": [turn(1)]}, headers=key)
        reading = await phone.post("/v1/transcripts/read", json={"text": "CALLER: Help."}, headers=key)
        return [opening.status_code, saying.status_code, reading.status_code]

    assert await statuses(Scope.reports) == [201, 200, 200]
    assert await statuses(Scope.evidence) == [401, 401, 401]


@pytest.fixture
async def lines(app: FastAPI, pool: Pool) -> AsyncIterator[str]:
    """Where a WebSocket may be opened."""
    port = free_port()
    config = uvicorn.Config(app, port=port, log_config=None, lifespan="off", ws="websockets-sansio")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await asyncio.wait_for(until_started(server), 30)
    yield f"ws://127.0.0.1:{port}/v1/calls"
    server.should_exit = True
    await serving


async def test_the_same_by_websocket(lines: str, phone: httpx.AsyncClient, pool: Pool):
    report_id = await opened(phone)
    url = f"{lines}/{report_id}/turns"
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(url)
    async with websockets.connect(url, additional_headers=await partners_key(pool, Scope.reports)) as line:
        assert (await exchange(line, {"turns": [turn(1)]}))["status"] == 404  # somebody else's call
    async with websockets.connect(url, additional_headers=KEY) as line:
        answers = [await exchange(line, {"turns": [turn(n)]}) for n in range(1, 6)]
        wrong = await exchange(line, {"turns": [{"number": 0}]})
        await line.send(b"\xff")
        assert json.loads(await line.recv())["status"] == 422
        after = await exchange(line, {"turns": [turn(5)]})
    assert (await once_read(phone, report_id))["established"]["danger_class"] == 1
    assert [answer["revision"] for answer in answers] == [1, 2, 3, 4, 5]
    assert (wrong["status"], wrong["errors"][0]["field"]) == (422, "turns.0.number")
    assert after["revision"] == 5


async def test_a_line_is_closed_once_its_key_is_revoked_and_not_while_the_database_is_away(
    lines: str, phone: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    key = await partners_key(pool, Scope.reports)
    report_id = (await phone.post("/v1/calls", json={"call_id": "call-1"}, headers=key)).json()["report_id"]
    async with websockets.connect(f"{lines}/{report_id}/turns", additional_headers=key) as line:
        with monkeypatch.context() as away:
            away.setattr(partners, "holder_of", database_away)
            assert (await exchange(line, {"turns": [turn(1)]}))["status"] == 503
        assert (await exchange(line, {"turns": [turn(1)]}))["revision"] == 1
        (known,) = await partners.keys(pool)
        await partners.revoke(known.id, pool, NOON)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await exchange(line, {"turns": [turn(2)]})
    assert closed.value.rcvd
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "A key is needed here")
    assert await pool.fetchval("select count(*) from call_turn") == 1


async def database_away(*_: object) -> None:
    raise DatabaseUnavailable


async def until_started(server: uvicorn.Server) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)


async def exchange(line: websockets.ClientConnection, message: dict[str, Any]) -> dict[str, Any]:
    await line.send(json.dumps(message))
    answer: dict[str, Any] = json.loads(await line.recv())
    return answer
