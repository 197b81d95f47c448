"""The operator's desk in a real browser: by keyboard, live, readable, and narrow."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Dialog, Page, Route, expect

from deploy.local.postgres import Postgres
from deploy.local.process import free_port
from services.classifier.main import create_app as create_classifier
from services.classifier.settings import Settings as ClassifierSettings
from services.intake.main import create_app
from services.intake.settings import MIGRATIONS, Settings
from shared.database import migrate
from shared.security import sha256
from tests.browser.axe import violations
from tests.browser.looking import picture

CALLS = Path(__file__).parents[1] / "data" / "calls"
REFUSED = "status of 422"  # what the server refuses on purpose is told to the operator
KEY = "a-key-for-the-call-centre"


class Slow(httpx.AsyncBaseTransport):
    """A classifier that does not answer in time."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(5)
        return httpx.Response(500)


@pytest.fixture(scope="module")
async def served(postgres: Postgres) -> AsyncIterator[tuple[str, FastAPI]]:
    """Intake on a port of its own, with the real classifier behind it."""
    database = postgres.create_database("desk_tests")
    await asyncio.to_thread(migrate, database, MIGRATIONS)
    settings = Settings(
        database=database,
        kafka="127.0.0.1:1",
        secret="a secret of thirty-two characters or more",
        keys={"call-centre": sha256(KEY)},
        classifier_url="http://classifier",
        classifier_key="a key for intake",
    )
    classifier = create_classifier(ClassifierSettings(kafka="none:1", keys={"intake": sha256("a key for intake")}))
    app, port = create_app(settings), free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, ws="websockets-sansio"))
    async with classifier.router.lifespan_context(classifier):
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        await app.state.http.aclose()
        app.state.http = httpx.AsyncClient(transport=httpx.ASGITransport(classifier))
        yield f"http://localhost:{port}", app
        server.should_exit = True
        await serving


@pytest.fixture(scope="module")
def url(served: tuple[str, FastAPI]) -> str:
    return served[0]


@pytest.fixture
async def page(browser: Browser, url: str) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    failures: list[str] = []
    page.on(
        "console",
        lambda message: (
            failures.append(message.text) if message.type == "error" and REFUSED not in message.text else None
        ),
    )
    page.on("pageerror", lambda error: failures.append(str(error)))
    await page.goto(f"{url}/desk")
    await page.get_by_label("Key of your call centre").fill(KEY)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("What is said")).to_be_focused()
    yield page
    assert failures == []
    await context.close()


async def signed_in(context: BrowserContext, url: str) -> Page:
    page = await context.new_page()
    await page.goto(f"{url}/desk")
    await page.get_by_label("Key of your call centre").fill(KEY)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("What is said")).to_be_focused()
    return page


def telephone_system(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30)


async def type_turn(page: Page, speaker: str, words: str) -> None:
    await page.keyboard.press(f"Alt+{speaker}")
    await page.keyboard.type(words)
    await page.keyboard.press("Enter")


