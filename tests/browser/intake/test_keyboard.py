"""The whole form by keyboard alone: nothing is reached but by Tab, arrows, Space and Enter."""

import pytest
from playwright.async_api import Browser, Page

from services.intake.domain.questions import QUESTIONS, Kind
from shared.database import Pool
from tests.browser.intake.conftest import Site, visiting
from tests.browser.intake.form import STORY

FOCUSED = "(e => [e.name ?? '', e.innerText])(document.activeElement)"


async def tab_to(page: Page, name: str = "", words: str = "", backwards: bool = False) -> None:
    """Press Tab until the field of this name, or what says these words, has the focus."""
    for _ in range(60):
        await page.keyboard.press("Shift+Tab" if backwards else "Tab")
        its_name, its_words = await page.evaluate(FOCUSED)
        if (name and its_name == name) or (words and words in its_words):
            return
    raise AssertionError(f"Tab never came to {name or words}")


@pytest.mark.parametrize("width", [320, 768, 1280])
async def test_the_form_by_keyboard(chromium: Browser, site: Site, pool: Pool, width: int):
    async with visiting(chromium, site, width) as page:
        await page.keyboard.press("Tab")
        assert "Skip to main content" in await page.evaluate("document.activeElement.innerText")
        await tab_to(page, "reporting")
        await page.keyboard.press("Space")
        await tab_to(page, words="Start")
        await page.keyboard.press("Enter")
        for question in QUESTIONS:
            await page.wait_for_url(f"**/form/{question.name}")
            first = question.fields[0] if question.fields else None
            if first and first.kind is Kind.words:
                await tab_to(page, first.name)
                await page.keyboard.type(STORY)
            elif first and first.options:
                await tab_to(page, first.name)
                await page.keyboard.press("Space")
            if question.name == "now":
                await page.keyboard.press("ArrowDown")
            await tab_to(page, words="Continue")
            await page.keyboard.press("Enter")
        await page.wait_for_url("**/form/check")
        await tab_to(page, words="Send it")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/form/sent")
    assert await pool.fetchval("select count(*) from report") == 1
