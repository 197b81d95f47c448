"""A process whose clock is wrong, by libfaketime."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.local import process
from deploy.local.errors import PartMissing
from tests.faults.figures import Figure
from tests.faults.operator import token
from tests.faults.scene import Fault, Scene, Told

HOUR: Final = timedelta(hours=1)
WRONG: Final = (("intake", "serve"), ("escalation", "work"))
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
    """First the room's other web process, then the one that takes reports and the one that opens cases."""
    offsets = scene.scale.of((HOUR, -HOUR), (HOUR, -HOUR), (HOUR,))
    found = [await _skewed(scene, offset) for offset in offsets]
    twice, amiss = (max(column) for column in zip(*found, strict=True))
    return "one process an hour off: escalation HTTP, then intake HTTP and the escalation worker", [
        Figure("cases held by two", twice, 0),
        Figure("a report's time, off by", amiss, 5, "s"),
    ]


async def _skewed(scene: Scene, offset: timedelta) -> tuple[int, float]:
    wrong, usual = wrong_by(offset), scene.world.stack.settings
    await scene.driver.flow(10, 1, threats=0.5)
    await scene.routed()
    twice = await _held_by_two(scene, wrong)
    scene.world.stack.settings = {**usual, **wrong}
    await _restarted(scene)
    before = set(scene.driver.references)
    (row,) = await scene.world.fetch("select now() as now")
    start = time.monotonic()
    await scene.driver.flow(10, scene.scale.of(10, 2, 1), threats=0.5)
    took = time.monotonic() - start
    await scene.routed()
    references = list(scene.driver.references - before)
    (amiss,) = await scene.world.fetch(AMISS, references, row["now"])
    scene.world.stack.settings = usual
    await _restarted(scene)
    return twice, max(0.0, amiss[0] - took)


async def _restarted(scene: Scene) -> None:
    await scene.world.down(*WRONG)
    await scene.world.up(*WRONG)
    await scene.in_step()


async def _held_by_two(scene: Scene, wrong: dict[str, str]) -> int:
    """Two web processes hand out cases in turn, one of them with the wrong clock: how many are handed out twice."""
    world, port = scene.world, process.free_port()
    other = await world.another("escalation", "serve", HEARD_ESCALATION_PORT=str(port), **wrong)
    right, wrong_one = f"http://127.0.0.1:{world.stack.ports.escalation}", f"http://127.0.0.1:{port}"
    async with (
        httpx.AsyncClient(base_url=right, timeout=30) as a,
        httpx.AsyncClient(base_url=wrong_one, timeout=30) as b,
    ):

        async def answers() -> bool:
            try:
                return (await b.get("/readyz")).status_code == httpx.codes.OK
            except httpx.HTTPError:
                return False

        await world.until(answers, 60)
        claimed: list[Any] = []
        for http in (a, b) * 3:
            http.headers["Authorization"] = await token(http, world.stack)
            answer = await http.post("/v1/queue/claims", json={})
            if answer.status_code == httpx.codes.CREATED:
                claimed.append(answer.json()["report_id"])
    await world.end(other)
    return len(claimed) - len(set(claimed)) if claimed else 1


FAULTS: Final = (Fault("a clock an hour off", wrong_clock),)
