"""Webhooks: signed, ids only, again for 24 hours; and never to where they must not go."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import httpx
import jsonschema
import pytest
from fastapi import FastAPI
from standardwebhooks import Webhook

from deploy.local import process
from services.escalation.domain.directory import Directory
from services.escalation.domain.people import Role
from services.escalation.handlers import directories, webhooks
from services.escalation.outward import Outward, Refused, create_client
from services.escalation.settings import Settings
from shared.clock import Clock
from shared.database import Pool, create_pool
from tests.builders import classified
from tests.escalation.conftest import Escalate, SignInPage
from tests.escalation.test_audit_command import heard

ROOT = Path(__file__).resolve().parents[2]
HEALTH, COUNCIL = "northmoor-environmental-health", "northmoor-council-asb"
LOOPBACK = (ip_network("127.0.0.0/8"),)
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _soon_enough_to_be_believed() -> None:
    """A receiver takes a signature for five minutes, and the other tests may have taken longer."""
    global NOW
    NOW = datetime.now(UTC)


class Receiver:
    """An agency's endpoint on a port of this machine: what it got, and what it answers."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = "204 No Content"
        self.headers = ""
        self.delay = 0.0
        self.answers = asyncio.Event()
        self.answers.set()
        self.drips = False
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
            self.got.append((headers, await reader.readexactly(int(headers["content-length"]))))
            await asyncio.sleep(self.delay)
            await self.answers.wait()
            answer = f"HTTP/1.1 {self.status}\r\n{self.headers}"
            with suppress(ConnectionError):
                while self.drips:
                    writer.write(f"{answer}X: y\r\n".encode())
                    await writer.drain()
                    answer = ""
                    await asyncio.sleep(0.05)
                writer.write(f"{answer}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    one = Receiver()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server:
        yield one


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


async def tell_due(pool: Pool, outward: Outward, now: datetime) -> int:
    """How many were due, all of them having been told."""
    async with asyncio.TaskGroup() as calls:
        return len(await webhooks.tell_due(pool, outward, now, calls))


@pytest.fixture
async def outward() -> AsyncIterator[Outward]:
    async with create_client() as client:
        yield Outward(client, LOOPBACK)


async def test_an_agency_is_told_in_a_message_it_can_check(
    receiver: Receiver, outward: Outward, escalate: Escalate, pool: Pool
):
    await escalate(classified(behaviours=("A3",)))
    hook = await webhooks.set_up(HEALTH, receiver.url, pool, NOW)
    events = [classified(behaviours=("A3",)) for _ in range(2)]
    await escalate(*events)
    assert await tell_due(pool, outward, NOW) == 1
    ((headers, body),) = receiver.got
    message = Webhook(hook.secret).verify(body, headers)
    assert message["data"]["agency"] == HEALTH
    assert [entry["position"] for entry in message["data"]["entries"]] == [2, 3]
    assert {entry["report_id"] for entry in message["data"]["entries"]} == {str(e.report_id) for e in events}
    assert events[0].report.text not in body.decode()
    assert await tell_due(pool, outward, NOW) == 0


async def test_the_example_takes_what_is_signed_and_nothing_that_was_changed(
    receiver: Receiver, outward: Outward, escalate: Escalate, pool: Pool
):
    hook = await webhooks.set_up(HEALTH, receiver.url, pool, NOW)
    await escalate(classified(behaviours=("A3",)))
    assert await tell_due(pool, outward, NOW) == 1
    ((headers, body),) = receiver.got
    port, environment = process.free_port(), {**os.environ, "HEARD_WEBHOOK_SECRET": hook.secret}
    command = (sys.executable, str(ROOT / "examples" / "webhook.py"), str(port))
    child = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    sent = {name: value for name, value in headers.items() if name.startswith("webhook-")}
    try:
        until_it_listens = httpx.AsyncHTTPTransport(retries=6)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=until_it_listens) as client:
            answers = [await client.post("/", content=one, headers=sent) for one in (body, body.replace(b"1", b"2"))]
        assert [answer.status_code for answer in answers] == [204, 401]
        assert await child.stdout.readline() == b"reports.delivered [1]\n"
    finally:
        child.kill()
        await child.wait()