async def test_a_call_is_typed_by_keyboard_alone_and_read_as_it_goes(page: Page):
    await type_turn(page, "o", "Police, what's happening?")
    await type_turn(page, "c", "My neighbour bangs on the wall every night. Ring, don't come to the house.")
    await expect(page.locator("#facts")).to_contain_text("repeated")
    await expect(page.locator("#question")).not_to_be_empty()
    await type_turn(page, "c", "Oh God 🔪 he's at my door now with a knife, he says he'll kill me")
    await expect(page.locator("#danger")).to_have_attribute("data-class", "1")
    await expect(page.locator("#danger")).to_have_text("Class 1: life at risk")
    await expect(page.locator("#question")).to_have_text("What is the address, and where are you in it?")
    await expect(page.locator("#facts")).to_contain_text("Violence or its threat")
    marks = [await mark.inner_text() for mark in await page.locator("#turns mark").all()]
    assert any("every night" in mark for mark in marks)
    assert any("kill me" in mark for mark in marks)
    await page.keyboard.press("Alt+a")
    for about in ("01632 960001", "ZZ1 4AB", "Flat 9, Tamar House"):
        await page.keyboard.type(about)
        await page.keyboard.press("Tab" if about != "Flat 9, Tamar House" else "Enter")
    await expect(page.get_by_label("What is said")).to_be_focused()
    await expect(page.locator("#about-kept")).to_have_text("Kept with the call.")
    await expect(page.locator("#question")).to_have_text(
        "Where is the person now, and can you get away or lock yourself in?"
    )
    await picture(page, "desk-1280")
    assert await violations(page) == []
    reference = (await page.locator("#call-title").inner_text()).removeprefix("Call ")
    await page.reload()
    await page.get_by_role("button", name=f"Follow {reference}").click()
    await expect(page.get_by_label("Caller's number")).to_have_value("01632 960001")
    await expect(page.get_by_label("Postcode")).to_have_value("ZZ1 4AB")
    await page.keyboard.press("Alt+e")
    await expect(page.locator("#state")).to_have_text("ended")
    await expect(page.locator("#problem")).to_be_hidden()
    await page.keyboard.press("Alt+a")
    await page.keyboard.type("01632 960002")
    await page.keyboard.press("Alt+n")
    await expect(page.locator("#call-title")).to_have_text("No call yet")
    await expect(page.get_by_label("Caller's number")).to_have_value("")
    await expect(page.get_by_label("What is said")).to_be_focused()
    await expect(page.locator("#call-title")).to_have_text("No call yet")


async def test_a_pasted_transcript_is_split_into_its_turns(page: Page):
    await page.get_by_label("What is said").fill(
        "OPERATOR: Police?\nCALLER: He follows me home\nevery night.\nOPERATOR: Who?"
    )
    await page.keyboard.press("Enter")
    await expect(page.locator("#turns li")).to_have_count(3)
    await expect(page.locator("#turns .caller")).to_contain_text("every night.")


async def test_a_typed_line_with_a_colon_in_it_is_one_turn_whole(page: Page):
    said = ("He is shouting: I am going to kill you all", "Please hurry: he has a knife", "Address: 14 Mill Lane")
    for words in said:
        await type_turn(page, "c", words)
    await type_turn(page, "c", "OPERATOR: Is it: locked?")
    await page.keyboard.type("He wrote: come out")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("Or: I come in")
    await page.keyboard.press("Enter")
    turns = [*(f"caller{words}" for words in said), "operatorIs it: locked?", "callerHe wrote: come out\nOr: I come in"]
    await expect(page.locator("#turns li")).to_have_text(turns)
    await expect(page.locator("#danger")).to_have_attribute("data-class", "1")
    await expect(page.locator("#names")).to_be_hidden()


async def test_what_is_said_while_it_is_asked_who_is_who_is_kept(page: Page):
    box = page.get_by_label("What is said")
    await box.fill("Jo: He follows me home.\nDesk 4: Who does?")
    await page.keyboard.press("Enter")
    await expect(page.locator("#names")).to_contain_text("Desk 4, 1 turn")
    await expect(box).to_be_focused()
    await type_turn(page, "c", "He says he will kill me: he has a knife")
    await expect(page.locator("#turns li")).to_have_text(["callerHe says he will kill me: he has a knife"])
    await expect(page.locator("#danger")).to_have_attribute("data-class", "1")
    assert await page.evaluate("typed()") == "the words of which it is asked who is who"
    await page.get_by_role("button", name="Put it back in the box").click()
    await expect(box).to_have_value("Jo: He follows me home.\nDesk 4: Who does?")
    await expect(box).to_be_focused()
    await page.keyboard.press("Enter")
    await page.set_viewport_size({"width": 320, "height": 800})
    await page.locator("#names").scroll_into_view_if_needed()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    assert await violations(page) == []
    await page.get_by_role("button", name="Keep it as one turn of the caller").click()
    await expect(page.locator("#turns li").nth(1)).to_have_text("callerJo: He follows me home.\nDesk 4: Who does?")
    await expect(page.locator("#names")).to_be_hidden()
    assert not await page.evaluate("notKept()")


