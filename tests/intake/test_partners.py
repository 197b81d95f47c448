"""Partners: the form under their name, keys made and revoked, the JSON API and Open311 with them."""

import asyncio
import hashlib
import os
import sys
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from services.intake.domain.partners import Partner, Scope, contrast_with_white
from services.intake.errors import PartnerRefused, UnknownPartner
from services.intake.handlers import erasing, partners
from services.intake.routers.floods import Floods
from services.intake.settings import Settings
from shared.database import Pool
from shared.events import FileGiven, ReportReceived
from shared.kafka import GIVEN
from shared.outbox import Bell
from shared.told import Place, Times
from tests.intake.conftest import TELEPHONY_KEY
from tests.intake.form import STORY, Form

COUNCIL = Partner("northmoor-council", "Northmoor Council", "#00563f", ("https://northmoor.example",))
NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture
async def council(pool: Pool) -> Partner:
    await partners.register(COUNCIL, pool)
    return COUNCIL


async def key_for(scope: Scope, pool: Pool) -> dict[str, str]:
    _, secret = await partners.make_key(COUNCIL.id, [scope], pool, NOW)
    return {"Authorization": f"Bearer {secret}"}


async def told(pool: Pool) -> ReportReceived:
    return ReportReceived.model_validate_json(await pool.fetchval("select value from outbox order by id desc"))


async def test_a_partners_form_is_in_its_name_and_tags_its_reports(person: Form, council: Partner, pool: Pool):
    form = Form(person.client, f"/with/{council.id}")
    start = await form.get("/")
    assert council.name in start.text
    assert council.colour in start.text
    assert "frame-ancestors https://northmoor.example" in start.headers["content-security-policy"]
    await form.begin()
    await form.tell()
    await form.send()
    assert (await told(pool)).source == council.id


async def test_a_cookie_in_a_frame_is_partitioned(person: Form, council: Partner):
    answer = await person.post(
        f"/with/{council.id}/form", {"reporting": "myself"}, headers={"sec-fetch-dest": "iframe"}
    )
    assert answer.headers.get_list("set-cookie")[0].endswith("Secure; HttpOnly; SameSite=None; Partitioned")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "#ffff00"}, "darker"),
        ({"colour": "red; }"}, "hexadecimal"),
        ({"origins": ("https://a.example/path",)}, "no path"),
        ({"origins": ("https://a.example; script-src *",)}, "no path"),
        ({"origins": ("*",)}, "no path"),
        ({"way_back": "javascript:alert(1)"}, "https://"),
        ({"id": "../x"}, "small letters"),
        ({"id": "public"}, "another source is called public"),
        ({"id": "telephony"}, "another source is called telephony"),
    ],
)
async def test_a_partner_that_would_harm_the_page_is_refused(pool: Pool, change: dict[str, Any], words: str):
    about = {"id": COUNCIL.id, "name": COUNCIL.name, "colour": COUNCIL.colour} | change
    with pytest.raises(PartnerRefused, match=words):
        await partners.register(Partner(**about), pool, taken=["telephony"])


def test_contrast_is_wcags():
    assert contrast_with_white("#000000") == pytest.approx(21)
    assert contrast_with_white("#767676") == pytest.approx(4.54, abs=0.01)


async def test_a_program_with_a_key_reports_in_its_partners_name(
    client: httpx.AsyncClient, council: Partner, pool: Pool
):
    key = await key_for(Scope.reports, pool)
    answer = await client.post("/v1/reports", json={"text": STORY}, headers=key)
    assert answer.status_code == 202
    assert "ratelimit" not in answer.headers, "at r=0 a program stops, and nothing is refused"
    assert (await told(pool)).source == council.id


async def test_a_key_is_good_for_its_scope_until_it_is_revoked(client: httpx.AsyncClient, council: Partner, pool: Pool):
    made, secret = await partners.make_key(council.id, [Scope.open311], pool, NOW)
    key = {"Authorization": f"Bearer {secret}"}
    assert (await client.post("/v1/reports", json={"text": STORY}, headers=key)).status_code == 401
    assert (await client.get("/open311/v2/services.json", headers=key)).status_code == 200
    assert await partners.revoke(made.id, pool, NOW)
    assert (await client.get("/open311/v2/services.json", headers=key)).status_code == 401
    (listed,) = await partners.keys(pool)
    assert listed.revoked_at == NOW
    assert secret not in str(await pool.fetch("select * from partner_key"))


async def test_nobody_gets_a_key_who_is_not_a_partner(pool: Pool):
    with pytest.raises(UnknownPartner):
        await partners.make_key("nobody", [Scope.reports], pool, NOW)


