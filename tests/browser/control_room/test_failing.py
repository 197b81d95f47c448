"""What of a page has failed is heard, seen or said, and costs nobody their words."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from deploy.local.process import free_port
from services.escalation.domain.people import Person, Role
from services.escalation.handlers import alerts, people
from services.escalation.settings import Settings
from shared.database import Pool
from shared.told import Place
from tests.browser.axe import violations
from tests.browser.control_room.conftest import PASSWORD, Open, serving, sign_in
from tests.browser.control_room.test_board import live, quiet, stalker
from tests.escalation.conftest import Escalate

NOT_LIVE = "✘ Not live – Heard"


async def without_htmx(page: Page, path: str) -> None:
    await page.route("**/htmx.min.js", lambda route: route.abort())
    await page.goto(page.url.replace("/preferences", path))


async def test_a_board_that_stays_cut_off_sounds_each_minute_and_says_so_in_its_title(
    open_page: Open, escalate: Escalate, settings: Settings, pool: Pool
):
    await people.let_in(
        Person("sam", "Sam", Role.operator, "northmoor-police"), pool, "a test", datetime.now(UTC), PASSWORD
    )
    page = await open_page("/preferences", "Robin")
    port, board = free_port(), page.locator("#board")
    async with serving(settings, port) as base:
        await page.clock.install()
        await sign_in(page, base, "Sam")
        await live(page)
    await expect(page.locator("#link")).to_have_text("Not live")
    assert (await page.title(), await board.get_attribute("data-beeped")) == ("Board – Heard", None)
    for beeps in ("1", "2"):
        await page.clock.fast_forward(61_000)
        await expect(board).to_have_attribute("data-beeped", beeps)
        await expect(page).to_have_title(NOT_LIVE)
    async with serving(settings, port):
        await live(page)
        await expect(page).to_have_title("Board – Heard")


async def test_a_board_without_htmx_says_so_and_opens_a_case_all_the_same(open_page: Open, escalate: Escalate):
    await escalate(stalker(), at=datetime.now(UTC))
    page = await open_page("/preferences")
    await without_htmx(page, "/board")
    await live(page)
    await expect(page.locator("#unloaded")).to_contain_text("has not loaded whole")
    assert await violations(page) == []
    await page.locator("#lines .line").click()
    await expect(page.locator("h1")).to_have_text("Case H-STALK-00001")
    await page.go_back()
    await page.get_by_role("searchbox").fill("outside again")
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_contain_text("1 found")
    assert "outside" not in page.url
    await page.go_back()
    await page.get_by_role("button", name="Claim the next").click()
    await expect(page.locator("#case")).to_contain_text("You hold it")


async def test_a_note_without_htmx_is_kept_and_stands_in_no_address(open_page: Open, escalate: Escalate):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await open_page("/preferences")
    await without_htmx(page, f"/board/cases/{case.report_id}")
    await page.get_by_role("button", name="Claim").click()
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await page.wait_for_load_state()
    await page.keyboard.press("w")
    await page.keyboard.type("rang her sister")
    await page.locator("#d-note").get_by_role("button", name="Write a note").click()
    await expect(page.locator("#case .timeline")).to_contain_text("rang her sister")
    assert page.url.endswith(f"/board/cases/{case.report_id}")


async def test_a_page_that_loaded_whole_says_nothing_of_it(open_page: Open, escalate: Escalate):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await open_page("/board")
    await expect(page.locator("#unloaded")).to_be_hidden()
    await page.goto(f"{page.url}/cases/{case.report_id}")
    await expect(page.locator("#unloaded")).to_be_hidden()


async def test_what_was_missed_with_the_sound_off_sounds_once(open_page: Open, escalate: Escalate):
    page = await open_page("/preferences")
    await page.add_init_script("""
        let wake;
        AudioContext.prototype.resume = () => new Promise((woken) => { wake = woken; });
        Object.defineProperty(AudioContext.prototype, "state", { value: "suspended" });
        window.tones = 0;
        AudioContext.prototype.createOscillator = () => { window.tones += 1; throw new Error("no tone"); };
        window.wakeUp = () => wake();
    """)
    await page.goto(page.url.replace("/preferences", "/board"))
    await live(page)
    for n in range(3):
        await escalate(stalker(reference=f"H-STALK-0000{n}", place=Place(words=f"{n} Elm Row")), at=datetime.now(UTC))
        await expect(page.locator("#board")).to_have_attribute("data-beeped", str(n + 1))
    assert await page.evaluate("tones") == 0
    await page.evaluate("wakeUp()")
    await expect(page.locator("#board")).to_have_attribute("data-beeped", "3")
    assert await page.evaluate("tones") == 1  # the first of a chime's three: it throws here


async def test_an_alert_that_is_said_again_is_in_the_title_of_whoever_cannot_hear_it(
    open_page: Open, escalate: Escalate, pool: Pool
):
    now = datetime.now(UTC)
    await escalate(stalker(), at=now)
    page = await open_page("/board")
    await live(page)
    await page.keyboard.press("u")
    await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")
    for seconds, times in ((61, ""), (122, "said 2 times")):
        await alerts.look(pool, now + timedelta(seconds=seconds))
        await expect(page.locator("#alerts")).to_contain_text(times or "nobody has claimed it")
        await expect(page).to_have_title("▲ 1 threat – Heard")
        await page.keyboard.press("Shift")
        await expect(page).to_have_title("Board – Heard")


@pytest.mark.parametrize("status", [500, 0])
async def test_a_choice_of_sound_that_was_not_kept_is_said_not_to_be(open_page: Open, status: int):
    page = await open_page("/board")
    await live(page)
    refuse = "**/preferences/muted"
    await page.route(refuse, lambda route: route.fulfill(status=status) if status else route.abort())
    await page.keyboard.press("u")
    await expect(page.locator("#lost")).to_have_text("Not kept: the next page that you open has the sound as it was.")


async def test_down_is_down_from_the_line_that_has_the_focus(open_page: Open, escalate: Escalate):
    await escalate(*(quiet(f"H-QUIET-0000{n}", place=Place(words=f"{n} Elm Row")) for n in range(6)))
    page = await open_page("/board")
    await live(page)
    lines = page.locator("#lines .line")
    await lines.nth(1).click()
    await expect(page.locator("#case h2")).to_be_visible()
    await lines.nth(4).focus()
    await page.keyboard.press("j")
    await expect(lines.nth(5)).to_be_focused()


async def test_a_claim_that_could_not_be_kept_once_is_no_longer_said_to_run_out_once_it_is(
    open_page: Open, escalate: Escalate
):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await open_page("/preferences")
    await page.clock.install()
    await page.goto(page.url.replace("preferences", f"board/cases/{case.report_id}"))
    await page.get_by_role("button", name="Claim").click()
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await page.route("**/board/renewals", lambda route: route.abort(), times=1)
    await page.clock.fast_forward(31_000)
    await expect(page.locator("#lost")).to_contain_text(re.compile("your claim runs out"))
    await page.clock.fast_forward(31_000)
    await expect(page.locator("#lost")).to_be_hidden()
