"""What was told before, through all of Heard: shown to staff, undone by them, and never told to a reporter."""

from typing import Any

import httpx

from deploy.local.samples import Sent
from deploy.local.stack import Stack
from shared.database import create_pool
from tests.e2e.conftest import Tell, eventually

ROOM = "northmoor-police-control-room"
DAVE = {"answers": {"party": "Dave, number 9"}, "place": {"postcode": "ZZ1 4AB", "words": "11 Tamar House"}}


async def signed_in(stack: Stack, escalation: httpx.AsyncClient) -> None:
    form = {"grant_type": "client_credentials"}
    answer = await escalation.post("/oauth/token", data=form, auth=(ROOM, stack.secrets.of(ROOM)))
    escalation.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"


async def case_of(sent: Sent, escalation: httpx.AsyncClient) -> dict[str, Any]:
    found = (await escalation.post("/v1/queue/search", json={"q": sent.reference})).raise_for_status().json()
    (report_id,) = [one["report_id"] for one in found if one["reference"] == sent.reference]
    case: dict[str, Any] = (await escalation.get(f"/v1/queue/{report_id}")).raise_for_status().json()
    return case | {"report_id": report_id}


async def test_a_link_makes_it_repeated_until_an_operator_says_that_it_is_another(
    tell: Tell, stack: Stack, escalation: httpx.AsyncClient
):
    await signed_in(stack, escalation)
    first = await tell("web", "Dave at number 9 swore at me on the stairs. It was only the once.", **DAVE)
    later = await tell("web", "Dave at number 9 swore at me in the lift. I am upset.", **DAVE)

    async def linked() -> bool:
        told = [entry["detail"] for entry in (await case_of(first, escalation))["entries"]]
        return later.reference in {detail.get("reference") for detail in told}

    await eventually(linked)
    case = await case_of(later, escalation)
    assert case["item"]["assessment"]["repetition"] == "repeated"
    async with httpx.AsyncClient() as reporter:
        url = f"http://127.0.0.1:{stack.ports.intake}/v1/reports/{later.reference}"
        own = await reporter.get(url, headers={"Authorization": f"Bearer {later.secret}"})
    assert set(own.json()) == {"reference", "received_at", "stage", "messages", "area_wanted"}
    assert first.reference not in own.text
    disputed = {"reference": first.reference, "why": "Another Dave, of another house"}
    answer = await escalation.post(f"/v1/queue/{case['report_id']}/links/dispute", json=disputed)
    assert answer.status_code == 204

    async def read_anew() -> bool:
        return (await case_of(later, escalation))["item"]["assessment"]["repetition"] != "repeated"

    await eventually(read_anew)
    async with create_pool(stack.postgres.url("intake"), 1) as pool:
        why = await pool.fetchval("select dispute_reason from link where disputed_at is not null")
    assert why == disputed["why"]


async def test_more_told_later_is_graded_anew_and_a_withdrawal_closes_nothing(
    tell: Tell, stack: Stack, escalation: httpx.AsyncClient
):
    await signed_in(stack, escalation)
    sent = await tell("web", FIRST := "Loud music from number 3 until four.", place={"postcode": "ZZ1 4AB"})
    base = f"http://127.0.0.1:{stack.ports.intake}"
    async with httpx.AsyncClient(base_url=base, timeout=30) as reporter:
        entered = await reporter.post("/status", data={"reference": sent.reference, "secret": sent.secret})
        visit = {"Cookie": "; ".join(cookie.split(";")[0] for cookie in entered.headers.get_list("set-cookie"))}
        more = await reporter.post("/status/more", data={"text": "He says he will stab me."}, headers=visit)
        withdrawn = await reporter.post("/status/withdraw", headers=visit)
    assert [more.headers["location"], withdrawn.headers["location"]] == ["/status/added", "/status/withdrawn"]

    async def graded_anew() -> bool:
        """Until a threat was told of, it may have been for others alone, and on no queue of the police."""
        if not (await escalation.post("/v1/queue/search", json={"q": sent.reference})).raise_for_status().json():
            return False
        item = (await case_of(sent, escalation))["item"]
        return item["danger_class"] <= 2 and item["report"]["withdrawal_asked_at"] is not None

    await eventually(graded_anew)
    assert (await case_of(sent, escalation))["item"]["report"]["text"].startswith(FIRST)