async def test_who_is_who_in_what_is_pasted_is_asked_for_by_keyboard(page: Page):
    await page.get_by_label("What is said").fill("Jo: He follows me home.\nDesk 4: Who does?\nJo: My ex, every night.")
    await page.keyboard.press("Enter")
    await expect(page.locator("#names")).to_contain_text("Jo, 2 turns")
    for _ in range(2):
        await page.wait_for_event("response", lambda response: response.url.endswith("/v1/calls"))
    await expect(page.locator("#problem")).to_be_hidden()
    await picture(page, "desk-who-is-who")
    assert await violations(page) == []
    for key in ("Tab", "Space", "Tab", "ArrowDown", "Tab", "Enter"):
        await page.keyboard.press(key)
    await expect(page.locator("#turns .caller")).to_have_count(2)
    await expect(page.locator("#turns .operator")).to_have_text("operatorWho does?")
    await expect(page.get_by_label("What is said")).to_be_focused()
    await page.keyboard.insert_text("Jo: He has a key.\nDesk 4: Since when?")
    await page.keyboard.press("Enter")
    await expect(page.locator("#turns li")).to_have_count(5)


async def test_a_pasted_file_keeps_its_times_and_one_that_is_cut_stays_in_the_box(page: Page):
    await page.get_by_label("What is said").fill((CALLS / "call.vtt").read_text())
    await page.keyboard.press("Enter")
    await expect(page.locator("#turns li").nth(3)).to_have_text("caller at 0:08He said he would stab me.")
    await expect(page.locator("#evidence")).to_contain_text("at 0:08: Threat: ")
    await page.get_by_label("What is said").fill((CALLS / "turns.json").read_text()[:-30])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("the file ends here")
    await expect(page.get_by_label("What is said")).not_to_be_empty()


async def test_words_not_read_in_time_are_said_to_be_so_and_read_as_soon_as_can_be(
    page: Page, served: tuple[str, FastAPI]
):
    state = served[1].state
    classifier, state.http = state.http, httpx.AsyncClient(transport=Slow())
    await type_turn(page, "c", "He said he would stab me.")
    await expect(page.locator("#unread")).to_be_visible()
    state.http = classifier
    await expect(page.locator("#danger")).to_have_attribute("data-class", "2")
    await expect(page.locator("#unread")).to_be_hidden()


async def test_the_desk_says_that_the_line_is_open_while_nobody_speaks(page: Page):
    await type_turn(page, "c", "Wait.")
    await expect(page.locator("#turns li")).to_have_count(1)
    async with page.expect_request(lambda request: request.post_data == '{"turns":[]}'):
        await page.evaluate("call.said_at -= STILL_THERE")
    await expect(page.locator("#state")).to_have_text("live")


async def test_a_call_of_the_telephone_system_is_followed(page: Page, url: str):
    async with telephone_system(url) as telephony:
        opened = (await telephony.post("/v1/calls", json={"call_id": "followed"})).json()
        said = {"turns": [{"number": 1, "speaker": "caller", "text": "My neighbour is shouting again."}]}
        await telephony.post(opened["turns_url"], json=said)
        await page.get_by_role("button", name=f"Follow {opened['reference']}").click()
        await expect(page.locator("#turns")).to_contain_text("shouting again")
        await expect(page.get_by_label("What is said")).to_be_disabled()
        said = {"turns": [{"number": 2, "speaker": "caller", "text": "He said he would stab me."}]}
        await telephony.post(opened["turns_url"], json=said)
        await expect(page.locator("#danger")).to_have_attribute("data-class", "2")
        await telephony.post(f"/v1/calls/{opened['report_id']}/end", json={"state": "dropped"})
        await expect(page.locator("#state")).to_have_text("line dead")
        await expect(page.locator("#danger")).to_have_attribute("data-class", "1")


async def test_what_is_said_while_there_is_no_connection_is_shown_as_unkept_and_sent_once_there_is_one(
    browser: Browser, url: str
):
    context = await browser.new_context()
    page = await signed_in(context, url)
    await context.set_offline(True)
    await type_turn(page, "c", "He is outside.")
    await type_turn(page, "o", "Who is?")
    await expect(page.get_by_role("alert")).to_contain_text("not kept yet")
    await expect(page.locator("#unsent li")).to_have_text(["He is outside.", "Who is?"])
    await page.keyboard.press("Alt+c")
    await page.keyboard.type("not yet said")
    await context.set_offline(False)
    await expect(page.locator("#turns li")).to_have_text(["callerHe is outside.", "operatorWho is?"])
    await expect(page.locator("#unsent")).to_be_hidden()
    await expect(page.get_by_role("alert")).to_be_hidden()
    await expect(page.get_by_label("What is said")).to_have_value("not yet said")
    await context.close()


