"""Every page and state: axe-core, words from the catalogue, right to left, and nothing wider than the screen."""

import re
from collections.abc import AsyncIterator

from playwright.async_api import Browser, Page

from services.intake.domain.questions import Question, Reporting, asked
from services.intake.settings import Settings
from shared.database import Pool
from tests.browser.axe import violations
from tests.browser.intake.conftest import Site, served, visiting
from tests.browser.intake.form import begin, begin_anew, fill, go_on
from tests.browser.looking import whole_page

KEPT = {320: "phone", 1280: "desktop"}
"""Widths of which pictures are kept, under docs/screens/form/."""

LONG = "Screen_Recording_20261127_230723_WhatsApp"
"""As phones call a file: wider than a phone, and with no place to break."""

WIDTHS = (1280, 768, 320)
"""axe looks at the last, where there is the least room."""

TO_READ = (
    "",
    "form/story",
    "form/begun",
    "form/lost",
    "support",
    "who-to-tell",
    "case-review",
    "leaving",
    "status",
    "return",
    "closed",
    "nothing-here",
)


async def every_page(page: Page) -> AsyncIterator[str]:
    """Goes from page to page as a person would, and names each once it is there."""
    for path in TO_READ:
        await page.goto(f"/{path}")
        yield {"": "start", "form/story": "gone", "form/begun": "cookies", "form/lost": "lost"}.get(path, path)
    await page.goto("/")
    await go_on(page)
    yield "start-error"
    await page.goto("/return")
    await go_on(page)
    yield "return-error"
    await begin(page)
    await go_on(page)
    yield "story-error"
    await page.goto("/form/story")
    for number, question in enumerate(asked(Reporting.myself), 1):
        yield f"{number:02}-{question.name}"
        await fill(page, question.name)
        if question.name == "told":
            yield "told-yes"
        await go_on(page)
    await page.goto("/form/danger")
    yield "danger"
    await page.goto("/form/contact")
    await page.fill("[name=email]", "x")
    await go_on(page)
    yield "contact-error"
    async for name in _the_end(page):
        yield name
    async for name in _a_case_review(page):
        yield name


async def _the_end(page: Page) -> AsyncIterator[str]:
    await begin(page)
    yield "under-way"
    await page.goto("/form/evidence")
    files = [
        {"name": f"{LONG}.txt", "mimeType": "text/plain", "buffer": b"ZZ1"},
        {"name": f"{LONG}.exe", "mimeType": "", "buffer": b"\0"},
    ]
    await page.set_input_files("[name=files]", files)
    await go_on(page)
    yield "evidence-error"
    await page.goto("/form/save")
    yield "save"
    await page.goto("/form/now")
    await page.check("[name=now][value=yes]")
    async with page.expect_navigation(url="**/form/save"):
        await page.click("[name=then][value=save]")
    yield "save-in-danger"
    await page.goto("/form/who")
    yield "for-whom"
    await page.goto("/form/check")
    yield "check"
    await go_on(page)
    yield "sent"
    reference, secret = [await page.inner_text(f"[data-{name}]") for name in ("reference", "secret")]
    await page.goto("/form/sent/reading")
    yield "safe-to-show"
    await go_on(page)
    yield "reading"
    await page.goto("/status")
    await page.fill("[name=reference]", reference)
    await go_on(page)
    yield "look-up-error"
    await page.fill("[name=secret]", secret)
    await go_on(page)
    yield "status"
    await go_on(page)
    yield "status-error"
    await page.goto("/status/review")
    yield "status-review"
    await go_on(page)
    yield "status-review-asked"
    await page.goto("/status/withdraw")
    yield "withdraw"
    await go_on(page)
    yield "withdrawn"


OF_A_REVIEW: list[Question] = [q for q in asked(Reporting.case_review) if Reporting.myself not in q.asked_of]


