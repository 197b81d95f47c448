"""Accepting reports over HTTP, on a real PostgreSQL."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.postgres import Postgres
from services.intake.handlers import reports
from services.intake.main import create_app
from services.intake.routers.reports import AnswersGiven, ReportGiven, body_hash
from services.intake.settings import Settings
from shared.database import Pool
from shared.events import ReportProgressed, ReportReceived
from tests.builders import NOON
from tests.intake.conftest import TELEPHONY_KEY

STORY = {"text": "He follows me home from the bus, every night this week."}
KEY = "0bd4a6d29a4f4c0c9e0e"


async def kept(pool: Pool) -> list[ReportReceived]:
    return [ReportReceived.model_validate_json(row["event"]) for row in await pool.fetch("select event from report")]


async def test_202_means_that_report_and_outbox_row_are_committed(client: httpx.AsyncClient, pool: Pool):
    answer = await client.post("/v1/reports", json=STORY)
    assert answer.status_code == 202
    assert answer.json()["status_url"] == f"/v1/reports/{answer.json()['reference']}"
    assert answer.json()["what_happens_next"]
    (report,) = await kept(pool)
    (row,) = await pool.fetch("select * from outbox")
    assert report.reference == answer.json()["reference"]
    assert (row["report_id"], row["event_id"]) == (report.report_id, report.event_id)
    assert ReportReceived.model_validate_json(row["value"]) == report
    assert await pool.fetchval("select report.xmin = outbox.xmin from report, outbox"), "by two transactions"


@pytest.mark.parametrize(
    "text",
    ["  two spaces \r\n and a tab\t", "🔪 he sent me this", "ጤና ይስጥልኝ", "\u202eright to left"],
)
async def test_text_is_kept_exactly_as_given(client: httpx.AsyncClient, pool: Pool, text: str):
    assert (await client.post("/v1/reports", json={"text": text})).status_code == 202
    (report,) = await kept(pool)
    assert report.text == text


@pytest.mark.parametrize("broken", ["nul \\u0000 inside", "half \\ud83d of a sign"])
async def test_what_no_database_could_keep_is_marked(client: httpx.AsyncClient, pool: Pool, broken: str):
    sent = await client.post(
        "/v1/reports", content=f'{{"text": "{broken}"}}', headers={"Content-Type": "application/json"}
    )
    assert sent.status_code == 202
    (report,) = await kept(pool)
    assert "\ufffd" in report.text


async def test_the_same_key_and_body_is_one_report_with_one_answer(client: httpx.AsyncClient, pool: Pool):
    key = {"Idempotency-Key": KEY}
    first, second = [await client.post("/v1/reports", json=STORY, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert len(await kept(pool)) == 1


async def test_the_same_key_of_an_organisation_with_another_body_is_refused(client: httpx.AsyncClient, pool: Pool):
    headers = {"Idempotency-Key": "k1", "Authorization": f"Bearer {TELEPHONY_KEY}"}
    await client.post("/v1/reports", json=STORY, headers=headers)
    other = await client.post("/v1/reports", json={"text": "Something else."}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:heard:problem:KeyReused")
    assert other.headers["content-type"] == "application/problem+json"
    assert len(await kept(pool)) == 1


async def test_a_key_of_the_public_stands_in_no_strangers_way(client: httpx.AsyncClient, pool: Pool):
    key = {"Idempotency-Key": KEY}
    mine, theirs = [await client.post("/v1/reports", json={"text": t}, headers=key) for t in ("He is here.", "Noise.")]
    assert (mine.status_code, theirs.status_code) == (202, 202)
    assert mine.json()["secret"] != theirs.json()["secret"]
    assert len(await kept(pool)) == 2


async def test_a_key_of_the_public_that_can_be_guessed_is_refused_since_it_is_answered_with_the_secret(
    client: httpx.AsyncClient, pool: Pool
):
    refused = await client.post("/v1/reports", json=STORY, headers={"Idempotency-Key": KEY[:19]})
    assert refused.status_code == 422
    assert "20 characters" in refused.json()["detail"]
    assert await kept(pool) == []


async def test_a_key_raced_by_twenty_is_one_report(client: httpx.AsyncClient, pool: Pool):
    key = {"Idempotency-Key": KEY}
    answers = await asyncio.gather(*(client.post("/v1/reports", json=STORY, headers=key) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["reference"] for answer in answers}) == 1
    assert len(await kept(pool)) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": " \n "}, "text"),
        ({"text": 7}, "text"),
        (STORY | {"answers": {"times": "often"}}, "answers.times"),
        (STORY | {"answers": {"tiems": "once"}}, "answers.tiems"),
        (STORY | {"anonymous": True}, "anonymous"),
    ],
)
async def test_each_field_that_is_wrong_is_named(client: httpx.AsyncClient, body: dict[str, object], field: str):
    answer = await client.post("/v1/reports", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_an_error_never_repeats_what_was_written(client: httpx.AsyncClient):
    answer = await client.post("/v1/reports", json=STORY | {"answers": {"times": "my private words"}})
    assert "private" not in answer.text


async def test_more_than_a_mebibyte_is_refused_with_what_to_do(client: httpx.AsyncClient, pool: Pool):
    answer = await client.post("/v1/reports", json={"text": "a" * 2**20})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert "second report" in answer.json()["detail"]
    assert await kept(pool) == []


async def test_what_is_not_json_is_refused(client: httpx.AsyncClient):
    answer = await client.post("/v1/reports", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("text", "urgent"), [("Music until four.", False), ("He said he would kill me tonight.", True)]
)
async def test_a_threat_takes_the_urgent_lane(client: httpx.AsyncClient, pool: Pool, text: str, urgent: bool):
    await client.post("/v1/reports", json={"text": text})
    assert await pool.fetchval("select topic from outbox") == "reports.received" + ".urgent" * urgent


async def test_how_a_report_stands_is_told_to_the_holder_of_its_secret_alone(client: httpx.AsyncClient):
    given = (await client.post("/v1/reports", json=STORY)).json()
    standing = await client.get(given["status_url"], headers={"Authorization": f"Bearer {given['secret']}"})
    assert standing.json()["stage"] == "received"
    assert "follows" not in standing.text
    assert standing.headers["cache-control"] == "no-store"
    assert (standing.json()["messages"], standing.json()["area_wanted"]) == ([], False)
    wrong = await client.get(given["status_url"], headers={"Authorization": "Bearer guess"})
    unknown = await client.get("/v1/reports/H-00000-00000", headers={"Authorization": "Bearer guess"})
    assert wrong.status_code == unknown.status_code == 404
    assert wrong.json() == unknown.json()


async def test_a_program_is_told_what_the_status_page_tells(client: httpx.AsyncClient, pool: Pool):
    given = (await client.post("/v1/reports", json=STORY)).json()
    page = await client.get(given["status_page"])
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    (report,) = await kept(pool)
    progressed = ReportProgressed(
        report_id=report.report_id, agency="northmoor-police", progress="acknowledged", at=NOON, words="being_looked_at"
    )
    await reports.hear([progressed], pool)
    standing = await client.get(given["status_url"], headers={"Authorization": f"Bearer {given['secret']}"})
    assert standing.json()["messages"] == [{"words": "being_looked_at", "at": "2026-03-14T12:00:00Z"}]
    assert "northmoor" not in standing.text


@pytest.mark.parametrize(("place", "wanted"), [({}, True), ({"postcode": "ZZ1 4AB"}, False)])
async def test_a_review_that_no_panel_can_have_is_said_to_want_a_postcode(
    client: httpx.AsyncClient, place: dict[str, str], wanted: bool
):
    contact = {"name": "Jo", "phone": "01632 960001"}
    given = (
        await client.post("/v1/reports", json={**STORY, "case_review": True, "contact": contact, "place": place})
    ).json()
    standing = await client.get(given["status_url"], headers={"Authorization": f"Bearer {given['secret']}"})
    assert (given["area_wanted"], standing.json()["area_wanted"]) == (wanted, wanted)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("reports", STORY),
        ("transcripts", {"turns": [{"speaker": "caller", "text": "He is outside."}]}),
        ("calls", {"call_id": "1"}),
    ],
)
async def test_consent_to_what_is_no_kind_of_agency_is_refused_and_not_taken_for_none(
    client: httpx.AsyncClient, pool: Pool, path: str, told: dict[str, Any]
):
    key = {"Authorization": f"Bearer {TELEPHONY_KEY}"}
    refused = await client.post(f"/v1/{path}", json=told | {"consent": ["landlord"]}, headers=key)
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == ["consent.0"]
    taken = await client.post(f"/v1/{path}", json=told | {"consent": ["housing"]}, headers=key)
    assert taken.status_code in (201, 202)


def test_a_body_is_the_same_though_more_can_be_said_after_a_release():
    class AnswersAfter(AnswersGiven):
        since: str | None = None

    class ReportAfter(ReportGiven):
        answers: AnswersAfter = AnswersAfter()
        urgent: bool = False

    for told in ({"text": "He shouts."}, {"text": "He shouts.", "answers": {"times": "more"}, "consent": ["housing"]}):
        assert body_hash(ReportAfter.model_validate(told)) == body_hash(ReportGiven.model_validate(told))
    assert body_hash(ReportGiven(text="He shouts.")) != body_hash(ReportGiven(text="He shouted."))


TURNS = {
    "turns": [{"speaker": "operator", "text": "Police?"}, {"speaker": "caller", "text": "He is outside.", "start": 2.5}]
}


@pytest.mark.parametrize(
    ("path", "told"), [("reports", {"text": "He shouts."}), ("transcripts", TURNS), ("calls", {"call_id": "1"})]
)
async def test_a_misspelt_way_to_reach_or_find_them_is_refused(
    client: httpx.AsyncClient, path: str, told: dict[str, object]
):
    misspelt = {"contact": {"telephone": "07700 900982"}, "place": {"post_code": "ZZ1 4AB"}}
    headers = {"Authorization": f"Bearer {TELEPHONY_KEY}"}
    answer = await client.post(f"/v1/{path}", json=told | misspelt, headers=headers)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"contact.telephone", "place.post_code"}


async def test_a_call_is_kept_turn_by_turn(client: httpx.AsyncClient, pool: Pool):
    said = TURNS | {"contact": {}}
    answer = await client.post("/v1/transcripts", json=said, headers={"Authorization": f"Bearer {TELEPHONY_KEY}"})
    assert answer.status_code == 202
    (report,) = await kept(pool)
    assert report.contact is None
    assert report.text == "OPERATOR: Police?\nCALLER: He is outside."
    assert report.turns[1].start == 2.5
    assert report.source == "telephony"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TELEPHONY_KEY}])
async def test_a_call_from_an_unknown_source_is_refused(client: httpx.AsyncClient, headers: dict[str, str]):
    answer = await client.post("/v1/transcripts", json=TURNS, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_speaker_that_we_do_not_know_is_named(client: httpx.AsyncClient):
    turns = {"turns": [{"speaker": "robot", "text": "Hello"}]}
    answer = await client.post("/v1/transcripts", json=turns, headers={"Authorization": f"Bearer {TELEPHONY_KEY}"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "turns.0.speaker"


async def test_without_its_database_intake_says_503_and_what_to_do(postgres: Postgres, settings: Settings):
    away = settings.model_copy(update={"database": type(settings.database)("postgresql://nobody@127.0.0.1:1/none")})
    app: FastAPI = create_app(away)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://intake") as client,
    ):
        answer = await client.post("/v1/reports", json=STORY)
        ready = await client.get("/readyz")
        alive = await client.get("/livez")
    assert answer.status_code == 503
    assert "999" in answer.json()["detail"]
    assert answer.headers["retry-after"]
    assert ready.status_code == 503
    assert alive.status_code == 200


async def test_with_a_database_that_cannot_be_written_it_is_not_ready_and_gives_back_what_was_typed(settings: Settings):
    read_only = f"{settings.database.get_secret_value()}?default_transaction_read_only=on"
    app = create_app(settings.model_copy(update={"database": type(settings.database)(read_only)}))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://intake") as client,
    ):
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.post("/v1/reports", json=STORY)).status_code == 503
        typed = {"story": "He waits outside my house.", "reporting": "myself"}
        page = await client.post("/form/story", data=typed, headers={"Sec-Fetch-Site": "same-origin"})
    assert page.status_code == 503
    assert typed["story"] in page.text


async def test_intake_is_ready_without_kafka(client: httpx.AsyncClient):
    assert (await client.get("/readyz")).status_code == 200


async def test_the_trace_travels_with_the_report(client: httpx.AsyncClient, pool: Pool):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await client.post("/v1/reports", json=STORY, headers={"traceparent": trace})
    assert answer.headers["traceparent"] == trace
    headers = await pool.fetchval("select headers from outbox")
    assert headers["ce_traceparent"] == trace


@pytest.mark.parametrize("given", [{"drill": True}, {"exercise": True}, {"answers": {"exercise": True}}])
async def test_nobody_tells_of_an_exercise(client: httpx.AsyncClient, pool: Pool, given: dict[str, object]):
    assert (await client.post("/v1/reports", json=STORY | given)).status_code == 422
    assert not await kept(pool)