async def test_a_call_that_is_ended_while_there_is_no_connection_is_ended_once_there_is_one(browser: Browser, url: str):
    context = await browser.new_context()
    page = await signed_in(context, url)
    await type_turn(page, "c", "He has gone.")
    await expect(page.locator("#turns li")).to_have_count(1)
    await context.set_offline(True)
    await page.keyboard.press("Alt+e")
    await expect(page.get_by_role("alert")).to_contain_text("it is sent again until it is kept")
    await expect(page.locator("#state")).to_have_text("live")
    assert await page.evaluate("notKept()")
    await context.set_offline(False)
    await expect(page.locator("#state")).to_have_text("ended")
    await expect(page.get_by_role("alert")).to_be_hidden()
    assert not await page.evaluate("notKept()")
    await context.close()


async def test_a_call_is_followed_by_keyboard_alone_while_others_come_and_go(page: Page, url: str):
    async with telephone_system(url) as telephony:
        first, other = [(await telephony.post("/v1/calls", json={"call_id": f"stays {n}"})).json() for n in range(2)]
        follow = page.get_by_role("button", name=f"Follow {first['reference']}")
        await follow.focus()
        third = (await telephony.post("/v1/calls", json={"call_id": "stays 3"})).json()
        await expect(page.get_by_role("button", name=f"Follow {third['reference']}")).to_be_visible()
        await telephony.post(f"/v1/calls/{other['report_id']}/end", json={"state": "ended"})
        await expect(page.get_by_role("button", name=f"Follow {other['reference']}")).to_be_hidden()
        await expect(follow).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#call-title")).to_have_text(f"Call {first['reference']}")
        for one in (first, third):
            await telephony.post(f"/v1/calls/{one['report_id']}/end", json={"state": "ended"})


HEARD = """(id) => {
  window.heard = 0;
  const changed = new MutationObserver((changes) => { window.heard += changes.length; });
  changed.observe(document.getElementById(id), { childList: true, subtree: true, characterData: true });
}"""


async def test_the_same_words_are_not_read_out_again_and_again(browser: Browser, url: str):
    context = await browser.new_context()
    page = await signed_in(context, url)
    await type_turn(page, "c", "My neighbour bangs on the wall every night.")
    await expect(page.locator("#danger")).to_have_attribute("data-class", "4")
    await page.evaluate(HEARD, "danger")
    async with page.expect_response(re.compile("/turns$")):
        await page.evaluate("call.said_at -= STILL_THERE")
    await page.wait_for_timeout(300)
    assert await page.evaluate("heard") == 0
    await page.evaluate(HEARD, "problem")
    await context.set_offline(True)
    await expect(page.get_by_role("alert")).to_contain_text("No connection")
    await page.wait_for_timeout(3500)
    assert await page.evaluate("heard") == 1
    await context.close()


async def test_words_on_a_line_that_stalls_are_unkept_and_sent_again_in_their_order(browser: Browser, url: str):
    context = await browser.new_context()
    page = await signed_in(context, url)
    await type_turn(page, "c", "Hello.")
    await expect(page.locator("#turns li")).to_have_count(1)
    stalled: list[Route] = []

    async def stall(route: Route) -> None:
        stalled.append(route)
        if len(stalled) > 1:
            await route.continue_()

    await page.route(re.compile("/turns$"), stall)
    await type_turn(page, "c", "He has a knife.")
    await type_turn(page, "o", "Where is he?")
    await page.keyboard.press("Alt+d")
    await expect(page.locator("#unsent li")).to_have_text(["He has a knife.", "Where is he?"])
    await picture(page, "desk-unkept")
    assert await violations(page) == []
    assert await page.evaluate("notKept()")
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await page.close(run_before_unload=True)
    said = ["callerHello.", "callerHe has a knife.", "operatorWhere is he?"]
    await expect(page.locator("#turns li")).to_have_text(said)
    assert asked == ["beforeunload"]
    await expect(page.locator("#state")).to_have_text("line dead")
    await expect(page.locator("#unsent")).to_be_hidden()
    await expect(page.get_by_role("alert")).to_be_hidden()
    assert not await page.evaluate("notKept()")
    await context.close()


