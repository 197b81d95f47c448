"""The agencies' pages: what is to be done comes first, and what changed since is said."""

import re
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from services.escalation.domain.people import Role
from shared.codebook import DangerClass, Label
from shared.database import Pool
from shared.events import ReportClassified
from shared.told import Answers, Times
from tests.builders import NOON, classified, report
from tests.escalation.conftest import OURS, Escalate, SignInPage

HEALTH, POLICE = "northmoor-environmental-health", "northmoor-police"
CHANGED = "Changed since you took it on"
NOISE = {"behaviours": ("A3",)}
MORE = """
insert into delivery (agency_id, position, report_id, queue, reason, ground, delivered_at, reference, received_at,
                      state, acknowledge_by)
select $1, 1000 + n, gen_random_uuid(), 'noise', '', '', $3, 'H-OLDER-' || n, $3, $2, $3
from generate_series(1, $4) as n
"""


@pytest.fixture
async def health(sign_in_page: SignInPage) -> httpx.AsyncClient:
    browser = await sign_in_page(Role.agency, "Ada", HEALTH)
    browser.headers.update(OURS)
    return browser


@pytest.fixture
async def noise(escalate: Escalate) -> ReportClassified:
    event = classified(**NOISE)
    await escalate(event)
    return event


async def shown(browser: httpx.AsyncClient, path: str = "") -> str:
    return (await browser.get(f"/portal{path}")).raise_for_status().text


async def acknowledged(browser: httpx.AsyncClient, report_id: UUID) -> None:
    assert (await browser.post(f"/portal/reports/{report_id}/acknowledge")).status_code == 303


async def safer(escalate: Escalate, event: ReportClassified) -> None:
    answers = Answers(safe_contact="never ring, he listens")
    told = event.report.model_copy(update={"revision": event.report.revision + 1, "answers": answers})
    await escalate(classified(told, **NOISE), at=NOON + timedelta(hours=1))


async def test_what_was_taken_on_hides_nothing_that_is_new(
    noise: ReportClassified, health: httpx.AsyncClient, pool: Pool
):
    await pool.execute(MORE, HEALTH, "acknowledged", NOON - timedelta(days=9), 200)
    page = await shown(health)
    assert page.index(noise.report.reference) < page.index("H-OLDER-1<")
    assert page.count("H-OLDER-") == 199
    assert "The first 200 of more" in page


async def test_a_list_that_is_whole_does_not_say_that_there_is_more(
    noise: ReportClassified, health: httpx.AsyncClient, pool: Pool
):
    await pool.execute(MORE, HEALTH, "acknowledged", NOON, 199)
    page = await shown(health)
    assert page.count("H-OLDER-") == 199
    assert noise.report.reference in page
    assert "of more" not in page


async def test_what_changed_since_it_was_taken_on_says_so_until_something_is_done_about_it(
    noise: ReportClassified, health: httpx.AsyncClient, escalate: Escalate
):
    path = f"/reports/{noise.report_id}"
    await acknowledged(health, noise.report_id)
    assert CHANGED not in await shown(health) + await shown(health, path)
    await safer(escalate, noise)
    assert CHANGED in await shown(health)
    assert CHANGED in await shown(health, path)
    await health.post(f"/portal{path}/progress", data={"note": "We write instead."})
    assert CHANGED not in await shown(health) + await shown(health, path)


@pytest.mark.parametrize("closed", [False, True])
async def test_that_it_was_asked_to_be_withdrawn_reaches_an_agency_that_has_it_alone(
    noise: ReportClassified, health: httpx.AsyncClient, escalate: Escalate, pool: Pool, closed: bool
):
    path = f"/reports/{noise.report_id}"
    if closed:
        await health.post(f"/portal{path}/close", data={"outcome": "visited"})
    words = "Asked to withdraw, perhaps under pressure"
    assert words not in await shown(health, path)
    told = noise.report.model_copy(update={"revision": 2, "withdrawal_asked_at": NOON})
    await escalate(classified(told, **NOISE))
    assert await pool.fetchval("select count(*) from queue_item") == 0
    assert words in await shown(health, path)
    kinds = [row["kind"] for row in await pool.fetch("select kind from delivery order by position")]
    assert kinds == ["report", "corrected"]
    assert noise.report.reference in await shown(health)


async def test_what_nobody_has_taken_on_yet_is_new_and_not_changed(
    noise: ReportClassified, health: httpx.AsyncClient, escalate: Escalate
):
    await shown(health, f"/reports/{noise.report_id}")
    await safer(escalate, noise)
    assert CHANGED not in await shown(health)


