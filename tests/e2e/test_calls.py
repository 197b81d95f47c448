"""A live call through all of Heard: the threat is in front of the control room while the caller still speaks."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local import samples
from deploy.local.stack import TELEPHONY, Stack
from shared.database import create_pool
from tests.browser.looking import picture
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


@pytest.fixture
async def board(browser: Browser, stack: Stack) -> AsyncIterator[Page]:
    """The control room's board, open and live."""
    name = samples.people()[0].id
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    await page.goto(f"http://127.0.0.1:{stack.ports.escalation}/sign-in")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(stack.secrets.of(name))
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(lambda url: not url.endswith("/sign-in"))
    await page.goto(f"http://127.0.0.1:{stack.ports.escalation}/board")
    await expect(page.locator("#link")).to_have_text("Live", timeout=30_000)
    yield page
    await context.close()


async def test_a_threat_is_on_the_open_board_before_the_call_ends(intake: httpx.AsyncClient, stack: Stack, board: Page):
    call = await opened(intake)
    for number, (_, text) in enumerate(CALL):
        await asyncio.sleep(len(text.split()) / WORDS_A_SECOND)
        standing = await say(intake, call, number)
    await expect(board.locator(".line[data-class='1']", has_text=call["reference"])).to_be_visible(timeout=30_000)
    await picture(board, "board-during-a-call")
    assert standing["state"] == "live"
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
