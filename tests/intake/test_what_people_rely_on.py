"""What a page promises beside its fields: words are never dropped, ways to be reached safely stay, leaving works."""

import re
from typing import Any

import pytest
from fastapi import FastAPI

from services.intake.domain.amendments import asking_for_review
from services.intake.domain.drafts import Draft, answers
from services.intake.domain.questions import BY_NAME, Kind
from services.intake.routers.pages import DRAFT, LEFT, STATUS
from services.intake.routers.places import Places
from shared.database import Pool
from shared.events import ReportReceived
from shared.told import Answers, Contact, Place
from tests.builders import NOON, report
from tests.intake.form import Form
from tests.intake.test_form import PNG, reports, uploaded


async def test_what_is_typed_after_it_was_sent_is_given_back(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    await person.send()
    answer = await person.post("/form/party", {"party": "He has a knife now", "reporting": "myself"})
    assert answer.status_code == 400
    assert "He has a knife now" in answer.text
    assert "was sent before this" in answer.text
    assert (await person.post("/form/party", {"reporting": "myself"})).headers["location"] == "/form/sent"
    assert len(await reports(pool)) == 1


CALL_999 = "If anybody is in danger, call 999 now"


async def test_who_saves_is_told_that_nothing_was_sent_and_in_danger_whom_to_call(person: Form):
    await person.begin()
    await person.tell(then="save")
    page = (await person.get("/form/save")).text
    assert "Nothing has been sent yet" in page
    assert "If you or somebody else is in danger, call 999" in page
    assert CALL_999 not in page
    answer = await person.post("/form/now", {"now": "yes", "then": "save"})
    page = (await person.get(answer.headers["location"])).text
    assert page.index("Nothing has been sent yet") < page.index(CALL_999) < page.index("press 55") < page.index("code")


async def test_whose_danger_comes_after_the_report_was_sent_is_told_whom_to_call(person: Form):
    await person.begin()
    await person.tell()
    await person.send()
    now = {"reporting": "myself", "now": "yes"}
    assert CALL_999 in (await person.post("/form/now", now)).text
    assert CALL_999 in (await person.post("/form/now", now | {"then": "save"})).text
    assert CALL_999 not in (await person.post("/form/now", now | {"now": "no"})).text


async def test_whose_words_have_not_reached_us_is_told_whom_to_call_in_danger(person: Form):
    page = (await person.post("/status/more", {"text": "He is at the door"})).text
    assert page.index("has not reached us yet") < page.index("in danger, call 999") < page.index("Look it up")


async def test_a_body_that_is_named_is_kept_whoever_else_was_chosen(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    given = {"relation": "ex_partner", "organisation": "Northmoor Police"}
    assert (await person.post("/form/party", given)).status_code == 303
    assert (await person.post("/form/told", {"told_whom": "the council"})).status_code == 303
    page = (await person.get("/form/party")).text
    assert 'data-within="relation-organisation" data-answered' in page
    assert "Northmoor Police" in (await person.get("/form/check")).text
    await person.send()
    (told,) = await reports(pool)
    assert told.answers.party_organisation == "Northmoor Police"
    assert told.answers.reported_to == "the council"


def asked(before: ReportReceived, contact: Contact | None, safe: str | None) -> tuple[Any, str | None]:
    after = asking_for_review(before, contact, safe, Place(), NOON)
    return after.contact, after.answers.safe_contact


def test_who_asks_for_a_review_is_reached_as_safely_as_they_said_before():
    before = report(
        contact=Contact(phone="01632 960001"), answers=Answers(safe_contact="By text. Do not say who is calling.")
    )
    contact, safe = asked(before, Contact(name="Sam", email="sam@example.org"), "weekdays, 9 to 3")
    assert contact == Contact(name="Sam", phone="01632 960001", email="sam@example.org")
    assert safe == "By text. Do not say who is calling. weekdays, 9 to 3"
    assert asked(before, None, None) == (before.contact, before.answers.safe_contact)
    assert asked(before, None, "By text.") == (before.contact, before.answers.safe_contact)


def test_who_asks_for_a_review_says_where_beside_what_they_said_before():
    before = report(place=Place(postcode="ZZ1", words="Elm Street"))
    for given, kept in (
        (Place(), before.place),
        (Place(postcode="ZZ1 4AB"), Place(postcode="ZZ1 4AB", words="Elm Street")),
        (Place(words="number 9"), Place(postcode="ZZ1", words="Elm Street number 9")),
    ):
        assert asking_for_review(before, None, None, given, NOON).place == kept


@pytest.mark.parametrize("question", ["when", "party", "feeling", "told", "where", "safe", "home"])
async def test_a_browser_keeps_no_words_to_offer_to_whoever_comes_next(person: Form, question: str):
    await person.begin()
    page = (await person.get(f"/form/{question}")).text
    for field in BY_NAME[question].fields:
        if field.kind is Kind.line:
            (tag,) = re.findall(rf'<input[^>]*id="{field.name}"[^>]*>', page)
            assert 'autocomplete="off"' in tag


@pytest.mark.parametrize("base", ["", "/with/nobody-knows"])
async def test_leaving_needs_neither_a_place_nor_a_database(person: Form, app: FastAPI, base: str):
    await person.begin()
    app.state.places = Places(many=0)
    await app.state.pool.close()
    answer = await person.client.get(f"{base}/exit")
    assert answer.headers["location"] == app.state.settings.exit_to
    assert DRAFT not in person.client.cookies
    assert "clear-site-data" not in answer.headers  # Chrome walks its whole cache before it leaves
    for where, partitioned in (("?framed", True), ("", False)):
        beacon = await person.client.post(f"{base}/exit{where}")
        assert beacon.status_code == 204
        cookies = beacon.headers.get_list("set-cookie")
        assert [("Partitioned" in cookie) for cookie in cookies] == [partitioned] * 3


async def test_what_was_open_when_somebody_left_stays_shut_though_no_answer_of_ours_came(
    person: Form, app: FastAPI, pool: Pool
):
    await person.begin()
    await person.tell()
    opens = person.client.cookies[DRAFT]
    left = {"Cookie": f"{DRAFT}={opens}; {LEFT}=1"}  # as the page's own script leaves them
    person.client.cookies.clear()
    shut = await person.client.get("/form/story", headers=left)
    assert shut.headers["location"] == app.state.settings.exit_to
    again = await person.client.get("/", headers=left)
    assert "/form/check" not in again.text
    ended = {cookie.split("=")[0] for cookie in again.headers.get_list("set-cookie") if "Max-Age=0" in cookie}
    assert ended == {DRAFT, STATUS, LEFT}


async def test_files_without_a_report_have_an_end_and_words_have_not(person: Form, app: FastAPI, pool: Pool):
    app.state.settings = app.state.settings.model_copy(update={"unsent_files": 1})
    await person.begin()
    assert (await uploaded(person, ("one.png", PNG))).status_code == 303
    await pool.execute("update evidence set size = $1", 2**20)
    refused = await uploaded(person, ("two.png", PNG + b"2"))
    assert refused.status_code == 400
    assert "two.png: we have no room for files" in refused.text
    await person.tell()
    await person.send()
    await person.begin(anew="yes")
    assert (await uploaded(person, ("of another report.png", PNG))).status_code == 303
    assert len(await reports(pool)) == 1


async def test_files_that_come_twice_are_kept_once_and_a_reload_sends_none(person: Form, pool: Pool):
    await person.begin()
    for files in ([("his car.png", PNG)] * 2, [("his car.png", PNG), ("door.png", PNG + b"2")]):
        added = await uploaded(person, *files, then="more")
        assert (added.status_code, added.headers["location"]) == (303, "/form/evidence")
    assert [row["name"] for row in await pool.fetch("select name from evidence order by number")] == [
        "his car.png",
        "door.png",
    ]
    none = await uploaded(person, ("", b""), then="more")
    assert (none.status_code, none.text.count("Choose the files that you want to add")) == (400, 2)


@pytest.mark.parametrize(
    ("told", "times", "counted"),
    [
        ("yes", "6", 6),
        ("yes", "0", 1),
        ("yes", None, 1),
        ("unsure", "6", 6),
        (None, "6", 6),
        ("no", "6", 6),
        ("no", None, 0),
        ("unsure", None, None),
    ],
)
def test_how_often_it_was_told_counts_whatever_was_chosen_beside_it(
    told: str | None, times: str | None, counted: int | None
):
    given = {name: (said,) for name, said in (("told", told), ("told_times", times)) if said}
    assert answers(Draft(begun_at=NOON, answers=given)).reported_before == counted