async def test_what_is_sent_is_what_the_contract_says(
    app: FastAPI, receiver: Receiver, outward: Outward, escalate: Escalate, pool: Pool
):
    await webhooks.set_up(HEALTH, receiver.url, pool, NOW)
    await escalate(classified(behaviours=("A3",)))
    await tell_due(pool, outward, NOW)
    ((headers, body),) = receiver.got
    document = app.openapi()
    said = document["webhooks"]["reports.delivered"]["post"]
    assert {one["name"] for one in said["parameters"]} <= headers.keys()
    assert "security" not in said
    (schema,) = said["requestBody"]["content"].values()
    jsonschema.validate(json.loads(body), schema["schema"] | {"components": document["components"]})


async def test_what_is_not_taken_is_sent_again_the_same_for_24_hours_then_an_alert(
    receiver: Receiver, outward: Outward, escalate: Escalate, pool: Pool, sign_in_page: SignInPage
):
    supervisor = await sign_in_page(Role.supervisor)
    receiver.status = "500 Oh"
    await webhooks.set_up(HEALTH, receiver.url, pool, NOW)
    await escalate(classified(behaviours=("A3",)))
    given_up = webhooks.GIVEN_UP.labels(HEALTH)._value.get()
    now, tries = NOW, 0
    while await pool.fetchval("select gave_up_at from webhook") is None:
        tries += await tell_due(pool, outward, now)
        now = max(now, await pool.fetchval("select due_at from webhook"))
        assert now - NOW <= timedelta(hours=24)
    assert 10 <= tries == len(receiver.got) <= 20
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({json.dumps(json.loads(body)["data"]) for _, body in receiver.got}) == 1
    assert webhooks.GIVEN_UP.labels(HEALTH)._value.get() == given_up + 1
    assert f"given up after 24 hours: {HEALTH}" in (await supervisor.get("/supervisor")).text
    receiver.status = "200 OK"
    await escalate(classified(behaviours=("A3",)))
    assert await tell_due(pool, outward, now) == 1
    assert json.loads(receiver.got[-1][1])["data"]["entries"][0]["position"] == 2
    assert "given up" not in (await supervisor.get("/supervisor")).text


async def test_one_that_is_slow_holds_up_no_other_nor_what_comes_next(
    receiver: Receiver, outward: Outward, escalate: Escalate, pool: Pool
):
    stop = asyncio.Event()
    async with receiving() as slow:
        slow.answers.clear()
        await webhooks.set_up(HEALTH, slow.url, pool, NOW)
        await webhooks.set_up(COUNCIL, receiver.url, pool, NOW)
        patient = replace(outward, within=50)
        telling = asyncio.create_task(webhooks.keep_telling(pool, patient, Clock(pool), stop))
        try:
            async with asyncio.timeout(40):  # less than an answer is waited for
                for told in (1, 2):
                    await escalate(classified(behaviours=("A3", "A4")))
                    while len(receiver.got) < told:  # noqa: ASYNC110 - the receiver tells nobody
                        await asyncio.sleep(0.05)
            assert len(slow.got) == 1
            assert await pool.fetchval("select sent_to from webhook where agency_id = $1", HEALTH) == 0
        finally:
            slow.answers.set()
            stop.set()
            await telling
    assert await pool.fetchval("select sent_to from webhook where agency_id = $1", HEALTH) == 1


async def test_no_more_are_told_at_once_than_are_allowed(
    receiver: Receiver, outward: Outward, escalate: Escalate, pool: Pool
):
    for agency in (HEALTH, COUNCIL):
        await webhooks.set_up(agency, receiver.url, pool, NOW)
    await escalate(classified(behaviours=("A3", "A4")))
    async with asyncio.TaskGroup() as calls:
        assert [len(await webhooks.tell_due(pool, outward, NOW, calls, most)) for most in (0, 1, 1)] == [0, 1, 1]


async def test_an_answer_that_never_ends_is_not_taken(receiver: Receiver, outward: Outward):
    receiver.drips = True
    try:
        async with asyncio.timeout(30):
            with pytest.raises(Refused, match="no answer in time"):
                await replace(outward, within=0.5).post(receiver.url, b"{}", {})
    finally:
        receiver.drips = False
    assert timedelta(seconds=outward.within) < webhooks.LEASE / 2


