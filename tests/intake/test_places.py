"""More at once than can be taken: told to come back, by 503 and Retry-After; one source leaves room for the next."""

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from services.intake.domain.partners import Partner
from services.intake.domain.partners import Scope as KeyScope
from services.intake.errors import TooBusy
from services.intake.handlers import partners
from services.intake.main import create_app
from services.intake.routers.floods import network_of
from services.intake.routers.places import Door, Places, source_of
from services.intake.settings import Settings
from shared.database import Pool
from tests.builders import NOON
from tests.intake.conftest import TELEPHONY_KEY
from tests.intake.form import Form

REPORT = {"text": "Music until four, every night."}


def test_one_source_leaves_room_for_the_next():
    places = Places(many=4)
    places.take("one")
    places.take("one")
    with pytest.raises(TooBusy):
        places.take("one")
    places.take("another")
    places.take("a third")
    with pytest.raises(TooBusy):
        places.take("a fourth")
    places.leave("one")
    places.take("a fourth")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
    ],
)
def test_whoever_has_a_64_of_ipv6_is_one_source(one: str, other: str, same: bool):
    networks = [network_of(HTTPConnection({"type": "http", "client": (host, 1)})) for host in (one, other)]
    assert (networks[0] == networks[1]) is same


@pytest.mark.parametrize(
    ("peer", "told"), [("10.218.77.1", ["10.218.77.1"]), ("10.218.77.9", []), ("1.1.1.1", [])], ids=str
)
async def test_a_proxy_that_is_not_believed_is_told_once(app: FastAPI, pool: Pool, peer: str, told: list[str]):
    """The second is believed: uvicorn has put whom it names in its place. The third is one of the public."""
    transport = httpx.ASGITransport(app, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        with capture_logs() as logs:
            for _ in range(2):
                await client.post("/v1/reports", json=REPORT, headers={"X-Forwarded-For": "10.218.77.9"})
    assert [line["proxy"] for line in logs if "FORWARDED_ALLOW_IPS" in line["event"]] == told


async def test_one_64_of_ipv6_fills_half_of_the_places_and_floods_as_one(app: FastAPI, pool: Pool):
    async def told(host: str) -> int:
        transport = httpx.ASGITransport(app, client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
            return (await client.post("/v1/reports", json=REPORT)).status_code

    for number in range(11):
        assert await told(f"2001:db8::{number:x}") == 202
    marked = await pool.fetch(
        "select (convert_from(value, 'UTF8')::jsonb ->> 'low_trust')::bool from outbox order by id"
    )
    assert [row[0] for row in marked] == [False] * 10 + [True]
    app.state.places = Places(many=4)
    for number in range(2):
        app.state.places.take(source_of(HTTPConnection(_from(f"2001:db8::{number:x}", app))))
    assert await told("2001:db8::3") == 503
    assert await told("2001:db8:1::3") == 202


def _from(host: str, app: FastAPI) -> Scope:
    return {"type": "http", "app": app, "client": (host, 1), "headers": []}


async def test_over_the_limit_is_told_to_come_back(app: FastAPI, client: httpx.AsyncClient, pool: Pool):
    app.state.places = Places(many=4)
    answers = await asyncio.gather(*(client.post("/v1/reports", json=REPORT) for _ in range(20)))
    accepted = [one for one in answers if one.status_code == 202]
    shed = [one for one in answers if one.status_code == 503]
    assert len(accepted) + len(shed) == 20
    assert accepted
    assert shed
    assert {one.headers["Retry-After"] for one in shed} == {"2"}
    assert all("call 999" in one.json()["detail"] for one in shed)
    assert await pool.fetchval("select count(*) from report") == len(accepted)
    assert (await client.post("/v1/reports", json=REPORT)).status_code == 202


async def test_what_is_said_on_a_call_is_read_and_kept_while_all_else_is_told_to_come_back(
    app: FastAPI, client: httpx.AsyncClient, pool: Pool
):
    app.state.places = Places(many=0)
    key = {"Authorization": f"Bearer {TELEPHONY_KEY}"}
    assert (await client.post("/v1/reports", json=REPORT, headers=key)).status_code == 503
    pasted = {"text": "CALLER: He is outside.\nOPERATOR: Who is?"}
    read = await client.post("/v1/transcripts/read", json=pasted, headers=key)
    assert (read.status_code, len(read.json()["turns"])) == (200, 2)
    call = (await client.post("/v1/calls", json={"call_id": "in a flood"}, headers=key)).json()
    said = await client.post(call["turns_url"], json={"turns": read.json()["turns"]}, headers=key)
    assert said.json()["revision"] == 1


async def never_finished() -> AsyncIterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nHe'
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/form/story", "application/x-www-form-urlencoded"),
        ("/form/story", "Application/X-WWW-Form-Urlencoded; charset=utf-8"),
        ("/form/evidence", "multipart/form-data; boundary=b"),
        ("/status/more", "application/x-www-form-urlencoded"),
        ("/v1/reports", "application/json"),
    ],
)
async def test_who_sends_slowly_keeps_nobody_from_a_place(
    app: FastAPI, client: httpx.AsyncClient, pool: Pool, path: str, kind: str
):
    app.state.places = Places(many=4)
    headers = [{"Content-Type": kind, "Authorization": f"Bearer {n}"} for n in range(8)]
    sending = [asyncio.create_task(client.post(path, content=never_finished(), headers=h)) for h in headers]
    await asyncio.sleep(0.2)
    assert not any(task.done() for task in sending)
    assert (await client.post("/v1/reports", json=REPORT)).status_code == 202
    for task in sending:
        task.cancel()
    await asyncio.gather(*sending, return_exceptions=True)


