"""Intake served on a free port over a real PostgreSQL, and Debian's Chromium in front of it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from deploy.local.postgres import Postgres
from services.intake.main import create_app
from services.intake.settings import MIGRATIONS, Settings
from shared.database import Pool, create_pool, migrate


@dataclass(frozen=True)
class Site:
    """A running intake."""

    url: str
    app: FastAPI
    settings: Settings


@asynccontextmanager
async def listening(app: ASGIApp, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Where an application is served, on a free port."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        running = asyncio.create_task(server.serve(sockets=[bound]))
        while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
            await asyncio.sleep(0.02)
        try:
            yield f"http://{host}:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Site]:
    app = create_app(settings)
    async with listening(app) as url:
        yield Site(url, app, settings)


async def _weather(_: Request) -> HTMLResponse:
    return HTMLResponse("<!DOCTYPE html><title>Weather</title>Rain later")


@pytest.fixture(scope="session")
async def weather() -> AsyncIterator[str]:
    """Another site, that gives nothing away."""
    async with listening(Starlette(routes=[Route("/weather", _weather)])) as url:
        yield f"{url}/weather"


@pytest.fixture(scope="session")
def database(postgres: Postgres) -> str:
    url = postgres.create_database("browser_tests")
    migrate(url, MIGRATIONS)
    return url


@pytest.fixture(scope="session")
def settings(database: str, weather: str) -> Settings:
    return Settings(
        database=database,
        kafka="127.0.0.1:1",
        secret="a secret of thirty-two characters or more",
        languages=("en", "en-XA", "ar-XB"),
        exit_to=weather,
        directory=Path("deploy/demo/directory.toml"),
    )


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with create_pool(database, 4) as pool:
        await pool.execute("truncate report, outbox, sealed, evidence, contact, partner, message cascade")
        yield pool


@pytest.fixture(scope="session")
async def site(settings: Settings) -> AsyncIterator[Site]:
    async with served(settings) as site:
        yield site


@asynccontextmanager
async def visiting(
    browser: Browser, site: Site, width: int = 1280, scripts: bool = True, refused: bool = False
) -> AsyncIterator[Page]:
    """A page on the start page, in a browser that knows nothing; what goes wrong in it fails the test."""
    context: BrowserContext = await browser.new_context(
        base_url=site.url, viewport={"width": width, "height": 900}, java_script_enabled=scripts
    )
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if "Content Security Policy" in line.text else None)
    try:
        await page.goto("/")
        yield page
    finally:
        await context.close()
    assert refused or wrong == []
