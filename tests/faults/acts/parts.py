"""The broker and the database: killed, gone, back empty, their disks full."""

import asyncio
import time
from typing import Final

from shared.kafka import RECEIVED
from tests.faults import topics
from tests.faults.figures import Figure
from tests.faults.scene import Fault, Scene, Told

ROUTED_IN_TURN: Final = "select reference, urgent, routed_at from report where reference = any($1::text[])"


async def broker_gone(scene: Scene) -> Told:
    world, kills, seconds = scene.world, scene.scale.of(5, 1, 0), scene.scale.of(180, 4, 3)
    async with scene.under_load(scene.usual):
        for _ in range(kills):
            await world.take_away(world.kafka)
            await asyncio.sleep(1)
            await world.bring_back(world.kafka)
            await scene.in_step()
    await world.take_away(world.kafka)
    before = set(scene.driver.references)
    rate = scene.scale.of(50, 20, 10)  # in pytest 30 in all: intake has room for 32 of one source
    await scene.driver.flow(rate, seconds)
    others = scene.driver.other_answers("202")
    waiting = len(await world.books.open())
    world.kafka.empty()
    await world.bring_back(world.kafka)
    took = await scene.routed()
    most = scene.scale.of(10, 10, 40)  # of so few that one late threat is passed by many
    storm = scene.scale.of(1.2, 3.0, 3.0)  # some are published twice; where that is due after 3 s, not 60, more are
    return f"broker killed {kills}x, then gone for {seconds} s at {rate} reports/s, and back empty", [
        Figure("answers other than 202", others, 0),
        Figure("of the ordinary ones routed before the last urgent one", await _overtaken(scene, before), most, "%"),
        Figure("all routed once it was back", took, 60, "s"),
        Figure("messages published for each report that was waiting", await _published(scene) / waiting, storm),
    ]


async def _overtaken(scene: Scene, before: set[str]) -> float:
    """How much of the ordinary lane went before the urgent lane was done, in a hundred."""
    rows = await scene.world.books.intake.fetch(ROUTED_IN_TURN, list(scene.driver.references - before))
    last = max(row["routed_at"] for row in rows if row["urgent"])
    ordinary = [row["routed_at"] for row in rows if not row["urgent"]]
    return 100 * sum(at < last for at in ordinary) / len(ordinary)


async def _published(scene: Scene) -> int:
    """How many messages of reports received the broker was sent since it was empty."""
    return await topics.many(scene.world.kafka.address, list(RECEIVED.values()))


async def database_stopped(scene: Scene) -> Told:
    world, kills, back = scene.world, scene.scale.of(10, 3, 1), []
    async with scene.under_load(scene.usual):
        for _ in range(kills):
            await asyncio.sleep(1)
            await world.take_away(world.postgres)
            await asyncio.sleep(1)
            await world.bring_back(world.postgres)
            back.append(await _accepting(scene, 30))
    return f"PostgreSQL killed {kills}x under {scene.usual} reports/s", [
        Figure("answers other than 202 and 503 with Retry-After", scene.driver.other_answers("202", "503"), 0),
        Figure("kills that nobody was told of by 503", int(scene.driver.answers["503"] < kills), 0),
        Figure("accepting again", max(back), 5, "s"),
        Figure("in step again", await scene.in_step(), 30, "s"),
    ]


async def _accepting(scene: Scene, within: float) -> float:
    """Seconds until a report is accepted that was sent from now on."""
    start = time.monotonic()

    async def accepted() -> bool:
        return scene.driver.last_accepted > start

    return await scene.world.until(accepted, within)


async def broker_disk_full(scene: Scene) -> Told:
    world, seconds = scene.world, scene.scale.of(30, 3, 3)
    world.disks["kafka"].fill()
    await scene.driver.flow(scene.usual, seconds)
    others = scene.driver.other_answers("202", "503")
    world.disks["kafka"].free()
    return f"no room for the broker for {seconds} s at {scene.usual} reports/s", [
        Figure("answers other than 202 and 503 with Retry-After", others, 0),
        Figure("all routed once there was room", await scene.routed(), 60, "s"),
    ]


async def database_disk_full(scene: Scene) -> Told:
    world, seconds = scene.world, scene.scale.of(30, 3, 3)
    world.disks["postgres"].fill()
    async with scene.under_load(scene.scale.of(20, 20, 20)):

        async def refused() -> bool:
            return scene.driver.answers["503"] > 0

        noticed = await world.until(refused, 120)
        await asyncio.sleep(seconds)
        world.disks["postgres"].free()
        back = await _accepting(scene, 60)
    return f"no room for the database for {seconds} s", [
        Figure("until the first 503", noticed, 120, "s"),
        Figure("answers other than 202 and 503 with Retry-After", scene.driver.other_answers("202", "503"), 0),
        Figure("accepting again once there was room", back, 10, "s"),
        Figure("in step again", await scene.in_step(), 30, "s"),
    ]


BROKER: Final = (
    Fault("disk full under the broker", broker_disk_full),
    Fault("broker killed, gone, and back empty", broker_gone),
)
DATABASE: Final = (
    Fault("PostgreSQL stopped at once", database_stopped),
    Fault("disk full under the database", database_disk_full),
)