async def test_what_was_withdrawn_is_not_said_to_have_changed(
    noise: ReportClassified, health: httpx.AsyncClient, escalate: Escalate
):
    await acknowledged(health, noise.report_id)
    await safer(escalate, noise)
    elsewhere = noise.report.model_copy(update={"revision": 3})
    await escalate(classified(elsewhere, labels=(Label.harassment,)))
    page = await shown(health, f"/reports/{noise.report_id}")
    assert "It was withdrawn or erased" in page
    assert CHANGED not in page


async def test_what_is_open_is_shown_though_an_older_delivery_was_withdrawn(
    escalate: Escalate, sign_in_page: SignInPage
):
    police = await sign_in_page(Role.agency, "Ada", POLICE)
    event = classified(behaviours=("A4",))
    await escalate(event)
    await escalate(classified(event.report, labels=(Label.harassment,), reading=2))
    page = await shown(police, f"/reports/{event.report_id}")
    assert event.report.text in page
    assert ">Acknowledge</button>" in page


async def test_a_second_delivery_is_acknowledged_where_the_first_was(escalate: Escalate, sign_in_page: SignInPage):
    police = await sign_in_page(Role.agency, "Ada", POLICE)
    police.headers.update(OURS)
    event = classified(behaviours=("A4",))
    await escalate(event)
    await acknowledged(police, event.report_id)
    both = {"labels": (Label.harassment, Label.asb), "behaviours": ("A4",)}
    await escalate(classified(event.report, reading=2, **both))
    assert ">Acknowledge</button>" in await shown(police, f"/reports/{event.report_id}")
    await acknowledged(police, event.report_id)
    assert ">Acknowledge</button>" not in await shown(police, f"/reports/{event.report_id}")


async def test_line_breaks_are_counted_as_the_browser_counts_them(
    noise: ReportClassified, health: httpx.AsyncClient, pool: Pool
):
    words = "\r\n".join(["a" * 18] * 105) + "a" * 6
    assert len(words.replace("\r\n", "\n")) == 2000
    answer = await health.post(f"/portal/reports/{noise.report_id}/return", data={"reason": words})
    assert answer.status_code == 303
    assert await pool.fetchval("select note from delivery_step") == words.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("form", "field", "typed", "said"),
    [
        ("progress", "note", " \r\n ", "Write what was done"),
        ("return", "reason", "", "Write why it is not yours"),
        ("close", "outcome", "   ", "Write what came of it"),
        ("close", "outcome", "a" * 2001, "Shorten this to 2,000 characters"),
    ],
)
async def test_what_cannot_be_taken_comes_back_as_it_was_typed_and_says_what_to_do(
    noise: ReportClassified, health: httpx.AsyncClient, pool: Pool, form: str, field: str, typed: str, said: str
):
    given = {field: typed, "tell_reporter": "something_was_done"}
    answer = await health.post(f"/portal/reports/{noise.report_id}/{form}", data=given)
    assert answer.status_code == 422
    assert f'<a href="#{form}-{field}">{said}</a>' in answer.text
    assert f'aria-describedby="{form}-{field}-fault"' in answer.text
    assert f">\n{typed}</textarea>" in answer.text.replace("\r", "") or f">\n{typed}</textarea>" in answer.text
    assert answer.text.count('<details class="panel" open>') == 1
    assert await pool.fetchval("select count(*) from delivery_step") == 0
    if form != "return":
        assert '<option value="something_was_done" selected>' in answer.text


async def test_words_for_a_report_that_was_closed_meanwhile_are_shown_to_be_copied(
    noise: ReportClassified, health: httpx.AsyncClient, pool: Pool
):
    await pool.execute("update delivery set state = 'closed'")
    path = f"/portal/reports/{noise.report_id}/progress"
    answer = await health.post(path, data={"note": "We went at <seven>.", "tell_reporter": ""})
    assert answer.status_code == 409
    assert "It is closed" in answer.text
    assert "We went at &lt;seven&gt;.</textarea>" in answer.text


GIVEN = {
    "progress": {"note": "We went at seven."},
    "return": {"reason": "We went at seven."},
    "close": {"outcome": "We went at seven."},
    "acknowledge": {},
}


