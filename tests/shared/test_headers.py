"""What every answer of every service carries, whatever it is an answer to; what a route says itself stays."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import RedirectResponse

from shared.headers import SAFE, Static
from shared.http import MAX_BODY, create_app

OWN = {"Cache-Control": "private, no-cache", "Content-Security-Policy": "default-src 'self'"}


@asynccontextmanager
async def nothing(_: FastAPI) -> AsyncIterator[None]:
    yield


async def ready() -> bool:
    return True


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app("told", nothing, ready)
    (tmp_path / "page.js").write_text("")
    app.mount("/static", Static(directory=tmp_path))

    @app.get("/json")
    async def words() -> dict[str, str]:
        return {"text": "He follows me."}

    @app.get("/redirect")
    async def redirect() -> Response:
        return RedirectResponse("/json", 303)

    @app.get("/own")
    async def own() -> Response:
        return Response("", headers=OWN)

    @app.get("/wrong")
    async def wrong() -> None:
        raise ValueError

    @app.post("/told")
    async def told(given: dict[str, str]) -> dict[str, str]:
        return given

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://told") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status"), [("/json", 200), ("/redirect", 303), ("/nowhere", 404), ("/wrong", 500), ("/livez", 200)]
)
async def test_every_answer_is_kept_by_nobody(client: httpx.AsyncClient, path: str, status: int):
    answer = await client.get(path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in SAFE} == SAFE


@pytest.mark.parametrize(("body", "status"), [(b"{}", 200), (b"[]", 422), (b" " * (MAX_BODY + 1), 413)])
async def test_so_is_an_answer_to_what_was_sent(client: httpx.AsyncClient, body: bytes, status: int):
    answer = await client.post("/told", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in SAFE} == SAFE


async def test_what_a_route_says_itself_stays(client: httpx.AsyncClient):
    answer = await client.get("/own")
    assert {name: answer.headers.get_list(name) for name in OWN} == {name: [value] for name, value in OWN.items()}
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_browser_keeps_a_script_and_asks_after_it(client: httpx.AsyncClient):
    answer = await client.get("/static/page.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
