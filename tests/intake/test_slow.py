"""A report that does not end is answered in time: a program by a problem, a person by a page; nothing of it is kept."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from shared.database import Pool
from shared.http import Application
from tests.intake.conftest import TELEPHONY_KEY

FORM = "application/x-www-form-urlencoded"
FILES = "multipart/form-data; boundary=b"


async def never_finished() -> AsyncIterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nHe follows me'
    await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def quick(app: FastAPI) -> None:
    assert isinstance(app, Application)
    app.body_within = 0.1


async def told(client: httpx.AsyncClient, path: str, kind: str) -> httpx.Response:
    headers = {"Content-Type": kind, "Authorization": f"Bearer {TELEPHONY_KEY}"}
    return await asyncio.wait_for(client.post(path, content=never_finished(), headers=headers), 20)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/reports", "application/json"),
        ("/v1/transcripts", "application/json"),
        ("/v1/transcripts/files", FILES),
        ("/v1/calls", "application/json"),
        ("/open311/v2/requests.json", FORM),
    ],
)
async def test_a_program_is_told_what_to_do(client: httpx.AsyncClient, pool: Pool, path: str, kind: str):
    answer = await told(client, path, kind)
    assert answer.status_code == 408
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert "Nothing was kept, so please send it again." in answer.json()["detail"]
    assert "call 999" in answer.json()["detail"]
    assert not await pool.fetchval("select count(*) from outbox")


@pytest.mark.parametrize("key", [{}, {"Authorization": "Bearer nobodys"}])
async def test_a_file_is_taken_from_nobody_whose_key_is_not_known(
    app: FastAPI, client: httpx.AsyncClient, pool: Pool, key: dict[str, str]
):
    assert isinstance(app, Application)
    app.body_within = 60
    headers = {"Content-Type": FILES} | key
    sent = client.post("/v1/transcripts/files", content=never_finished(), headers=headers)
    assert (await asyncio.wait_for(sent, 5)).status_code == 401


@pytest.mark.parametrize(("path", "kind"), [("/form/story", FORM), ("/form/evidence", FILES), ("/status/more", FORM)])
async def test_a_person_is_told_by_a_page(client: httpx.AsyncClient, pool: Pool, path: str, kind: str):
    answer = await told(client, path, kind)
    assert answer.status_code == 408
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["connection"] == "close"
    assert answer.headers["cache-control"] == "no-store"
    assert "took too long to reach us" in answer.text
    assert "999" in answer.text
