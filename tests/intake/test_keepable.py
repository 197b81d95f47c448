"""What no database could keep is marked in its place, whichever way it comes, and costs nobody their report."""

import json
from typing import Any

import httpx
import pytest

from services.intake.domain.partners import Partner, Scope
from services.intake.handlers.partners import make_key, register
from shared.database import Pool
from shared.events import ReportReceived
from tests.builders import NOON
from tests.intake.conftest import TELEPHONY_KEY
from tests.intake.form import Form

NUL, MARK = "a\0b", "a\ufffdb"
KEY = {"Authorization": f"Bearer {TELEPHONY_KEY}"}


async def told(pool: Pool) -> ReportReceived:
    """The last that was told, without a text in it that jsonb would refuse."""
    event = await pool.fetchval("select value from outbox where topic like 'reports.received%' order by id desc")
    await pool.fetchval("select convert_from($1, 'UTF8')::jsonb", event)
    return ReportReceived.model_validate_json(event)


async def test_on_the_forms_pages(person: Form, pool: Pool):
    await person.begin()
    for page, fields in {
        "story": {"story": NUL},
        "where": {"postcode": NUL, "place": NUL},
        "contact": {"name": NUL, "phone": f"123{NUL}"},
    }.items():
        assert (await person.post(f"/form/{page}", fields)).status_code == 303
    await person.send()
    report = await told(pool)
    assert (report.text, report.place.postcode, report.contact and report.contact.name) == (MARK, MARK, MARK)


async def test_on_the_page_of_a_report(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    reference, secret = await person.send()
    assert (await person.post("/status", {"reference": NUL, "secret": secret})).status_code == 404
    await person.post("/status", {"reference": reference, "secret": secret})
    assert (await person.post("/status/more", {"text": NUL})).status_code == 303
    assert (await told(pool)).text.endswith(MARK)
    asked = {"name": NUL, "phone": "07700 900982", "safe_words": NUL, "place": NUL}
    assert (await person.post("/status/review", asked)).status_code == 303
    assert (await told(pool)).answers.safe_contact == MARK


async def test_by_open311(client: httpx.AsyncClient, pool: Pool):
    await register(Partner("northmoor", "Northmoor", "#1d4f6f"), pool)
    _, key = await make_key("northmoor", [Scope.open311], pool, NOON)
    client.headers["Authorization"] = f"Bearer {key}"
    sent = {"service_code": "report", "description": NUL, "first_name": NUL, "attribute[party]": NUL}
    assert (await client.post("/open311/v2/requests.json", data=sent)).status_code == 201
    report = await told(pool)
    assert (report.text, report.answers.party, report.contact and report.contact.name) == (MARK, MARK, MARK)


VCON = {
    "vcon": "0.0.1",
    "uuid": NUL,
    "parties": [{"tel": f"tel:{NUL}", "role": "caller"}],
    "dialog": [{"type": "text", "parties": 0, "body": NUL}, {"type": NUL}],
}
TURNS = {"turns": [{"speaker": NUL, "text": NUL}], "call_id": NUL, "caller": NUL}


@pytest.mark.parametrize("document", [VCON, TURNS])
@pytest.mark.parametrize("form", [{}, {"call_id": NUL, "caller": NUL, "postcode": NUL}])
async def test_in_a_transcripts_file_and_beside_it(
    client: httpx.AsyncClient, pool: Pool, document: dict[str, Any], form: dict[str, str]
):
    given = form | {"speakers": json.dumps({"*": "caller", NUL: "caller"})}
    files = {"file": json.dumps(document).encode()}
    answer = await client.post("/v1/transcripts/files", files=files, data=given, headers=KEY)
    assert answer.status_code == 202
    report = await told(pool)
    assert report.turns[0].text == MARK
    assert report.call
    assert (report.call.id, report.contact and report.contact.phone) == (MARK, MARK)
    assert "\0" not in report.model_dump_json() + "".join(report.call.notes)


@pytest.mark.parametrize("path", ["/v1/reports/a%00b", "/with/a%00b/", "/with/a%00b/form/story"])
async def test_an_address_with_it_is_of_nothing(client: httpx.AsyncClient, path: str):
    assert (await client.get(path)).status_code == 404


async def test_what_is_nested_without_end_is_refused_as_a_mistake_of_whoever_sends_it(client: httpx.AsyncClient):
    body = f'{{"text": "Help.", "answers": {"[" * 700}{"]" * 700}}}'
    answer = await client.post("/v1/reports", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body", "message": "Value error, this is nested too deeply"}]
