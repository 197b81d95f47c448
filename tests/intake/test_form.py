"""The public form over HTTP: where it may be sent from, what its answers carry, what it makes of floods and files."""

import asyncio
import html
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from services.intake.domain.files import MAX_FILE, media_type
from services.intake.domain.partners import Partner
from services.intake.domain.questions import Question, Reporting, asked
from services.intake.handlers import partners
from services.intake.handlers.drafts import Drafts, forget_expired, keep_forgetting
from services.intake.handlers.evidence import Upload, attach
from services.intake.handlers.reports import close, hear
from services.intake.routers.dependencies import _now
from services.intake.routers.floods import Floods
from services.intake.routers.pages import DRAFT, LEFT
from services.intake.settings import Settings
from shared.codebook import Label
from shared.database import Pool
from shared.events import Amendment, ReportAmended, ReportProgressed, ReportReceived
from shared.told import Contact, Place
from tests.builders import NOON, receipt
from tests.infrastructure import until_waiting
from tests.intake.form import STORY, Form

REVIEW, MYSELF = list(asked(Reporting.case_review)), list(asked(Reporting.myself))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


async def reports(pool: Pool) -> list[ReportReceived]:
    rows = await pool.fetch("select value from outbox order by id")
    return [ReportReceived.model_validate_json(row["value"]) for row in rows]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "https://intake"}, 303),
        ({"origin": "https://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://intake"}, 303),
        ({}, 303),
    ],
)
async def test_a_form_is_taken_from_our_own_pages_alone(person: Form, headers: dict[str, str], status: int):
    answer = await person.post("/form", {"reporting": "myself"}, headers=headers)
    assert answer.status_code == status


LINKED = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}


@pytest.mark.parametrize("path", ["/status", "/return", "/desk", "/status/withdraw", "/closed"])
async def test_a_page_is_read_by_a_link_from_anywhere(person: Form, path: str):
    assert (await person.client.get(path, headers=LINKED)).status_code == 200


async def test_no_link_from_elsewhere_changes_anything(person: Form, pool: Pool):
    await person.begin()
    before = await pool.fetch("select sealed, expires_at from sealed")
    for path in ("/form/save", "/exit"):
        answer = await person.client.get(path, headers=LINKED)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    for path in ("/status/withdraw", "/form/check", "/desk/sign-out"):
        assert (await person.post(path, headers=LINKED)).status_code == 403
    assert await pool.fetch("select sealed, expires_at from sealed") == before


@pytest.mark.parametrize("path", ["/", "/support", "/who-to-tell", "/case-review", "/leaving", "/status", "/return"])
async def test_pages_are_kept_by_nobody_and_reading_them_leaves_nothing(person: Form, pool: Pool, path: str):
    page = await person.get(path)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["x-content-type-options"] == "nosniff"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "https://" not in policy
    assert not person.client.cookies
    assert await pool.fetchval("select count(*) from sealed") == 0


