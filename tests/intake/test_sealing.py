"""What is sealed opens for its code and its service alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as any_
from itsdangerous import URLSafeTimedSerializer
from pydantic import SecretStr

from services.intake.domain.partners import Partner, Scope
from services.intake.domain.questions import QUESTIONS, Reporting, answered, faults
from services.intake.domain.sealing import Unopened, new_code, normalised_code, place_of, seal, unseal
from services.intake.handlers import partners
from services.intake.main import create_app
from services.intake.settings import Settings
from shared.database import Pool
from shared.security import sha256
from tests.builders import NOON
from tests.intake.conftest import TELEPHONY_KEY
from tests.intake.form import STORY, Form

CODE, SECRET = "4K7Q-X9M2-TB0C-5D8F-H3JN", ("a secret of thirty-two characters or more",)
LATER = SecretStr("the secret after it, of thirty-two characters")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@given(any_.binary())
def test_sealed_and_opened_is_the_same(plain: bytes):
    assert unseal(seal(plain, CODE, SECRET), CODE, SECRET) == plain


def test_neither_another_code_nor_another_secret_nor_a_changed_bit_opens_it():
    shut = seal(b"story", CODE, SECRET)
    assert b"story" not in shut
    for code, secret, sealed in (
        (CODE[:-1] + "P", SECRET, shut),
        (CODE, (SECRET[0] + "!",), shut),
        (CODE, SECRET, shut[:-1] + bytes([shut[-1] ^ 1])),
    ):
        with pytest.raises(Unopened):
            unseal(sealed, code, secret)
    assert CODE.encode() not in place_of(CODE)


def test_what_was_sealed_before_the_secret_was_changed_is_opened_and_what_is_sealed_now_needs_the_new_one():
    changed = ("the secret after it, of thirty-two characters", *SECRET)
    assert unseal(seal(b"story", CODE, SECRET), CODE, changed) == b"story"
    with pytest.raises(Unopened):
        unseal(seal(b"story", CODE, changed), CODE, SECRET)


@asynccontextmanager
async def restarted(settings: Settings, before: httpx.AsyncClient) -> AsyncIterator[Form]:
    """The service anew on the same database, and the same browser."""
    app = create_app(settings)
    browser = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=before.base_url, cookies=before.cookies)
    async with app.router.lifespan_context(app), browser:
        yield Form(browser)


@pytest.fixture
def changed(settings: Settings) -> Settings:
    return settings.model_copy(update={"secret": LATER, "secrets_before": (settings.secret,)})


async def with_a_file(person: Form) -> None:
    await person.begin("anonymous")
    await person.tell()
    await person.post("/form/evidence", files=[("files", ("door.png", PNG))])


@pytest.fixture
async def police(pool: Pool) -> dict[str, str]:
    await partners.register(Partner("northmoor-police", "Northmoor Police", "#00563f"), pool)
    _, key = await partners.make_key("northmoor-police", [Scope.evidence], pool, NOON)
    return {"Authorization": f"Bearer {key}"}


async def test_a_change_of_the_secret_loses_nothing(
    person: Form, changed: Settings, pool: Pool, police: dict[str, str]
):
    await with_a_file(person)
    reference, secret = await person.send()
    await person.post("/status", {"reference": reference, "secret": secret})
    file = await pool.fetchval("select id from evidence")
    async with restarted(changed, person.client) as anew:
        assert reference in (await anew.get("/status")).text
        assert secret in (await anew.get("/form/sent")).text
        assert (await anew.client.get(f"/v1/evidence/{file}", headers=police)).content == PNG


async def test_without_the_secret_before_a_file_waits_for_it_and_a_page_is_looked_up_again(
    person: Form, settings: Settings, pool: Pool, police: dict[str, str]
):
    await with_a_file(person)
    looked_up = dict(zip(("reference", "secret"), await person.send(), strict=True))
    await person.post("/status", looked_up)
    file = await pool.fetchval("select id from evidence")
    async with restarted(settings.model_copy(update={"secret": LATER}), person.client) as anew:
        shut = await anew.client.get(f"/v1/evidence/{file}", headers=police)
        assert (shut.status_code, "HEARD_INTAKE_SECRETS_BEFORE" in shut.json()["detail"]) == (503, True)
        assert looked_up["reference"] not in (await anew.get("/status")).text
        await anew.post("/status", looked_up)
        assert looked_up["reference"] in (await anew.get("/status")).text


async def test_a_report_sent_again_after_the_change_is_answered_with_the_secret_that_opens_it(
    person: Form, changed: Settings
):
    async def told(client: httpx.AsyncClient) -> dict[str, str]:
        answer = await client.post(
            "/v1/reports", json={"text": STORY}, headers={"Idempotency-Key": "one of twenty characters"}
        )
        return answer.json()

    first = await told(person.client)
    async with restarted(changed, person.client) as anew:
        assert await told(anew.client) == first


async def test_a_call_opened_again_after_the_change_is_answered_with_the_secret_that_opens_it(
    person: Form, changed: Settings
):
    key = {"Authorization": f"Bearer {TELEPHONY_KEY}"}

    async def opened(client: httpx.AsyncClient) -> dict[str, str]:
        return (await client.post("/v1/calls", json={"call_id": "one"}, headers=key)).json()

    first = await opened(person.client)
    said = {"turns": [{"number": 1, "speaker": "caller", "text": STORY}]}
    await person.client.post(first["turns_url"], json=said, headers=key)
    async with restarted(changed, person.client) as anew:
        assert await opened(anew.client) == first
        secret = {"Authorization": f"Bearer {first['secret']}"}
        assert (await anew.client.get(f"/v1/reports/{first['reference']}", headers=secret)).status_code == 200


SIGN_IN = 'action="/desk/sign-in"'


async def test_the_cookie_of_a_desk_is_of_no_use_to_guess_the_key_by(person: Form):
    await person.client.post("/desk/sign-in", data={"key": TELEPHONY_KEY}, headers={"Sec-Fetch-Site": "same-origin"})
    assert SIGN_IN not in (await person.get("/desk")).text
    _, kept = URLSafeTimedSerializer("").loads_unsafe(person.client.cookies["__Host-desk"])
    assert set(kept) == {"source", "key"}
    assert sha256(TELEPHONY_KEY)[:16] not in str(kept)


async def test_the_desk_signs_in_again_after_the_change(person: Form, changed: Settings):
    ours = {"Sec-Fetch-Site": "same-origin"}
    await person.client.post("/desk/sign-in", data={"key": TELEPHONY_KEY}, headers=ours)
    asked = (await person.get("/desk")).text
    async with restarted(changed, person.client) as anew:
        assert SIGN_IN in (await anew.get("/desk")).text
    assert SIGN_IN not in asked


def test_a_code_has_a_hundred_bits_and_is_read_as_people_type_it():
    code = new_code()
    assert len(code.replace("-", "")) * 5 == 100
    assert normalised_code(f" {code.lower().replace('-', ' ')} ") == code
    assert normalised_code("4k7q x9m2 tboc 5d8f h3jn") == CODE


@given(any_.dictionaries(any_.sampled_from([f.name for q in QUESTIONS for f in q.fields]), any_.lists(any_.text())))
def test_whatever_is_filled_in_is_either_wrong_or_kept(given_: dict[str, list[str]]):
    for question in QUESTIONS:
        wrong, kept = faults(question, given_, Reporting.myself), answered(question, given_)
        for name, values in kept.items():
            assert name in wrong or set(values) <= set(given_[name])
