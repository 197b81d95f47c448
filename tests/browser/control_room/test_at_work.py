"""Whoever works at the board hears what becomes graver, acts on the case that they mean, and loses nothing by it."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, Route, expect

from services.escalation.domain.directory import Directory
from services.escalation.handlers import acts, alerts, erasing
from services.escalation.handlers.acts import ActingAgency
from services.escalation.routers import board
from services.escalation.tokens import Principal
from shared.codebook import DangerClass, Threat
from shared.database import Pool, transaction
from shared.events import ReportClassified, ReportErased
from shared.outbox import Bell
from shared.told import Contact, Place
from tests.browser.axe import violations
from tests.browser.control_room.conftest import DESKTOP, PHONE, Open, sign_in
from tests.browser.control_room.test_board import by_keyboard, live, quiet, stalker
from tests.builders import classified
from tests.escalation.conftest import Escalate

HELD = "select count(*) from queue_item where holder is not null"
PANEL = "moor-and-vale-case-review"
AGAIN = "**/board/cases/*again=true*"


def told_more(case: ReportClassified, danger: int | None = None) -> ReportClassified:
    """The next revision; of another class, where one is given."""
    read = case.assessment
    if read and danger:
        threat = Threat.imminent if danger == DangerClass.life_at_risk else Threat.none
        read = read.model_copy(update={"danger_class": DangerClass(danger), "threat": threat})
    return classified(case.report.model_copy(update={"revision": case.report.revision + 1}), read)


async def at_board(open_page: Open, size: dict[str, int] = DESKTOP) -> Page:
    page = await open_page("/board", size=size)
    await live(page)
    return page


async def opened(page: Page, reference: str) -> None:
    await page.locator("#lines .line", has_text=reference).click()
    await expect(page.locator("#case .head")).to_contain_text(reference)


async def claimed(page: Page, reference: str) -> None:
    """The next, which is this one."""
    await page.keyboard.press("n")
    await expect(page.locator("#case .head")).to_contain_text(reference)
    await expect(page.locator("#case .head")).to_contain_text("You hold it")


@pytest.mark.parametrize("held", [False, True], ids=["free", "held"])
async def test_a_threat_that_becomes_graver_sounds_and_is_read_out(open_page: Open, escalate: Escalate, held: bool):
    page, case = await at_board(open_page), stalker()
    await escalate(case, at=datetime.now(UTC))
    await expect(page.locator("#board")).to_have_attribute("data-beeped", "1")
    if held:
        await claimed(page, case.report.reference)
    await escalate(told_more(case, DangerClass.life_at_risk), at=datetime.now(UTC))
    await expect(page.locator("#board")).to_have_attribute("data-beeped", "2")
    await expect(page.locator("#news")).to_have_text(re.compile(r"^Graver now\. .*H-STALK-00001"))


async def test_pressed_twice_or_leant_on_because_it_is_slow_it_claims_one(
    open_page: Open, escalate: Escalate, pool: Pool
):
    await escalate(
        *(stalker(reference=f"H-STALK-0000{n}", place=Place(words=f"{n} Elm Row")) for n in range(4)),
        at=datetime.now(UTC),
    )
    page, asked, answered = await at_board(open_page), [], asyncio.Event()

    async def slowly(route: Route) -> None:
        asked.append(route.request)
        await answered.wait()
        await route.continue_()

    await page.route("**/board/claims", slowly)
    await page.keyboard.press("n")
    await page.keyboard.press("n")
    answered.set()
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await page.keyboard.down("n")
    for _ in range(5):
        await page.wait_for_timeout(250)
        await page.keyboard.down("n")  # it repeats
    await expect(page.locator("#lines .who", has_text="Held by Sam")).to_have_count(2)
    await page.wait_for_timeout(700)
    assert len(asked) == 2
    assert await pool.fetchval(HELD) == 2


async def test_a_claim_whose_answer_was_lost_is_the_same_when_pressed_again(
    open_page: Open, escalate: Escalate, pool: Pool
):
    await escalate(stalker(), quiet(), at=datetime.now(UTC))
    page = await at_board(open_page)

    async def lose(route: Route) -> None:
        await route.fetch(headers={**await route.request.all_headers(), "sec-fetch-site": "same-origin"})
        await route.abort("connectionreset")

    await page.route("**/board/claims", lose, times=1)
    await page.keyboard.press("n")
    await expect(page.locator("#lost")).to_contain_text("Press again")
    assert await pool.fetchval(HELD) == 1
    await claimed(page, "H-STALK-00001")
    assert await pool.fetchval(HELD) == 1
    await claimed(page, "H-QUIET-00001")
    assert await pool.fetchval(HELD) == 2


async def test_a_letter_is_for_the_case_whose_line_has_the_focus_and_its_dialog_names_it(
    open_page: Open, escalate: Escalate, pool: Pool
):
    await escalate(stalker(), quiet(), at=datetime.now(UTC))
    page = await at_board(open_page)
    await claimed(page, "H-STALK-00001")
    await claimed(page, "H-QUIET-00001")
    await opened(page, "H-STALK-00001")
    await by_keyboard(page, "m")
    dialog = page.locator("#d-contact")
    await expect(dialog).to_have_accessible_description(re.compile("H-STALK-00001, class 2, 14 Tamar House"))
    await page.keyboard.press("Escape")
    await page.locator("#lines .line", has_text="H-STALK-00001").focus()
    await by_keyboard(page, "j", "m")
    await expect(dialog).to_contain_text("H-QUIET-00001, class 4")
    await by_keyboard(page, "officer on the scene", "Tab", "Enter")
    await expect(page.locator("#case .head")).to_contain_text("contact was made")
    contacted = "select reference from cases join queue_item using (report_id) where contacted_at is not null"
    assert [row["reference"] for row in await pool.fetch(contacted)] == ["H-QUIET-00001"]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
async def test_a_board_that_is_muted_says_so_whoever_opens_it(open_page: Open, size: dict[str, int]):
    page = await at_board(open_page, size)
    said = page.get_by_text("The sound is off")
    await expect(said).to_be_hidden()
    async with page.expect_response("**/preferences/muted"):
        await page.keyboard.press("u")
    await expect(said).to_be_visible()
    await page.reload()
    await expect(said).to_be_visible()
    await expect(page.locator("#silent")).to_be_hidden()
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    await page.get_by_role("button", name="Mute").click()
    await expect(said).to_be_hidden()


async def test_whoever_is_on_a_line_stays_on_it_when_the_order_changes_and_claims_that(
    open_page: Open, escalate: Escalate
):
    many = [quiet(f"H-QUIET-0000{number}", danger) for number, danger in ((1, 2), (2, 3), (3, 3))]
    await escalate(*many, at=datetime.now(UTC))
    page = await at_board(open_page)
    await opened(page, "H-QUIET-00001")
    await by_keyboard(page, "j", "j")
    last = page.locator("#lines .line", has_text="H-QUIET-00003")
    await expect(last).to_be_focused()
    await escalate(told_more(many[0], DangerClass.everything_else), at=datetime.now(UTC))
    await expect(page.locator("#lines .line").last).to_contain_text("H-QUIET-00001")
    await expect(last).to_be_focused()
    await by_keyboard(page, "c")
    await expect(page.locator("#case .head")).to_contain_text("H-QUIET-00003")
    await expect(page.locator("#case .head")).to_contain_text("You hold it")


async def late_news(page: Page, case: ReportClassified, escalate: Escalate) -> asyncio.Event:
    """The page looks how the case stands now, and its answer is on its way until the event is set."""
    come = asyncio.Event()

    async def late(route: Route) -> None:
        await come.wait()
        await route.continue_()

    await page.route(AGAIN, late)
    async with page.expect_request(AGAIN):
        await escalate(told_more(case), at=datetime.now(UTC))
    return come


async def test_news_of_one_case_is_not_put_over_the_one_just_claimed(open_page: Open, escalate: Escalate):
    case = stalker()
    await escalate(case, quiet(), at=datetime.now(UTC))
    page = await at_board(open_page)
    await claimed(page, "H-STALK-00001")
    come = await late_news(page, case, escalate)
    await claimed(page, "H-QUIET-00001")
    async with page.expect_response(AGAIN):
        come.set()
    await page.wait_for_timeout(300)
    await expect(page.locator("#case .head")).to_contain_text("H-QUIET-00001")


async def test_a_claim_does_not_wait_for_news_and_is_not_lost_by_it(open_page: Open, escalate: Escalate):
    case = stalker()
    await escalate(case, quiet(), at=datetime.now(UTC))
    page = await at_board(open_page)
    await opened(page, "H-STALK-00001")
    come = await late_news(page, case, escalate)
    await by_keyboard(page, "j", "c")
    for number in (2, 3):
        await escalate(quiet(f"H-QUIET-0000{number}"), at=datetime.now(UTC))
        await expect(page.locator("#lines .line")).to_have_count(number + 1)
    come.set()
    await expect(page.locator("#lines .line", has_text="H-QUIET-00001")).to_contain_text("Held by Sam")
    await expect(page.locator("#case .head")).to_contain_text("H-QUIET-00001")


async def test_what_is_half_written_about_one_case_is_there_after_another_was_looked_at(
    open_page: Open, escalate: Escalate
):
    await escalate(stalker(), quiet(), at=datetime.now(UTC))
    page = await at_board(open_page)
    await opened(page, "H-STALK-00001")
    await by_keyboard(page, "w", "half a sentence")
    await page.keyboard.press("Escape")
    note = page.locator("#d-note textarea")
    await opened(page, "H-QUIET-00001")
    await by_keyboard(page, "w")
    await expect(note).to_have_value("")
    await page.keyboard.press("Escape")
    await opened(page, "H-STALK-00001")
    await by_keyboard(page, "w", ", and the rest")
    await expect(note).to_have_value("half a sentence, and the rest")
    await page.locator("#d-note").get_by_role("button", name="Write a note").click()
    await expect(page.locator("#case .timeline")).to_contain_text("half a sentence, and the rest")
    await opened(page, "H-QUIET-00001")
    await opened(page, "H-STALK-00001")
    await by_keyboard(page, "w")
    await expect(note).to_have_value("")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
async def test_a_board_says_and_sounds_in_time_that_its_session_ends_and_goes_on_once_signed_in_anew(
    open_page: Open, pool: Pool, size: dict[str, int]
):
    page = await at_board(open_page, size)
    ending = page.locator("#ending")
    await expect(ending).to_be_hidden()
    await pool.execute("update session set expires_at = $1", datetime.now(UTC) + timedelta(minutes=10))
    await page.reload()
    await expect(ending).to_contain_text(re.compile(r"Your session ends at \d\d:\d\d (GMT|BST)"))
    await expect(page.locator("#board")).to_have_attribute("data-beeped", "1")
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    other = await page.context.new_page()
    await sign_in(other, page.url.partition("/board")[0], "Sam")
    await page.evaluate("dispatchEvent(new Event('focus'))")
    await expect(ending).to_be_hidden()


async def test_a_session_that_ended_while_another_was_begun_takes_nobody_away(
    open_page: Open, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(board, "STILL_WELCOME", 0.2)
    page = await at_board(open_page)
    other = await page.context.new_page()
    await sign_in(other, page.url.partition("/board")[0], "Sam")
    async with page.expect_response("**/board/renewals"), page.expect_response("**/board/stream"):
        await pool.execute("delete from session where signed_in_at = (select min(signed_in_at) from session)")
    await live(page)


async def test_whoever_reads_many_alerts_stays_where_they_are_when_one_is_said_again(
    open_page: Open, escalate: Escalate, pool: Pool
):
    now = datetime.now(UTC)
    many = (stalker(reference=f"H-STALK-{n:05}", place=Place(words=f"{n} Elm Row")) for n in range(30))
    await escalate(*many, at=now)
    page = await at_board(open_page)
    await alerts.look(pool, now + timedelta(seconds=61))
    await page.locator("#alerts summary").click()
    inner = page.locator("#alerts details ul")
    await inner.evaluate("(list) => { list.scrollTop = 300; }")
    await alerts.look(pool, now + timedelta(seconds=122))
    await expect(page.locator("#alerts")).to_contain_text("said 2 times")
    assert await inner.evaluate("(list) => list.scrollTop") == 300


async def test_what_an_agency_does_is_shown_to_whoever_has_the_case_open(
    open_page: Open, escalate: Escalate, pool: Pool, guests: Pool
):
    now = datetime.now(UTC)
    case = quiet(case_review_asked_at=now, contact=Contact(name="Sam", phone="01632 960001"))
    await escalate(case, at=now)
    page = await at_board(open_page)
    await opened(page, "H-QUIET-00001")
    where = page.get_by_role("listitem").filter(has_text="Moor and Vale ASB Case Review panel, case review")
    await expect(where.first).to_contain_text("queued")
    agency = ActingAgency(Principal("ada", "agency", PANEL), guests, Bell(guests))
    await acts.acknowledge(agency, case.report_id, now)
    await expect(where.first).to_contain_text("acknowledged")
    async with transaction(pool) as connection:  # nor does an agency wait for whoever changes the case
        await connection.execute("update queue_item set queues = queues")
        await asyncio.wait_for(acts.close(agency, case.report_id, "they met", None, now), 5)
    await expect(where.first).to_contain_text("closed")


async def test_what_is_no_longer_theirs_leaves_the_screen_and_what_they_wrote_of_it_stays(
    open_page: Open, escalate: Escalate, pool: Pool, directory: Directory
):
    now, case = datetime.now(UTC), stalker()
    await escalate(case, at=now)
    page, other = await at_board(open_page), await open_page("/board", "Alex")
    await opened(page, "H-STALK-00001")
    await live(other)
    await opened(other, "H-STALK-00001")
    await by_keyboard(other, "w", "half a sentence")
    gone = ReportErased(report_id=case.report_id, revision=1, erased_at=now, by="kim", reason="asked for")
    await erasing.erase(gone, directory, pool, Bell(pool), now)
    await expect(page.locator("#case")).to_contain_text("It is not on your queue")
    await expect(page.locator("#case")).not_to_contain_text("stab me")
    await expect(other.locator("#d-note").get_by_role("status")).to_be_visible()
    await other.keyboard.press("Escape")
    await expect(other.locator("#case")).not_to_contain_text("stab me")
    await expect(other.get_by_label("What you wrote")).to_have_value("half a sentence")
    assert await violations(other) == []
