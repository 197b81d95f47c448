"""Whoever reads or writes on a case is left to it: by the end of a session, by a lost connection, by somebody else."""

import re
from datetime import UTC, datetime
from typing import Literal

import pytest
from playwright.async_api import Locator, Page, expect

from services.escalation.repository import deliveries
from services.escalation.routers import board
from shared.database import Pool, transaction
from shared.events import ReportClassified
from tests.browser.axe import violations
from tests.browser.control_room.conftest import DESKTOP, PHONE, Open, sign_in
from tests.browser.control_room.test_board import live, stalker
from tests.builders import classified
from tests.escalation.conftest import Escalate

Where = Literal["board", "alone"]
SIGNED_OUT = "You are signed out. Sign in in another tab, then press again."
ON_BOTH = pytest.mark.parametrize("where", ["board", "alone"])


async def at_a_case(open_page: Open, where: Where, case: ReportClassified, size: dict[str, int] = DESKTOP) -> Page:
    """The case on the board, or on a page of its own."""
    page = await open_page("/board" if where == "board" else f"/board/cases/{case.report_id}", size=size)
    if where == "board":
        await live(page)
        await page.locator("#lines .line").click()
    await expect(page.locator("#case h2")).to_contain_text("Class 2")
    return page


async def writing(page: Page, words: str) -> Locator:
    await page.keyboard.press("w")
    await page.keyboard.type(words)
    return page.locator("#d-note")


async def changed(case: ReportClassified, escalate: Escalate, revision: int) -> None:
    told = case.report.model_copy(update={"revision": revision})
    await escalate(classified(told, case.assessment), at=datetime.now(UTC))


@ON_BOTH
async def test_a_note_sent_after_the_session_ended_stays_and_is_kept_once_signed_in_again(
    open_page: Open, escalate: Escalate, pool: Pool, where: Where
):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await at_a_case(open_page, where, case)
    dialog = await writing(page, "unit sent")
    await pool.execute("delete from session")
    await dialog.get_by_role("button", name="Write a note").click()
    await expect(dialog.get_by_role("alert")).to_have_text(SIGNED_OUT)
    await expect(dialog.get_by_label("Note")).to_have_value("unit sent")
    if where == "board":
        await expect(page.locator("#link")).to_have_text("Signed out")
    other = await page.context.new_page()
    await sign_in(other, page.url.partition("/board")[0], "Sam")
    await dialog.get_by_role("button", name="Write a note").click()
    await expect(page.locator("#case .timeline")).to_contain_text("unit sent")
    if where == "board":
        await live(page)
        await expect(page.locator("#lost")).to_be_hidden()


