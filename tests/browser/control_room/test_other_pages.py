"""The pages beside the board, in Chromium: no fault that axe finds, at a desk and on a phone."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from services.escalation.domain.people import Role, Theme
from services.escalation.handlers import alerts
from services.escalation.settings import Settings
from shared.database import Pool
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
