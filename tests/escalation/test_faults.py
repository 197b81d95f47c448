"""What goes wrong is a page for a person, with a way back, and a problem for a program and for htmx."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from services.escalation.domain.people import Person, Role, Worker
from services.escalation.handlers import leases, people
from services.escalation.main import create_app
from services.escalation.settings import Settings
from shared.database import Pool
from tests.builders import classified
from tests.escalation.conftest import OURS, Escalate, SignInPage
from tests.escalation.test_portal import HEALTH

SAM = "northmoor-police"


def is_page(answer: httpx.Response, status: int, *words: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    for one in words:
        assert one in answer.text


NOBODYS = "7d3b1f60-5c0e-4c58-9a57-6f5d8a1f2c11"


@pytest.mark.parametrize(
    ("role", "path", "status", "words"),
    [
        (Role.agency, "/board", 403, "This page is for: operator, supervisor."),
        (Role.agency, f"/portal/reports/{NOBODYS}", 404, "Nothing of yours is here"),
        (Role.agency, f"/portal/reviews/{NOBODYS}", 404, "No case review of yours has this id."),
        (Role.agency, "/portal/reports/H-4K7QX", 422, "Check the address"),
        (Role.operator, f"/board/cases/{NOBODYS}", 404, "No such case"),
        (Role.operator, "/nowhere", 404, "Check the address"),
        (Role.admin, "/board", 403, "Not for you"),
        (Role.auditor, "/portal", 403, "Not for you"),
    ],
)
async def test_what_is_not_theirs_or_not_there_is_a_page_with_a_way_back(
    sign_in_page: SignInPage, role: Role, path: str, status: int, words: str
):
    answer = await (await sign_in_page(role, "Ada", HEALTH if role is Role.agency else SAM)).get(path)
    is_page(answer, status, words, "<h1>", '<p><a href="/">To your first page')


async def test_an_unknown_address_is_a_page_for_nobody_too_and_has_a_way_back(client: httpx.AsyncClient):
    is_page(await client.get("/nowhere"), 404, "Nothing is here", '<a href="/">To the first page')


@pytest.mark.parametrize("path", ["/v1/nowhere", "/oauth/nowhere"])
async def test_a_program_still_gets_a_problem(client: httpx.AsyncClient, path: str):
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_htmx_still_gets_a_problem(sign_in_page: SignInPage):
    browser = await sign_in_page(Role.operator)
    answer = await browser.post(f"/board/cases/{uuid4()}/claim", headers=OURS | {"HX-Request": "true"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_form_from_elsewhere_is_refused_with_a_page_that_gives_nothing_of_it_back(sign_in_page: SignInPage):
    browser = await sign_in_page(Role.agency, "Ada", HEALTH)
    answer = await browser.post(f"/portal/reports/{uuid4()}/progress", data={"note": "planted by another site"})
    is_page(answer, 403, "This did not come from one of our pages")
    assert "planted" not in answer.text


async def test_what_was_typed_when_the_session_had_ended_is_sent_once_they_are_back(
    client: httpx.AsyncClient, escalate: Escalate, sign_in_page: SignInPage, pool: Pool
):
    event = classified(behaviours=("A3",))
    await escalate(event)
    path = f"/portal/reports/{event.report_id}/progress"
    typed = {"note": 'He said "stop" <here>\nand went.', "tell_reporter": "something_was_done"}
    ended = await client.post(path, data=typed, headers=OURS)
    note = '<input type="hidden" name="note" value="He said &#34;stop&#34; &lt;here&gt;\nand went.">'
    again = '<input type="hidden" name="tell_reporter" value="something_was_done">'
    assert ended.status_code == 401
    for part in ("Your session has ended", f'action="{path}"', note, again, 'href="/sign-in" target="_blank"'):
        assert part in ended.text
    assert "location" not in ended.headers
    assert not await pool.fetchval("select count(*) from delivery_step")
    browser = await sign_in_page(Role.agency, "Ada", HEALTH)
    assert (await browser.post(path, data=typed, headers=OURS)).status_code == 303
    assert await pool.fetchval("select note from delivery_step") == typed["note"]


@pytest.fixture
async def unwritable(settings: Settings, client: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """The same databases, which cannot be written."""
    urls = {name: getattr(settings, name).get_secret_value() for name in ("database", "guest_database")}
    read_only = {name: SecretStr(f"{url}?default_transaction_read_only=on") for name, url in urls.items()}
    app = create_app(settings.model_copy(update=read_only))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=client.base_url) as other,
    ):
        yield other


async def test_what_was_typed_while_the_database_was_away_is_sent_again(
    sign_in_page: SignInPage, unwritable: httpx.AsyncClient
):
    unwritable.cookies = (await sign_in_page(Role.agency, "Ada", HEALTH)).cookies
    path = f"/portal/reports/{uuid4()}/progress"
    answer = await unwritable.post(path, data={"note": "We went at seven."}, headers=OURS)
    is_page(answer, 503, 'name="note" value="We went at seven."', f'action="{path}"', "Send it again")
    assert answer.headers["retry-after"] == "5"


async def test_a_password_is_never_given_back(unwritable: httpx.AsyncClient, pool: Pool):
    typed = {"name": "ada", "password": "hush hush"}
    await people.let_in(
        Person(typed["name"], "Ada", Role.agency, HEALTH), pool, "a test", datetime.now(UTC), typed["password"]
    )
    answer = await unwritable.post("/sign-in", data=typed, headers=OURS)
    is_page(answer, 503, "We cannot take this just now")
    assert typed["password"] not in answer.text


async def test_words_that_can_be_kept_nowhere_any_more_are_shown_to_be_copied(sign_in_page: SignInPage):
    browser = await sign_in_page(Role.agency, "Ada", HEALTH)
    typed = {"outcome": "The music has stopped.", "tell_reporter": "something_was_done"}
    answer = await browser.post(f"/portal/reports/{uuid4()}/close", data=typed, headers=OURS)
    is_page(answer, 404, "The music has stopped.</textarea>")
    assert "something_was_done" not in answer.text


async def test_a_claim_from_a_list_that_is_too_late_says_who_has_it_on_the_supervisors_own_page(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool
):
    event = classified()
    await escalate(event)
    robin = await sign_in_page(Role.supervisor, "Robin")
    claim = f"/supervisor/claims/{event.report_id}"
    assert claim in (await robin.get("/supervisor")).text
    taken = await leases.claim(event.report_id, Worker("sam", "Sam", SAM), None, pool, datetime.now(UTC))
    is_page(await robin.post(claim, headers=OURS), 409, "This cannot be claimed now. It is with Sam.", "Workload")
    await pool.execute("update queue_item set lease_until = null, lease_token = null, holder = null")
    answer = await robin.post(claim, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/board/cases/{taken.report_id}")


async def test_a_reference_that_no_case_has_stays_in_its_field(sign_in_page: SignInPage):
    answer = await (await sign_in_page(Role.auditor)).get("/audit", params={"reference": "H-4K7QX-9M2T8"})
    is_page(answer, 404, "No case has this reference.", 'value="H-4K7QX-9M2T8"', 'aria-invalid="true"')


@pytest.mark.parametrize(
    ("words", "status"), [("a\r\n" * 1999 + "aa", 303), ("a\r\n" * 2000 + "a", 422), (" \r\n ", 422)]
)
async def test_a_note_on_the_board_is_counted_as_its_field_counts_it_and_says_something(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool, words: str, status: int
):
    event = classified()
    await escalate(event)
    browser = await sign_in_page(Role.operator)
    answer = await browser.post(f"/board/cases/{event.report_id}/notes", data={"words": words}, headers=OURS)
    assert answer.status_code == status
    kept = [row["words"] for row in await pool.fetch("select words from note")]
    assert kept == ([words.replace("\r\n", "\n")] if status == 303 else [])


async def test_it_is_not_ready_where_agencies_requests_cannot_be_served(settings: Settings, client: httpx.AsyncClient):
    """The guest's password was changed in one place, say."""
    wrong = settings.guest_database.get_secret_value().replace("@", "-and-more@")
    app = create_app(settings.model_copy(update={"guest_database": SecretStr(wrong)}))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=client.base_url) as other,
    ):
        assert ((await client.get("/readyz")).status_code, (await other.get("/readyz")).status_code) == (200, 503)
