"""More at once than can be taken: told to come back, by 503 and Retry-After; one source leaves room for the next."""

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from services.intake.errors import TooBusy
from services.intake.routers.places import Door, Places
from shared.database import Pool
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
    one, other = ({"type": "http", "method": "POST", "path": "/v1/reports", "client": (ip, 1)} for ip in ("1.1", "2.2"))
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
