"""More than can be read at once: too many reports, a long ordinary lane, one source filling the urgent lane."""

import asyncio
import time
from datetime import UTC, datetime
from random import Random
from typing import Final
from uuid import UUID

from deploy.local.stack import TELEPHONY
from shared.cloudevents import Message, encode
from shared.events import Lane, ReportReceived
from shared.kafka import RECEIVED
from shared.telemetry import new_traceparent
from shared.told import Channel, Place
from tests.faults import topics
from tests.faults.driver import TROUBLE, Driver
from tests.faults.figures import SEED, Figure
from tests.faults.scene import Fault, Scene, Told

AT_ONCE: Final = 2_000
KNOWN: Final = "select count(*) from cases"


async def too_many(scene: Scene) -> Told:
    rate, seconds = scene.scale.of(300, 200, 150), scene.scale.of(30, 3, 2)
    await scene.driver.flow(rate, seconds, threats=0.02)
    driver = scene.driver
    accepted, shed = driver.answers["202"], driver.answers["503"]
    others, slowest = driver.other_answers("202", "503"), driver.slowest
    took = await scene.in_step()
    return f"{rate} reports/s for {seconds} s: {accepted} accepted, {shed} told to come back", [
        Figure("answers other than 202 and 503 with Retry-After", others, 0),
        Figure("longest answer", slowest, 10, "s"),
        Figure("in step after the flood", took, scene.scale.of(60, 30, 30), "s"),
    ]


async def long_lane(scene: Scene) -> Told:
    many = scene.scale.of(100_000, 2_000, 600)
    await topics.publish(scene.world.kafka.address, _waiting(many), AT_ONCE)
    await scene.driver.flow(2, scene.scale.of(30, 5, 3), threats=1)
    left = many - int((await scene.world.fetch(KNOWN))[0][0])
    await scene.driver.insist(within=30)
    await scene.routed()
    waited = await scene.waited(scene.driver.references)
    return f"{many} waiting in the ordinary lane, {max(left, 0)} of them still at the end", [
        Figure("a threat received to the board, p99", waited, 2, "s")
    ]


def _waiting(many: int) -> list[Message]:
    """Reports as intake would have published them; it knows nothing of these, and waits for none of them."""
    random, now = Random(SEED), datetime.now(UTC)
    return [_published(random, number, now) for number in range(many)]


def _published(random: Random, number: int, now: datetime) -> Message:
    report = ReportReceived(
        report_id=UUID(int=random.getrandbits(128)),
        reference=f"H-{number:010d}",
        channel=Channel.web,
        source="public",
        received_at=now,
        lane=Lane.ordinary,
        text=random.choice(TROUBLE).format(n=number),
        place=Place(postcode=f"ZZ{number % 6 + 1} 4AB"),
    )
    return encode(report, RECEIVED[Lane.ordinary], "intake", now, new_traceparent())


async def one_source(scene: Scene) -> Told:
    """One key fills the urgent lane; somebody else's threat goes between."""
    rate, seconds = scene.scale.of(100, 60, 40), scene.scale.of(20, 4, 3)
    key = scene.world.stack.secrets.of(TELEPHONY)
    async with Driver(scene.driver.base, Random(SEED), key) as flood:
        flooding = asyncio.create_task(flood.flow(rate, seconds, threats=1))
        await asyncio.sleep(1)
        start = time.monotonic()
        while time.monotonic() - start < seconds - 1:
            await scene.driver.flow(2, 1, threats=1)
        await flooding
        flood.owed.clear()
    await scene.driver.insist(within=30)
    await scene.routed()
    waited = await scene.waited(scene.driver.references)
    return f"{rate} threats/s for {seconds} s by one source, {len(flood.accepted)} accepted", [
        Figure("another source's threat received to the board, p99", waited, 2, "s"),
        Figure("the flood's answers other than 202 and 503", flood.other_answers("202", "503"), 0),
    ]


FAULTS: Final = (
    Fault("a flood of reports", too_many),
    Fault("one source floods the urgent lane", one_source),
    Fault("a long ordinary lane", long_lane),
)
