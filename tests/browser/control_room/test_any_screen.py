"""A case is read at any zoom, with the keyboard, and in any script."""

from datetime import UTC, datetime

from playwright.async_api import expect

from shared.told import Contact
from tests.browser.axe import violations
from tests.browser.control_room.conftest import PHONE, Open
from tests.browser.control_room.test_board import live, quiet, stalker
from tests.browser.looking import picture
from tests.escalation.conftest import Escalate

COVERED = """(bar) => {
  const [under, at] = [bar, document.activeElement].map((one) => one.getBoundingClientRect());
  return !bar.contains(document.activeElement) && at.height > 0
    && at.top >= under.top && at.bottom <= under.bottom && at.left < under.right && at.right > under.left;
}"""
FIRST_LETTER = """([selector, words]) => {
  const walker = document.createTreeWalker(document.querySelector(selector), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const start = walker.currentNode.data.indexOf(words);
    if (start < 0) continue;
    const range = document.createRange();
    range.setStart(walker.currentNode, start);
    range.setEnd(walker.currentNode, start + words.length);
    return range.getBoundingClientRect().x;
  }
}"""


async def test_what_has_the_focus_is_not_under_the_buttons(open_page: Open, escalate: Escalate):
    await escalate(stalker(), at=datetime.now(UTC))
    page = await open_page("/board")
    await live(page)
    await page.keyboard.press("n")
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await page.evaluate("""() => {
      const links = [...document.querySelectorAll("#case .panel li")].slice(0, 40);
      for (const one of links) one.tabIndex = 0;
      links.at(-1).focus();
    }""")
    bar = page.locator("#case .actions")
    for _ in range(40):
        await page.keyboard.press("Shift+Tab")
        assert not await bar.evaluate(COVERED), await page.evaluate("document.activeElement.outerHTML")


async def test_at_400_percent_the_buttons_leave_the_case_to_be_read(open_page: Open, escalate: Escalate):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await open_page(f"/board/cases/{case.report_id}", size={"width": 320, "height": 256})
    await page.keyboard.press("c")
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await page.locator("#case .timeline").scroll_into_view_if_needed()
    bottom = await page.locator("#case .actions").evaluate("(bar) => bar.getBoundingClientRect().bottom")
    assert bottom < 64


async def test_one_long_word_moves_nothing_sideways(open_page: Open, escalate: Escalate):
    case = stalker()
    await escalate(case, at=datetime.now(UTC))
    page = await open_page(f"/board/cases/{case.report_id}", size=PHONE)
    await page.keyboard.press("w")
    await page.keyboard.type("https://social.example/" + "a" * 200)
    await page.locator("#d-note").get_by_role("button", name="Write a note").click()
    await expect(page.locator("#case .timeline")).to_contain_text("social.example")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await picture(page, "case-long-word")


async def test_words_in_arabic_letters_begin_on_their_own_side_and_turn_no_number(open_page: Open, escalate: Escalate):
    contact = Contact(name="عائشہ", phone="07700 900123")
    told = 'وہ پھر باہر ہے۔ He said "come out".\nHe is outside again.'
    case = quiet(text=told, contact=contact)
    await escalate(case, at=datetime.now(UTC))
    page = await open_page(f"/board/cases/{case.report_id}")
    x = [await page.evaluate(FIRST_LETTER, ["#case .told", words]) for words in ("وہ", "He said", "He is outside")]
    assert x[0] > x[1] > x[2]
    numbers = [await page.evaluate(FIRST_LETTER, ["#case dl", words]) for words in ("07700", "900123")]
    assert numbers[0] < numbers[1]
    assert await violations(page) == []
