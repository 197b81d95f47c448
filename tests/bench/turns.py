"""How long an operator waits for the answer to a turn: `python -m tests.bench.turns`.

Intake and the classifier as processes of their own, a durable PostgreSQL. First one call after another says its turns
as fast as it is answered; then many calls at once, each at the speed at which people speak.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx

from deploy.local.postgres import Postgres
from deploy.local.process import free_port
from deploy.local.stack import TELEPHONY, Ports, Stack
from tests.infrastructure import open_folder, running

ALONE = 180  # turns
TURNS = 12
CALLS_AT_ONCE = 20
PAUSE = 4.0  # seconds between the turns of one call: twelve words or so
SAID = (
    "He has been hanging around outside my work again, third time this week, and he follows me to the bus stop.",
    "And what did he say to you, did he say anything?",
    "No, but I'm frightened, he knows where I live, he was stood across the road last night until gone two.",
)


@contextmanager
def serving() -> Iterator[Stack]:
    """Intake's and the classifier's HTTP; the workers are not needed for an answer."""
    with open_folder() as folder, running(Postgres(folder / "postgres")) as postgres:
        stack = Stack(folder, "127.0.0.1:1", postgres, Ports(*(free_port() for _ in range(3))))
        stack.prepare()
        try:
            for service in ("intake", "classifier"):
                stack.run(service, "serve")
            for service in ("intake", "classifier"):
                stack.await_ready(service)
            yield stack
        finally:
            stack.stop()


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


def row(name: str, took: list[float], unread: int) -> str:
    percentiles = statistics.quantiles(took, n=100)
    p50, p99 = percentiles[49] * 1000, percentiles[98] * 1000
    return f"| {name} | {len(took)} | {p50:.0f} | {p99:.0f} | {max(took) * 1000:.0f} | {unread} |"


async def measured(stack: Stack) -> list[str]:
    base = f"http://127.0.0.1:{stack.ports.intake}"
    key = {"Authorization": f"Bearer {stack.secrets.of(TELEPHONY)}"}
    async with httpx.AsyncClient(base_url=base, headers=key, timeout=30) as intake:
        await one_call(intake, 10, 0)
        alone = await one_call(intake, ALONE, 0)
        starts = [PAUSE * n / CALLS_AT_ONCE for n in range(CALLS_AT_ONCE)]
        many = await asyncio.gather(*(one_call(intake, TURNS, PAUSE, after) for after in starts))
    together = [seconds for took, _ in many for seconds in took]
    return [
        row(f"one call of {ALONE} turns, without a pause", *alone),
        row(
            f"{CALLS_AT_ONCE} calls at once, a turn every {PAUSE:.0f} s each",
            together,
            sum(unread for _, unread in many),
        ),
    ]


def main() -> None:
    print("| | turns | p50 ms | p99 ms | most ms | not read in time |\n|---|---|---|---|---|---|")
    with serving() as stack:
        print("\n".join(asyncio.run(measured(stack))))


if __name__ == "__main__":
    main()
