"""The control room's pages, served by the real application on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import pytest
import uvicorn
from playwright.async_api import Browser, Page

from deploy.local.process import free_port
from services.escalation.domain.directory import Directory
from services.escalation.domain.people import Person, Role, Theme
from services.escalation.handlers import directories, people
from services.escalation.main import create_app
from services.escalation.settings import Settings
from shared.database import Pool
from tests.escalation.conftest import directory, escalate, escalation_url, guest_url, guests, pool, rules, settings

__all__ = ["directory", "escalate", "escalation_url", "guest_url", "guests", "pool", "rules", "settings"]

Open = Callable[..., Awaitable[Page]]
PASSWORD = "a password for tests"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 320, "height": 640}


@asynccontextmanager
async def serving(settings: Settings, port: int) -> AsyncIterator[str]:
    """The application on a port until the block ends; streams that are open are cut off then."""
    app = create_app(settings)
    config = uvicorn.Config(app, port=port, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by a flag alone
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        app.state.stopping = server.should_exit = True
        await running


async def sign_in(page: Page, base: str, name: str) -> None:
    """By the demo's form: the session's cookie is Secure, which Chromium takes from this machine without TLS."""
    await page.goto(f"{base}/sign-in")
    await page.get_by_label("Name").fill(name.lower())
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(lambda url: not url.endswith("/sign-in"))


@pytest.fixture
async def site(settings: Settings, pool: Pool, directory: Directory) -> AsyncIterator[str]:
    await directories.load_directory(directory, pool, datetime.now(UTC))
    async with serving(settings, free_port()) as base:
        yield base


@pytest.fixture
async def open_page(browser: Browser, site: str, pool: Pool) -> AsyncIterator[Open]:
    """A browser of somebody's own, signed in, on a page."""
    contexts = AsyncExitStack()

    async def opened(
        path: str,
        name: str = "Sam",
        role: Role = Role.operator,
        theme: Theme = Theme.dark,
        size: dict[str, int] = DESKTOP,
    ) -> Page:
        await people.let_in(
            Person(name.lower(), name, role, "northmoor-police"), pool, "a test", datetime.now(UTC), PASSWORD
        )
        await pool.execute("update person set theme = $2 where id = $1", name.lower(), theme)
        context = await browser.new_context(viewport=size)
        contexts.push_async_callback(context.close)
        page = await context.new_page()
        await sign_in(page, site, name)
        await page.goto(f"{site}{path}")
        return page

    async with contexts:
        yield opened
