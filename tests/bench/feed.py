"""An agency reading its feed: pages a second by HTTP, against the bare query for the same pages."""

import asyncio
import time
from typing import Final

import httpx

from deploy.local.process import LOOPBACK
from services.escalation.handlers import feeds as handler
from services.escalation.repository import feeds
from services.escalation.repository.isolation import as_agency
from shared.database import Pool, create_pool
from shared.kafka import ROUTED
from tests.bench import telling
from tests.bench.figures import Found, Row, Say, Scale
from tests.bench.load import get, sent
from tests.bench.topics import Ends, fill
from tests.bench.worker import read_already
from tests.bench.world import Used, World, said, watched, world

FEED_CLIENT: Final = "northmoor-police"
QUEUE_CLIENT: Final = "northmoor-police-control-room"
FEED: Final = f"/v1/agencies/{FEED_CLIENT}/reports"
PAGE: Final = 100  # entries
AT_ONCE: Final = 8  # agencies
DELIVERED: Final = 2_000  # reports


def measured(scale: Scale, say: Say) -> Found:
    reports = min(scale.cases, DELIVERED)
    with world() as here:
        say("filling the feed")
        fill(here.kafka.address, read_already(telling.received(telling.calm(reports))))
        here.run(("escalation", "work"))
        watched(Ends(here.kafka.address, ROUTED), reports)
        here.stack.kill("escalation", "work")
        here.run(("escalation", "serve"))
        return asyncio.run(_both(here, scale.pages, say))


async def _both(here: World, pages: int, say: Say) -> Found:
    async with create_pool(here.postgres.guest_url("escalation"), AT_ONCE) as pool:
        asking = await token(here, FEED_CLIENT)
        last = await _length(here)
        places = [n * PAGE % max(1, last - PAGE) for n in range(pages)]
        asked = _asked(await _marked(pool, places), asking)
        await sent(here.stack.ports.escalation, asked[:50], AT_ONCE)
        say("the bare query")
        bare = await _bare(pool, places)
        say("the feed")
        used = Used({"the process": here.pid("escalation", "serve"), "PostgreSQL": here.postgres.pid})
        run = await sent(here.stack.ports.escalation, asked, AT_ONCE)
    bound = f"writing {len(run.answers[0].body) // 1024} KiB of JSON a page: {said(used.cores())}"
    row = Row(f"agency feed, {PAGE} entries a page", "pages/s", run.rate, "the bare query", bare, 0.5, bound)
    return Found([row])


async def token(here: World, client: str) -> str:
    """As an `Authorization` header."""
    base = f"http://{LOOPBACK}:{here.stack.ports.escalation}"
    async with httpx.AsyncClient(base_url=base, timeout=30) as escalation:
        form = {"grant_type": "client_credentials"}
        answer = await escalation.post("/oauth/token", data=form, auth=(client, here.stack.secrets.of(client)))
    return f"Bearer {answer.raise_for_status().json()['access_token']}"


async def _marked(pool: Pool, places: list[int]) -> list[handler.Place]:
    async with as_agency(pool, FEED_CLIENT) as connection:
        marks = [(await feeds.feed(connection, FEED_CLIENT, place, 0))[0] for place in places]
    return [handler.Place(place, mark or "") for place, mark in zip(places, marks, strict=True)]


def _asked(places: list[handler.Place], asking: str) -> list[bytes]:
    cursors = [handler.cursor(FEED_CLIENT, place) for place in places]
    return [get(f"{FEED}?limit={PAGE}&after={cursor}", Authorization=asking) for cursor in cursors]


async def _length(here: World) -> int:
    async with create_pool(here.postgres.url("escalation"), 1) as pool:
        return int(await pool.fetchval("select position from agency_counter where agency_id = $1", FEED_CLIENT))


async def _bare(pool: Pool, places: list[int]) -> float:
    """The same query over as many connections, as the same role; the rows are fetched and nothing is made of them."""
    waiting, start = iter(places), time.perf_counter()

    async def read() -> None:
        async with pool.acquire() as connection:
            await connection.execute("select set_config('heard.agency', $1, false)", FEED_CLIENT)
            for place in waiting:
                await connection.fetch(feeds.FEED, FEED_CLIENT, place, PAGE)

    await asyncio.gather(*(read() for _ in range(AT_ONCE)))
    return len(places) / (time.perf_counter() - start)