async def _a_case_review(page: Page) -> AsyncIterator[str]:
    """What is different for an application; and asking on the page of a report that does not say who sent it."""
    await begin(page, "case_review")
    yield "under-way-sent"
    await page.click("[name=anew]")
    await fill(page, "story")
    await go_on(page)
    for question in OF_A_REVIEW:
        yield f"review-{question.name}"
        await fill(page, question.name)
        await go_on(page)
    await page.goto("/form/contact")
    yield "review-contact"
    await go_on(page)
    yield "review-contact-error"
    await fill(page, "contact")
    await page.goto("/form/check")
    yield "review-check"
    await go_on(page)
    yield "review-where-missing"
    await page.fill("[name=place]", "the number 7 bus")
    await go_on(page)
    await page.goto("/form/check")
    await go_on(page)
    yield "review-contact-missing"
    await fill(page, "contact")
    await go_on(page)
    await page.goto("/form/check")
    await go_on(page)
    yield "review-sent"
    holder = [await page.inner_text(f"[data-{name}]") for name in ("reference", "secret")]
    await _close_another(page)
    yield "closed-but"
    await _look_up(page, *holder)
    yield "status-area-wanted"
    await begin_anew(page, "somebody_else")
    for name in ("contact", "safe"):
        await page.goto(f"/form/{name}")
        yield f"somebody-else-{name}"
    await begin(page, "anonymous")
    await fill(page, "story")
    await go_on(page)
    await page.goto("/form/check")
    await go_on(page)
    holder = [await page.inner_text(f"[data-{name}]") for name in ("reference", "secret")]
    await _close_another(page)
    await _look_up(page, *holder)
    await page.goto("/status/review")
    yield "status-review-anonymous"
    await go_on(page)
    yield "status-review-error"
    await page.fill("[name=place]", "the number 7 bus")
    await fill(page, "contact")
    await go_on(page)
    yield "status-review-area-wanted"


async def _close_another(page: Page) -> None:
    """The page of the report that was looked up before."""
    await page.goto("/status")
    async with page.expect_navigation():
        await page.click("form[action$='/status/close'] button")


async def _look_up(page: Page, reference: str, secret: str) -> None:
    await page.goto("/status")
    await page.fill("[name=reference]", reference)
    await page.fill("[name=secret]", secret)
    await go_on(page)


async def test_every_page_can_be_used_by_everybody(browser: Browser, settings: Settings, pool: Pool):
    wrong: dict[str, list[str]] = {}
    in_english = settings.model_copy(update={"languages": ("en",)})
    async with served(in_english) as site, visiting(browser, site) as page:
        async for name in every_page(page):
            found = [fault for width in WIDTHS for fault in await _shown_at(page, width, name)]
            found += await violations(page)
            wrong |= {name: found} if found else {}
    assert wrong == {}


async def _shown_at(page: Page, width: int, name: str) -> list[str]:
    await page.set_viewport_size({"width": width, "height": 900})
    if width in KEPT:
        await whole_page(page, f"{KEPT[width]}-{name}")
    wide = await page.evaluate("document.documentElement.scrollWidth")
    return [f"{wide} px wide at {width}"] if wide > width else []


NOT_OURS = re.compile(
    r"H-[0-9A-Z-]+|[0-9A-Z]{4}(-[0-9A-Z]{4}){4,5}|en-XA|ar-XB|English|Screen_Recording\w*\.(txt|exe)|Relay UK|"
    r"Northmoor[\w ]*|Southvale[\w ]*|Moor and Vale[\w ]*|Step Away[\w ]*|Stand Together[\w ]*"
)

SHOW_TYPED = "how => document.querySelectorAll('.heard-typed, textarea').forEach(e => e.style.visibility = how)"


async def test_every_word_is_from_the_catalogue_and_right_to_left(browser: Browser, site: Site, pool: Pool):
    wrong: dict[str, list[str]] = {}
    async with visiting(browser, site) as page:
        await page.goto("/language/ar-XB")
        async for name in every_page(page):
            if name in ("start", "05-party"):
                await whole_page(page, f"ar-XB-{name}")
            await page.evaluate(SHOW_TYPED, "hidden")
            assert await page.evaluate("getComputedStyle(document.body).direction") == "rtl"
            words = NOT_OURS.sub("", await page.inner_text("body") + await page.title())
            await page.evaluate(SHOW_TYPED, "visible")
            plain = [word for word in re.findall(r"\w+", words) if re.search("[aeinosu]", word) and len(word) > 2]
            wrong |= {name: plain} if plain else {}
    assert wrong == {}
