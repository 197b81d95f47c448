"""`POST /v1/classify`: a reading on the spot, for whoever has a key, of whatever is sent, storing nothing."""

import httpx
import pytest

from services.classifier.domain.account import account
from services.classifier.main import MAX_EVENT
from services.classifier.rulebook import load_second
from shared.assessment import Assessment
from shared.codebook import Label, Threat
from shared.events import ReportReceived, written_out
from shared.told import Speaker, Turn
from tests.builders import report

PATH = "/v1/classify"


async def sent(client: httpx.AsyncClient, told: ReportReceived) -> httpx.Response:
    return await client.post(PATH, content=told.model_dump_json(), headers={"Content-Type": "application/json"})


async def test_the_answer_is_the_second_reading(client: httpx.AsyncClient):
    told = report(text="He follows me home every night and I am scared. He is outside with a knife.")
    answer = await sent(client, told)
    assert answer.status_code == 200
    assert Assessment.model_validate_json(answer.content) == account(told, load_second())
    assert answer.json()["threat"] == Threat.imminent


@pytest.mark.parametrize("header", [None, "Bearer nobody's", "Basic aW50YWtl", "Bearer "])
async def test_never_public(stranger: httpx.AsyncClient, header: str | None):
    stranger.headers.update({"Authorization": header} if header else {})
    answer = await sent(stranger, report())
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "key" in answer.json()["detail"]


async def test_the_longest_call_that_intake_takes_is_read(client: httpx.AsyncClient):
    turns = (Turn(speaker=Speaker.caller, text="he is banging on the wall again "),) * 11_000
    told = report(turns=turns, text=written_out(turns))
    assert 2**20 < len(told.model_dump_json()) < MAX_EVENT
    assert (await sent(client, told)).status_code == 200


async def test_more_than_that_is_too_large(client: httpx.AsyncClient):
    answer = await sent(client, report(text="word " * (MAX_EVENT // 5 + 1)))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "text", ["", "\x00\x1b[31m", "\u202eevil\u202c", "😱" * 5000, "<script>alert(1)</script>", "\n" * 100_000]
)
async def test_odd_text_gets_a_clear_answer(client: httpx.AsyncClient, text: str):
    answer = await sent(client, report(text=text))
    assert answer.status_code == 200
    assert answer.json()["primary"] == Label.other


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[]", b'{"text": "he hit me"}', b"\xff"])
async def test_what_is_not_a_report_is_refused_without_repeating_it(client: httpx.AsyncClient, body: bytes):
    answer = await client.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "hit me" not in answer.text
