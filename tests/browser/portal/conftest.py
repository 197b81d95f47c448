"""The agencies' pages, served by the real application on a real PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser

from services.escalation.domain.people import Person, Role, Theme
from services.escalation.handlers import people
from shared.database import Pool
from tests.browser.control_room.conftest import DESKTOP, PASSWORD, Open, sign_in, site
from tests.escalation.conftest import directory, escalate, escalation_url, guest_url, pool, rules, settings

__all__ = ["directory", "escalate", "escalation_url", "guest_url", "pool", "rules", "settings", "site"]


@pytest.fixture
async def open_portal(browser: Browser, site: str, pool: Pool) -> AsyncIterator[Open]:
    """A browser of somebody of an agency, signed in, on a page."""
    contexts = AsyncExitStack()

    async def opened(path: str, agency: str, size: dict[str, int] = DESKTOP, theme: Theme = Theme.light):
        await people.let_in(
            Person(f"ada-{agency}", "Ada", Role.agency, agency), pool, "a test", datetime.now(UTC), PASSWORD
        )
        await pool.execute("update person set theme = $1", theme)
        context = await browser.new_context(viewport=size)
        contexts.push_async_callback(context.close)
        page = await context.new_page()
        await sign_in(page, site, f"ada-{agency}")
        await page.goto(f"{site}{path}")
        return page

    async with contexts:
        yield opened
