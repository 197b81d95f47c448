"""In Chromium: nothing that an agency typed is lost, whatever it is refused for, and each refusal says what to do."""

from playwright.async_api import Page, expect

from shared.database import Pool
from tests.browser.axe import violations
from tests.browser.control_room.conftest import PASSWORD, PHONE, Open
from tests.browser.portal.test_portal import COUNCIL, told
from tests.escalation.conftest import Escalate

NOTE = 'Two officers went.\nHe said "come on a Sunday" <then>.'


async def writing(page: Page) -> None:
    await page.get_by_text("Write a note").click()
    await page.get_by_label("Note, for you and for staff").fill(NOTE)
    await page.get_by_label("The reporter may be told").first.select_option(label="something was done")


async def kept(pool: Pool) -> list[str]:
    return [row["note"] for row in await pool.fetch("select note from delivery_step")]


async def is_readable(page: Page) -> None:
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


async def test_a_note_written_when_the_session_has_ended_is_sent_after_signing_in(
    escalate: Escalate, open_portal: Open, pool: Pool
):
    report_id = await told(escalate)
    page = await open_portal(f"/portal/reports/{report_id}", COUNCIL, PHONE)
    await writing(page)
    await pool.execute("delete from session")
    await page.get_by_role("button", name="Keep the note").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your session has ended")
    await is_readable(page)
    assert "officers" not in page.url
    async with page.expect_popup() as opened:
        await page.get_by_role("link", name="Sign in").click()
    other = await opened.value
    await other.get_by_label("Name").fill(f"ada-{COUNCIL}")
    await other.get_by_label("Password").fill(PASSWORD)
    await other.get_by_role("button", name="Sign in").click()
    await expect(other.get_by_role("heading", level=1)).to_contain_text("Reports for")
    assert await kept(pool) == []
    await page.get_by_role("button", name="Send it again").click()
    await expect(page.get_by_text("Two officers went.")).to_be_visible()
    assert [note.replace("\r\n", "\n") for note in await kept(pool)] == [NOTE]


async def test_a_note_for_what_was_closed_in_another_tab_is_there_to_be_copied(
    escalate: Escalate, open_portal: Open, pool: Pool
):
    report_id = await told(escalate)
    page = await open_portal(f"/portal/reports/{report_id}", COUNCIL, PHONE)
    await writing(page)
    await pool.execute("update delivery set state = 'closed'")
    await page.get_by_role("button", name="Keep the note").click()
    await expect(page.get_by_role("alert")).to_contain_text("It is closed")
    await expect(page.get_by_label("What you wrote, which was not kept")).to_have_value(NOTE)
    await is_readable(page)


async def test_blanks_are_no_outcome_and_the_summary_leads_to_the_field(
    escalate: Escalate, open_portal: Open, pool: Pool
):
    report_id = await told(escalate)
    page = await open_portal(f"/portal/reports/{report_id}", COUNCIL, PHONE)
    await page.locator("summary", has_text="Close").click()
    await page.get_by_label("What came of it").fill("   ")
    await page.get_by_label("The reporter may be told").nth(1).select_option(label="something was done")
    await page.get_by_role("button", name="Close", exact=True).click()
    await expect(page).to_have_title("Error: H-4K7QX-9M2TB – Heard")
    await expect(page.get_by_role("alert")).to_be_focused()
    await expect(page.get_by_role("heading", level=2, name="There is a problem")).to_be_in_viewport()
    await is_readable(page)
    await page.get_by_role("link", name="Write what came of it").click()
    outcome = page.get_by_label("What came of it")
    await expect(outcome).to_be_focused()
    await expect(outcome).to_have_value("   ")
    await expect(outcome).to_have_accessible_description("Error: Write what came of it")
    await expect(page.get_by_label("The reporter may be told").nth(1)).to_have_value("something_was_done")
    await outcome.fill("They were spoken to.")
    await page.get_by_role("button", name="Close", exact=True).click()
    await expect(page.get_by_text("They were spoken to.")).to_be_visible()


async def test_as_much_as_the_field_takes_is_taken_whatever_its_line_breaks(
    escalate: Escalate, open_portal: Open, pool: Pool
):
    report_id = await told(escalate)
    page = await open_portal(f"/portal/reports/{report_id}", COUNCIL)
    await page.get_by_text("Not ours").click()
    why = "\n".join(["a" * 18] * 105) + "a" * 6
    await page.get_by_label("Why").fill(why)
    await page.get_by_role("button", name="Give it back").click()
    await expect(page.get_by_text("given back", exact=True).first).to_be_visible()
    assert await kept(pool) == [why]
