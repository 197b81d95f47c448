"""What a browser has open twice: two reports in two tabs, the page after sending one and the page of how it stands."""

import re

import pytest

from services.intake.routers.pages import DRAFT, STATUS
from shared.database import Pool
from tests.intake.form import STORY, Form
from tests.intake.test_form import TYPED, look, out_of_sight
from tests.intake.test_way_through import main

STILL_OPEN = "Something else is still open"


async def sent(person: Form) -> dict[str, str]:
    """One more report; returns what opens it."""
    await person.begin(anew="yes")
    await person.tell()
    return dict(zip(("reference", "secret"), await person.send(), strict=True))


async def closed(person: Form, path: str) -> str:
    """The page after closing; without the nav that leads everywhere."""
    answer = await person.post(path)
    return main((await person.get(answer.headers["location"])).text)


@pytest.mark.parametrize("path", ["/form/close", "/status/close"])
async def test_a_report_that_is_closed_is_open_on_no_other_page(person: Form, pool: Pool, path: str):
    holder = await sent(person)
    await look(person, holder["reference"].lower().replace("-", " "), holder["secret"])
    assert STILL_OPEN not in await closed(person, path)
    assert not {DRAFT, STATUS} & set(person.client.cookies)
    assert await pool.fetchval("select count(*) from sealed") == 0
    assert "Carry on where you were" not in (await person.get("/")).text


async def test_closing_one_leaves_another_and_says_that_it_is_open(person: Form, pool: Pool):
    await look(person, **await sent(person))
    other = await sent(person)
    page = await closed(person, "/status/close")
    assert (STILL_OPEN in page, 'href="/form/check"' in page, 'href="/status"' in page) == (True, True, False)
    assert other["secret"] in (await person.get("/form/sent")).text
    await look(person, **await sent(person))
    await sent(person)
    page = await closed(person, "/form/close")
    assert (STILL_OPEN in page, 'href="/form/check"' in page, 'href="/status"' in page) == (True, False, True)
    assert "on its way" in (await person.get("/status")).text
    await person.begin()
    await person.tell()
    assert 'href="/form/check"' in await closed(person, "/status/close")
    assert STORY in (await person.get("/form/check")).text


@pytest.mark.parametrize("pressed", [*TYPED, "reading"])
async def test_a_page_of_one_report_changes_no_other_report(person: Form, pool: Pool, pressed: str):
    one, other = await sent(person), await sent(person)
    await look(person, **one)
    page = await person.get("/status" if pressed == "more" else f"/status/{pressed}")
    await person.post("/status/close")
    await look(person, **other)
    typed, _ = TYPED.get(pressed, ({}, ""))
    refused = await person.post(f"/status/{pressed}", out_of_sight(page) | typed)
    assert (refused.status_code, 'name="secret"' in refused.text) == (410, True)
    assert out_of_sight(refused) == (typed | {"then": pressed} if pressed in TYPED else {})
    assert await pool.fetchval("select max(revision) from report") == 1
    await person.client.post("/status", data=out_of_sight(refused) | one, follow_redirects=True)
    revisions = dict(await pool.fetch("select reference, revision from report"))
    assert revisions == {one["reference"]: 2 if pressed in TYPED else 1, other["reference"]: 1}


async def test_each_page_of_a_report_says_of_which_and_not_what_opens_it(person: Form, pool: Pool):
    await look(person, **await sent(person))
    pages = [(await person.get(f"/status{path}")).text for path in ("", "/review", "/withdraw", "/reading")]
    for page in pages:
        forms = page.count('<form method="post"') - page.count('action="/status/close"')
        assert page.count('name="of" value=') == forms == 1
        assert person.client.cookies[STATUS] not in page
    assert len({*re.findall('name="of" value="([0-9a-f]{12})"', "".join(pages))}) == 1


async def test_the_only_copy_of_a_secret_is_left_only_if_that_is_said(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    await person.get("/form/save")
    saved = person.client.cookies[DRAFT]
    for path, given in (("/form", {"reporting": "case_review"}), ("/return", {"code": saved})):
        holder = await sent(person)
        asked = await person.post(path, given)
        assert (asked.status_code, 'href="/form/sent"' in main(asked.text)) == (409, True)
        assert holder["secret"] in (await person.get("/form/sent")).text
        assert (await person.post(path, out_of_sight(asked) | {"anew": "yes"})).status_code == 303
    assert STORY in (await person.get("/form/check")).text


async def test_back_to_the_page_after_sending_is_no_dead_end_for_what_is_not_sent(person: Form, pool: Pool):
    await person.begin()
    for path in ("/form/sent", "/form/sent/reading"):
        assert (await person.get(path)).headers["location"] == "/form/check"
    assert (await person.post("/form/sent/reading")).headers["location"] == "/form/check"
