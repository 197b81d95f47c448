"""The board in Chromium: live, raced for, cut off and back, by keyboard alone, readable, and smooth when it is full."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import CDPSession, Page, Route, expect

from deploy.local.process import free_port
from services.escalation.domain.people import Person, Role, Theme
from services.escalation.handlers import people
from services.escalation.settings import Settings
from shared.assessment import Assessment, Evidence, Finding, HeldRule, Missing, PossibleOffence, RiskGroup, Standing
from shared.codebook import DangerClass, Effect, Flag, Label, Repetition, Threat
from shared.database import Pool
from shared.events import Lane, ReportClassified
from shared.told import Answers, Contact, Place
from tests.browser.axe import violations
from tests.browser.control_room.conftest import PASSWORD, PHONE, Open, serving, sign_in
from tests.browser.looking import picture
from tests.builders import assessment, classified, report
from tests.escalation.conftest import Escalate

TEXT = (
    "He is outside again, third night. He said he'd stab me if I rang you. He has keyed the car and he follows me "
    "to work. Please do not put the sirens on, he will know it was me. Ring my sister, not this phone."
)


def evidence(fact: str, rule: str, quote: str) -> Evidence:
    start = TEXT.index(quote)
    return Evidence(fact=fact, rule=rule, start=start, end=start + len(quote), quote=quote)


def finding(id_: str, asks: str, standing: Standing = Standing.unknown, *shown: Evidence) -> Finding:
    return Finding(id=id_, group=RiskGroup(id_.split(".")[0]), asks=asks, standing=standing, evidence=shown)


PICTURE = (
    finding("four.fixated", "Fixated: is one person sought out, again and again?", Standing.present),
    finding("four.obsessive", "Obsessive: does it take up the party's time and thoughts, beyond reason?"),
    finding("four.unwanted", "Unwanted: did the person not want it, or say no?", Standing.present),
    finding("four.repeated", "Repeated: has it happened two times or more?", Standing.present),
    finding("sdash.frightened", "Is the victim very frightened?", Standing.present),
    finding(
        "sdash.damage",
        "Has the party damaged property?",
        Standing.present,
        evidence("H4", "H4.damage", "keyed the car"),
    ),
    finding("sdash.visits", "Does the party visit more than three times a week?"),
    finding("sdash.third_parties", "Has the party harassed any third party since it began?", Standing.absent),
    finding("sdash.drink_or_drugs", "Does the party drink heavily or take drugs?"),
)
OFFENCE = PossibleOffence(
    id="stalking",
    name="Stalking",
    statute="Protection from Harassment Act 1997",
    section="s.2A",
    line="Following, watching or contacting somebody in a way that amounts to stalking.",
    facts=("F1.repeated", "S1"),
)


def stalker(minutes_ago: float = 1, **given: Any) -> ReportClassified:
    """A stalker outside now, with everything that a case can show."""
    told = report(
        reference="H-STALK-00001",
        text=TEXT,
        lane=Lane.urgent,
        received_at=datetime.now(UTC) - timedelta(minutes=minutes_ago),
        place=Place(postcode="ZZ1 4AB", words="14 Tamar House"),
        contact=Contact(name="Jo Field", phone="01632 960001"),
        answers=Answers(safe_contact="Ring my sister, not this phone", feeling=("scared",)),
    )
    read = Assessment(
        rulebook="rules-1",
        primary=Label.stalking,
        labels=(Label.stalking, Label.harassment),
        repetition=Repetition.repeated,
        effect=(Effect.scared,),
        behaviours=("S1", "S3", "H4", "H7"),
        fixation=True,
        threat=Threat.explicit,
        happening_now=True,
        safe_contact=("do not put the sirens on",),
        flags=(Flag.domestic,),
        danger_class=DangerClass.violence_threatened,
        held=(
            HeldRule(label=Label.stalking, rule="L1", facts=("F1", "F4", "S1"), why="repeated, fixated, frightening"),
        ),
        risk=PICTURE,
        offences=(OFFENCE,),
        missing=(Missing(label=Label.hate_incident, fact="F5", words="hate incident: no strand was named"),),
        evidence=(
            evidence("F10", "now.outside", "outside again"),
            evidence("F1.repeated", "repetition.nth", "third night"),
            evidence("F7.explicit", "threat.explicit.stab", "he'd stab me"),
            evidence("S1", "stalking.follows", "he follows me"),
            evidence("F11", "safe.sirens", "do not put the sirens on"),
        ),
        ask="Where is he at this moment?",
    )
    return classified(told.model_copy(update=given), read)


def quiet(reference: str = "H-QUIET-00001", danger: int = 4, **given: Any) -> ReportClassified:
    told = report(reference=reference, received_at=datetime.now(UTC), **given)
    return classified(told, assessment(labels=(Label.harassment,), danger_class=DangerClass(danger)))


async def live(page: Page) -> None:
    await expect(page.locator("#link")).to_have_text("Live")


async def references(page: Page) -> list[str]:
    return await page.locator("#lines .line .where .quiet").all_inner_texts()


APPEARED = """(reference) => new Promise((found) => {
    const there = () => document.querySelector("#lines").innerText.includes(reference);
    const look = () => there() ? found(Date.now()) : requestAnimationFrame(look);
    look();
})"""


async def seconds_until_shown(page: Page, escalate: Escalate, reference: str) -> float:
    """From the moment that a threat is committed until the page shows it."""
    shown = asyncio.create_task(page.evaluate(APPEARED, reference))
    await escalate(stalker(reference=reference, place=Place(words=reference)), at=datetime.now(UTC))
    committed = time.time()
    return float(await shown) / 1000 - committed


async def test_a_threat_is_on_an_open_board_within_two_seconds_on_top_and_announced(
    open_page: Open, escalate: Escalate, pool: Pool
):
    await escalate(quiet(), at=datetime.now(UTC))
    page, muted = await open_page("/board"), await open_page("/board", "Alex")
    await asyncio.gather(live(page), live(muted))
    await muted.keyboard.press("u")
    await expect(muted.locator("#mute")).to_have_attribute("aria-pressed", "true")
    took = [await seconds_until_shown(page, escalate, f"H-STALK-0000{number}") for number in range(1, 4)]
    assert min(took) < 2, f"{took} seconds"
    assert (await references(page))[3:] == ["H-QUIET-00001"]
    await expect(page.locator("#news")).to_contain_text("New threat")
    await expect(page.locator("#board")).to_have_attribute("data-beeped", re.compile(r"\d"))
    await expect(page).to_have_title(re.compile("threat"))
    await expect(page).not_to_have_title(re.compile("threat"))  # it flashes
    await expect(muted).to_have_title(re.compile("3 threats"))
    assert await muted.locator("#board").get_attribute("data-beeped") is None
    assert await pool.fetchval("select muted from person where id = 'alex'")
    assert not await pool.fetchval("select muted from person where id = 'sam'")


async def test_two_operators_race_for_one_case_and_one_has_it(open_page: Open, escalate: Escalate):
    await escalate(stalker(), at=datetime.now(UTC))
    sam, alex = await open_page("/board", "Sam"), await open_page("/board", "Alex")
    await asyncio.gather(live(sam), live(alex))
    await asyncio.gather(sam.keyboard.press("n"), alex.keyboard.press("n"))
    for page in (sam, alex):
        await expect(page.locator("#lines .who")).to_contain_text("Held by")
        await expect(page.get_by_text(re.compile("You hold it|Nothing is there to claim"))).to_be_visible()
    holds = [await page.get_by_text("You hold it").count() for page in (sam, alex)]
    assert sorted(holds) == [0, 1]


async def test_a_lease_that_lapses_frees_the_case_on_every_board(open_page: Open, escalate: Escalate, pool: Pool):
    await escalate(stalker(), at=datetime.now(UTC))
    sam, alex = await open_page("/board", "Sam"), await open_page("/board", "Alex")
    await asyncio.gather(live(sam), live(alex))
    await sam.keyboard.press("n")
    await expect(alex.locator("#lines .who")).to_contain_text("Sam")
    await sam.close()
    await pool.execute("update queue_item set lease_until = now()")
    await expect(alex.locator("#lines .who")).to_be_empty()
    await alex.keyboard.press("n")
    await expect(alex.locator("#case")).to_contain_text("You hold it")


async def test_an_open_board_keeps_what_its_owner_holds_whatever_it_shows(
    open_page: Open, escalate: Escalate, pool: Pool
):
    await escalate(stalker(), quiet(), at=datetime.now(UTC))
    page = await open_page("/preferences")
    await page.clock.install()
    await page.goto(page.url.replace("/preferences", "/board"))
    await live(page)
    await page.keyboard.press("n")
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await page.locator("#lines .line").nth(1).click()
    await expect(page.locator("#case h2")).to_contain_text("Class 4: Everything else")
    await pool.execute("update queue_item set lease_until = now() + interval '40 seconds' where holder is not null")
    async with page.expect_response("**/board/renewals"):
        await page.clock.fast_forward(31_000)
    left = await pool.fetchval("select lease_until - now() from queue_item where holder is not null")
    assert left > timedelta(seconds=60)


async def test_near_copies_are_one_row_listed_in_the_case_and_closed_with_it_if_so_wanted(
    open_page: Open, escalate: Escalate
):
    many = [stalker(reference=f"H-STALK-0000{number}", report_id=uuid4()) for number in range(1, 4)]
    await escalate(*(classified(one.report, one.assessment) for one in many), at=datetime.now(UTC))
    page = await open_page("/board")
    await live(page)
    await expect(page.locator("#lines .line")).to_have_count(1)
    await expect(page.locator("#lines .who")).to_contain_text("+ 2 near-copies")
    await page.keyboard.press("n")
    await expect(page.locator("#near + ul li")).to_have_count(2)
    assert await violations(page) == []
    await page.keyboard.press("x")
    dialog = page.locator("#d-close")
    await dialog.get_by_label("Its near-copies too").check()
    await dialog.get_by_label("Outcome").select_option("advised")
    await dialog.get_by_label("Why").fill("one person, three times")
    await picture(page, "near-copies")
    await dialog.get_by_role("button", name="Close the case").click()
    await expect(page.locator("#lines .line")).to_have_count(0)


async def test_a_lost_connection_is_shown_at_once_and_mends_itself_missing_nothing(
    open_page: Open, escalate: Escalate, settings: Settings, pool: Pool
):
    await people.let_in(
        Person("sam", "Sam", Role.operator, "northmoor-police"), pool, "a test", datetime.now(UTC), PASSWORD
    )
    page = await open_page("/preferences", "Robin")
    port = free_port()
    async with serving(settings, port) as base:
        await sign_in(page, base, "Sam")
        await live(page)
        await escalate(quiet(), at=datetime.now(UTC))
        await expect(page.locator("#lines .line")).to_have_count(1)
    await expect(page.locator("#link")).to_have_text("Not live")
    await expect(page.locator("#lost")).to_contain_text("The connection is lost")
    await escalate(stalker(), quiet("H-QUIET-00002"), at=datetime.now(UTC))
    async with serving(settings, port):
        await live(page)
        await expect(page.locator("#lost")).to_be_hidden()
        await expect(page.locator("#lines .line")).to_have_count(3)
        assert (await references(page))[0] == "H-STALK-00001"


async def by_keyboard(page: Page, *said: str) -> None:
    """Letters and names of keys are pressed, one after the other; whatever else is typed."""
    for one in said:
        await (page.keyboard.press(one) if len(one) == 1 or one in ("Tab", "Enter") else page.keyboard.type(one))


async def test_everything_by_keyboard_alone(open_page: Open, escalate: Escalate, pool: Pool):
    await escalate(stalker(), quiet(), at=datetime.now(UTC))
    page = await open_page("/board")
    await live(page)
    await by_keyboard(page, "j", "Enter")
    await expect(page.locator("#case h2")).to_contain_text("Class 2")
    await by_keyboard(page, "c")
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await by_keyboard(page, "o", *["Tab"] * 5, "i", "Tab", "Tab", "he is at the door", "Tab", "Enter")
    await expect(page.locator("#case h2")).to_contain_text("Class 1")
    await by_keyboard(page, "m", "spoke to the sister", "Tab", "Enter")
    await expect(page.locator("#case")).to_contain_text("contact was made")
    await by_keyboard(page, "w", "unit sent without sirens", "Tab", "Enter")
    await expect(page.locator("#case .timeline")).to_contain_text("unit sent without sirens")
    await by_keyboard(page, "x", "Off", "Tab", "Tab", "Enter")
    await expect(page.locator("#case")).to_contain_text("Closed: Officers went")
    await expect(page.locator("#lines .line")).to_have_count(1)
    await by_keyboard(page, "n")
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await by_keyboard(page, "t", "Southvale", "Tab", "Tab", "it is over the boundary", "Tab", "Enter")
    await expect(page.locator("#case h2")).to_have_text("Sent to Southvale Constabulary")
    await expect(page.locator("#lines .line")).to_have_count(0)
    rows = await pool.fetch("select action from audit_entry where who = 'sam' order by id")
    assert [row["action"] for row in rows] == [
        "signed in", "looked at", "claimed", "overrode", "made contact", "noted", "closed", "claimed", "routed",
    ]  # fmt: skip


async def test_news_on_its_way_takes_away_nothing_that_is_being_written(open_page: Open, escalate: Escalate):
    await escalate(stalker(), quiet(), at=datetime.now(UTC))
    page = await open_page("/board")
    await live(page)
    await by_keyboard(page, "j", "Enter")
    await expect(page.locator("#case h2")).to_contain_text("Class 2")
    come = asyncio.Event()

    async def late(route: Route) -> None:
        await come.wait()
        await route.continue_()

    await page.route("**/board/cases/*again=true*", late)
    asked = 'htmx.ajax("GET", `/board/cases/${document.querySelector("[data-case]").dataset.case}?again=true`, "#case")'
    async with page.expect_response("**/board/cases/*again=true*"):
        await page.evaluate(f"void {asked}")
        await by_keyboard(page, "w", "unit")
        come.set()
    await by_keyboard(page, " sent now")
    await expect(page.locator("#d-note textarea")).to_have_value("unit sent now")


AT_ONCE = """() => document.addEventListener("htmx:afterSwap", () => queueMicrotask(() => {
  const form = document.querySelector("#d-note form");
  form.querySelector("textarea").value = "written at once";
  form.requestSubmit();
}), { once: true })"""


async def test_a_form_works_as_soon_as_it_is_there(open_page: Open, escalate: Escalate):
    await escalate(stalker(), at=datetime.now(UTC))
    page = await open_page("/board")
    await live(page)
    await by_keyboard(page, "j", "Enter")
    await expect(page.locator("#case h2")).to_contain_text("Class 2")
    await page.evaluate(AT_ONCE)
    await by_keyboard(page, "c")
    await expect(page.locator("#case .timeline")).to_contain_text("written at once")
    assert "token" not in page.url


async def test_the_words_are_shown_with_what_they_show_and_safe_contact_cannot_be_missed(
    open_page: Open, escalate: Escalate
):
    await escalate(stalker(), at=datetime.now(UTC))
    page = await open_page("/board")
    await live(page)
    await page.keyboard.press("n")
    await expect(page.locator(".told mark")).to_have_count(5)
    await expect(page.locator(".told")).to_contain_text("threat.explicit.stab")
    await expect(page.locator(".ask")).to_contain_text("Where is he at this moment?")
    for words in ("✔ present", "✘ absent", "? unknown", "keyed the car", "Protection from Harassment Act 1997", "s.2A"):
        await expect(page.locator("#case")).to_contain_text(words)
    for place in (page.locator("article > .safe-box"), page.locator(".panel .safe-box")):
        await expect(place).to_contain_text("do not put the sirens on")
    for key, dialog in (("m", "#d-contact"), ("t", "#d-route")):
        await page.keyboard.press(key)
        await expect(page.locator(f"{dialog} .safe-box")).to_be_visible()
        await page.keyboard.press("Escape")
    await expect(page.locator("#lines .safe")).to_be_visible()


async def test_a_panel_is_said_to_have_a_case_only_where_one_does(open_page: Open, escalate: Escalate):
    asks = {"case_review_asked_at": datetime.now(UTC), "contact": Contact(name="Sam", phone="01632 960001")}
    somewhere = quiet("H-QUIET-00001", place=Place(postcode="ZZ1 4AB"), **asks)
    nowhere = quiet("H-QUIET-00002", place=Place(words="Elm Street"), **asks)
    for event in (somewhere, nowhere):
        await escalate(event, at=datetime.now(UTC))
    page = await open_page(f"/board/cases/{somewhere.report_id}")
    asked = page.locator(".notice", has_text="Asks for an ASB Case Review")
    await expect(asked).to_contain_text("Moor and Vale ASB Case Review panel: queued.")
    await page.goto(page.url.replace(str(somewhere.report_id), str(nowhere.report_id)))
    await expect(asked).to_contain_text("No panel has it. Its area is not known without a whole postcode.")


async def test_a_case_that_somebody_else_changes_is_shown_anew(open_page: Open, escalate: Escalate):
    event = quiet()
    await escalate(event, at=datetime.now(UTC))
    page = await open_page("/board")
    await live(page)
    await page.locator("#lines .line").click()
    await expect(page.locator("#case h2")).to_contain_text("Class 4")
    graver = assessment(labels=(Label.harassment,), danger_class=DangerClass.life_at_risk, threat=Threat.imminent)
    await escalate(classified(event.report.model_copy(update={"revision": 2}), graver), at=datetime.now(UTC))
    await expect(page.locator("#case h2")).to_contain_text("Class 1")
    await expect(page.locator("#case .timeline")).to_contain_text("class 4, scheduled → class 1, emergency")


async def test_a_note_being_written_is_not_lost_when_the_case_changes(open_page: Open, escalate: Escalate):
    event = quiet()
    await escalate(event, at=datetime.now(UTC))
    page = await open_page("/board")
    await live(page)
    await page.locator("#lines .line").click()
    await expect(page.locator("#case h2")).to_be_visible()
    await page.keyboard.press("w")
    await page.keyboard.type("half a sentence")
    await escalate(classified(event.report.model_copy(update={"revision": 2}), event.assessment), at=datetime.now(UTC))
    await escalate(quiet("H-QUIET-00002"), at=datetime.now(UTC))
    await expect(page.locator("#lines .line")).to_have_count(2)
    assert await page.locator("#d-note textarea").input_value() == "half a sentence"


async def test_a_case_that_moved_on_is_not_closed_and_what_was_written_stays(open_page: Open, escalate: Escalate):
    event = quiet()
    await escalate(event, at=datetime.now(UTC))
    page = await open_page("/board")
    await live(page)
    await page.keyboard.press("n")
    await expect(page.locator("#case")).to_contain_text("You hold it")
    await page.keyboard.press("x")
    dialog = page.locator("#d-close")
    await dialog.get_by_label("Outcome").select_option("advised")
    await dialog.get_by_label("Why").fill("it was only the noise")
    graver = assessment(labels=(Label.harassment,), danger_class=DangerClass.life_at_risk, threat=Threat.imminent)
    await escalate(classified(event.report.model_copy(update={"revision": 2}), graver), at=datetime.now(UTC))
    await expect(dialog.get_by_role("status")).to_contain_text("This case has changed while you write")
    await dialog.get_by_role("button", name="Close the case").click()
    await expect(dialog.get_by_role("alert")).to_contain_text(
        "Since you opened it, more was told; it was class 4, and is class 1 now"
    )
    await expect(dialog.get_by_label("Why")).to_have_value("it was only the noise")
    await page.keyboard.press("Escape")
    await expect(page.locator("#case h2")).to_contain_text("Class 1")
    await page.keyboard.press("x")
    await dialog.get_by_label("Outcome").select_option("attended")
    await dialog.get_by_label("Why").fill("a unit went")
    await dialog.get_by_role("button", name="Close the case").click()
    await expect(page.locator("#case")).to_contain_text("Closed: Officers went")


@pytest.mark.parametrize("theme", list(Theme))
async def test_nobody_is_shut_out(open_page: Open, escalate: Escalate, theme: Theme):
    await escalate(
        stalker(),
        stalker(-2, reference="H-STALK-00002", place=Place(words="The bus station")),
        quiet(),
        quiet("H-Q-3", 3),
        at=datetime.now(UTC),
    )
    page = await open_page("/board", theme=theme)
    await live(page)
    await page.keyboard.press("n")
    await expect(page.locator("#case")).to_contain_text("You hold it")
    assert await violations(page) == []
    await picture(page, f"board-{theme}")
    await page.keyboard.press("o")
    assert await violations(page) == []
    await picture(page, f"override-{theme}")


async def test_on_a_phone(open_page: Open, escalate: Escalate):
    await escalate(stalker(), quiet(), at=datetime.now(UTC))
    page = await open_page("/board", size=PHONE)
    await live(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    assert await violations(page) == []
    await picture(page, "board-phone")
    await page.locator("#lines .line").first.click()
    await expect(page.locator("#case h2")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    assert await violations(page) == []
    await picture(page, "case-phone")


async def busy(client: CDPSession) -> float:
    """Seconds of its own time, and nobody else's, that the page's thread has worked."""
    found = await client.send("Performance.getMetrics")
    return float(next(one["value"] for one in found["metrics"] if one["name"] == "TaskDuration"))


async def test_five_hundred_open_cases_stay_smooth(open_page: Open, escalate: Escalate):
    many = [quiet(f"H-MANY-{number:05}", 1 + number % 4) for number in range(500)]
    for start in range(0, 500, 100):
        await escalate(*many[start : start + 100], at=datetime.now(UTC))
    page = await open_page("/board")
    await live(page)
    await expect(page.locator("#lines .line")).to_have_count(500)
    client = await page.context.new_cdp_session(page)
    await client.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = await busy(client)
    for number in range(10):
        changed = {"report_id": many[number].report_id, "revision": 2, "place": Place(words=f"{number} Tamar House")}
        await escalate(stalker(reference=f"H-NEW-{number:05}", **changed))
        await page.keyboard.press("j")
    await expect(page.locator("#lines .where .quiet", has_text="H-NEW")).to_have_count(10)
    each = (await busy(client) - before) / 10
    assert each < 0.3, f"a change keeps the page busy for {1000 * each:.0f} ms of its own time"
