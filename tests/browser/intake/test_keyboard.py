"""The whole form by keyboard alone: nothing is reached but by Tab, arrows, Space and Enter."""

import pytest
from playwright.async_api import Browser, Page

from services.intake.domain.questions import Kind, Reporting, asked
from shared.database import Pool
from tests.browser.intake.conftest import Site, visiting
from tests.browser.intake.form import STORY

FOCUSED = """(e => {
    const button = document.querySelector("[data-exit]");
    const [on, under] = [button, e].map(one => one.getBoundingClientRect());
    const hidden = !button.contains(e) && under.height > 0 && under.top >= on.top && under.bottom <= on.bottom
        && under.left >= on.left && under.right <= on.right;
    return [e.name ?? '', e.innerText, hidden];
})(document.activeElement)"""


async def tab_to(page: Page, name: str = "", words: str = "", backwards: bool = False) -> None:
    """Press Tab until the field of this name, or what says these words, has the focus."""
    for _ in range(60):
        await page.keyboard.press("Shift+Tab" if backwards else "Tab")
        its_name, its_words, hidden = await page.evaluate(FOCUSED)
        assert not hidden, f"under Exit this page: {its_name or its_words}"
        if (name and its_name == name) or (words and words in its_words):
            return
    raise AssertionError(f"Tab never came to {name or words}")


@pytest.mark.parametrize(("width", "scripts"), [(320, True), (320, False), (768, True), (1280, False)])
async def test_the_form_by_keyboard(browser: Browser, site: Site, pool: Pool, width: int, scripts: bool):
    async with visiting(browser, site, width, scripts) as page:
        await page.keyboard.press("Tab")
        assert "Skip to main content" in await page.evaluate("document.activeElement.innerText")
        await tab_to(page, "reporting")
        await page.keyboard.press("Space")
        await tab_to(page, words="Start")
        await page.keyboard.press("Enter")
        await every_question(page, Reporting.myself)
        await page.wait_for_url("**/form/sent")
    assert await pool.fetchval("select count(*) from report") == 1


async def test_the_application_for_a_case_review_by_keyboard(browser: Browser, site: Site, pool: Pool):
    async with visiting(browser, site) as page:
        await tab_to(page, words="Ask for an ASB Case Review")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/case-review")
        await tab_to(page, words="Ask for a case review")
        await page.keyboard.press("Enter")
        await every_question(page, Reporting.case_review)
        await page.wait_for_url("**/form/sent")
    assert await pool.fetchval("select contact ->> 'name' from contact") == "Sam"


async def every_question(page: Page, reporting: Reporting) -> None:
    """The first field of each question, and what cannot be left empty; then `Send it`."""
    for question in asked(reporting):
        await page.wait_for_url(f"**/form/{question.name}")
        for field in [f for f in question.fields if f is question.fields[0] or reporting in f.needed_by]:
            await tab_to(page, field.name)
            if field.kind is Kind.words:
                await page.keyboard.type(STORY)
            elif field.options:
                await page.keyboard.press("Space")
            else:
                await page.keyboard.type("Sam" if field.type == "text" else "01632 960001")
        if question.name == "now":
            await page.keyboard.press("ArrowDown")
        await tab_to(page, words="Continue")
        await page.keyboard.press("Enter")
    await page.wait_for_url("**/form/check")
    await tab_to(page, words="Send it")
    await page.keyboard.press("Enter")
