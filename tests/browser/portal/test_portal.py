"""The portal in Chromium: an agency's reports and a panel's reviews, on a desk and on a phone."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from services.escalation.domain.people import Theme
from shared.codebook import Label
from shared.database import Pool
from shared.told import Answers, Contact, History, Place, Times
from tests.browser.axe import violations
from tests.browser.control_room.conftest import DESKTOP, PHONE, Open
from tests.browser.control_room.test_any_screen import FIRST_LETTER
from tests.browser.looking import picture
from tests.builders import classified, report
from tests.escalation.conftest import Escalate

COUNCIL, PANEL = "northmoor-council-asb", "moor-and-vale-case-review"
CONTACT = Contact(name="Jo Field", phone="01632 960001")
TEXT = "Lads on bikes by the garages every evening.\nThey kick a ball at my door and shout at my mum when she goes out."

OURS = "reference = 'H-4K7QX-9M2TB' and agency_id = $1"


async def told(escalate: Escalate) -> str:
    """A report that the council has, with something to say about safe contact."""
    given = report(
        reference="H-4K7QX-9M2TB",
        text=TEXT,
        received_at=datetime.now(UTC),
        contact=CONTACT,
        place=Place(postcode="ZZ1 4AB", words="garages behind Tamar House"),
        answers=Answers(
            safe_contact="Text first, never ring after six",
            party="three lads on bikes",
            happening_now=True,
            times=Times.more,
            when="since August, most evenings",
            feeling=("scared",),
            reported_before=4,
        ),
    )
    event = classified(given, behaviours=("A4", "H8"), labels=(Label.harassment, Label.asb))
    await escalate(event, at=datetime.now(UTC))
    late = report(reference="H-OLDER-00001", received_at=datetime.now(UTC) - timedelta(days=9))
    await escalate(classified(late, behaviours=("A4",)), at=datetime.now(UTC) - timedelta(days=9))
    return str(event.report_id)


async def persisting(escalate: Escalate) -> None:
    """Three complaints of one household, a fourth that is the same incident told again."""
    references: list[str] = []
    start = datetime.now(UTC) - timedelta(days=40)
    for n, days in enumerate((0, 10, 10.5, 20)):
        history = History(reports=n, references=tuple(reversed(references)))
        at = start + timedelta(days=days)
        given = report(reference=f"H-NOISE-0000{n}", received_at=at, history=history, contact=CONTACT)
        await escalate(classified(given, behaviours=("A3",)), at=at)
        references.append(given.reference)


async def test_a_report_is_opened_acknowledged_noted_and_closed(escalate: Escalate, open_portal: Open, pool: Pool):
    await told(escalate)
    page = await open_portal("/portal", COUNCIL)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Reports for Northmoor Council ASB team")
    await page.get_by_role("link", name="H-4K7QX-9M2TB").click()
    await expect(page.get_by_label("Safe contact")).to_contain_text("Text first, never ring after six")
    await page.get_by_role("button", name="Acknowledge").click()
    await expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    await page.get_by_text("Write a note").click()
    await page.get_by_label("Note, for you and for staff").fill("Officers walk by at seven.")
    await page.get_by_label("The reporter may be told").first.select_option(label="it is being looked at")
    await page.get_by_role("button", name="Keep the note").click()
    await expect(page.get_by_text("Officers walk by at seven.")).to_be_visible()
    await page.locator("summary", has_text="Close").click()
    await page.get_by_label("What came of it").fill("The lads were spoken to.")
    await expect(page.get_by_label("The reporter may be told").nth(1)).not_to_contain_text("it is being looked at")
    await page.get_by_role("button", name="Close", exact=True).click()
    await expect(page.get_by_text("closed", exact=True).first).to_be_visible()
    assert (
        await pool.fetchval("select state from delivery where reference = 'H-4K7QX-9M2TB' and agency_id = $1", COUNCIL)
        == "closed"
    )
    steps = await pool.fetch("select step, by from delivery_step order by id")
    assert [tuple(step) for step in steps] == [
        ("acknowledged", f"ada-{COUNCIL}"),
        ("under_way", f"ada-{COUNCIL}"),
        ("closed", f"ada-{COUNCIL}"),
    ]


async def test_not_ours_is_given_back_for_somebody(escalate: Escalate, open_portal: Open, pool: Pool):
    report_id = await told(escalate)
    page = await open_portal(f"/portal/reports/{report_id}", COUNCIL)
    await page.get_by_text("Not ours").click()
    await page.get_by_label("Whose it is").select_option(label="Northmoor Environmental Health")
    await page.get_by_label("Why").fill("It is the noise that troubles them.")
    await page.get_by_role("button", name="Give it back").click()
    await expect(page.get_by_text("given back", exact=True).first).to_be_visible()
    row = await pool.fetchrow(
        "select state, returned_for from delivery where reference = 'H-4K7QX-9M2TB' and agency_id = $1", COUNCIL
    )
    assert tuple(row) == ("returned", "northmoor-environmental-health")


async def test_what_was_closed_meanwhile_is_said_and_not_lost(escalate: Escalate, open_portal: Open, pool: Pool):
    report_id = await told(escalate)
    page = await open_portal(f"/portal/reports/{report_id}", COUNCIL)
    await pool.execute("update delivery set state = 'closed'")
    await page.get_by_role("button", name="Acknowledge").click()
    await expect(page.get_by_role("alert")).to_contain_text("It is closed")


async def test_an_agency_sees_no_board_and_nobody_elses_report(escalate: Escalate, open_portal: Open, site: str):
    report_id = await told(escalate)
    page = await open_portal("/portal", "northmoor-homes")
    await expect(page.get_by_text("Nothing here now.")).to_be_visible()
    for path, status in ((f"/portal/reports/{report_id}", 404), ("/board", 403)):
        answer = await page.goto(f"{site}{path}")
        assert answer is not None
        assert answer.status == status


async def test_a_panel_plans_and_closes_a_review(escalate: Escalate, open_portal: Open):
    await persisting(escalate)
    page = await open_portal("/portal/reviews", PANEL)
    await page.get_by_role("link", name="H-NOISE-00003").click()
    await expect(page.get_by_text("the same incident, told again or to another agency (H-NOISE-00001)")).to_be_visible()
    await page.get_by_text("Add an action").click()
    await page.get_by_label("What is to be done").fill("Fit a noise monitor")
    await page.get_by_label("Who does it").select_option(label="Northmoor Environmental Health")
    await page.get_by_label("By", exact=True).fill("2026-01-10")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("cell", name="Fit a noise monitor", exact=True)).to_be_visible()
    await page.get_by_text("Set the review date").click()
    await page.get_by_label("The plan is looked at again on").fill("2027-02-01")
    await page.get_by_role("button", name="Set", exact=True).click()
    await expect(page.get_by_text("Looked at again on 1 February 2027.")).to_be_visible()
    assert await violations(page) == []
    await picture(page, "portal-review")
    owner = await open_portal("/portal/reviews", "northmoor-environmental-health")
    await owner.get_by_role("link", name="H-NOISE-00003").click()
    await owner.get_by_role("button", name="Done: Fit a noise monitor").click()
    await expect(owner.get_by_role("button", name="Done: Fit a noise monitor")).to_have_count(0)
    await expect(owner.get_by_text("Add an action")).to_have_count(0)
    await page.get_by_text("Close the review").click()
    await page.get_by_label("What came of it").fill("The music has stopped.")
    await page.get_by_role("button", name="Close", exact=True).click()
    told = page.get_by_label("The reporter is told")
    await expect(told).to_be_focused()  # it must be chosen first
    await expect(told).not_to_contain_text("it is being looked at")
    await told.select_option(label="something was done")
    await page.get_by_role("button", name="Close", exact=True).click()
    await expect(page.get_by_text("Closed: The music has stopped.")).to_be_visible()


async def test_a_name_in_arabic_letters_turns_no_number_round_and_one_long_word_moves_nothing_sideways(
    escalate: Escalate, open_portal: Open
):
    given = report(contact=Contact(name="عائشہ", phone="07700 900123"), text="a" * 200, received_at=datetime.now(UTC))
    await escalate(event := classified(given, behaviours=("A4",), labels=(Label.asb,)), at=datetime.now(UTC))
    page = await open_portal(f"/portal/reports/{event.report_id}", COUNCIL, PHONE)
    await page.get_by_text("Write a note").click()
    await page.get_by_label("Note, for you and for staff").fill("b" * 200)
    await page.get_by_role("button", name="Keep the note").click()
    await expect(page.get_by_text("bbb")).to_be_visible()
    await page.wait_for_load_state()  # with its styles
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    x = [await page.evaluate(FIRST_LETTER, [".panel:has(dl)", words]) for words in ("07700", "900123")]
    assert x[0] < x[1]


@pytest.mark.parametrize(
    ("name", "size", "theme"), [("desktop", DESKTOP, Theme.dark), ("phone", PHONE, Theme.light)], ids=["desk", "phone"]
)
async def test_every_page_is_readable_by_everybody(
    escalate: Escalate, open_portal: Open, site: str, name: str, size: dict[str, int], theme: Theme
):
    report_id = await told(escalate)
    await persisting(escalate)
    page = await open_portal("/portal", COUNCIL, size, theme)
    assert await violations(page) == []
    await picture(page, f"portal-{name}")
    await page.goto(f"{site}/portal/reports/{report_id}")
    for summary in await page.locator("summary").all():
        await summary.click()
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await page.evaluate("scrollTo(0, 0)")
    await picture(page, f"portal-report-{name}")
    panel = await open_portal("/portal/reviews", PANEL, size, theme)
    assert await violations(panel) == []
    await panel.get_by_role("link", name="H-NOISE-00003").click()
    assert await violations(panel) == []
    assert await panel.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if name == "phone":
        await picture(panel, "portal-review-phone")