async def test_keys_are_made_listed_and_revoked_by_commands(settings: Settings, pool: Pool):
    assert (await ran(settings, "partner", "southvale", "--name", "Southvale")).startswith("southvale: /with/")
    made = await ran(settings, "key", "make", "southvale", "--scope", "reports", "--scope", "open311")
    id_, secret = made.split()
    assert await partners.holder_of(secret, Scope.open311, pool) == "southvale"
    listed = await ran(settings, "key", "list")
    assert id_ in listed
    assert secret not in listed
    await ran(settings, "key", "revoke", id_)
    assert await partners.holder_of(secret, Scope.open311, pool) is None


async def ran(settings: Settings, *arguments: str) -> str:
    """One command, in a process of its own."""
    environment = os.environ | {
        "HEARD_INTAKE_DATABASE": settings.database.get_secret_value(),
        "HEARD_INTAKE_KAFKA": settings.kafka.get_secret_value(),
        "HEARD_INTAKE_SECRET": settings.secret.get_secret_value(),
    }
    command = (sys.executable, "-m", "services", "intake", *arguments)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode()


async def test_open311_is_for_those_with_a_key(client: httpx.AsyncClient):
    for path in ("services.json", "services/report.json", "requests/x.json", "tokens/x.json"):
        answer = await client.get(f"/open311/v2/{path}", headers={"Authorization": f"Bearer {TELEPHONY_KEY}"})
        assert answer.status_code == 401
    assert (await client.post("/open311/v2/requests.json", data={"service_code": "report"})).status_code == 401


async def test_open311_from_services_to_a_standing(client: httpx.AsyncClient, council: Partner, pool: Pool):
    client.headers.update(await key_for(Scope.open311, pool))
    (service,) = (await client.get("/open311/v2/services.json")).json()
    definition = (await client.get(f"/open311/v2/services/{service['service_code']}.json")).json()
    times = next(one for one in definition["attributes"] if one["code"] == "times")
    assert times["datatype"] == "singlevaluelist"
    assert {value["key"] for value in times["values"]} == set(Times)
    request = {
        "service_code": "report",
        "description": STORY,
        "address_string": "the number 7 bus",
        "first_name": "Sam",
        "phone": "07700 900982",
        "attribute[times]": "2-5",
        "attribute[feeling][]": ["scared", "threatened"],
    }
    (made,) = (await client.post("/open311/v2/requests.json", data=request)).json()
    report = await told(pool)
    assert (report.text, report.source) == (STORY, council.id)
    assert (report.answers.times, report.answers.feeling) == (Times.two_to_five, ("scared", "threatened"))
    assert report.place.words == "the number 7 bus"
    assert report.contact is not None
    assert report.contact.name == "Sam"
    (pair,) = (await client.get(f"/open311/v2/tokens/{made['token']}.json")).json()
    assert pair["token"] == made["token"]
    (standing,) = (await client.get(f"/open311/v2/requests/{pair['service_request_id']}.json")).json()
    assert standing["service_request_id"] == pair["service_request_id"]
    assert standing["status"] == "open"
    assert "follows" not in str(standing)


async def test_open311_over_its_limit_takes_turns(
    app: FastAPI, client: httpx.AsyncClient, council: Partner, settings: Settings, pool: Pool
):
    app.state.floods = Floods(settings.model_copy(update={"requests_a_minute": 1}))
    key = await key_for(Scope.open311, pool)
    for words in (STORY, "He said he would kill me tonight."):
        request = {"service_code": "report", "description": words}
        assert (await client.post("/open311/v2/requests.json", data=request, headers=key)).status_code == 201
    within, over = await pool.fetch("select turn from outbox order by id")
    assert within["turn"] is None
    assert over["turn"]
    refused = await client.get("/open311/v2/requests/x.json", headers=key)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60


async def test_open311_shows_nobody_elses(client: httpx.AsyncClient, council: Partner, pool: Pool):
    mine = (await client.post("/v1/reports", json={"text": STORY})).json()
    key = await key_for(Scope.open311, pool)
    answer = await client.get(f"/open311/v2/requests/{mine['reference']}.{mine['secret']}.json", headers=key)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        ({"service_code": "pothole", "description": STORY}, 404, "service_code"),
        ({"service_code": "report"}, 400, "description"),
        ({"service_code": "report", "description": STORY, "attribute[times]": "often"}, 400, "attribute[times]"),
        ({"service_code": "report", "description": STORY, "attribute[feelings]": "scared"}, 400, "attribute[feelings]"),
        ({"service_code": "report", "description": STORY, "attribute[postcode]": "ZZ1 4AB"}, 400, "address_id"),
        ({"service_code": "report", "description": [STORY, "And he has a knife."]}, 400, "description"),
        ({"service_code": "report", "description": STORY, "attribute[told_times]": ["1", "6"]}, 400, "told_times"),
    ],
)
async def test_open311_says_what_is_wrong(
    client: httpx.AsyncClient, council: Partner, pool: Pool, request_: dict[str, Any], status: int, words: str
):
    key = await key_for(Scope.open311, pool)
    answer = await client.post("/open311/v2/requests.json", data=request_, headers=key)
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert await pool.fetchval("select count(*) from report") == 0


