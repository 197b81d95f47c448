"""The feed: contiguous positions, long polls, conditional and packed answers, limits, and 50 agencies at once."""

import asyncio
import gzip
import json
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from deploy.local import process
from services.escalation import tokens
from services.escalation.domain.directory import Agency, Directory, Kind
from services.escalation.handlers import arrivals, cases, clients, directories, feeds
from services.escalation.handlers.cases import Arrived, Rules
from services.escalation.main import create_app
from services.escalation.routers import agencies
from services.escalation.settings import Settings
from services.escalation.tokens import Principal, Role
from shared.codebook import Label
from shared.database import Pool
from shared.outbox import Bell
from tests.builders import NOON, classified, report
from tests.escalation.conftest import Escalate, SignIn

ROOT = Path(__file__).resolve().parents[2]
HEALTH = "northmoor-environmental-health"
FEED = f"/v1/agencies/{HEALTH}/reports"
NOISE = {"behaviours": ("A3",)}
SECOND = timedelta(seconds=1)


@pytest.fixture
async def health(sign_in: SignIn) -> dict[str, str]:
    return await sign_in("agency", HEALTH)


async def test_a_poll_that_waits_has_the_report_as_soon_as_it_is_there(
    escalate: Escalate, client: httpx.AsyncClient, health: dict[str, str], pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(arrivals, "LOOK", 60.0)
    listening = "select count(*) from pg_stat_activity where datname = current_database() and query like 'LISTEN%'"
    async with asyncio.timeout(10):
        while await pool.fetchval(listening) < 2:  # noqa: ASYNC110 - nothing says it
            await asyncio.sleep(0.05)
    waiting = asyncio.create_task(client.get(FEED, params={"wait": 30}, headers=health))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await escalate(classified(**NOISE))
    await pool.execute("notify outbox")
    async with asyncio.timeout(20):
        assert len((await waiting).json()["reports"]) == 1


async def test_without_a_notification_it_still_comes_within_a_second_or_two(
    escalate: Escalate, client: httpx.AsyncClient, health: dict[str, str]
):
    waiting = asyncio.create_task(client.get(FEED, params={"wait": 30}, headers=health))
    await asyncio.sleep(0.2)
    await escalate(classified(**NOISE))
    async with asyncio.timeout(10):
        assert len((await waiting).json()["reports"]) == 1


async def test_a_poll_that_waits_in_vain_is_answered_in_time(client: httpx.AsyncClient, health: dict[str, str]):
    at = time.monotonic()
    answer = await client.get(FEED, params={"wait": 0.3}, headers=health)
    assert answer.json()["reports"] == []
    assert 0.25 < time.monotonic() - at < 10


async def test_nobody_waits_longer_than_thirty_seconds(client: httpx.AsyncClient, health: dict[str, str]):
    assert (await client.get(FEED, params={"wait": 31}, headers=health)).status_code == 422


async def test_a_page_that_has_not_changed_is_not_sent_again(
    escalate: Escalate, client: httpx.AsyncClient, health: dict[str, str]
):
    await escalate(classified(**NOISE))
    first = await client.get(FEED, headers=health)
    again = await client.get(FEED, headers=health | {"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await escalate(classified(**NOISE))
    changed = await client.get(FEED, headers=health | {"If-None-Match": first.headers["etag"]})
    assert len(changed.json()["reports"]) == 2


async def test_a_page_is_packed_for_whoever_takes_it_packed(
    escalate: Escalate, client: httpx.AsyncClient, health: dict[str, str]
):
    await escalate(*(classified(**NOISE) for _ in range(20)))
    async with client.stream("GET", FEED, headers=health | {"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])
    plain = await client.get(FEED, headers=health | {"Accept-Encoding": "identity"})
    assert gzip.decompress(packed) == plain.content
    assert len(packed) < len(plain.content) / 3


async def test_what_postgresql_writes_is_what_the_contract_says(
    escalate: Escalate, client: httpx.AsyncClient, health: dict[str, str], pool: Pool
):
    words = 'He said "out", \\ and 🔪\n\u2028 – drums </script> every night'
    await escalate(classified(report(text=words), **NOISE), classified(**NOISE))
    await pool.execute("update delivery set state = 'erased', body = null, reference = null where position = 2")
    given = (await client.get(FEED, headers=health)).json()
    read = agencies.Feed.model_validate(given)
    assert [set(entry) for entry in given["reports"]] == [set(agencies.Entry.model_fields)] * 2
    assert read.reports[0].report is not None
    assert read.reports[0].report.text == words
    assert read.reports[0].delivered_at == NOON
    assert given["reports"][0]["delivered_at"].endswith("+00:00")
    assert (read.reports[1].reference, read.reports[1].report) == (None, None)


async def test_how_much_is_left_is_said_and_too_much_refused(
    settings: Settings, pool: Pool, directory: Directory, client: httpx.AsyncClient, health: dict[str, str]
):
    app = create_app(settings.model_copy(update={"requests_a_minute": 3}))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://escalation") as few,
    ):
        answers = [await few.get(FEED, headers=health) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"agency";q=3;w=60'
    assert answers[0].headers["ratelimit"].startswith('"agency";r=2;t=')
    assert int(answers[3].headers["retry-after"]) > 0
    assert answers[3].headers["content-type"] == "application/problem+json"


async def test_what_an_agency_does_is_counted_too(
    settings: Settings, escalate: Escalate, pool: Pool, client: httpx.AsyncClient, health: dict[str, str]
):
    event = classified(**NOISE)
    await escalate(event)
    app = create_app(settings.model_copy(update={"requests_a_minute": 2}))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://escalation", headers=health) as few,
    ):
        notes = [await few.post(f"{FEED}/{event.report_id}/progress", json={"note": "rang"}) for _ in range(3)]
        reviews = await few.get(f"/v1/agencies/{HEALTH}/case-reviews")
    assert [answer.status_code for answer in (*notes, reviews)] == [204, 204, 429, 429]
    assert notes[0].headers["ratelimit"].startswith('"agency";r=1;t=')
    assert await pool.fetchval("select count(*) from delivery_step") == 2


@pytest.mark.parametrize("cursor", ["1", "x", "%%%", "bm9ydGhtb29y", "é", feeds.cursor(HEALTH, feeds.Place(2**63))])
async def test_what_is_no_cursor_is_refused(client: httpx.AsyncClient, health: dict[str, str], cursor: str):
    answer = await client.get(FEED, params={"after": cursor}, headers=health)
    assert answer.status_code == 422
    assert "beginning" in answer.json()["detail"]


async def restored(pool: Pool) -> None:
    """The database as it was before its second entry."""
    await pool.execute("delete from delivery where position > 1")
    await pool.execute("update agency_counter set position = 1")


@pytest.mark.parametrize("since", [0, 1, 5])
async def test_whoever_was_further_than_a_restored_feed_is_told_to_read_it_again(
    escalate: Escalate, client: httpx.AsyncClient, health: dict[str, str], pool: Pool, since: int
):
    for n in range(3):
        await escalate(classified(**NOISE), at=NOON + n * SECOND)
    pages = [(await client.get(FEED, params={"limit": n}, headers=health)).json()["next"] for n in (1, 3)]
    await restored(pool)
    for n in range(since):
        await escalate(classified(**NOISE), at=NOON + (n + 60) * SECOND)
    answer = await client.get(FEED, params={"after": pages[1], "wait": 5}, headers=health)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert "read from the beginning" in answer.json()["detail"]
    for after, positions in (("", range(1, since + 2)), (pages[0], range(2, since + 2))):
        page = (await client.get(FEED, params={"after": after}, headers=health)).json()
        assert [entry["position"] for entry in page["reports"]] == list(positions)


async def test_a_cursor_of_before_there_were_marks_goes_on(
    escalate: Escalate, client: httpx.AsyncClient, health: dict[str, str]
):
    await escalate(*(classified(report(reference=f"H-{n}"), **NOISE) for n in range(3)))
    for position, status in ((1, 200), (9, 409)):
        after = feeds.cursor(HEALTH, feeds.Place(position))
        answer = await client.get(FEED, params={"after": after}, headers=health)
        assert answer.status_code == status


async def test_a_token_for_less_may_do_less(client: httpx.AsyncClient, pool: Pool):
    await clients.let_in(Principal("reader", "agency", HEALTH), "secret", pool, NOON)
    form = {"grant_type": "client_credentials", "scope": "reports.read"}
    token = (await client.post("/oauth/token", data=form, auth=("reader", "secret"))).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert token["scope"] == "reports.read"
    assert (await client.get(FEED, headers=headers)).status_code == 200
    acknowledged = await client.post(f"{FEED}/{classified().report_id}/acknowledge", headers=headers)
    assert acknowledged.status_code == 403
    more = await client.post("/oauth/token", data=form | {"scope": "queue"}, auth=("reader", "secret"))
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")
    assert acknowledged.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'


@pytest.mark.parametrize(
    ("form", "secret", "status", "error"),
    [
        ({"grant_type": "client_credentials"}, "guess", 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, "", 401, "invalid_client"),
        ({"grant_type": "password"}, "secret", 400, "unsupported_grant_type"),
        ({}, "secret", 400, "unsupported_grant_type"),
    ],
)
async def test_a_token_is_refused_in_the_words_of_oauth(
    client: httpx.AsyncClient, pool: Pool, form: dict[str, str], secret: str, status: int, error: str
):
    await clients.let_in(Principal("reader", "agency", HEALTH), "secret", pool, NOON)
    answer = await client.post("/oauth/token", data=form, auth=("reader", secret))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"] == answer.json()["detail"]
    assert "basic" in answer.headers.get("www-authenticate", "").lower() or status != 401


async def test_a_token_that_is_not_valid_is_said_to_be_that(client: httpx.AsyncClient):
    answers = [await client.get(FEED, headers=one) for one in ({}, {"Authorization": "Bearer x"})]
    assert [answer.headers["www-authenticate"] for answer in answers] == ["Bearer", 'Bearer error="invalid_token"']


async def test_a_secret_is_changed_without_a_gap(client: httpx.AsyncClient, pool: Pool):
    form = {"grant_type": "client_credentials"}

    async def status(secret: str) -> int:
        return (await client.post("/oauth/token", data=form, auth=("one", secret))).status_code

    await clients.let_in(Principal("one", "agency", HEALTH), "old", pool, NOON)
    await clients.let_in(Principal("one", "agency", HEALTH), "new", pool, NOON, old_until=NOON.replace(year=9999))
    assert (await status("old"), await status("new")) == (200, 200)
    await clients.let_in(Principal("one", "agency", HEALTH), "newest", pool, NOON)
    assert (await status("old"), await status("new"), await status("newest")) == (401, 401, 200)
    await clients.shut_out("one", pool, NOON)
    assert await status("newest") == 401
    done = await pool.fetch("select action from audit_entry where detail ->> 'client' = 'one' order by id")
    assert [row["action"] for row in done] == [*["let a program in"] * 3, "shut a program out"]


@pytest.mark.parametrize(("role", "whose"), [("agency", "northmoor-homes"), ("operator", "northmoor-police")])
async def test_a_client_that_is_given_to_somebody_else_lets_the_one_before_in_no_more(
    client: httpx.AsyncClient, pool: Pool, role: Role, whose: str
):
    """Old secrets go on beside a new one for a day: of the same holder."""
    await clients.let_in(Principal("one", "agency", HEALTH), "theirs", pool, NOON)
    await clients.let_in(Principal("one", role, whose), "ours", pool, NOON, old_until=NOON.replace(year=9999))
    form = {"grant_type": "client_credentials"}
    answers = [await client.post("/oauth/token", data=form, auth=("one", secret)) for secret in ("theirs", "ours")]
    assert [answer.status_code for answer in answers] == [401, 200]


OLD, NEW = ("k" * 31 + which for which in "12")
AS_IT_IS_CHANGED = ({}, {"token_key_beside": NEW}, {"token_key": NEW, "token_key_beside": OLD}, {"token_key": NEW})


@pytest.mark.parametrize(("before", "after"), list(pairwise(AS_IT_IS_CHANGED)))
def test_the_signing_key_is_changed_without_a_gap(settings: Settings, before: dict[str, str], after: dict[str, str]):
    """While one process after the other is restarted, each reads what the others sign."""
    one, other = (Settings(**settings.model_dump() | {"token_key": OLD} | told) for told in (before, after))
    for signs, reads in ((one, other), (other, one)):
        token = tokens.issue(Principal("one", "agency", HEALTH), signs.token_keys[0], NOON)
        assert tokens.read(token, reads.token_keys, NOON).belongs_to == HEALTH


async def test_a_key_that_is_known_no_more_opens_nothing(settings: Settings, client: httpx.AsyncClient):
    token = tokens.issue(Principal("one", "agency", HEALTH, ("reports.read",)), NEW, datetime.now(UTC))
    for beside, status in ((NEW, 200), (None, 401)):
        app = create_app(Settings(**settings.model_dump() | {"token_key_beside": beside}))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://escalation") as other,
        ):
            answer = await other.get(FEED, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == status


@pytest.mark.parametrize(("many", "here"), [(1, True), (200, False)])
async def test_a_large_page_is_packed_where_nobody_waits_for_it(
    client: httpx.AsyncClient,
    escalate: Escalate,
    health: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    many: int,
    here: bool,
):
    threads = set()
    compress = gzip.compress

    def packed(*given: Any, **how: Any) -> bytes:
        threads.add(threading.current_thread())
        return compress(*given, **how)

    monkeypatch.setattr(agencies.gzip, "compress", packed)
    await escalate(*(classified(report(text="Music. " * 200), **NOISE) for _ in range(many)))
    page = (await client.get(FEED, params={"limit": 500}, headers=health | {"Accept-Encoding": "gzip"})).json()
    assert len(page["reports"]) == many
    assert [thread is threading.main_thread() for thread in threads] == [here]


async def test_the_example_client_does_not_ask_without_a_pause_where_its_token_is_refused(tmp_path: Path):
    """By a process that does not know the key that another signs with, say."""
    app, asked = FastAPI(), list[str]()

    @app.post("/oauth/token")
    def token() -> dict[str, str]:
        asked.append("token")
        return {"access_token": "of another key"}

    @app.get(FEED)
    def refused() -> Response:
        asked.append("feed")
        return Response(status_code=401)

    async with running(app) as url:
        child = await example_client(url, tmp_path / "cursor.json")
        await until(lambda: len(asked) >= 3)
        await asyncio.sleep(1)
        child.kill()
        await child.wait()
    assert asked == ["feed", "token", "feed"]


FIFTY = tuple(f"health-{n}" for n in range(50))


def fifty_agencies(directory: Directory) -> Directory:
    """As the sample, with fifty environmental health teams that each get all the noise."""
    agencies = tuple(
        Agency(id=one, name=f"Team {one}", kind=Kind.environmental_health, areas=("northmoor",)) for one in FIFTY
    )
    return directory.model_copy(update={"agencies": (*directory.agencies, *agencies)})


async def test_fifty_agencies_polling_while_a_thousand_reports_arrive_miss_nothing(
    client: httpx.AsyncClient, pool: Pool, rules: Rules, directory: Directory, sign_in: SignIn
):
    many = replace(rules, directory=fifty_agencies(directory))
    arriving = [[Arrived(classified(**NOISE), NOON, None) for _ in range(50)] for _ in range(20)]
    await directories.load_directory(many.directory, pool, NOON)
    headers = {agency: await sign_in("agency", agency) for agency in FIFTY}
    bell = Bell(pool)
    ringing = asyncio.create_task(bell.run())

    async def poll(agency: str) -> list[dict]:
        found: list[dict] = []
        after = ""
        while len(found) < 1000:
            params = {"after": after, "wait": 20, "limit": 200}
            page = await client.get(f"/v1/agencies/{agency}/reports", params=params, headers=headers[agency])
            if page.status_code == 503:  # told to come back, on a machine that is busy: from where it was
                await asyncio.sleep(1)
                continue
            found += page.raise_for_status().json()["reports"]
            after = page.json()["next"]
        return found

    async def arrive() -> None:
        gate = asyncio.Semaphore(4)

        async def batch(arrived: list[Arrived]) -> None:
            async with gate:
                await cases.escalate(arrived, pool, bell, many, NOON)

        await asyncio.gather(*map(batch, arriving))

    async with asyncio.timeout(240):
        *feeds, _ = await asyncio.gather(*map(poll, FIFTY), arrive())
    ringing.cancel()
    wanted = {str(arrived.event.report_id) for batch in arriving for arrived in batch}
    for feed in feeds:
        assert [entry["position"] for entry in feed] == list(range(1, 1001))
        assert {entry["report_id"] for entry in feed} == wanted


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(1200):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise TimeoutError


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[str]:
    port = process.free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.fixture
async def served(settings: Settings, pool: Pool, directory: Directory) -> AsyncIterator[str]:
    """Escalation on a port, as agencies meet it."""
    await directories.load_directory(directory, pool, NOON)
    async with running(create_app(settings)) as url:
        yield url


async def example_client(url: str, place: Path, **streams: int) -> asyncio.subprocess.Process:
    environment = {
        "PATH": os.environ["PATH"],
        "HEARD_URL": url,
        "HEARD_AGENCY": HEALTH,
        "HEARD_CLIENT_SECRET": "secret",
        "HEARD_CURSOR": str(place),
    }
    client = ROOT / "examples" / "agency_client.py"
    return await asyncio.create_subprocess_exec(sys.executable, str(client), env=environment, **streams)


async def test_the_example_client_follows_the_feed_from_where_it_was(
    served: str, escalate: Escalate, pool: Pool, tmp_path: Path
):
    await clients.let_in(Principal(HEALTH, "agency", HEALTH), "secret", pool, NOON)
    place = tmp_path / "cursor.json"
    for round_ in (1, 2):
        await escalate(*(classified(report(reference=f"H-{round_}-{n}"), **NOISE) for n in range(3)))
        child = await example_client(served, place, stdout=asyncio.subprocess.PIPE)
        try:
            lines = [(await child.stdout.readline()).decode() for _ in range(3)]
            await until(lambda: place.exists() and f'"position": {3 * round_}' in place.read_text())  # noqa: B023
        finally:
            child.kill()
            await child.wait()
        assert await pool.fetchval("select count(*) from delivery where state <> 'acknowledged'") == 0
        assert [line.split()[0] for line in lines] == [str(3 * round_ - 2 + n) for n in range(3)]
        assert all(f"report H-{round_}-" in line for line in lines)


async def test_the_example_client_reads_a_restored_feed_again(
    served: str, escalate: Escalate, pool: Pool, tmp_path: Path
):
    await clients.let_in(Principal(HEALTH, "agency", HEALTH), "secret", pool, NOON)
    await escalate(classified(**NOISE), classified(**NOISE))
    place, pipe = tmp_path / "cursor.json", asyncio.subprocess.PIPE
    place.write_text(json.dumps({"position": 9, "after": feeds.cursor(HEALTH, feeds.Place(9, "1"))}))
    child = await example_client(served, place, stdout=pipe, stderr=pipe)
    try:
        assert "Keep what you hold" in (await child.stderr.readline()).decode()
        assert [(await child.stdout.readline()).split()[0] for _ in range(2)] == [b"1", b"2"]
    finally:
        child.kill()
        await child.wait()


async def test_the_example_client_acknowledges_until_it_is_answered_and_then_moves_on(tmp_path: Path):
    service, answers, given = FastAPI(), [500, 503, 204, 409], []
    entries = [
        {"position": n, "kind": "report", "reference": f"H-{n}", "queue": "q", "report": {"n": n}, "report_id": str(n)}
        for n in (1, 2)
    ]
    place = tmp_path / "cursor.json"

    @service.post("/oauth/token")
    async def token() -> dict[str, str]:
        return {"access_token": "token"}

    @service.get("/v1/agencies/{agency}/reports")
    async def feed(after: str) -> Response:
        return JSONResponse({"reports": [] if after else entries, "next": "end"}, 503 if after else 200)

    @service.post("/v1/agencies/{agency}/reports/{report_id}/acknowledge")
    async def acknowledge(report_id: str) -> Response:
        given.append((report_id, place.exists()))
        return Response(status_code=answers.pop(0), headers={"Retry-After": "0"})

    port = process.free_port()
    child = await example_client(f"http://127.0.0.1:{port}", place, stderr=asyncio.subprocess.PIPE)
    assert "no connection" in (await child.stderr.readline()).decode()
    server = uvicorn.Server(uvicorn.Config(service, port=port, log_config=None, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    try:
        await until(lambda: place.exists())
    finally:
        child.kill()
        await child.wait()
        server.should_exit = True
        await serving
    assert given == [("1", False), ("1", False), ("1", False), ("2", False)]
    assert json.loads(place.read_text()) == {"position": 2, "after": "end"}


async def test_a_client_that_goes_away_leaves_nobody_waiting(served: str, pool: Pool):
    await clients.let_in(Principal(HEALTH, "agency", HEALTH), "secret", pool, NOON)
    async with httpx.AsyncClient(base_url=served) as client:
        form = {"grant_type": "client_credentials"}
        token = (await client.post("/oauth/token", data=form, auth=(HEALTH, "secret"))).json()["access_token"]
        with suppress(httpx.ReadTimeout):
            headers = {"Authorization": f"Bearer {token}"}
            await client.get(FEED, params={"wait": 30}, headers=headers, timeout=0.5)
        assert (await client.get(FEED, headers=headers)).status_code == 200


async def test_the_example_client_acknowledges_what_was_taken_back_and_came_anew(
    served: str, escalate: Escalate, pool: Pool, tmp_path: Path
):
    await clients.let_in(Principal(HEALTH, "agency", HEALTH), "secret", pool, NOON)
    place, told = tmp_path / "cursor.json", report()
    child = await example_client(served, place)
    try:
        for revision, read in enumerate((NOISE, {"labels": (Label.harassment,)}, NOISE), 1):
            await escalate(classified(told.model_copy(update={"revision": revision}), **read))
            await until(lambda: place.exists() and f'"position": {revision}' in place.read_text())  # noqa: B023
    finally:
        child.kill()
        await child.wait()
    state = "select state from delivery where kind = 'report' and agency_id = $1"
    assert await pool.fetchval(state, HEALTH) == "acknowledged"