@pytest.mark.parametrize("name", ["heard.js", "heard.css", "desk.js", "desk_shown.js", "desk_pasted.js"])
async def test_a_script_of_yesterday_is_never_used_unasked(person: Form, name: str):
    answer = await person.get(f"/static/{name}")
    assert answer.headers["cache-control"] == "no-cache"
    unchanged = await person.client.get(f"/static/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert (unchanged.status_code, unchanged.headers["cache-control"]) == (304, "no-cache")


async def test_the_cookie_is_for_us_alone(person: Form):
    answer = await person.post("/form", {"reporting": "myself"})
    cookie = answer.headers.get_list("set-cookie")[0]
    assert cookie.startswith("__Host-draft=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Max-Age" not in cookie


async def test_exit_leaves_a_cookie_until_the_browser_is_closed_and_no_longer(person: Form):
    await person.begin()
    await person.get("/exit")
    (left,) = person.client.cookies.jar
    assert (left.name, left.discard, left.expires) == ("__Host-left", True, None)


async def test_every_cookie_that_is_set_is_named_on_the_safety_page(person: Form):
    await person.begin()
    await person.tell()
    reference, secret = await person.send()
    await person.post("/status", {"reference": reference, "secret": secret})
    await person.get("/language/en")
    seen = {cookie.name for cookie in person.client.cookies.jar}
    await person.get("/exit")
    seen |= {cookie.name for cookie in person.client.cookies.jar}
    assert seen == {"__Host-draft", "__Host-status", "__Host-language", "__Host-left"}
    page = (await person.get("/leaving")).text
    for words in ("four cookies", "while you write", "look at a report", "language", "pressed “Exit this page”"):
        assert words in page


@pytest.mark.parametrize("old_phone", [True, False])
@pytest.mark.parametrize("base", ["", "/with/northmoor-council"])
async def test_without_cookies_it_is_said_why_one_is_needed_and_how_else_to_tell(
    person: Form, app: FastAPI, pool: Pool, base: str, old_phone: bool
):
    await partners.register(Partner("northmoor-council", "Northmoor Council", "#00563f"), pool)
    await person.begin()
    await person.tell()
    opens = person.client.cookies[DRAFT]
    holder = dict(zip(("reference", "secret"), await person.send(), strict=True))
    for path, given in (("/form", {"reporting": "myself"}), ("/return", {"code": opens}), ("/status", holder)):
        person.client.cookies.clear()
        begun = await person.post(base + path, given)
        assert (await person.get(begun.headers["location"])).status_code == 303
        person.client.cookies.clear()
        dest = {} if old_phone else {"sec-fetch-dest": "iframe" if base else "document"}
        page = await person.client.get(begun.headers["location"], headers=dest)
        assert page.status_code == 400
        for words in ("need one while you write, or look at a report", "999", "101"):
            assert words in page.text
        assert ("Open it in its own window" in page.text) is bool(base)


@pytest.mark.parametrize(("reporting", "pages"), [("myself", MYSELF), ("case_review", REVIEW)])
async def test_titles_and_addresses_give_nothing_away(person: Form, reporting: str, pages: list[Question]):
    await person.begin(reporting)
    for number, question in enumerate(pages, 1):
        page = await person.get(f"/form/{question.name}")
        title = page.text.split("<title")[1].split(">", 1)[1].split("<")[0]
        assert title.strip() == f"Page {number} – Heard"


@pytest.mark.parametrize("question", ["contact", "safe", "wanted"])
async def test_what_is_not_asked_is_neither_shown_nor_kept(person: Form, pool: Pool, question: str):
    """Somebody who stays anonymous may follow an old link to the page that asks for a name."""
    await person.begin("anonymous")
    await person.tell()
    assert (await person.get(f"/form/{question}")).headers["location"] == "/form/check"
    given = {"name": "Zebedee", "safe_never": "Zebedee", "wanted": "Zebedee"}
    assert (await person.post(f"/form/{question}", given)).headers["location"] == "/form/check"
    assert "Zebedee" not in (await person.get("/form/check")).text
    await person.send()
    assert "Zebedee" not in (await reports(pool))[0].model_dump_json()


async def test_what_is_typed_is_never_markup(person: Form):
    await person.begin()
    nasty = "</textarea><script>alert(1)</script> \"'&amp;{{ 7*7 }}"
    for field, question in (("story", "story"), ("when", "when"), ("party", "party"), ("name", "contact")):
        await person.post(f"/form/{question}", {field: nasty})
        assert "<script>alert" not in (await person.get(f"/form/{question}")).text
    check = (await person.get("/form/check")).text
    assert "<script>alert" not in check
    assert check.count("&lt;script&gt;alert") == 4


async def test_a_story_comes_back_as_it_was_typed(person: Form, pool: Pool):
    await person.begin()
    typed = "\n  first\r\n\tsecond  \n\n🔪 ጤና "
    await person.post("/form/story", {"story": typed})
    await person.send()
    (report,) = await reports(pool)
    assert report.text == typed


async def test_a_story_of_a_mebibyte_is_never_cut_short(person: Form, pool: Pool):
    await person.begin()
    await person.post("/form/story", {"story": "a" * 2**20})
    await person.send()
    (report,) = await reports(pool)
    assert len(report.text) == 2**20


async def test_a_story_that_is_too_long_is_given_back(person: Form):
    await person.begin()
    answer = await person.post("/form/story", {"story": "b" * (2**20 + 1)})
    assert answer.status_code == 400
    assert "b" * (2**20 + 1) in answer.text


async def test_nothing_but_the_story_is_needed(person: Form, pool: Pool):
    await person.begin()
    assert "Write what has" in (await person.post("/form/check")).text
    for question in MYSELF:
        data = {"story": STORY} if question.name == "story" else {}
        assert (await person.post(f"/form/{question.name}", data)).status_code == 303
    await person.send()
    (report,) = await reports(pool)
    assert report.contact is None
    assert report.answers.model_dump(exclude_defaults=True) == {}


async def test_who_reports_for_somebody_else_gives_their_own_number_and_not_theirs(person: Form):
    await person.begin("somebody_else")
    assert "“you” means them" in (await person.get("/form/party")).text
    for question, words in (("contact", "your own name and number, not theirs"), ("safe", "not safe to ring")):
        page = (await person.get(f"/form/{question}")).text
        assert words in page
        assert "“you” means them" not in page


APPLIED = {"name": "Sam", "email": "sam@example.org", "reporting": "case_review"}


async def test_a_case_review_is_asked_for_with_a_name_and_a_way_to_be_reached(person: Form, pool: Pool):
    assert 'value="case_review"' in (await person.get("/case-review")).text
    await person.begin("case_review")
    await person.tell()
    await person.post("/form/complaints", {"complaints": "3 March, the council, C9", "complaints_made": "4"})
    await person.post("/form/wanted", {"wanted": "Somebody visits"})
    await person.post("/form/behalf", {"behalf": "somebody_else"})
    assert "you do not know one" in (await person.get("/form/where")).text
    nowhere = await person.post("/form/where", {"reporting": "case_review"})
    assert (nowhere.status_code, "Enter a postcode" in nowhere.text) == (400, True)
    assert "Enter a postcode" in (await person.post("/form/check")).text
    await person.post("/form/where", {"reporting": "case_review", "postcode": "ZZ1 4AB"})
    for given in ({}, {"name": "Sam"}, {"phone": "01632 960001"}):
        answer = await person.post("/form/contact", given | {"reporting": "case_review"})
        assert answer.status_code == 400
        assert "Enter" in answer.text
    unnamed = await person.post("/form/check")
    assert unnamed.status_code == 400
    assert "cannot be asked for anonymously" in unnamed.text
    assert (await person.post("/form/contact", APPLIED)).headers["location"] == "/form/safe"
    await person.send()
    page = (await person.get("/form/sent")).text
    assert "We have your application" in page
    assert "It goes to those who decide" in page
    (report,) = await reports(pool)
    assert report.case_review_asked_at == report.received_at
    assert report.contact == Contact(name="Sam", email="sam@example.org")
    answers = report.answers
    assert (answers.reported_to, answers.reported_before) == ("3 March, the council, C9", 4)
    assert (answers.wanted, answers.on_behalf) == ("Somebody visits", True)


async def test_who_applies_without_a_postcode_is_told_that_no_panel_has_it_until_they_add_one(person: Form, pool: Pool):
    await person.begin("case_review")
    await person.tell()
    await person.post("/form/where", {"reporting": "case_review", "place": "Elm Street"})
    await person.post("/form/contact", APPLIED)
    holder = dict(zip(("reference", "secret"), await person.send(), strict=True))
    page = (await person.get("/form/sent")).text
    assert "those who decide on case reviews do not have it" in page
    assert "It goes to those who decide" not in page
    await person.post("/status", holder)
    assert "We do not know your area yet" in (await person.get("/status")).text
    page = (await person.get("/status/review")).text
    assert ('name="postcode"' in page, 'name="phone"' in page) == (True, False)
    assert (await person.post("/status/review", {})).status_code == 400
    answer = await person.post("/status/review", {"place": "Elm Street, number 9"})
    assert answer.headers["location"] == "/status/area-wanted"
    assert "We do not know your area yet" in (await person.get("/status/area-wanted")).text
    answer = await person.post("/status/review", {"postcode": "ZZ1 4AB"})
    assert answer.headers["location"] == "/status/review-asked"
    assert "We do not know your area yet" not in (await person.get("/status")).text
    assert 'name="postcode"' not in (await person.get("/status/review")).text
    told = await pool.fetchval("select value from outbox where topic = 'reports.received'")
    assert ReportReceived.model_validate_json(told).place == Place(postcode="ZZ1 4AB", words="Elm Street, number 9")


async def test_an_application_can_be_saved_before_it_has_a_name(person: Form):
    await person.begin("case_review")
    answer = await person.post("/form/contact", {"phone": "01632 960001", "then": "save"})
    assert answer.headers["location"] == "/form/save"
    assert "01632 960001" in (await person.get("/form/contact")).text


@pytest.mark.parametrize("reporting", ["anonymous", "myself"])
async def test_a_review_is_asked_for_on_the_page_of_a_report(person: Form, pool: Pool, reporting: str):
    await person.begin(reporting)
    await person.tell()
    await person.post("/form/where", {"postcode": "ZZ1 4AB"})
    if reporting == "myself":
        await person.post("/form/contact", {"name": "Sam", "phone": "01632 960001"})
    reference, secret = await person.send()
    await person.post("/status", {"reference": reference, "secret": secret})
    page = (await person.get("/status/review")).text
    assert "01632" not in page
    if reporting == "anonymous":
        assert (await person.post("/status/review", {"name": "Sam"})).status_code == 400
        assert [report.case_review_asked_at for report in await reports(pool)] == [None]
    given = {"name": "Sam", "phone": "01632 960001", "safe_words": "weekdays, 9 to 3"}
    answer = await person.post("/status/review", given if reporting == "anonymous" else {})
    assert answer.headers["location"] == "/status/review-asked"
    told = ReportReceived.model_validate_json(
        await pool.fetchval("select value from outbox where topic = 'reports.received'")
    )
    assert told.revision == 2
    assert told.case_review_asked_at is not None
    assert told.contact == Contact(name="Sam", phone="01632 960001")
    assert told.answers.safe_contact == ("weekdays, 9 to 3" if reporting == "anonymous" else None)
    amended = ReportAmended.model_validate_json(
        await pool.fetchval("select value from outbox where topic = 'reports.amended'")
    )
    assert amended.kind is Amendment.case_review_asked


async def test_a_program_may_ask_for_a_review_but_not_anonymously(client: httpx.AsyncClient, pool: Pool):
    given = {"text": STORY, "case_review": True}
    refused = await client.post("/v1/reports", json=given)
    assert refused.status_code == 422
    assert "anonymously" in refused.text
    named = given | {"contact": {"name": "Sam", "phone": "01632 960001"}}
    assert (await client.post("/v1/reports", json=named)).status_code == 202
    assert (await reports(pool))[0].case_review_asked_at is not None


async def test_sent_twice_is_one_report(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    first = await person.send()
    assert await person.send() == first
    assert len(await reports(pool)) == 1


async def test_what_is_typed_after_the_draft_is_gone_begins_a_new_one(person: Form, pool: Pool):
    await person.begin()
    await pool.execute("delete from sealed")
    await person.tell()
    await person.send()
    assert [report.text for report in await reports(pool)] == [STORY]


@pytest.mark.parametrize("gone", ["expired", "left"])
async def test_an_answer_after_the_draft_is_gone_is_kept_and_leads_to_what_is_lost(person: Form, pool: Pool, gone: str):
    await person.begin()
    await person.tell()
    page = out_of_sight(await person.get("/form/contact"))
    if gone == "left":
        await person.get("/exit")
    else:
        await pool.execute("delete from sealed")
    wrong = await person.post("/form/contact", page | {"email": "x"})
    assert out_of_sight(wrong)["draft"] == page["draft"]
    answer = await person.post("/form/contact", out_of_sight(wrong) | {"email": "sam@example.org"})
    assert answer.headers["location"] == ("/form/lost?left" if gone == "left" else "/form/lost")
    assert not any(cookie.name == LEFT for cookie in person.client.cookies.jar)
    said = (await person.get(answer.headers["location"])).text
    assert "data-left" not in said
    assert "The answer that you have just given is kept" in said
    assert ("told us before" in said) == (gone == "expired")
    assert 'href="/form/story"' in said
    assert "sam@example.org" in (await person.get("/form/contact")).text
    page = out_of_sight(await person.get("/form/now"))
    await pool.execute("delete from sealed")
    in_danger = await person.post("/form/now", page | {"now": "yes"})
    assert in_danger.headers["location"] == "/form/lost?now"
    assert "call 999 now" in (await person.get("/form/lost?now")).text


async def test_a_start_leaves_what_was_neither_sent_nor_saved_only_if_that_is_said(person: Form, pool: Pool):
    await person.begin()
    await person.begin("anonymous")
    await person.tell()
    before, page = dict(person.client.cookies), await person.post("/form", {"reporting": "myself"})
    assert page.status_code == 409
    for link in ("/form/check", "/form/save"):
        assert f'href="{link}"' in page.text
    assert dict(person.client.cookies) == before
    await person.begin(**out_of_sight(page), anew="yes")
    assert STORY not in (await person.get("/form/story")).text


async def test_what_is_saved_is_left_without_a_question_and_its_code_asks_one(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    await person.get("/form/save")
    saved = person.client.cookies[DRAFT]
    await person.begin()
    await person.post("/form/story", {"story": "Another story."})
    page = await person.post("/return", {"code": saved})
    assert page.status_code == 409
    assert (await person.post("/return", out_of_sight(page) | {"anew": "yes"})).status_code == 303
    assert STORY in (await person.get("/form/story")).text


async def test_a_page_of_one_report_changes_no_other(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    one = await person.get("/form/when")
    await person.begin(anew="yes")
    kept = await pool.fetch("select sealed from sealed order by place")
    refused = await person.post("/form/when", out_of_sight(one) | {"when": "since March"})
    assert refused.status_code == 400
    assert "Another report was begun" in refused.text
    assert "since March" in refused.text
    for path in ("/form/check", "/form/close", "/form/who", "/form/sent/reading"):
        assert (await person.post(path, out_of_sight(one))).status_code == 409
    removed = await person.post("/form/evidence/remove", out_of_sight(one) | {"file": str(UUID(int=0))})
    added = await uploaded(person, ("car.png", PNG), **out_of_sight(one))
    assert (removed.status_code, added.status_code) == (409, 409)
    assert await pool.fetch("select sealed from sealed order by place") == kept
    await person.post("/form/when", out_of_sight(refused) | {"when": "since March"})
    assert "since March" in (await person.get("/form/check")).text


async def test_each_page_says_which_draft_it_is_of_and_not_what_opens_it(person: Form):
    await person.begin()
    await person.tell()
    before = [(await person.get(f"/form/{name}")).text for name in ("story", "evidence", "check", "who", "save")]
    await person.send()
    after = [(await person.get(f"/form/{name}")).text for name in ("sent", "sent/reading")]
    for page in before + after:
        forms = page.count('<form method="post"') - page.count('action="/form/sent/file"')
        assert page.count('name="draft" value=') == forms
        assert len({*re.findall('name="draft" value="([0-9a-f]{12})"', "".join(before + after))}) == 1
    assert person.client.cookies[DRAFT] not in "".join(page for page in before[:-1] + after)


async def test_a_draft_is_forgotten_after_a_day(person: Form, app: FastAPI, pool: Pool):
    app.dependency_overrides[_now] = lambda: NOON
    await person.begin()
    await person.tell()
    app.dependency_overrides[_now] = lambda: NOON + timedelta(days=1, seconds=1)
    assert (await person.get("/form/story")).status_code == 410
    assert await forget_expired(100, pool, NOON + timedelta(days=1)) == 1
    assert await pool.fetchval("select count(*) from sealed") == 0


async def test_what_is_over_all_at_once_is_forgotten_in_batches_and_by_nobodys_start(person: Form, pool: Pool):
    await pool.execute(
        "insert into sealed select convert_to(n::text, 'UTF8'), '', $1 from generate_series(1, 5) n", NOON
    )
    await person.begin()
    await uploaded(person, ("kept.png", PNG))
    kept = "select count(*) from sealed"
    assert await pool.fetchval(kept) == 6
    assert [await forget_expired(3, pool, NOON + timedelta(seconds=1)) for _ in range(3)] == [3, 2, 0]
    assert await pool.fetchval(kept) == await pool.fetchval("select count(*) from evidence") == 1


async def test_the_worker_forgets_though_nobody_starts(app: FastAPI, pool: Pool):
    await pool.execute("insert into sealed values ('over', '', now() - interval '1 second')")
    stop = asyncio.Event()
    forgetting = asyncio.create_task(keep_forgetting(pool, app.state.clock, stop))
    for _ in range(200):
        if not (left := await pool.fetchval("select count(*) from sealed")):
            break
        await asyncio.sleep(0.05)
    stop.set()
    await forgetting
    assert left == 0


@pytest.mark.parametrize(
    ("seconds", "honey", "low"), [(1, "", True), (60, "", False), (60, "http://spam.example", True)]
)
async def test_what_is_hardly_a_person_is_marked_and_goes_on(
    person: Form, app: FastAPI, pool: Pool, seconds: int, honey: str, low: bool
):
    app.dependency_overrides[_now] = lambda: NOON
    await person.begin()
    await person.tell(website=honey)
    app.dependency_overrides[_now] = lambda: NOON + timedelta(seconds=seconds)
    await person.send()
    (report,) = await reports(pool)
    assert report.low_trust is low


async def test_a_flood_is_marked_and_takes_turns_and_a_threat_in_it_is_urgent(client: httpx.AsyncClient, pool: Pool):
    for _ in range(11):
        assert (await client.post("/v1/reports", json={"text": "spam"})).status_code == 202
    await client.post("/v1/reports", json={"text": "He said he would kill me tonight."})
    told = await reports(pool)
    assert [report.low_trust for report in told] == [False] * 10 + [True] * 2
    assert told[-1].lane == "urgent"
    turns = [row["turn"] for row in await pool.fetch("select turn from outbox order by id")]
    assert turns[:10] == [None] * 10
    assert turns[10] == turns[11] is not None


async def test_whoever_tells_more_withdraws_or_asks_for_a_review_over_the_limit_takes_turns_and_is_not_refused(
    person: Form, app: FastAPI, settings: Settings, pool: Pool
):
    app.state.floods = Floods(settings.model_copy(update={"reports_a_minute": 1}))
    await sent_and_looked_up(person, app)
    review = {"name": "Sam", "phone": "01632 960001", "postcode": "ZZ1 4AB"}
    for path, given in (("more", {"text": "He said he would kill me."}), ("withdraw", {}), ("review", review)):
        assert (await person.post(f"/status/{path}", given)).status_code == 303
        newest = "select turn from outbox where revision = (select max(revision) from outbox)"
        turns = [row["turn"] for row in await pool.fetch(newest)]
        assert len(turns) == 2
        assert None not in turns
    assert await pool.fetchval("select revision from report") == 4


async def uploaded(person: Form, *files: tuple[str, bytes], **data: str) -> httpx.Response:
    return await person.post("/form/evidence", data, files=[("files", file) for file in files])


async def test_files_come_with_the_report_and_are_sealed(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    answer = await uploaded(person, ("his car.png", PNG), ("note.txt", "täxt".encode()), then="more")
    assert answer.headers["location"] == "/form/evidence"
    assert "his car.png" in (await person.get("/form/evidence")).text
    await person.send()
    (report,) = await reports(pool)
    assert [(file.name, file.media_type, file.size) for file in report.attachments] == [
        ("his car.png", "image/png", len(PNG)),
        ("note.txt", "text/plain", 5),
    ]
    row = await pool.fetchrow("select sealed, report_id, expires_at from evidence where name = 'his car.png'")
    assert PNG not in row["sealed"]
    assert (row["report_id"], row["expires_at"]) == (report.report_id, None)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("photo.png", b"MZ\x90\x00 a program", "cannot take a file of this kind"),
        ("page.txt", b" <html><script>alert(1)</script>", "cannot take a file of this kind"),
        ("drawing.svg", b"<svg onload='alert(1)'/>", "cannot take a file of this kind"),
        ("big.png", PNG + bytes(10 * 2**20), "up to 10 MB. Send a shorter part"),
        ("none.png", b"", "is empty"),
    ],
)
async def test_a_file_is_what_is_in_it(person: Form, pool: Pool, name: str, content: bytes, words: str):
    await person.begin()
    answer = await uploaded(person, (name, content))
    assert answer.status_code == 400
    assert words in answer.text
    assert await pool.fetchval("select count(*) from evidence") == 0


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"RIFF\x24\x00\x00\x00AVI LIST", "video/x-msvideo"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"\xff\xf9\x50\x80", "audio/aac"),
        (b"\xff\xfa\x90\x00", "audio/mpeg"),
        (b"\xff\xe3\x18\x00", "audio/mpeg"),
        (b"fLaC\x00\x00\x00\x22", "audio/flac"),
        (b"0&\xb2u\x8ef\xcf\x11\xa6\xd9", "video/x-ms-wmv"),
        (b"\x00\x00\x01\xba\x44", "video/mpeg"),
        ((b"G\x40\x00\x10" + bytes(184)) * 3, "video/mp2t"),
        ((bytes(4) + b"G\x40\x00\x10" + bytes(184)) * 3, "video/mp2t"),
        ((b"G\x40\x00\x10" + bytes(183)) * 3, None),
        (b"II*\x00\x08\x00", "image/tiff"),
        (b"MM\x00*\x00\x08", "image/tiff"),
        (b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36", "image/bmp"),
        (b"BMW outside the house again", "text/plain"),
        ("Rent £5, and he’s back".encode("cp1252"), "text/plain"),
        ("He is back".encode("utf-16"), "text/plain"),
        ("<script>alert(1)</script>".encode("utf-16"), None),
        ("<p>£5</p>".encode("cp1252"), None),
        (b"\xff\xfe\x00\xd8", None),
        (b"\x81 no letter of any", None),
    ],
)
def test_what_cameras_recorders_and_windows_write_is_known(content: bytes, kind: str | None):
    assert media_type(content) == kind


async def test_looking_into_a_large_file_keeps_nobody_waiting(person: Form, app: FastAPI, pool: Pool):
    threads: set[int] = set()

    class Watched(Upload):
        def __getattribute__(self, name: str) -> Any:
            threads.add(threading.get_ident())
            return super().__getattribute__(name)

    await person.begin()
    content, kept = "words " * (MAX_FILE // 6), Drafts(pool, app.state.settings.secrets)
    uploads = [Watched("log.txt", content.encode())] * 3
    attaching = asyncio.create_task(attach(person.client.cookies[DRAFT], uploads, 2**30, kept, datetime.now(UTC)))
    longest, before = 0.0, time.monotonic()
    while not attaching.done():
        await asyncio.sleep(0.001)
        longest, before = max(longest, time.monotonic() - before), time.monotonic()
    assert await attaching == []
    assert threads
    assert threading.get_ident() not in threads
    assert longest < 2


@pytest.mark.parametrize("char", [chr(code) for code in range(32) if chr(code) not in "\t\r\n\f"])
def test_text_with_a_control_character_in_it_is_no_text(char: str):
    assert media_type("\ufeffplain\t\r\n\f ጤና\x7f".encode()) == "text/plain"
    assert media_type(f"plain{char}".encode()) is None


@pytest.mark.parametrize("many", [11, 40])
async def test_the_eleventh_file_is_refused_and_one_can_be_taken_off(person: Form, pool: Pool, many: int):
    await person.begin()
    answer = await uploaded(person, *((f"{n}.png", PNG + bytes([n])) for n in range(many)))
    assert answer.status_code == 400
    assert answer.text.count("up to 10 files") == 2  # above, and at the field
    assert f"{many - 1}.png: there may be" in answer.text
    file = await pool.fetchval("select id from evidence limit 1")
    await person.post("/form/evidence/remove", {"file": str(file)})
    assert await pool.fetchval("select count(*) from evidence") == 9


async def test_a_file_stays_for_as_long_as_its_draft(person: Form, app: FastAPI, pool: Pool):
    app.dependency_overrides[_now] = lambda: NOON
    await person.begin()
    await person.tell()
    await uploaded(person, ("his car.png", PNG), then="save")
    await person.get("/form/save")
    app.dependency_overrides[_now] = lambda: NOON + timedelta(days=20)
    await person.post("/form/when", {"when": "since March"})
    app.dependency_overrides[_now] = lambda: NOON + timedelta(days=40)
    await forget_expired(100, pool, NOON + timedelta(days=40))
    await person.send()
    (report,) = await reports(pool)
    assert [file.name for file in report.attachments] == ["his car.png"]
    assert await pool.fetchval("select count(*) from evidence where report_id = $1", report.report_id) == 1


async def test_a_draft_to_which_a_file_is_added_is_kept_anew_with_all_its_files(person: Form, app: FastAPI, pool: Pool):
    await person.begin()
    for hours in (0, 23, 46):
        app.dependency_overrides[_now] = lambda hours=hours: NOON + timedelta(hours=hours)
        assert (await uploaded(person, (f"{hours}.png", PNG + bytes([hours])))).status_code == 303
    kept = await pool.fetch("select expires_at from evidence union all select expires_at from sealed")
    assert {row["expires_at"] for row in kept} == {NOON + timedelta(hours=46 + 24)}


async def test_a_file_that_comes_after_sending_is_refused_with_what_to_do(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    await person.send()
    answer = await uploaded(person, ("late.png", PNG))
    assert answer.status_code == 409
    assert "Say on its page what the files show" in answer.text
    assert 'href="/status"' in answer.text
    assert await pool.fetchval("select count(*) from evidence") == 0
    assert (await person.post("/form/evidence")).headers["location"] == "/form/sent"


async def test_a_file_that_comes_while_it_is_sent_is_in_the_report_or_refused(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    await uploaded(person, ("early.png", PNG))
    async with pool.acquire() as connection:
        async with connection.transaction():
            await connection.fetch("select from sealed for update")
            sending = asyncio.create_task(person.post("/form/check"))
            await until_waiting(pool, 1)
            late = asyncio.create_task(uploaded(person, ("late.png", PNG)))
            await asyncio.wait([late, asyncio.create_task(until_waiting(pool, 2))], return_when=asyncio.FIRST_COMPLETED)
        await sending
    (report,) = await reports(pool)
    assert (await late).status_code == 409
    assert [file.name for file in report.attachments] == ["early.png"]
    assert await pool.fetchval("select count(*) from evidence where report_id is null") == 0


async def test_another_persons_file_cannot_be_taken_off(person: Form, app: FastAPI, pool: Pool):
    await person.begin()
    await uploaded(person, ("a.png", PNG))
    file = await pool.fetchval("select id from evidence")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://intake") as client:
        other = Form(client)
        await other.begin()
        await other.post("/form/evidence/remove", {"file": str(file)})
    assert await pool.fetchval("select count(*) from evidence") == 1


async def test_the_log_has_no_word_of_the_form(person: Form, pool: Pool, capsys: pytest.CaptureFixture[str]):
    await person.begin()
    await person.tell()
    await person.post("/form/contact", {"name": "Zebedee", "email": "wrong"})
    await person.get("/form/nothing")
    await person.send()
    out, err = capsys.readouterr()
    for word in ("follows", "Zebedee"):
        assert word not in out + err


async def test_a_page_that_is_not_there_is_a_page(person: Form):
    for path in ("/nothing", "/form/nothing", "/with/nobody/"):
        answer = await person.get(path)
        assert answer.status_code == 404
        assert "text/html" in answer.headers["content-type"]
        assert "999" in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/form", 405), ("POST", "/form/evidence/remove", 422), ("POST", "/", 405)]
)
async def test_what_cannot_be_done_is_not_called_a_page_that_is_not_there(
    person: Form, method: str, path: str, status: int
):
    answer = await person.client.request(method, path)
    assert answer.status_code == status
    assert "no such page" not in answer.text
    assert "nothing was kept or changed" in answer.text


async def test_the_page_for_files_says_how_much_goes_at_a_time(person: Form, pool: Pool):
    await person.begin()
    assert "30 MB at a time" in (await person.get("/form/evidence")).text
    content = PNG + bytes(MAX_FILE - len(PNG) - 1)
    files = [(f"{n}.png", content + bytes([n])) for n in range(3)]
    assert (await uploaded(person, *files)).status_code == 303
    assert await pool.fetchval("select count(*) from evidence") == 3


async def look(person: Form, reference: str, secret: str) -> httpx.Response:
    await person.post("/status", {"reference": reference, "secret": secret})
    return await person.get("/status")


async def test_status_needs_both_and_says_the_same_for_either(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    reference, secret = await person.send()
    wrong = await person.post("/status", {"reference": reference, "secret": "guess"})
    unknown = await person.post("/status", {"reference": "H-00000-00000", "secret": secret})
    assert wrong.status_code == unknown.status_code == 404
    page = await look(person, reference, secret)
    assert "on its way" in page.text
    (told,) = await reports(pool)
    await close([receipt(told, labels=(Label.stalking, Label.harassment))], pool)
    routed = await person.get("/status")
    assert "with the people who can act" in routed.text
    for word in ("follows", "stalk", "harass", "police", "northmoor", "control"):
        for shown in (page, routed):
            assert word not in shown.text.split("<main")[1].split("</main")[0].lower()


async def test_a_secret_is_let_in_as_people_type_it_back(person: Form):
    await person.begin()
    await person.tell()
    reference, secret = await person.send()
    groups = secret.lower().replace("-", " ").translate(str.maketrans("oib", "018"))
    assert "on its way" in (await look(person, reference.replace("-", " "), groups)).text


async def sent_and_looked_up(person: Form, app: FastAPI) -> dict[str, str]:
    """Somebody looks at their report at noon; returns what opens it."""
    app.dependency_overrides[_now] = lambda: NOON
    await person.begin("anonymous")
    await person.tell()
    reference, secret = await person.send()
    await look(person, reference, secret)
    return {"reference": reference, "secret": secret}


def out_of_sight(page: httpx.Response) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    return {name: html.unescape(value) for name, value in found}


async def test_a_reports_page_stays_open_while_it_is_used(person: Form, app: FastAPI, pool: Pool):
    assert "left alone" not in (await person.get("/status")).text
    await sent_and_looked_up(person, app)
    for minutes in (29, 58):
        app.dependency_overrides[_now] = lambda minutes=minutes: NOON + timedelta(minutes=minutes)
        assert "on its way" in (await person.get("/status")).text
    app.dependency_overrides[_now] = lambda: NOON + timedelta(minutes=58 + 30)
    over = (await person.get("/status")).text
    assert ("on its way" in over, "left alone for 30 minutes" in over) == (False, True)


async def test_without_the_database_nobody_is_told_that_their_page_was_closed(person: Form, app: FastAPI):
    await sent_and_looked_up(person, app)
    await app.state.pool.close()
    assert "Wait a minute, then try again" in (await person.get("/status")).text
    person.client.cookies.clear()
    assert (await person.get("/status")).status_code == 200


TYPED = {
    "more": ({"text": 'He is "at the door" <now>.\r\n  Please'}, "added"),
    "review": (
        {"name": "Sam", "phone": "01632 960001", "safe_words": "weekdays", "postcode": "ZZ1 4AB"},
        "review-asked",
    ),
    "withdraw": ({}, "withdrawn"),
}


@pytest.mark.parametrize("pressed", TYPED)
async def test_what_was_typed_for_longer_than_the_page_is_open_is_sent_once_it_is_looked_up_again(
    person: Form, app: FastAPI, pool: Pool, pressed: str
):
    holder = await sent_and_looked_up(person, app)
    app.dependency_overrides[_now] = lambda: NOON + timedelta(minutes=31)
    typed, noted = TYPED[pressed]
    over = await person.post(f"/status/{pressed}", typed)
    wrong = await person.post("/status", out_of_sight(over) | holder | {"secret": "guess"})
    assert (over.status_code, wrong.status_code) == (410, 404)
    for page in (over, wrong):
        assert out_of_sight(page) == typed | {"then": pressed}
    again = await person.client.post("/status", data=out_of_sight(wrong) | holder, follow_redirects=True)
    assert again.url.path == f"/status/{noted}"
    told = ReportReceived.model_validate_json(await pool.fetchval("select event from report"))
    assert told.revision == 2
    assert told.text.endswith(typed.get("text", ""))
    assert (told.case_review_asked_at is not None, told.withdrawal_asked_at is not None) == (
        pressed == "review",
        pressed == "withdraw",
    )
    assert "on its way" in (await person.get("/status")).text


async def test_a_page_that_was_open_for_too_long_is_looked_up_again_and_nothing_is_pressed_for_anybody(
    person: Form, app: FastAPI, pool: Pool
):
    holder = await sent_and_looked_up(person, app)
    app.dependency_overrides[_now] = lambda: NOON + timedelta(minutes=31)
    for over in (await person.get("/status/review"), await person.post("/status/reading")):
        assert over.status_code == 410
        assert out_of_sight(over) == {}
    elsewhere = await person.post("/status", holder | {"then": "https://elsewhere.example"})
    assert elsewhere.headers["location"] == "/status/begun"


async def test_what_was_typed_is_not_shown_to_whoever_comes_after_an_exit(
    person: Form, app: FastAPI, settings: Settings, pool: Pool
):
    await sent_and_looked_up(person, app)
    await person.get("/exit")
    answer = await person.post("/status/more", {"text": "He is at the door."})
    assert answer.status_code == 410
    assert "door" not in answer.text
    assert "nothing was sent" in answer.text
    assert (await person.get("/status/reading")).headers["location"] == settings.exit_to


async def test_who_sends_it_in_another_tab_after_an_exit_is_told_that_it_was_not_sent(
    person: Form, settings: Settings, pool: Pool
):
    await person.begin()
    await person.tell()
    await person.get("/exit")
    answer = await person.post("/form/check")
    assert answer.status_code == 410
    assert "nothing was sent" in answer.text
    assert STORY not in answer.text
    assert (await person.get("/form/check")).headers["location"] == settings.exit_to
    assert await pool.fetchval("select count(*) from report") == 0


async def test_too_much_at_once_is_said_in_a_page(person: Form):
    await person.begin()
    answer = await uploaded(person, ("big.mp4", bytes(33 * 2**20)))
    assert answer.status_code == 413
    assert "up to 10 MB" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_safe_message_is_chosen_words_and_nobodys_name(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    reference, secret = await person.send()
    (report,) = await reports(pool)
    progressed = ReportProgressed(
        report_id=report.report_id, agency="northmoor-police", progress="acknowledged", at=NOON, words="being_looked_at"
    )
    silent = progressed.model_copy(update={"progress": "returned", "words": None})
    for _ in range(2):
        await hear([progressed, silent], pool)
    page = (await look(person, reference, secret)).text
    assert page.count("It is being looked at.") == 1
    assert "northmoor" not in page
