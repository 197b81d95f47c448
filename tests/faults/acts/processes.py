"""Processes that are killed, stalled, come and go, or are not there."""

import asyncio
import signal
from itertools import cycle
from typing import Any, Final

from tests.faults.figures import Figure
from tests.faults.scene import Fault, Scene, Told

EACH: Final = (
    ("intake", "serve"),
    ("intake", "work"),
    ("classifier", "work"),
    ("escalation", "work"),
    ("escalation", "serve"),
)
READERS: Final = (("classifier", "work"), ("escalation", "work"))
SECOND_READER: Final = ("classifier", "reread")
STATE: Final = """
select report_id, revision, reading, rulebook, assessed_at, danger_class, grade, receipt, opened_at from cases
"""


async def killed(scene: Scene) -> Told:
    """SIGKILL under load. In pytest all of them at the same moment."""
    times = scene.scale.of(10, 1, 1)
    rounds = [(which,) for which in EACH] if scene.scale.of(True, False, False) else [EACH]
    figures = []
    async with scene.under_load(scene.usual):
        for together in rounds:
            took = [await _killed_once(scene, together) for _ in range(times)]
            name = ", ".join(map(" ".join, together)) if len(together) == 1 else "all five at once"
            figures.append(Figure(f"{name}: back in step", max(took), 10, "s"))
    return f"each killed {times}x under {scene.usual} reports/s", figures


async def _killed_once(scene: Scene, together: tuple[tuple[str, str], ...]) -> float:
    for service, role in together:
        scene.world.kill(service, role)
    took = await scene.in_step()
    await asyncio.sleep(scene.world.scale.of(1.0, 0.5, 0.0))
    return took


async def stalled(scene: Scene) -> Told:
    """SIGSTOP for longer than Kafka waits; another takes over; then the sleeper wakes with its work in hand."""
    seconds, world = scene.scale.of(30, 8, 8), scene.world
    await world.down(SECOND_READER)  # its readings come late by design, and are no late writes
    others = [await world.another(*which) for which in READERS]
    sleepers = [world.stack.children[which] for which in READERS]
    async with scene.under_load(scene.usual):
        await asyncio.sleep(scene.scale.of(5, 1, 1))
        for sleeper in sleepers:
            sleeper.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
    await scene.driver.insist(within=30)
    took = await scene.routed()
    before = await _state(scene)
    for sleeper in sleepers:
        sleeper.send_signal(signal.SIGCONT)
    await asyncio.sleep(scene.scale.of(10, 2, 2))
    changed = sum(row != before.get(one) for one, row in (await _state(scene)).items())
    for other in others:
        await world.end(other)
    await world.up(SECOND_READER)
    figures = [Figure("routed by the others after the load", took, 15, "s")]
    return f"both readers stalled for {seconds} s", [*figures, Figure("cases that late writes changed", changed, 0)]


async def _state(scene: Scene) -> dict[Any, tuple[Any, ...]]:
    return {row["report_id"]: tuple(row) for row in await scene.world.fetch(STATE)}


async def coming_and_going(scene: Scene) -> Told:
    seconds, world = scene.scale.of(120, 6, 3), scene.world
    turns = cycle(READERS)
    async with scene.under_load(scene.usual):
        for _ in range(seconds // 3):
            extra = await world.another(*next(turns))
            await asyncio.sleep(3)
            await world.end(extra)
    await scene.routed()
    waited = await scene.waited(scene.driver.references)
    return f"a worker joined or left every 3 s for {seconds} s", [
        Figure("received to queue, p99", waited, 15, "s"),
    ]


async def unread(scene: Scene) -> Told:
    """No classifier at all: a screened threat is put up unread, and filled in once it is back."""
    seconds, world = scene.scale.of(300, 8, 7), scene.world
    both = (("classifier", "work"), SECOND_READER)
    await world.down(*both)
    before = set(scene.driver.references)
    await scene.driver.flow(scene.scale.of(6, 6, 4), 2, threats=0.5)
    await scene.driver.flow(scene.scale.of(6, 6, 4), seconds - 7, threats=0.2)
    told = {one.reference for one in scene.driver.accepted.values() if one.threat} - before

    async def all_up() -> bool:
        return await _on_the_board(scene, told, read=False) == len(told)

    await world.until(all_up, scene.scale.of(11, 11, 60))  # how long it took is a figure of its own
    missing = len(told) - await _on_the_board(scene, told, read=False)
    waited = await scene.waited(told)
    await world.up(*both)

    async def all_read() -> bool:
        return await _on_the_board(scene, told, read=True) == len(told)

    return f"no classifier for {seconds} s", [
        Figure("threats not on the board as not yet read, in class 2", missing, 0),
        Figure("received to the board, p99", waited, 10, "s"),
        Figure("filled in after", await world.until(all_read, 120), 60, "s"),
    ]


async def _on_the_board(scene: Scene, references: set[str], read: bool) -> int:
    query = """
        select count(*) from cases join queue_item as item using (report_id)
        where reference = any($1::text[]) and (rulebook is not null) = $2 and ($2 or item.danger_class = 2)
    """
    return int((await scene.world.fetch(query, list(references), read))[0][0])


FAULTS: Final = (
    Fault("each process killed", killed),
    Fault("a worker stalled, then woken", stalled),
    Fault("workers joining and leaving", coming_and_going),
    Fault("classifier off", unread),
)