async def test_a_key_that_nobody_knows_is_no_source_of_its_own(app: FastAPI, client: httpx.AsyncClient, pool: Pool):
    app.state.places = Places(many=4)
    app.state.places.take("127.0.0.1")
    app.state.places.take("127.0.0.1")
    made_up = {"Authorization": "Bearer made-up"}
    assert (await client.post("/v1/reports", json=REPORT, headers=made_up)).status_code == 503
    known = {"Authorization": f"Bearer {TELEPHONY_KEY}"}
    assert (await client.post("/v1/reports", json=REPORT, headers=known)).status_code == 202


async def test_each_partner_behind_one_address_has_an_allowance_of_its_own(app: FastAPI, pool: Pool):
    partner = Partner("northmoor-council", "Northmoor Council", "#00563f")
    await partners.register(partner, pool)
    key, secret = await partners.make_key(partner.id, [KeyScope.reports], pool, NOON)
    app.state.partners = partners.Partners(pool)  # nothing learns beside this one

    def source(secret: str) -> str:
        headers = [(b"authorization", f"Bearer {secret}".encode())]
        return source_of(HTTPConnection({"type": "http", "app": app, "client": ("1.1", 1), "headers": headers}))

    assert source(secret) == "1.1"  # not learnt yet
    await app.state.partners.learn_keys()
    assert source(secret) == "key of northmoor-council"
    assert source("made-up") == "1.1"
    assert source(TELEPHONY_KEY) == "key of telephony"
    await partners.revoke(key.id, pool, NOON)
    await app.state.partners.learn_keys()
    assert source(secret) == "1.1"