async def test_what_was_kept_although_its_answer_was_lost_is_kept_once(browser: Browser, url: str):
    context = await browser.new_context()
    page = await signed_in(context, url)
    lost: list[str] = []

    async def lose(route: Route) -> None:
        request = route.request
        if request.method != "POST" or request.url in lost:
            await route.continue_()
            return
        lost.append(request.url)
        await route.fetch()
        await route.abort("connectionreset")

    await page.route(re.compile("/v1/calls"), lose)
    async with telephone_system(url) as telephony:
        before = len((await telephony.get("/v1/calls")).json()["calls"])
        await type_turn(page, "c", "He hit me.")
        await type_turn(page, "c", "He hit me.")
        await expect(page.locator("#turns li")).to_have_text(["callerHe hit me."] * 2)
        await expect(page.locator("#unsent")).to_be_hidden()
        assert len(lost) == 2
        assert len((await telephony.get("/v1/calls")).json()["calls"]) == before + 1
    await expect(page.get_by_label("What is said")).to_have_value("")
    await context.close()


async def test_who_is_signed_out_is_told_so_and_keeps_the_words(browser: Browser, url: str):
    context = await browser.new_context()
    page = await signed_in(context, url)
    await context.clear_cookies()
    await type_turn(page, "c", "He is outside.")
    await expect(page.get_by_role("alert")).to_contain_text("Sign in at the desk in another tab")
    await expect(page.locator("#unsent")).to_contain_text("He is outside.")
    await signed_in(context, url)
    await expect(page.locator("#turns li")).to_have_count(1)
    await expect(page.get_by_role("alert")).to_be_hidden()
    await context.close()


async def test_slow_answers_neither_pile_up_nor_hold_up_what_is_said(page: Page):
    await page.evaluate("AbortSignal.timeout = () => new AbortController().signal")  # as slow as can be
    await type_turn(page, "c", "Wait.")
    await expect(page.locator("#turns li")).to_have_count(1)
    looks: asyncio.Queue[Route] = asyncio.Queue()

    async def slowly(route: Route) -> None:
        await (looks.put(route) if route.request.method == "GET" else route.continue_())

    await page.route(re.compile("/v1/calls"), slowly)
    for turns in (2, 3):  # one look is at all calls, one at this one, whichever comes first
        look = await asyncio.wait_for(looks.get(), 30)
        await type_turn(page, "c", "He is back.")
        await expect(page.locator("#turns li")).to_have_count(turns)
        await page.wait_for_timeout(2500)
        assert looks.empty()
        await look.continue_()
    await page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("button", ["New call", "Follow"])
async def test_what_is_typed_is_not_thrown_away_with_a_call_but_by_saying_so(browser: Browser, url: str, button: str):
    async with telephone_system(url) as telephony:
        other = (await telephony.post("/v1/calls", json={"call_id": f"other than {button}"})).json()
    context = await browser.new_context()
    page = await signed_in(context, url)
    asked: list[str] = []
    answers = [False, True]

    async def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await (dialog.accept() if answers.pop(0) else dialog.dismiss())

    page.on("dialog", answer)
    leaving = page.get_by_role("button", name=button if button == "New call" else f"Follow {other['reference']}")
    await expect(leaving).to_be_visible()
    for kept in ("not yet said", ""):
        await page.get_by_label("What is said").fill("not yet said")
        await leaving.click()
        await expect(page.get_by_label("What is said")).to_have_value(kept)
    assert ["the words in the box" in one for one in asked] == [True, True]
    await context.close()