@pytest.mark.parametrize("form", list(GIVEN))
async def test_nothing_is_done_from_a_page_to_what_was_corrected_since_and_it_is_shown_beside_what_was_written(
    noise: ReportClassified, health: httpx.AsyncClient, escalate: Escalate, pool: Pool, form: str
):
    path = f"/portal/reports/{noise.report_id}"
    before = await shown(health, path.removeprefix("/portal"))
    await safer(escalate, noise)
    answer = await health.post(f"{path}/{form}", data=GIVEN[form] | {"position": position(before, form)})
    assert answer.status_code == 409
    assert "This report changed at 13:00 GMT on 14 Mar 2026, after you read it." in answer.text
    assert "never ring, he listens" in answer.text
    assert [row["state"] for row in await pool.fetch("select state from delivery where kind = 'report'")] == ["seen"]
    assert await pool.fetchval("select count(*) from delivery_step") == 0
    if form != "acknowledge":
        assert ">\nWe went at seven.</textarea>" in answer.text
    again = await health.post(f"{path}/{form}", data=GIVEN[form] | {"position": position(answer.text, form)})
    assert again.status_code == 303


def position(page: str, form: str) -> str:
    """What the form says that its page showed."""
    found = re.search(rf'/{form}">\s*<input type="hidden" name="position" value="(\d+)">', page)
    assert found
    return found[1]


async def test_what_was_answered_is_shown_and_what_happens_now_before_all_else(
    escalate: Escalate, sign_in_page: SignInPage
):
    council = await sign_in_page(Role.agency, "Ada", "northmoor-council-asb")
    answers = Answers(
        happening_now=True, when="since March", times=Times.more, feeling=("scared",), reported_before=4,
        party="ex_partner",
    )  # fmt: skip
    event = classified(report(answers=answers), behaviours=("A1",), danger_class=DangerClass.veiled_or_stalking)
    await escalate(event)
    page = await shown(council, f"/reports/{event.report_id}")
    assert page.index("Happening now, or somebody is in danger") < page.index(event.report.text)
    for words in ("since March", "More often", "scared", "4 times, they say", "ex partner", "<dd>Begging</dd>"):
        assert words in page
    assert "<dd>Veiled threat or stalking</dd>" in page
    assert "ex_partner" not in page
    told = event.report.model_copy(update={"revision": 2, "answers": Answers(happening_now=False)})
    await escalate(classified(told, behaviours=("A1",)))
    page = await shown(council, f"/reports/{event.report_id}")
    assert "Happening now, or somebody" not in page
    assert "<dt>Happening now</dt><dd>no</dd>" in page
    assert "<dt>Danger</dt>" not in page


async def test_what_was_done_says_who_did_it_by_their_name(
    noise: ReportClassified, health: httpx.AsyncClient, pool: Pool
):
    """With OpenID Connect an id is an address and a number."""
    await acknowledged(health, noise.report_id)
    sub = "https://login.northmoor.test/realms/staff|8f14e45f"
    await pool.execute(
        "insert into person (id, name, role, belongs_to) values ($1, 'Bo Marsh', 'agency', $2)", sub, HEALTH
    )
    await pool.execute("update delivery_step set by = $1", sub)
    page = await shown(health, f"/reports/{noise.report_id}")
    assert "Bo Marsh" in page
    assert sub not in page


@pytest.mark.parametrize("show", ["open", "done"])
async def test_what_no_list_shows_any_more_is_opened_by_its_reference(
    noise: ReportClassified, health: httpx.AsyncClient, pool: Pool, show: str
):
    state = {"open": "acknowledged", "done": "closed"}[show]
    await pool.execute("update delivery set state = $1, acknowledge_by = $2", state, NOON + timedelta(days=9))
    await pool.execute(MORE, HEALTH, state, NOON, 200)
    assert noise.report.reference not in await shown(health, f"?show={show}")
    for spelt in (f" {noise.report.reference.lower()} ", noise.report.reference.replace("-", "")):
        answer = await health.get("/portal", params={"reference": spelt})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/portal/reports/{noise.report_id}")


async def test_a_reference_of_nobodys_or_somebody_elses_report_opens_nothing_and_stays_in_its_field(
    noise: ReportClassified, sign_in_page: SignInPage
):
    police = await sign_in_page(Role.agency, "Ada", POLICE)
    for reference in (noise.report.reference, "H-NONE"):
        answer = await police.get("/portal", params={"reference": reference})
        assert answer.status_code == 404
        assert "Nothing with this reference was delivered to you." in answer.text
        assert f'name="reference" value="{reference}"' in answer.text
