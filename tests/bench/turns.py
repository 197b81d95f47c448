"""How long an operator waits for the answer to a turn.

Intake and the classifier as processes of their own, a durable PostgreSQL. First one call after another says its turns
as fast as it is answered; then many calls at once, each at the speed at which people speak.
"""

import asyncio
import time
from typing import Final
from uuid import uuid4

import httpx

from deploy.local.stack import TELEPHONY
from tests.bench.figures import Found, Say, Scale, Table
from tests.bench.load import percentile
from tests.bench.world import World, world

TURNS_ALONE: Final = 15  # for each of the turns of one of the many
CALLS_AT_ONCE: Final = 20
PAUSE: Final = 4.0  # seconds between the turns of one call: twelve words or so
SAID: Final = (
    "He has been hanging around outside my work again, third time this week, and he follows me to the bus stop.",
    "And what did he say to you, did he say anything?",
    "No, but I'm frightened, he knows where I live, he was stood across the road last night until gone two.",
)


async def one_call(intake: httpx.AsyncClient, turns: int, pause: float, after: float = 0) -> tuple[list[float], int]:
    """The seconds that each answer took, and how many came without a fresh reading; begins `after` so many seconds."""
    await asyncio.sleep(after)
    opened = (await intake.post("/v1/calls", json={"call_id": str(uuid4())})).raise_for_status().json()
    took, unread = [], 0
    for number in range(1, turns + 1):
        await asyncio.sleep(pause)
        turn = {"number": number, "speaker": ("caller", "operator")[number % 3 == 2], "text": SAID[number % 3]}
        began = time.perf_counter()
        answer = await intake.post(opened["turns_url"], json={"turns": [turn]})
        took.append(time.perf_counter() - began)
        unread += not answer.raise_for_status().json()["read"]
    return took, unread


def measured(scale: Scale, say: Say) -> Found:
    with world() as here:
        here.run(("intake", "serve"), ("classifier", "serve"))
        say(f"a call, then {CALLS_AT_ONCE} at once")
        lines = asyncio.run(_calls(here, scale.calls))
    columns = ("calls", "turns", "p50 ms", "p99 ms", "most ms", "not read in time")
    return Found(tables=[Table("The answer to a turn of a call", columns, lines)])


async def _calls(here: World, turns: int) -> list[list[str]]:
    base = f"http://127.0.0.1:{here.stack.ports.intake}"
    key = {"Authorization": f"Bearer {here.stack.secrets.of(TELEPHONY)}"}
    alone = turns * TURNS_ALONE
    async with httpx.AsyncClient(base_url=base, headers=key, timeout=30) as intake:
        await one_call(intake, 10, 0)
        took, unread = await one_call(intake, alone, 0)
        starts = [PAUSE * n / CALLS_AT_ONCE for n in range(CALLS_AT_ONCE)]
        many = await asyncio.gather(*(one_call(intake, turns, PAUSE, after) for after in starts))
    together, late = [seconds for one, _ in many for seconds in one], sum(unread for _, unread in many)
    name = f"{CALLS_AT_ONCE} at once, a turn every {PAUSE:.0f} s each"
    return [_line(f"one of {alone} turns, without a pause", took, unread), _line(name, together, late)]


def _line(name: str, took: list[float], unread: int) -> list[str]:
    p50, p99 = (f"{percentile(took, share) * 1000:.0f}" for share in (0.5, 0.99))
    return [name, str(len(took)), p50, p99, f"{max(took) * 1000:.0f}", str(unread)]
