"""A process whose clock is wrong, by libfaketime."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx

from deploy.local import process
from deploy.local.errors import PartMissing
from tests.faults.driver import Driver
from tests.faults.figures import Figure
from tests.faults.operator import token
from tests.faults.scene import Fault, Scene, Told

HOUR: Final = timedelta(hours=1)
AMISS: Final = """
select coalesce(max(abs(extract(epoch from
    (convert_from(event, 'utf8')::json -> 'report' ->> 'received_at')::timestamptz - $2::timestamptz))), 0)::float
from cases where reference = any($1::text[])
"""


def wrong_by(offset: timedelta) -> dict[str, str]:
    """What makes a process's clock wrong, and leaves how fast it goes."""
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not libraries:
        raise PartMissing("libfaketime is missing: install it (Debian: faketime).")
    seconds = f"{offset.total_seconds():+.0f}s"
    return {"LD_PRELOAD": str(libraries[0]), "FAKETIME": seconds, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


async def wrong_clock(scene: Scene) -> Told:
    """Beside the right ones: an intake that takes reports, a worker that opens cases, an HTTP that hands them out."""
    offsets = scene.scale.of((HOUR, -HOUR), (HOUR,), (HOUR,))
    found = [await _skewed(scene, offset) for offset in offsets]
    twice, amiss = (max(column) for column in zip(*found, strict=True))
    return "an intake, an escalation worker and an escalation HTTP an hour off, beside the right ones", [
        Figure("cases held by two", twice, 0),
        Figure("a report's time, off by", amiss, 5, "s"),
    ]


async def _skewed(scene: Scene, offset: timedelta) -> tuple[int, float]:
    world, wrong = scene.world, wrong_by(offset)
    intake, escalation = process.free_port(), process.free_port()
    beside = [
        await world.another("intake", "serve", HEARD_INTAKE_PORT=str(intake), **wrong),
        await world.another("escalation", "serve", HEARD_ESCALATION_PORT=str(escalation), **wrong),
        await world.another("escalation", "work", **wrong),
    ]
    await world.until(lambda: _answer(intake, escalation), 60)
    amiss = await _amiss(scene, intake)
    twice = await _held_by_two(scene, escalation)
    for child in beside:
        await world.end(child)
    return twice, amiss


async def _answer(*ports: int) -> bool:
    try:
        async with httpx.AsyncClient() as http:
            answers = [await http.get(f"http://127.0.0.1:{port}/readyz") for port in ports]
    except httpx.HTTPError:
        return False
    return all(answer.status_code == httpx.codes.OK for answer in answers)


async def _amiss(scene: Scene, port: int) -> float:
    """By how many seconds the reports that the wrong intake takes are said to have come at another time."""
    (row,) = await scene.world.fetch("select now() as now")
    start = time.monotonic()
    async with Driver(f"http://127.0.0.1:{port}", scene.driver.random) as told:
        await told.flow(10, scene.scale.of(10, 2, 1), threats=0.5)
    took = time.monotonic() - start
    scene.driver.accepted |= told.accepted
    await scene.routed()
    (amiss,) = await scene.world.fetch(AMISS, list(told.references), row["now"])
    return max(0.0, float(amiss[0]) - took)


async def _held_by_two(scene: Scene, port: int) -> int:
    """The right process and the wrong one hand out cases in turn: how many are handed out twice."""
    stack = scene.world.stack
    claimed: list[str] = []
    async with httpx.AsyncClient(timeout=30) as http:
        for of in (stack.ports.escalation, port) * 3:
            base = f"http://127.0.0.1:{of}"
            headers = {"Authorization": await token(http, stack, base)}
            answer = await http.post(f"{base}/v1/queue/claims", json={}, headers=headers)
            if answer.status_code == httpx.codes.CREATED:
                claimed.append(answer.json()["report_id"])
    return len(claimed) - len(set(claimed)) if claimed else 1


FAULTS: Final = (Fault("a clock an hour off", wrong_clock),)
