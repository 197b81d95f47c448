"""The pages beside the board, in Chromium: no fault that axe finds, at a desk and on a phone."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from services.escalation.domain.people import Role, Theme
from services.escalation.handlers import alerts
from services.escalation.settings import Settings
from shared.database import Pool
from shared.told import Place
from tests.browser.axe import violations
from tests.browser.control_room.conftest import DESKTOP, PHONE, Open
from tests.browser.control_room.test_board import live, quiet, stalker
from tests.browser.looking import picture
from tests.escalation.conftest import Escalate

PAGES = [
    ("/supervisor", Role.supervisor),
    ("/drills", Role.supervisor),
    ("/audit?reference=H-STALK-00001", Role.auditor),
    ("/people", Role.admin),
    ("/preferences", Role.operator),
]


@pytest.mark.parametrize(("path", "role"), PAGES, ids=[path.strip("/").split("?")[0] for path, _ in PAGES])
async def test_nobody_is_shut_out(open_page: Open, escalate: Escalate, path: str, role: Role):
    await escalate(stalker(70), quiet(), at=datetime.now(UTC))
    theme = Theme.light if role is Role.auditor else Theme.dark
    page = await open_page(path, role=role, theme=theme)
    for size, device in ((DESKTOP, ""), (PHONE, "-phone")):
        await page.set_viewport_size(size)
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        await picture(page, f"{path.strip('/').split('?')[0]}{device}")


async def test_the_sign_in_page(open_page: Open, settings: Settings):
    page = await open_page("/preferences", theme=Theme.light)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await violations(page) == []
    await picture(page, "sign-in")


async def test_an_alert_is_on_the_board_of_the_operator_and_the_supervisor(
    open_page: Open, escalate: Escalate, pool: Pool
):
    await escalate(stalker(), at=datetime.now(UTC))
    boards = [await open_page("/board"), await open_page("/board", "Robin", Role.supervisor)]
    await alerts.look(pool, datetime.now(UTC) + timedelta(seconds=61))
    for page in boards:
        await live(page)
        await expect(page.locator("#alerts")).to_contain_text("nobody has claimed it")
    assert await violations(boards[0]) == []


async def test_an_alert_is_read_out_and_sounds_each_time_it_is_said_and_leaves_the_keyboard_where_it_was(
    open_page: Open, escalate: Escalate, pool: Pool
):
    now = datetime.now(UTC)
    await escalate(stalker(), at=now)
    page, muted = await open_page("/board"), await open_page("/board", "Alex")
    for one in (page, muted):
        await live(one)
        await expect(one.locator("#lines .line")).to_have_count(1)
    await muted.keyboard.press("u")
    await expect(muted.locator("#mute")).to_have_attribute("aria-pressed", "true")
    await alerts.look(pool, now + timedelta(seconds=61))
    for one in (page, muted):
        await expect(one.locator("#news")).to_contain_text("Alert. H-STALK-00001 class 2: nobody has claimed it")
    board, link = page.locator("#board"), page.locator("#alerts a")
    await expect(board).to_have_attribute("data-beeped", "1")
    await link.focus()
    await escalate(quiet(), at=now)
    await expect(page.locator("#lines .line")).to_have_count(2)
    await expect(link).to_be_focused()
    await expect(board).to_have_attribute("data-beeped", "1")
    await alerts.look(pool, now + timedelta(seconds=122))
    await expect(page.locator("#news")).to_contain_text("said 2 times")
    await expect(board).to_have_attribute("data-beeped", "2")
    await expect(link).to_be_focused()
    assert await muted.locator("#board").get_attribute("data-beeped") is None


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
async def test_many_alerts_leave_the_queue_in_sight_and_are_read_out_as_one_sentence(
    open_page: Open, escalate: Escalate, pool: Pool, size: dict[str, int]
):
    now = datetime.now(UTC)
    await escalate(
        *(stalker(reference=f"H-STALK-{n:05}", place=Place(words=f"{n} Elm Row")) for n in range(30)), at=now
    )
    page = await open_page("/board", size=size)
    await live(page)
    await expect(page.locator("#lines .line")).to_have_count(30)
    await alerts.look(pool, now + timedelta(seconds=61))
    more = page.locator("#alerts summary")
    await expect(more).to_have_text("27 more wait unclaimed")
    await expect(page.locator("#news")).to_have_text(re.compile(r"^ ?30 alerts\. The first: [^.]+$"))
    await expect(page.locator("#alerts a:visible")).to_have_count(3)
    await expect(page.locator("#lines .line").first).to_be_in_viewport()
    await more.press("Enter")
    await expect(page.locator("#alerts a:visible")).to_have_count(30)
    await alerts.look(pool, now + timedelta(seconds=122))
    await expect(page.locator("#alerts li a").last).to_be_visible()
    await expect(page.locator("#alerts")).to_contain_text("said 2 times")
    await expect(page.locator("#alerts a:visible")).to_have_count(30)
    await expect(more).to_be_focused()
    assert await violations(page) == []


async def test_a_board_says_before_the_first_threat_that_its_sound_is_kept_off(open_page: Open):
    page = await open_page("/board")
    await expect(page.locator("#silent")).to_be_visible()
    await page.keyboard.press("j")
    await expect(page.locator("#silent")).to_be_hidden()


@pytest.mark.parametrize("how", ["connection", "session"])
async def test_a_case_on_a_page_of_its_own_says_how_old_it_is_and_when_its_claim_is_not_kept(
    open_page: Open, escalate: Escalate, pool: Pool, how: str
):
    case = stalker(70)
    await escalate(case, at=datetime.now(UTC))
    page = await open_page("/preferences")
    await page.clock.install()
    await page.goto(page.url.replace("preferences", f"board/cases/{case.report_id}"))
    await expect(page.get_by_text("This page does not change by itself.")).to_contain_text("Opened at ")
    await page.get_by_role("button", name="Claim").click()
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await page.clock.fast_forward(31_000)
    await expect(page.locator("#lost")).to_be_hidden()
    if how == "connection":
        await page.context.set_offline(True)
    else:
        await pool.execute("delete from session")
    await page.clock.fast_forward(31_000)
    await expect(page.get_by_role("alert")).to_contain_text("your claim runs out after two minutes")
    assert await violations(page) == []
    await page.context.set_offline(False)
    await page.get_by_role("link", name="Show it as it is now").click()
    await expect(page.locator("h1")).to_have_text("Sign in" if how == "session" else "Case H-STALK-00001")


async def test_a_supervisor_claims_from_a_list(open_page: Open, escalate: Escalate):
    await escalate(stalker(70), at=datetime.now(UTC))
    page = await open_page("/supervisor", "Robin", Role.supervisor)
    await page.locator("#breached").get_by_role("button", name="Claim H-STALK-00001").click()
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await page.reload()
    await expect(page.locator("#case")).to_contain_text("You hold it")
    assert await violations(page) == []
    await page.set_viewport_size({"width": 1280, "height": 2600})
    await picture(page, "case")


async def test_a_drill_is_marked_wherever_it_is_seen(open_page: Open, escalate: Escalate):
    await escalate(quiet(), at=datetime.now(UTC))
    page = await open_page("/drills", "Robin", Role.supervisor)
    await page.get_by_label("Exercise").select_option("door")
    await page.get_by_role("button", name="Start it").click()
    await live(page)
    await expect(page.locator("#lines .line").nth(1)).to_contain_text("Drill")
    await expect(page.locator("#count")).to_contain_text("1 open")
    await page.locator("#lines .line").nth(1).click()
    await expect(page.locator("#case")).to_contain_text("Nothing here is real")
    assert await violations(page) == []
    await picture(page, "drill")


async def test_a_supervisor_who_claims_too_late_is_told_who_has_it(open_page: Open, escalate: Escalate, pool: Pool):
    await escalate(stalker(70), at=datetime.now(UTC))
    page = await open_page("/supervisor", "Robin", Role.supervisor)
    hour = datetime.now(UTC) + timedelta(hours=1)
    await pool.execute("update queue_item set holder = 'sam', holder_name = 'Sam', lease_until = $1", hour)
    await page.locator("#breached").get_by_role("button", name="Claim H-STALK-00001").click()
    await expect(page.get_by_role("alert")).to_contain_text("This cannot be claimed now. It is with Sam.")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Supervisor")
    assert await violations(page) == []


async def test_a_supervisors_page_says_that_it_stands_still_and_where_alerts_sound(open_page: Open, escalate: Escalate):
    page = await open_page("/supervisor", "Robin", Role.supervisor)
    await expect(page.locator("main")).to_contain_text("does not change by itself")
    await escalate(stalker(), at=datetime.now(UTC))
    await page.get_by_role("link", name="Show it as it is now").click()
    await expect(page.get_by_text("Threats that nobody holds: 1").first).to_be_visible()
    await page.get_by_role("link", name="board", exact=True).click()
    await live(page)