async def test_what_a_call_lacks_when_it_is_left_is_kept_with_it_and_the_next_begins_at_once(
    browser: Browser, url: str
):
    context = await browser.new_context()
    page = await signed_in(context, url)
    asked: list[Dialog] = []
    page.on("dialog", lambda dialog: asked.append(dialog))
    await type_turn(page, "c", "He is outside.")
    await expect(page.locator("#turns li")).to_have_count(1)
    first = (await page.locator("#call-title").inner_text()).removeprefix("Call ")
    await context.set_offline(True)
    await type_turn(page, "c", "He has gone.")
    await page.get_by_label("Postcode").fill("ZZ1 4AB")
    await page.keyboard.press("Alt+e")
    await page.keyboard.press("Alt+n")
    await expect(page.locator("#call-title")).to_have_text("No call yet")
    await expect(page.get_by_label("Postcode")).to_have_value("")
    await type_turn(page, "c", "My name is Jo.")
    await expect(page.locator("#unsent li")).to_have_text(["He has gone.", "My name is Jo."])
    await page.keyboard.type("and I")
    await context.set_offline(False)
    await expect(page.locator("#turns li")).to_have_text(["callerMy name is Jo."])
    await expect(page.locator("#unsent")).to_be_hidden()
    await expect(page.locator("#problem")).to_be_hidden()
    await expect(page.get_by_label("What is said")).to_have_value("and I")
    assert (asked, await page.evaluate("left.length")) == ([], 0)
    second = (await page.locator("#call-title").inner_text()).removeprefix("Call ")
    async with telephone_system(url) as telephony:
        live = {call["reference"]: call["report_id"] for call in (await telephony.get("/v1/calls")).json()["calls"]}
    assert (first in live, second in live) == (False, True)
    await context.close()


async def test_what_is_typed_while_the_call_before_is_closed_is_neither_asked_about_nor_kept_with_it(page: Page):
    asked: list[Dialog] = []
    page.on("dialog", lambda dialog: asked.append(dialog))
    await type_turn(page, "c", "He has gone.")
    await expect(page.locator("#turns li")).to_have_count(1)
    ended: list[str] = []

    async def slowly(route: Route) -> None:
        await asyncio.sleep(1)
        await route.continue_()
        ended.append(route.request.url)

    await page.route("**/end", slowly)
    await page.keyboard.press("Alt+e")
    await page.keyboard.press("Alt+n")
    await page.keyboard.type("he has a knife")
    await page.keyboard.press("Enter")
    await page.keyboard.type("he is at")
    await expect(page.locator("#turns li")).to_have_text(["callerhe has a knife"])
    await expect(page.get_by_label("What is said")).to_have_value("he is at")
    assert (asked, len(ended)) == ([], 1)
    await page.get_by_label("What is said").fill("")


async def test_what_is_refused_of_a_call_that_was_left_is_shown_beside_the_next(page: Page):
    await type_turn(page, "c", "He has gone.")
    await expect(page.locator("#turns li")).to_have_count(1)

    async def refuse(route: Route) -> None:
        await asyncio.sleep(0.5)
        await route.fulfill(status=422, json={"title": "Not so", "detail": "It is too long"})

    await page.route(re.compile("/turns$"), refuse)
    await type_turn(page, "c", "He is back.")
    await page.keyboard.press("Alt+n")
    before = page.locator("#before")
    await expect(before).to_contain_text("It is too long: “He is back.”")
    await expect(page.get_by_label("What is said")).to_have_value("")
    assert await violations(page) == []
    await page.unroute(re.compile("/turns$"))
    await before.get_by_role("button").click()
    await expect(before).to_be_hidden()