async def test_the_keys_in_the_database_are_learnt_beside_and_not_by_who_comes(settings: Settings, pool: Pool):
    partner = Partner("northmoor-council", "Northmoor Council", "#00563f")
    await partners.register(partner, pool)
    _, secret = await partners.make_key(partner.id, [KeyScope.reports], pool, NOON)
    another = create_app(settings)
    async with another.router.lifespan_context(another), asyncio.timeout(30):
        while another.state.partners.holder(secret) != partner.id:  # noqa: ASYNC110 - nothing says that it is done
            await asyncio.sleep(0.01)
        another.state.places = Places(many=4)
        another.state.places.take("127.0.0.1")
        another.state.places.take("127.0.0.1")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(another), base_url="http://intake") as client:
            known = {"Authorization": f"Bearer {secret}"}
            assert (await client.post("/v1/reports", json=REPORT, headers=known)).status_code == 202
            assert (await client.post("/v1/reports", json=REPORT)).status_code == 503


async def test_a_person_is_told_by_a_page(app: FastAPI, client: httpx.AsyncClient):
    app.state.places = Places(many=2)
    app.state.places.take("")
    app.state.places.take("somebody")
    answer = await client.post("/return", data={}, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["Retry-After"] == "5"
    assert "999" in answer.text


async def test_what_a_person_typed_comes_back_with_the_page_and_is_sent_by_its_button(
    app: FastAPI, person: Form, pool: Pool
):
    await person.begin()
    app.state.places, free = Places(many=0), app.state.places
    words = 'He said "I\'ll kill you"\n<b>& he meant it'
    away = await person.post("/form/story?check", {"story": words, "reporting": "myself"})
    assert away.status_code == 503
    assert "still on this page" in away.text
    assert 'action="/form/story?check"' in away.text
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', away.text)
    app.state.places = free
    again = await person.post("/form/story?check", {name: html.unescape(value) for name, value in fields})
    assert again.headers["location"] == "/form/check"
    await person.send()
    assert json.loads(await pool.fetchval("select value from outbox"))["text"] == words


async def test_far_more_than_there_are_places_for_are_turned_away_unread():
    inside, leave = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["body"] == b"{}"
        inside.set()
        await leave.wait()

    async def sent() -> Message:
        return {"type": "http.request", "body": b"{}"}

    async def still_sending() -> Message:
        return await asyncio.Future()

    answered: list[Message] = []

    async def answer(message: Message) -> None:
        answered.append(message)

    door = Door(slow, many=2)
    about = {"type": "http", "method": "POST", "path": "/v1/reports", "headers": []}
    one, other = (about | {"client": (ip, 1)} for ip in ("1.1", "2.2"))
    waiting = [asyncio.create_task(door(one, still_sending, answer)) for _ in range(9)]
    waiting.append(asyncio.create_task(door(one, sent, answer)))
    await inside.wait()
    await door(one, sent, answer)
    assert answered[0]["status"] == 503
    assert (b"retry-after", b"2") in answered[0]["headers"]
    waiting.append(asyncio.create_task(door(other, sent, answer)))
    await asyncio.sleep(0)
    leave.set()
    await asyncio.gather(*waiting[9:])
    assert [m["status"] for m in answered if "status" in m] == [503]
    for task in waiting[:9]:
        task.cancel()


async def test_at_the_door_too_a_key_that_is_known_is_a_source_of_its_own(app: FastAPI):
    inside: list[Scope] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        inside.append(scope)
        await asyncio.Event().wait()

    async def sent() -> Message:
        return {"type": "http.request", "body": b"{}"}

    answered: list[Message] = []

    async def answer(message: Message) -> None:
        answered.append(message)

    def with_key(key: str) -> Scope:
        about = {"type": "http", "method": "POST", "path": "/v1/reports", "app": app, "client": ("1.1", 1)}
        return about | {"headers": [(b"authorization", f"Bearer {key}".encode())]}

    door = Door(slow, many=2)
    coming = [asyncio.create_task(door(with_key(key), sent, answer)) for key in ("made-up", "too", TELEPHONY_KEY)]
    await asyncio.wait(coming, timeout=0.1)
    assert inside == [with_key("made-up"), with_key(TELEPHONY_KEY)]
    assert [m["status"] for m in answered if "status" in m] == [503]
    for task in coming:
        task.cancel()