async def test_open311_keeps_the_point_and_says_that_nothing_is_fetched_from_elsewhere(
    client: httpx.AsyncClient, council: Partner, pool: Pool
):
    request = {
        "service_code": "report",
        "description": STORY,
        "address_string": "by the garages",
        "address_id": "ZZ1 4AB",
        "lat": "53.1",
        "long[]": "-1.5",
        "media_url": "https://pictures.example/gate.jpg",
        "jurisdiction_id": "northmoor.example",
        "device_id": "d1",
    }
    key = await key_for(Scope.open311, pool)
    answer = await client.post("/open311/v2/requests.json", data=request, headers=key)
    assert answer.status_code == 201
    assert "media_url was not taken" in answer.json()[0]["service_notice"]
    assert (await told(pool)).place == Place(postcode="ZZ1 4AB", words="by the garages, lat 53.1, long -1.5")


async def test_open311_takes_a_request_sent_again_once_and_refuses_another_under_its_key(
    client: httpx.AsyncClient, council: Partner, pool: Pool
):
    key = await key_for(Scope.open311, pool) | {"Idempotency-Key": "k1"}
    requests = [{"service_code": "report", "description": words} for words in (STORY, STORY, "Something else.")]
    first, again, other = [await client.post("/open311/v2/requests.json", data=r, headers=key) for r in requests]
    assert first.json() == again.json()
    assert other.status_code == 422
    assert await pool.fetchval("select count(*) from report") == 1


async def adds(person: Form, name: str, file: bytes) -> None:
    await person.begin()
    await person.tell()
    await person.post("/form/evidence", files=[("files", (name, file))])


async def test_evidence_is_handed_out_with_a_key_and_never_inline(
    person: Form, council: Partner, client: httpx.AsyncClient, pool: Pool
):
    picture = b"\x89PNG\r\n\x1a\n the picture"
    await adds(person, "his câr.png", picture)
    file = await pool.fetchval("select id from evidence")
    key = await key_for(Scope.evidence, pool)
    assert (await client.get(f"/v1/evidence/{file}", headers=key)).status_code == 404  # not sent yet
    await person.send()
    answer = await client.get(f"/v1/evidence/{file}", headers=key)
    assert answer.content == picture
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''his%20c%C3%A2r.png"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert (await client.get(f"/v1/evidence/{file}")).status_code == 401
    reports_key = await key_for(Scope.reports, pool)
    assert (await client.get(f"/v1/evidence/{file}", headers=reports_key)).status_code == 401


async def test_who_is_given_a_file_goes_to_the_record_and_stays_there_when_the_report_is_erased(
    person: Form, council: Partner, client: httpx.AsyncClient, pool: Pool
):
    await adds(person, "gate.png", b"\x89PNG\r\n\x1a\n the picture")
    await person.send()
    report = await told(pool)
    file = report.attachments[0].id
    made, secret = await partners.make_key(council.id, [Scope.evidence], pool, NOW)
    for _ in range(2):
        answer = await client.get(f"/v1/evidence/{file}", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 200
    await erasing.erase(report.reference, "kim", "asked for", pool, Bell(pool), NOW)
    rows = await pool.fetch("select value from outbox where topic = $1", GIVEN)
    given = [FileGiven.model_validate_json(row["value"]) for row in rows]
    assert [(g.report_id, g.file, g.to, g.key) for g in given] == [(report.report_id, file, council.id, made.id)] * 2
    assert given[0].event_id != given[1].event_id


async def test_what_is_not_given_is_on_no_record_and_a_key_that_is_refused_is_logged(
    person: Form, council: Partner, client: httpx.AsyncClient, pool: Pool
):
    await adds(person, "gate.png", b"\x89PNG\r\n\x1a\n the picture")
    file = await pool.fetchval("select id from evidence")
    good, other = await key_for(Scope.evidence, pool), await key_for(Scope.reports, pool)
    with capture_logs() as logged:
        answers = [await client.get(f"/v1/evidence/{file}", headers=key) for key in (good, other)]
    assert [answer.status_code for answer in answers] == [404, 401]
    assert [(line["event"], line["file"]) for line in logged] == [("file refused", str(file))]
    assert await pool.fetchval("select count(*) from outbox where topic = $1", GIVEN) == 0


async def test_a_photo_is_handed_out_as_it_was_given_with_where_it_was_taken(
    person: Form, council: Partner, client: httpx.AsyncClient, pool: Pool
):
    photo = b"\xff\xd8\xff\xe1\x00\x1eExif\x00\x00GPS 51.5, -0.1; Phone 7\xff\xda the picture\xff\xd9"
    await adds(person, "gate.jpg", photo)
    await person.send()
    (attachment,) = (await told(pool)).attachments
    key = await key_for(Scope.evidence, pool)
    answer = await client.get(f"/v1/evidence/{attachment.id}", headers=key)
    assert answer.content == photo
    assert attachment.sha256 == hashlib.sha256(answer.content).hexdigest()
