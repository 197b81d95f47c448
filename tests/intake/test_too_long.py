"""More than a report holds is refused whichever way it comes, with what to do, and nothing that was kept is lost."""

from typing import Any

import httpx
import pytest

from services.intake.domain.partners import Partner, Scope
from services.intake.domain.reports import MAX_REPORT
from services.intake.errors import TooLong
from services.intake.handlers import calls
from services.intake.handlers.amendments import add_more, ask_for_review, ask_to_withdraw
from services.intake.handlers.calls import CallGiven, Switchboard
from services.intake.handlers.partners import make_key, register
from services.intake.repository.calls import NumberedTurn
from shared.database import Pool
from shared.outbox import Bell
from shared.told import Answers, CallState, Contact, Place, Speaker, Turn
from tests.builders import NOON
from tests.intake.conftest import TELEPHONY_KEY
from tests.intake.form import Form
from tests.intake.telling import RING, event_of, tell

KEY = {"Authorization": f"Bearer {TELEPHONY_KEY}"}
LOST = "\x01"
"""Six bytes as JSON, one in a form."""
HALF = LOST * (MAX_REPORT // 12)


async def kept(pool: Pool) -> int:
    return int(await pool.fetchval("select count(*) from report"))


async def test_answers_too_long_in_all_are_given_back_and_sent_once_shortened(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    await person.post("/form/party", {"party": HALF})
    await person.post("/form/where", {"place": HALF + "too long"})
    refused = await person.post("/form/check")
    assert refused.status_code == 400
    assert HALF + "too long" in refused.text
    assert "longer in all" in refused.text
    assert await kept(pool) == 0
    await person.post("/form/where", {"place": "the bus"})
    await person.send()
    assert await kept(pool) == 1


async def test_what_a_report_has_no_room_for_is_given_back_on_its_page(person: Form, pool: Pool):
    await person.begin()
    await person.post("/form/story", {"story": HALF})
    reference, secret = await person.send()
    await person.post("/status", {"reference": reference, "secret": secret})
    refused = await person.post("/status/more", {"text": HALF + "and more"})
    assert refused.status_code == 400
    assert HALF + "and more" in refused.text
    assert "no room" in refused.text
    assert await pool.fetchval("select revision from report") == 1
    assert (await person.post("/status/more", {"text": "He is back."})).status_code == 303


async def test_a_review_that_a_report_has_no_room_for_is_asked_for_with_fewer_words(person: Form, pool: Pool):
    await person.begin("anonymous")
    await person.post("/form/story", {"story": HALF + LOST * 50_000})
    reference, secret = await person.send()
    await person.post("/status", {"reference": reference, "secret": secret})
    asked = {"name": "Sam", "phone": "07700 900982", "postcode": "ZZ1 4AB", "safe_words": LOST * 340_000}
    refused = await person.post("/status/review", asked)
    assert (refused.status_code, "no room" in refused.text) == (400, True)
    assert (await person.post("/status/review", asked | {"safe_words": "By text."})).status_code == 303


async def test_a_full_report_can_still_be_withdrawn_and_reviewed(pool: Pool):
    told = await tell(pool, "", phone="07700 900982")
    room = MAX_REPORT - len((await event_of(pool, told.report_id)).model_dump_json()) - 100
    full = await tell(pool, "a" * room, phone="07700 900982", postcode=None)
    given: tuple[Any, ...] = (pool, Bell(pool), RING, NOON)
    with pytest.raises(TooLong):
        await add_more(full.reference, full.secret, "a" * 1000, *given)
    with pytest.raises(TooLong):
        await ask_for_review(full.reference, full.secret, Contact(name="S" * 1000, phone="999"), None, Place(), *given)
    await ask_to_withdraw(full.reference, full.secret, *given)
    assert (await event_of(pool, full.report_id)).withdrawal_asked_at == NOON


async def test_a_transcript_too_long_as_an_event_is_refused_with_what_to_do(client: httpx.AsyncClient, pool: Pool):
    turns = "".join(f"CALLER: {LOST * 1000}.\n" for _ in range(400))
    answer = await client.post("/v1/transcripts/files", files={"file": turns.encode()}, headers=KEY)
    assert answer.status_code == 413
    assert "second report" in answer.json()["detail"]
    assert await kept(pool) == 0


async def test_open311_too_long_as_an_event_is_refused_with_what_to_do(client: httpx.AsyncClient, pool: Pool):
    await register(Partner("northmoor", "Northmoor", "#1d4f6f"), pool)
    _, key = await make_key("northmoor", [Scope.open311], pool, NOON)
    form = {"service_code": (None, "report"), "description": (None, LOST * 10**6)}
    headers = {"Authorization": f"Bearer {key}"}
    answer = await client.post("/open311/v2/requests.json", files=form, headers=headers)
    assert answer.status_code == 413
    assert "second report" in answer.json()["detail"]
    assert await kept(pool) == 0


async def test_a_call_that_is_full_keeps_what_was_said_and_can_end(pool: Pool):
    board = Switchboard(pool, Bell(pool), RING, None)
    call, _ = await calls.open_call("telephony", "1", CallGiven(), pool, RING, NOON)
    said = Turn(speaker=Speaker.caller, text=LOST * (MAX_REPORT // 14))
    await calls.hear(call.report_id, "telephony", [NumberedTurn(1, 1, said)], board, NOON)
    with pytest.raises(calls.CallTooLong):
        await calls.hear(call.report_id, "telephony", [NumberedTurn(2, 1, said)], board, NOON)
    ended = await calls.end(call.report_id, "telephony", CallState.ended, board, NOON)
    assert list(ended.turns) == [1]
    report = await event_of(pool, call.report_id)
    assert (report.call and report.call.state, report.turns) == (CallState.ended, (said,))


async def test_what_is_known_of_a_call_leaves_room_for_what_is_said(client: httpx.AsyncClient, pool: Pool):
    opened = await client.post("/v1/calls", json={"call_id": "1", "answers": {"party": "a" * 600_000}}, headers=KEY)
    url = f"/v1/calls/{opened.json()['report_id']}"
    refused = await client.patch(url, json={"answers": {"when": "b" * 600_000}}, headers=KEY)
    assert refused.status_code == 413
    assert "Shorten" in refused.json()["detail"]
    turn = {"turns": [{"speaker": "caller", "text": "Help."}]}
    assert (await client.post(f"{url}/turns", json=turn, headers=KEY)).status_code == 200
    report = await event_of(pool, opened.json()["report_id"])
    assert report.answers == Answers(party="a" * 600_000)
