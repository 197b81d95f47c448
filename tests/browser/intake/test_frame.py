"""A partner's site on another site than ours, with the form in a frame, where third-party cookies are blocked."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, FrameLocator, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from services.intake.domain.partners import Partner
from services.intake.domain.questions import Reporting, asked
from services.intake.handlers import partners
from services.intake.routers.pages import DRAFT
from shared.database import Pool
from shared.events import ReportReceived
from tests.browser.intake.conftest import Site, listening, visiting
from tests.browser.intake.form import STORY


@pytest.fixture(scope="session")
async def partners_site(site: Site) -> AsyncIterator[str]:
    """`localhost` and `127.0.0.1` are two sites to a browser."""

    async def embedding(_: Request) -> HTMLResponse:
        frame = f"<iframe src='{site.url}/with/northmoor-council/' width=700 height=900 title='Report'></iframe>"
        return HTMLResponse(f"<!DOCTYPE html><title>Northmoor</title><h1>Northmoor Council</h1>{frame}")

    async with listening(Starlette(routes=[Route("/", embedding)]), "localhost") as url:
        yield url


async def register(pool: Pool, site: Site, origin: str) -> None:
    await partners.register(Partner("northmoor-council", "Northmoor Council", "#00563f", (origin,)), pool)
    site.app.state.partners = partners.Partners(pool)


async def begin_in(page: Page, url: str) -> FrameLocator:
    await page.goto(url)
    frame = page.frame_locator("iframe")
    await frame.locator("input[value=myself]").check()
    await frame.locator("main form button").click()
    await frame.locator("[name=story]").fill(STORY)
    return frame


async def test_the_form_in_a_partners_frame(browser: Browser, site: Site, partners_site: str, pool: Pool):
    await register(pool, site, partners_site)
    async with visiting(browser, site) as page:
        frame = await begin_in(page, partners_site)
        assert await frame.locator(".govuk-generic-header").inner_text() == "Northmoor Council"
        onward = frame.locator("main form button.govuk-button:not(.govuk-button--secondary)")
        for number in range(len(list(asked(Reporting.myself)))):
            await frame.get_by_text(f"Question {number + 1} of").wait_for()
            await onward.click()
        await frame.get_by_role("button", name="Send it").click()
        reference = await frame.locator("[data-reference]").inner_text()
        cookies = {cookie["name"]: cookie for cookie in await page.context.cookies()}
        assert cookies[DRAFT]["partitionKey"] == "http://localhost"
        assert cookies[DRAFT]["sameSite"] == "None"
    report = ReportReceived.model_validate_json(await pool.fetchval("select value from outbox"))
    assert (report.reference, report.source) == (reference, "northmoor-council")


async def test_no_other_site_frames_it(browser: Browser, site: Site, partners_site: str, pool: Pool):
    await register(pool, site, "https://northmoor.example")
    async with visiting(browser, site, refused=True) as page:
        async with page.expect_console_message(lambda line: "frame-ancestors" in line.text):
            await page.goto(partners_site)
        assert await page.frame_locator("iframe").locator(".govuk-generic-header").count() == 0


@pytest.mark.parametrize("how", ["button", "escape", "without scripts"])
async def test_exit_leaves_the_whole_tab(
    browser: Browser, site: Site, partners_site: str, pool: Pool, weather: str, how: str
):
    await register(pool, site, partners_site)
    async with visiting(browser, site, scripts=how != "without scripts") as page:
        frame = await begin_in(page, partners_site)
        await page.frames[1].wait_for_load_state()  # by then its scripts listen
        if how == "escape":
            await frame.locator("[name=story]").press("Escape")
            await frame.locator("[name=story]").press("Escape")
        else:
            await frame.locator(".govuk-exit-this-page__button").click()
        await page.wait_for_url(weather)
        if how == "without scripts":
            return
        async with asyncio.timeout(30):
            while DRAFT in {cookie["name"] for cookie in await page.context.cookies()}:  # noqa: ASYNC110 - a beacon
                await asyncio.sleep(0.05)


async def test_where_the_tab_may_not_be_left_the_frame_is(
    browser: Browser, site: Site, partners_site: str, pool: Pool, weather: str
):
    """A browser lets a frame leave the whole tab only for somebody who did more in it than to press Escape."""
    await register(pool, site, partners_site)
    async with visiting(browser, site, refused=True) as page:
        await page.goto(partners_site)
        await page.frames[1].wait_for_load_state()
        for key in ("Tab", "Escape", "Escape"):
            await page.keyboard.press(key)
        async with asyncio.timeout(30):
            while page.frames[1].url != weather:  # noqa: ASYNC110 - another site's frame
                await asyncio.sleep(0.05)
        assert page.url == f"{partners_site}/"


@pytest.mark.parametrize("scripts", [True, False])
async def test_who_has_no_scripts_is_told_what_exit_cannot_do_in_a_frame(
    browser: Browser, site: Site, partners_site: str, pool: Pool, scripts: bool
):
    await register(pool, site, partners_site)
    async with visiting(browser, site, scripts=scripts) as page:
        await page.goto(partners_site)
        warning = page.frame_locator("iframe").get_by_text("stays open on this device")
        await warning.wait_for(state="detached" if scripts else "visible")
