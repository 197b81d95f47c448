"""A live call through all of Heard: the threat is in front of the control room while the caller still speaks."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.stack import TELEPHONY, Stack
from shared.database import create_pool
from tests.e2e.conftest import eventually

CALL = [
    ("operator", "Police, what's happening?"),
    ("caller", "It's my neighbour, he bangs on the wall every night."),
    ("operator", "Is he there now?"),
    ("caller", "He's at my door with a knife, he says he'll kill me."),
    ("operator", "Stay on the line. Can you lock yourself in?"),
    ("caller", "I'm in the bathroom. He is shouting through the door."),
    ("operator", "They are on their way."),
]
WORDS_A_SECOND = 3.0  # how fast people speak on the phone


@pytest.fixture
async def intake(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    base, key = f"http://127.0.0.1:{stack.ports.intake}", stack.secrets.of(TELEPHONY)
    async with httpx.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        yield client


async def queued(stack: Stack, reference: str) -> Any:
    """The call's place on the ranked queue, as the control room has it now."""
    query = """
        select cases.revision, item.danger_class, cases.grade from cases join queue_item as item using (report_id)
        where reference = $1
    """
    async with create_pool(stack.postgres.url("escalation"), 1) as pool:
        return await pool.fetchrow(query, reference)


async def opened(intake: httpx.AsyncClient) -> dict[str, Any]:
    body = {"call_id": str(uuid4()), "line": "999", "place": {"postcode": "ZZ1 4AB"}}
    call: dict[str, Any] = (await intake.post("/v1/calls", json=body)).raise_for_status().json()
    return call


async def say(intake: httpx.AsyncClient, call: dict[str, Any], number: int) -> dict[str, Any]:
    speaker, text = CALL[number]
    turn = {"number": number + 1, "speaker": speaker, "text": text}
    answer = await intake.post(call["turns_url"], json={"turns": [turn]})
    standing: dict[str, Any] = answer.raise_for_status().json()
    return standing


async def test_a_threat_reaches_the_control_room_before_the_call_ends(intake: httpx.AsyncClient, stack: Stack):
    call = await opened(intake)
    on_the_queue_at: int | None = None
    for number, (_, text) in enumerate(CALL):
        await asyncio.sleep(len(text.split()) / WORDS_A_SECOND)
        await say(intake, call, number)
        row = await queued(stack, call["reference"])
        if row and row["danger_class"] == 1 and on_the_queue_at is None:
            on_the_queue_at = number
    assert on_the_queue_at is not None
    assert on_the_queue_at < len(CALL) - 1
    await intake.post(f"/v1/calls/{call['report_id']}/end", json={})

    async def completed() -> bool:
        row = await queued(stack, call["reference"])
        return bool(row) and (row["revision"], row["danger_class"]) == (len(CALL) + 1, 1)

    await eventually(completed)


async def test_a_call_killed_in_the_middle_keeps_what_was_said(intake: httpx.AsyncClient, stack: Stack):
    call = await opened(intake)
    for number in range(4):
        await say(intake, call, number)

    async def dropped() -> bool:
        return (await intake.get(f"/v1/calls/{call['report_id']}")).json()["state"] == "dropped"

    await eventually(dropped)

    async def completed() -> bool:
        row = await queued(stack, call["reference"])
        return bool(row) and (row["revision"], row["danger_class"]) == (5, 1)

    await eventually(completed)
    stack.heard("audit", "--limit", "30")