@pytest.mark.parametrize(
    ("status", "location"),
    [
        ("302 Found", "mailto:it@council.example"),
        ("302 Found", "http:x"),
        ("302 Found", "javascript:alert(1)"),
        ("302 Found", "http://[::1"),
        ("302 Found", "http://xn--zzzzzz99999/"),
        ("999999 Oh", "/"),
        ("200 OK", "\0"),
    ],
)
async def test_an_answer_that_makes_no_sense_is_not_taken_and_nobody_else_minds(
    receiver: Receiver, outward: Outward, escalate: Escalate, pool: Pool, status: str, location: str
):
    async with receiving() as odd:
        odd.status, odd.headers = status, f"Location: {location}\r\n"
        await webhooks.set_up(HEALTH, odd.url, pool, NOW)
        await webhooks.set_up(COUNCIL, receiver.url, pool, NOW)
        await escalate(classified(behaviours=("A3", "A4")))
        assert await tell_due(pool, outward, NOW) == 2
    assert len(receiver.got) == 1
    kept = await pool.fetchrow("select attempts, failing_since, due_at from webhook where agency_id = $1", HEALTH)
    assert tuple(kept) == (1, NOW, NOW + webhooks.BACK_OFF[0])


async def test_one_whose_telling_cannot_be_kept_is_told_again(
    receiver: Receiver, outward: Outward, escalate: Escalate, pool: Pool, escalation_url: str
):
    await webhooks.set_up(HEALTH, receiver.url, pool, NOW)
    await escalate(classified(behaviours=("A3",)))
    receiver.delay = 0.3
    async with create_pool(escalation_url, 1) as away, asyncio.TaskGroup() as calls:
        (call,) = await webhooks.tell_due(away, outward, NOW, calls)
        away.terminate()
    assert call.exception() is None
    assert await tell_due(pool, outward, NOW + webhooks.LEASE) == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1 < len(receiver.got)


async def test_a_redirect_is_not_followed(receiver: Receiver, outward: Outward):
    receiver.status, receiver.headers = "302 Found", f"Location: {receiver.url}/elsewhere\r\n"
    with pytest.raises(Refused, match="answered 302"):
        await outward.post(receiver.url, b"{}", {})
    assert len(receiver.got) == 1


async def test_what_one_endpoint_has_us_keep_no_other_is_told(receiver: Receiver, outward: Outward):
    receiver.headers = "Set-Cookie: whose=theirs; Path=/\r\n"
    for _ in range(2):
        await outward.post(receiver.url, b"{}", {})
    assert ["cookie" in headers for headers, _ in receiver.got] == [False, False]


Resolving = Callable[[str], Sequence[str]]


def leads_to(*addresses: str) -> Callable[[str], object]:
    async def resolved(_: str) -> Sequence[str]:
        return addresses

    return resolved


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("10.0.0.8",),
        ("172.16.3.4",),
        ("192.168.1.1",),
        ("169.254.169.254",),
        ("100.64.0.1",),
        ("0.0.0.0",),
        ("224.0.0.1",),
        ("::1",),
        ("fd00::1",),
        ("fe80::1",),
        ("::ffff:10.0.0.8",),
        ("2002:7f00:1::",),
        ("64:ff9b::a00:8",),
        ("fec0::1",),
        ("93.184.216.34", "10.0.0.8"),
        (),
    ],
)
async def test_a_private_address_is_never_called(outward: Outward, addresses: tuple[str, ...]):
    def refuse(_: httpx.Request) -> httpx.Response:
        raise AssertionError("called")

    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as client:
        with pytest.raises(Refused, match="a private address"):
            await Outward(client, resolve=leads_to(*addresses)).post("https://hooks.example/", b"{}", {})


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example/", "ftp://hooks.example/", "https://user:pass@hooks.example/", "https:///", "nonsense"],
)
async def test_only_https_is_called(url: str):
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as client:
        with pytest.raises(Refused):
            await Outward(client, resolve=leads_to("93.184.216.34")).post(url, b"{}", {})


async def test_the_call_goes_to_the_address_that_was_checked_under_the_name_that_was_given():
    called: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        called.append(request)
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        await Outward(client, resolve=leads_to("93.184.216.34")).post("https://hooks.example/x", b"{}", {})
    assert called[0].url.host == "93.184.216.34"
    assert called[0].headers["host"] == "hooks.example"
    assert called[0].extensions["sni_hostname"] == "hooks.example"


@pytest.mark.parametrize(
    ("agency", "url", "reason"),
    [
        ("nobody", "https://127.0.0.1/hook", "no agency with this id"),
        (HEALTH, "https://127.0.0.1/hook", "a private address"),
        (HEALTH, "nonsense", "not an address that is called"),
    ],
)
async def test_what_could_never_be_told_is_not_set_up(
    pool: Pool, directory: Directory, settings: Settings, agency: str, url: str, reason: str
):
    await directories.load_directory(directory, pool, NOW)
    status, printed = await heard(settings, "escalation", "webhook", agency, url)
    assert status == 2
    assert reason in printed
    assert await pool.fetchval("select count(*) from webhook") == 0