async def test_the_end_of_a_session_takes_nobody_away_from_what_they_write(
    open_page: Open, escalate: Escalate, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(board, "STILL_WELCOME", 0.2)
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page, idle = await at_a_case(open_page, "board", case), await open_page("/board", "Alex")
    dialog = await writing(page, "unit s")
    await live(idle)
    await pool.execute("delete from session")
    await expect(dialog.get_by_role("alert")).to_have_text(SIGNED_OUT)
    await expect(page.locator("#board")).to_have_attribute("data-beeped", "1")
    await page.keyboard.type("ent")
    await expect(dialog.get_by_label("Note")).to_have_value("unit sent")
    await expect(idle.get_by_role("heading")).to_have_text("Sign in")
    await expect(idle.get_by_role("status")).to_contain_text("Your session has ended")
    assert await violations(idle) == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
async def test_whoever_reads_stays_where_they_are_when_somebody_else_changes_the_case(
    open_page: Open, escalate: Escalate, size: dict[str, int]
):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await at_a_case(open_page, "board", case, size)
    scroller = "document.querySelector('#case')" if size is DESKTOP else "document.scrollingElement"
    button = page.locator("#case [data-dialog=link]")
    await button.focus()
    await page.evaluate(f"{scroller}.scrollTop = 900")
    at = await page.evaluate(f"{scroller}.scrollTop")
    stamp = await page.locator("#case article").get_attribute("data-stamp") or ""
    await changed(case, escalate, 2)
    await expect(page.locator("#case article")).not_to_have_attribute("data-stamp", stamp)
    await expect(button).to_be_focused()
    assert await page.evaluate(f"{scroller}.scrollTop") == at > 400


async def test_what_is_half_written_outlives_its_dialog_and_a_change_which_is_told_in_it(
    open_page: Open, escalate: Escalate
):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await at_a_case(open_page, "board", case)
    stamp = await page.locator("#case article").get_attribute("data-stamp") or ""
    dialog = await writing(page, "half a sentence")
    await changed(case, escalate, 2)
    await expect(dialog.get_by_role("status")).to_contain_text("This case has changed while you write")
    assert await violations(page) == []
    await dialog.get_by_label("Note").evaluate("(area) => { area.style.height = '9rem'; }")  # as if drawn larger
    await page.keyboard.press("Escape")
    await expect(page.locator("#case article")).not_to_have_attribute("data-stamp", stamp)
    await page.keyboard.press("c")
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await writing(page, ", and the rest")
    await expect(dialog.get_by_label("Note")).to_have_value("half a sentence, and the rest")
    await dialog.get_by_role("button", name="Write a note").click()
    await expect(page.locator("#case .timeline")).to_contain_text("and the rest")
    await expect(dialog.get_by_label("Note")).to_have_value("")


@ON_BOTH
async def test_a_case_that_came_back_meanwhile_is_not_closed_but_shown_with_what_was_written(
    open_page: Open, escalate: Escalate, pool: Pool, where: Where
):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await at_a_case(open_page, where, case)
    await page.keyboard.press("c")
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await page.keyboard.press("x")
    dialog = page.locator("#d-close")
    await dialog.get_by_label("Outcome").select_option("referred")
    await dialog.get_by_label("Why").fill("the council has it")
    why, now = "given back by the council", datetime.now(UTC)
    async with transaction(pool) as connection:
        await deliveries.back_to_control_room(connection, case.report_id, why, "northmoor-police", now)
    await dialog.get_by_role("button", name="Close the case").click()
    await expect(dialog.get_by_role("alert")).to_contain_text(f"it came back: {why}")
    await expect(dialog.get_by_role("status")).to_contain_text("what you wrote here is kept")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("listitem").get_by_text(why, exact=True)).to_be_visible()
    await page.keyboard.press("x")
    await expect(dialog.get_by_label("Why")).to_have_value("the council has it")
    await dialog.get_by_role("button", name="Close the case").click()
    await expect(page.locator("#case")).to_contain_text("Closed:")


@ON_BOTH
async def test_a_note_that_could_not_be_sent_is_said_beside_it(open_page: Open, escalate: Escalate, where: Where):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await at_a_case(open_page, where, case)
    await page.route("**/notes", lambda route: route.abort("connectionrefused"))
    dialog = await writing(page, "unit sent")
    wrong = dialog.get_by_role("alert")
    await dialog.get_by_role("button", name="Write a note").click()
    await expect(wrong).to_have_text("Not kept: no connection. Press again.")
    await page.unroute("**/notes")
    await page.route("**/notes", lambda _: None)
    await dialog.get_by_role("button", name="Write a note").click()
    await expect(wrong).to_be_hidden()


async def test_each_act_on_a_case_of_its_own_is_by_key_said_and_leaves_the_focus_on_it(
    open_page: Open, escalate: Escalate
):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await at_a_case(open_page, "alone", case)
    heading, said = page.locator("#case h2"), page.locator("#said")
    await page.keyboard.press("c")
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await expect(heading).to_be_focused()
    await expect(said).to_have_text("Claimed.")
    dialog = await writing(page, "unit sent")
    await dialog.get_by_role("button", name="Write a note").click()
    await expect(page.locator("#case .timeline")).to_contain_text("unit sent")
    await expect(heading).to_be_focused()
    await expect(said).to_have_text("Write a note: done.")


@ON_BOTH
async def test_a_key_that_is_switched_off_is_not_promised(
    open_page: Open, escalate: Escalate, pool: Pool, where: Where
):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await at_a_case(open_page, where, case)
    await expect(page.locator(".actions kbd").first).to_be_visible()
    await pool.execute("update person set keys = false")
    await page.reload()
    if where == "board":
        await expect(page.get_by_role("searchbox")).to_have_attribute("placeholder", "Search")
        await expect(page.get_by_text(re.compile("Single letters"))).to_contain_text("switched off")
        await page.locator("#lines .line").click()
    await expect(page.locator("#case h2")).to_be_visible()
    assert [await one.is_visible() for one in await page.locator("kbd").all()].count(True) == 0
    await page.keyboard.press("w")
    await expect(page.locator("#d-note")).to_be_hidden()


async def test_what_is_looked_for_is_not_said_to_be_claimed(open_page: Open, escalate: Escalate):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await at_a_case(open_page, "board", case)
    await page.get_by_role("searchbox").fill(case.report.reference)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("1 found")).to_be_visible()
    await expect(page.locator("#said")).to_have_text("")
