"""From the start page to the end and back: no way that a person takes through the form is a dead end or a circle."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from services.intake.catalogue import catalogue
from services.intake.domain.questions import Reporting, asked
from services.intake.routers.dependencies import _now
from shared.database import Pool
from shared.told import Contact
from tests.builders import NOON
from tests.intake.form import STORY, Form
from tests.intake.test_form import out_of_sight, reports


def main(page: str) -> str:
    return page.split("<main")[1].split("</main")[0]


async def test_whoever_is_in_danger_is_told_that_nothing_was_sent_and_sends_it_at_once(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    answer = await person.post("/form/now", {"now": "yes"})
    page = main((await person.get(answer.headers["location"])).text)
    assert page.index("call 999 now") < page.index("Nothing has been sent yet") < page.index('href="/form/check"')
    assert 'href="/form/party"' in page
    await person.send()
    assert [report.answers.happening_now for report in await reports(pool)] == [True]


@pytest.mark.parametrize("question", ["times", "now", "evidence", "home"])
async def test_from_each_question_the_end_is_one_press_away_and_what_is_on_the_page_is_kept(
    person: Form, question: str
):
    await person.begin()
    await person.tell()
    page = (await person.get(f"/form/{question}")).text
    assert 'name="then" value="check"' in page
    answer = await person.post(f"/form/{question}", {"then": "check", "times": "once"})
    assert answer.headers["location"] == "/form/check"
    assert ("Once" in (await person.get("/form/check")).text) is (question == "times")
    for already_there in (f"{question}?check", "share"):
        assert 'value="check"' not in (await person.get(f"/form/{already_there}")).text


async def test_the_end_is_one_press_away_for_who_has_no_name_yet_and_after_danger(person: Form):
    await person.begin("case_review")
    answer = await person.post("/form/contact", {"then": "check", "reporting": "case_review"})
    assert answer.headers["location"] == "/form/check"
    answer = await person.post("/form/now", {"then": "check", "now": "yes", "reporting": "case_review"})
    assert answer.headers["location"] == "/form/danger?check"
    assert 'href="/form/party"' not in (await person.get("/form/danger?check")).text


async def test_what_is_missing_at_the_end_leads_back_to_the_end(person: Form):
    await person.begin("case_review")
    await person.tell()
    page = (await person.post("/form/check")).text
    assert 'action="/form/where?check"' in page
    assert 'href="/form/check" class="govuk-back-link"' in page
    answer = await person.post("/form/where?check", {"postcode": "ZZ1 4AB", "reporting": "case_review"})
    assert answer.headers["location"] == "/form/check"


async def test_who_comes_back_to_the_start_page_goes_on_where_they_were(person: Form):
    await person.begin()
    await person.tell()
    for times in ({"times": "once"}, {}):
        await person.post("/form/times", times)
    assert 'href="/form/check"' in (await person.get("/")).text
    page = (await person.get("/form/check")).text
    assert 'href="/form/when">Go on with question 3 of 16' in page
    await person.post("/form/story?check", {"story": STORY})
    assert 'href="/form/when">Go on' in (await person.get("/form/check")).text
    await person.post("/form/share", {})
    assert "Go on with" not in (await person.get("/form/check")).text


async def test_whom_it_is_for_is_changed_and_nothing_else_is_lost(person: Form, pool: Pool):
    await person.begin("anonymous")
    await person.tell()
    check = (await person.get("/form/check")).text
    assert "I do not want to say who I am" in check
    assert 'href="/form/who?check"' in check
    page = await person.get("/form/who?check")
    assert "we do not send a name" in page.text
    assert re.search('value="anonymous" checked', page.text)
    wrong = await person.post("/form/who", out_of_sight(page) | {"reporting": "case_review"})
    assert (wrong.status_code, "Choose who" in wrong.text) == (400, True)
    changed = await person.post("/form/who", out_of_sight(page) | {"reporting": "myself"})
    assert changed.headers["location"] == "/form/check"
    assert (await person.post("/form/contact", {"name": "Sam"})).headers["location"] == "/form/safe"
    await person.post("/form/safe", {"safe_never": "come to the door"})
    for reporting in ("somebody_else", "anonymous"):
        await person.post("/form/who", out_of_sight(page) | {"reporting": reporting})
    page = (await person.get("/form/check")).text
    assert (STORY in page, "Sam" in page) == (True, False)
    await person.send()
    (report,) = await reports(pool)
    assert (report.text, report.contact, report.answers.safe_contact) == (STORY, None, None)


async def test_an_application_stays_one_and_what_was_sent_stays_for_whom_it_was(person: Form, pool: Pool):
    await person.begin("case_review")
    assert "/form/who" not in (await person.get("/form/check")).text
    await person.post("/form/who", {"reporting": "anonymous"})
    assert (await person.get("/form/wanted")).status_code == 200
    await person.begin("myself")
    await person.tell()
    await person.post("/form/contact", {"name": "Sam"})
    await person.send()
    assert (await person.post("/form/who", {"reporting": "anonymous"})).status_code == 303
    assert (await person.get("/form/sent")).status_code == 200
    assert [report.contact for report in await reports(pool)] == [Contact(name="Sam")]


async def test_the_only_copy_of_the_secret_stays_while_its_page_is_used_and_is_kept_at_any_time(
    person: Form, app: FastAPI, pool: Pool
):
    app.dependency_overrides[_now] = lambda: NOON
    await person.begin()
    await person.tell()
    reference, secret = await person.send()
    shown = out_of_sight(await person.get("/form/sent"))
    for minutes in (29, 58):
        app.dependency_overrides[_now] = lambda minutes=minutes: NOON + timedelta(minutes=minutes)
        assert (await person.get("/form/sent")).status_code == 200
    app.dependency_overrides[_now] = lambda: NOON + timedelta(minutes=58 + 31)
    assert (await person.get("/form/sent")).status_code == 410
    kept = await person.post("/form/sent/file", shown)
    assert kept.headers["content-disposition"] == 'attachment; filename="note.txt"'
    for words in (reference, secret, "https://intake/status"):
        assert words in kept.text


async def test_a_secret_is_shown_in_fours_and_opens_by_program_too(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    reference, secret = await person.send()
    assert re.fullmatch("([A-Z2-7]{4}-){5}[A-Z2-7]{4}", secret)
    bearer = {"Authorization": f"Bearer {secret}"}
    assert (await person.client.get(f"/v1/reports/{reference}", headers=bearer)).status_code == 200
    await person.post("/status", {"reference": reference, "secret": secret})
    assert "on its way" in (await person.get("/status")).text


async def test_what_is_closed_is_not_said_to_leave_nothing(person: Form):
    await person.begin()
    await person.tell()
    await person.send()
    assert "whoever finds it can open" in (await person.get("/form/sent")).text
    closed = await person.post("/form/close")
    page = main((await person.get(closed.headers["location"])).text)
    for words in ("list that you were here", "if you kept a file", 'href="/leaving"'):
        assert words in page


@pytest.mark.parametrize(
    ("path", "given", "faults"),
    [
        ("/status", {}, {"reference": "Enter the reference", "secret": "Enter the secret"}),
        ("/status", {"reference": "H-00000-00000"}, {"secret": "Enter the secret"}),
        ("/status", {"reference": "H-00000-00000", "secret": "ABCD-EFGH"}, {"reference": "Check both"}),
        ("/return", {"code": "4K7Q"}, {"code": "nothing under this code"}),
        ("/return", {"code": "“Ш”"}, {"code": "Enter the code"}),
    ],
)
async def test_who_has_lost_what_opens_it_is_told_what_else_to_do(
    person: Form, path: str, given: dict[str, str], faults: dict[str, str]
):
    before, after = await person.get(path), await person.post(path, given)
    for page in (before, after):
        for words in ("If you have lost", 'href="/">Tell us again', "call 999"):
            assert words in main(page.text)
    assert re.findall(r'<a href="#(\w+)">', after.text) == list(faults)
    for words in faults.values():
        assert after.text.count(words) == 2  # above, and at its field
    for typed in given.values():
        assert f'value="{typed}"' in after.text


def test_each_page_has_a_title_of_its_own():
    templates = Path("services/intake/templates").glob("*.html")
    whole = {one.stem for one in templates if '"base.html"' in one.read_text()}
    named = {name: words for name, words in catalogue("en").words.items() if name.startswith("title.")}
    assert len(set(named.values())) == len(named)
    assert whole - {name.removeprefix("title.") for name in named} == {"question", "evidence", "noted"}


@pytest.mark.parametrize(
    ("path", "title"), [("/", "Start"), ("/status/added", "Added"), ("/status/withdrawn", "Asked"), ("/no", "Not done")]
)
async def test_a_title_says_what_has_come_of_it(person: Form, path: str, title: str):
    page = re.sub(r"(?<=>)\s+|\s+(?=<)", "", (await person.get(path)).text)
    assert f">{title} – Heard</title>" in page


async def test_an_answer_that_goes_with_no_other_is_not_dropped_without_a_word(person: Form):
    await person.begin()
    page = (await person.get("/form/why")).text
    assert page.count('data-behaviour="exclusive"') == 2
    for strands in (["race", "no"], ["no", "prefer_not"]):
        answer = await person.client.post("/form/why", data={"strands": strands})
        assert (answer.status_code, "Choose either" in answer.text) == (400, True)


async def test_who_says_that_they_told_it_before_is_not_noted_as_never(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    await person.post("/form/told", {"told": "yes", "told_times": "0"})
    await person.send()
    assert [report.answers.reported_before for report in await reports(pool)] == [1]


async def test_who_saves_what_is_gone_is_still_offered_a_code(person: Form, pool: Pool):
    await person.begin()
    page = out_of_sight(await person.get("/form/when"))
    await pool.execute("delete from sealed")
    answer = await person.post("/form/when", page | {"when": "since March", "then": "save"})
    assert answer.headers["location"] == "/form/lost"
    assert 'href="/form/save"' in main((await person.get("/form/lost")).text)


async def test_that_a_question_may_be_left_is_said_before_it(person: Form):
    for reporting in (Reporting.myself, Reporting.case_review):
        await person.begin(reporting, anew="yes")
        for question in asked(reporting):
            page = main((await person.get(f"/form/{question.name}")).text)
            said = page.find("You do not have to answer this")
            needed = question.needed_by(reporting)
            assert said == -1 if needed else 0 < said < page.index("<h1")


async def test_who_may_see_it_is_said_once_and_not_with_each_box(person: Form):
    await person.begin()
    page = main((await person.get("/form/share")).text)
    assert page.count("where the law lets them act") == 1
    assert page.index("where the law lets them act") < page.index("<fieldset")
