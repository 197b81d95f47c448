"""What control rooms and agencies see over HTTP: the ranked queue, the feeds, and nothing without a token."""

from datetime import timedelta

import httpx
import pytest
from typer.testing import CliRunner

from services.escalation import tokens
from services.escalation.cli import app as cli
from services.escalation.handlers.cases import not_read
from services.escalation.repository import queue
from services.escalation.repository.feeds import PAGE
from services.escalation.settings import Settings
from services.escalation.tokens import Principal
from shared.codebook import DangerClass, Label
from shared.command import AskedWrongly
from shared.told import Answers, Contact, Place
from tests.builders import NOON, classified, report
from tests.escalation.conftest import Escalate, SignIn

QUEUE = "/v1/queue"
FEED = "/v1/agencies/northmoor-environmental-health/reports"


async def test_the_queue_is_ranked_by_danger_then_grade_then_target(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn
):
    wanted = []
    for name, danger, minutes in (("c", 2, 0), ("a", 1, 9), ("e", 3, 0), ("b", 1, 10), ("d", 2, 1)):
        told = report(reference=name, received_at=NOON + timedelta(minutes=minutes))
        await escalate(classified(told, labels=(Label.harassment,), danger_class=DangerClass(danger)))
        wanted.append(name)
    answer = await client.get(QUEUE, headers=await sign_in("operator", "northmoor-police"))
    assert [item["report"]["reference"] for item in answer.json()["items"]] == sorted(wanted)


async def test_a_control_room_sees_its_own_force_and_what_is_nobodys(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn
):
    for name, postcode in (("north", "ZZ1 1AA"), ("south", "ZZ4 1AA"), ("nowhere", None)):
        await escalate(classified(report(reference=name, place=Place(postcode=postcode)), labels=(Label.harassment,)))
    answer = await client.get(QUEUE, headers=await sign_in("operator", "southvale-police"))
    assert {item["report"]["reference"] for item in answer.json()["items"]} == {"south", "nowhere"}


async def test_a_part_of_the_queue_says_that_more_is_behind_it(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
):
    await escalate(*(classified(report(reference=name), labels=(Label.harassment,)) for name in "abc"))
    headers = await sign_in("operator", "northmoor-police")
    answers = [(await client.get(QUEUE, params={"limit": limit}, headers=headers)).json() for limit in (2, 3)]
    assert [(len(answer["items"]), answer["more"]) for answer in answers] == [(2, True), (3, False)]
    monkeypatch.setattr(queue, "RANKED", queue.RANKED.replace(str(PAGE), "1"))
    answer = (await client.get(QUEUE, headers=headers)).json()
    assert (len(answer["items"]), answer["more"]) == (1, True)


async def test_one_queue_can_be_asked_for(escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn):
    await escalate(classified(labels=(Label.harassment,)), classified(labels=(Label.other,)))
    headers = await sign_in("operator", "northmoor-police")
    answer = await client.get(QUEUE, params={"queue": "review"}, headers=headers)
    assert [item["queues"] for item in answer.json()["items"]] == [["review"]]


async def test_a_feed_is_contiguous_from_any_position(escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn):
    await escalate(*(classified(behaviours=("A3",)) for _ in range(5)))
    headers = await sign_in("agency", "northmoor-environmental-health")
    first = (await client.get(FEED, params={"limit": 3}, headers=headers)).json()
    rest = (await client.get(FEED, params={"after": first["next"]}, headers=headers)).json()
    assert [one["position"] for one in first["reports"] + rest["reports"]] == [1, 2, 3, 4, 5]
    after = {"after": rest["next"]}
    assert (await client.get(FEED, params=after, headers=headers)).json() == {"reports": [], "next": rest["next"]}