async def test_a_fault_of_one_call_does_not_stand_over_the_next(page: Page):
    await page.get_by_label("What is said").fill((CALLS / "turns.json").read_text()[:-30])
    await page.keyboard.press("Enter")
    await expect(page.locator("#problem")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    await page.keyboard.press("Alt+n")
    await expect(page.locator("#problem")).to_be_hidden()


async def test_a_call_that_was_erased_is_said_to_be_and_leaves_the_desk_at_work(browser: Browser, url: str):
    context = await browser.new_context()
    page = await signed_in(context, url)
    await type_turn(page, "c", "He has gone.")
    await expect(page.locator("#turns li")).to_have_count(1)
    await page.keyboard.type("wait")
    gone = {"title": "We do not know this call", "detail": "Open it first."}
    await page.route(re.compile(r"/v1/calls/[^/]+$"), lambda route: route.fulfill(status=404, json=gone))
    await expect(page.locator("#problem")).to_have_text("This call is here no more: it may have been erased.")
    await expect(page.locator("#turns li")).to_have_count(0)
    await expect(page.get_by_label("What is said")).to_have_value("wait")
    await page.unroute_all()
    await page.get_by_label("What is said").press("Enter")
    await expect(page.locator("#turns li")).to_have_text(["callerwait"])
    await expect(page.locator("#problem")).to_be_hidden()
    await context.close()


@pytest.mark.parametrize("script", ["desk.js", "desk_shown.js", "desk_pasted.js"])
async def test_a_desk_that_has_not_loaded_whole_says_so_and_takes_no_words(browser: Browser, url: str, script: str):
    context = await browser.new_context()
    page = await signed_in(context, url)
    await expect(page.locator("#unloaded")).to_be_hidden()
    await page.route(f"**/{script}", lambda route: route.abort())
    await page.reload()
    await expect(page.locator("#unloaded")).to_be_visible()
    for name in ("What is said", "Caller's number"):
        await expect(page.get_by_label(name)).to_be_disabled()
    assert await violations(page) == []
    await context.close()


async def test_whoever_cannot_see_is_told_what_appears_beside_the_words(page: Page, served: tuple[str, FastAPI]):
    for name in ("safe", "unread", "awaiting", "followed"):
        live = page.locator(f"[role=status]:not([hidden]):has(> #{name}[hidden])")
        await expect(live).to_have_count(1)
    await type_turn(page, "c", "Don't ring me back, he checks my phone.")
    await expect(page.get_by_role("status").filter(has_text="Safe contact: read before")).to_be_visible()
    await page.evaluate(HEARD, "safe")
    await type_turn(page, "c", "He is my brother.")
    await expect(page.locator("#turns li")).to_have_count(2)
    assert await page.evaluate("heard") == 0


async def test_a_followed_call_is_read_out_as_it_goes_and_each_turn_once(page: Page, url: str):
    async with telephone_system(url) as telephony:
        opened = (await telephony.post("/v1/calls", json={"call_id": "read out"})).json()
        said = {"turns": [{"number": 1, "speaker": "caller", "text": "My neighbour is shouting again."}]}
        await telephony.post(opened["turns_url"], json=said)
        await expect(page.locator("#turns")).not_to_have_attribute("aria-live", "polite")
        await page.get_by_role("button", name=f"Follow {opened['reference']}").click()
        await expect(page.locator("#turns")).to_have_attribute("aria-live", "polite")
        await expect(page.locator("#turns li")).to_have_count(1)
        await page.evaluate(HEARD, "turns")
        said["turns"][0] |= {"number": 2, "text": "It is night."}
        await telephony.post(opened["turns_url"], json=said)
        await expect(page.locator("#turns li")).to_have_count(2)
        assert await page.evaluate("heard") == 1
        await telephony.post(f"/v1/calls/{opened['report_id']}/end", json={"state": "ended"})


async def test_it_fits_a_narrow_screen(page: Page):
    await page.set_viewport_size({"width": 320, "height": 800})
    await type_turn(page, "c", "He keeps ringing me, " + "a" * 60)
    await expect(page.locator("#turns li")).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    assert await violations(page) == []
    await page.locator("#about").scroll_into_view_if_needed()
    await picture(page, "desk-320")


async def test_nobody_comes_in_without_a_key(browser: Browser, url: str):
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{url}/desk")
    assert await violations(page) == []
    await page.get_by_label("Key of your call centre").fill("a guess")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("nobody's key")
    await expect(page).to_have_title("Error: Desk - Heard")
    await expect(page.get_by_label("Key of your call centre")).to_have_accessible_description(
        re.compile("nobody's key")
    )
    assert await violations(page) == []
    await context.close()
    async with httpx.AsyncClient(base_url=url) as stranger:
        assert (await stranger.get("/v1/calls")).status_code == 401
        forged = {"Cookie": "__Host-desk=x", "Sec-Fetch-Site": "cross-site"}
        assert (await stranger.post("/v1/calls", json={"call_id": "x"}, headers=forged)).status_code == 401
        assert (await stranger.post("/desk/sign-out", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