async def test_a_page_has_as_much_as_fits_and_the_next_goes_on_from_there(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn
):
    words = "x" * (PAGE // 2 - 2**18)
    for _ in range(4):
        await escalate(classified(report(text=words), labels=(Label.harassment,), behaviours=("A3",)))
    headers, after, pages = await sign_in("agency", "northmoor-police"), None, []
    for _ in range(3):
        page = (await client.get("/v1/agencies/northmoor-police/reports", params=after, headers=headers)).json()
        pages.append([one["position"] for one in page["reports"]])
        after = {"after": page["next"]}
    assert pages == [[1, 2, 3], [4], []]
    queue = await client.get(QUEUE, headers=await sign_in("operator", "northmoor-police"))
    assert len(queue.json()["items"]) == 3


CONTACT = Contact(name="Jo", phone="01632 960001")


async def test_a_kind_of_agency_sees_what_it_may_and_no_more(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn
):
    told = report(contact=CONTACT, answers=Answers(safe_contact="ring, do not come"))
    await escalate(classified(told, behaviours=("A3", "A4")))
    health = await client.get(FEED, headers=await sign_in("agency", "northmoor-environmental-health"))
    council = await client.get(
        "/v1/agencies/northmoor-council-asb/reports", headers=await sign_in("agency", "northmoor-council-asb")
    )
    assert "01632" not in health.text
    assert council.json()["reports"][0]["report"]["contact"]["phone"] == "01632 960001"
    assert council.json()["reports"][0]["report"]["safe_contact"] == ["ring, do not come"]


@pytest.mark.parametrize("path", [QUEUE, FEED])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic abc"}])
async def test_nothing_without_a_token(client: httpx.AsyncClient, path: str, headers: dict[str, str]):
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_agency_sees_only_its_own(client: httpx.AsyncClient, sign_in: SignIn):
    other = await sign_in("agency", "southvale-environmental-health")
    assert (await client.get(FEED, headers=other)).status_code == 403
    assert (await client.get(QUEUE, headers=other)).status_code == 403


async def test_an_operator_is_not_an_agency(client: httpx.AsyncClient, sign_in: SignIn):
    operator = await sign_in("operator", "northmoor-police")
    assert (await client.get("/v1/agencies/northmoor-police/reports", headers=operator)).status_code == 403


@pytest.mark.parametrize("key", ["a key of thirty-two characters or more", "another key of thirty-two characters"])
async def test_a_token_that_is_old_or_forged_is_refused(client: httpx.AsyncClient, key: str):
    token = tokens.issue(Principal("x", "operator", "northmoor-police"), key, NOON)
    assert (await client.get(QUEUE, headers={"Authorization": f"Bearer {token}"})).status_code == 401


@pytest.mark.parametrize("credentials", [("unknown", "secret"), ("northmoor-police-operator", "wrong"), None])
async def test_a_client_that_is_unknown_gets_no_token(
    client: httpx.AsyncClient, sign_in: SignIn, credentials: tuple[str, str] | None
):
    await sign_in("operator", "northmoor-police")
    answer = await client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=credentials)
    assert answer.status_code == 401


def test_a_client_with_a_secret_of_the_demo_is_refused_outside_it(settings: Settings):
    environment = {
        "HEARD_ESCALATION_DATABASE": "postgresql://127.0.0.1:1/none",
        "HEARD_ESCALATION_GUEST_DATABASE": "postgresql://guest@127.0.0.1:1/none",
        "HEARD_ESCALATION_KAFKA": settings.kafka.get_secret_value(),
        "HEARD_ESCALATION_TOKEN_KEY": settings.token_key.get_secret_value(),
        "HEARD_ESCALATION_AUDIT_KEY": settings.audit_key.get_secret_value(),
        "HEARD_CLIENT_SECRET": "demo-secret",
    }
    wanted = ["client", "a-program", "--role", "agency", "--belongs-to", "northmoor-council-asb"]
    done = CliRunner().invoke(cli, wanted, env=environment)
    assert isinstance(done.exception, AskedWrongly)
    assert "demo credential" in str(done.exception)
    assert "demo-secret" not in str(done.exception)


@pytest.mark.parametrize(
    ("path", "kept"),
    [(QUEUE, "no-store"), ("/v1/agencies/x/reports", "no-store"), (FEED, "private, no-cache")],
)
async def test_words_are_kept_by_nobody_but_the_agency_whose_they_are(
    client: httpx.AsyncClient, sign_in: SignIn, path: str, kept: str
):
    role, whose = ("operator", "northmoor-police") if path == QUEUE else ("agency", "northmoor-environmental-health")
    answer = await client.get(path, headers=await sign_in(role, whose))
    assert answer.headers.get_list("cache-control") == [kept]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_nobody_has_read_is_shown_as_such(escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn):
    await escalate(not_read(report()))
    (item,) = (await client.get(QUEUE, headers=await sign_in("operator", "northmoor-police"))).json()["items"]
    assert item["assessment"] is None
