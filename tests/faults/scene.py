"""One fault being done: the world, whoever reports to it and whoever works its queue; and the account of it after."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Final

from shared.database import UNAVAILABLE
from tests.faults.driver import Driver
from tests.faults.figures import SEED, Figure, Row, Scale, p99
from tests.faults.operator import Operator
from tests.faults.world import World

PATIENCE: Final = 180.0  # seconds for what was accepted to be routed, before it counts as lost
WAITED: Final = """
select extract(epoch from opened_at - (convert_from(event, 'utf8')::json -> 'report' ->> 'received_at')::timestamptz)
from cases where reference = any($1::text[])
"""


@dataclass
class Scene:
    world: World
    driver: Driver
    operator: Operator

    @property
    def scale(self) -> Scale:
        return self.world.scale

    @property
    def usual(self) -> int:
        """Reports a second that go on coming in, whatever is done."""
        return self.scale.of(20, 10, 5)

    async def routed(self, within: float = PATIENCE) -> float:
        """Seconds until everything that was accepted has its receipt."""

        async def none_open() -> bool:
            try:
                return not await self.world.books.open()
            except UNAVAILABLE:
                return False

        return await self.world.until(none_open, within)

    async def in_step(self, within: float = 60) -> float:
        """Seconds until one more report is accepted and has its receipt, and the control room can be asked."""
        start = time.monotonic()
        while (told := await self.driver.tell()) is None:
            if time.monotonic() - start > within:
                return float("inf")
            await asyncio.sleep(0.1)

        async def has_receipt() -> bool:
            try:
                return told.reference not in await self.world.books.open()
            except UNAVAILABLE:
                return False

        await self.world.until(has_receipt, within)
        await self.world.do(self.world.stack.await_ready, "escalation")
        return time.monotonic() - start

    async def waited(self, references: set[str]) -> float:
        """The 99th in a hundred of the seconds that these took from being received to being on the queue."""
        rows = await self.world.fetch(WAITED, list(references))
        return p99([float(row[0]) for row in rows]) if len(rows) == len(references) else float("inf")

    @asynccontextmanager
    async def under_load(self, a_second: float, threats: float = 0.2) -> AsyncIterator[None]:
        """Reports come in all the while."""

        async def load() -> None:
            while True:
                await self.driver.flow(a_second, 1, threats)

        loading = asyncio.create_task(load())
        try:
            yield
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)


Told = tuple[str, list[Figure]]
"""What was done, and its own figures."""


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    act: Callable[[Scene], Awaitable[Told]]

    async def enact(self, world: World) -> Row:
        """Do it, see everything settled, and draw up the account."""
        start = time.monotonic()
        base = f"http://127.0.0.1:{world.stack.ports.intake}"
        operator = Operator(world.stack, world.books.escalation)
        async with Driver(base, Random(f"{SEED} {self.name}")) as driver:
            scene = Scene(world, driver, operator)
            working = asyncio.create_task(operator.work())
            try:
                done, own = await self.act(scene)
                await driver.insist(within=60)
                await scene.routed()
            finally:
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
                await world.mend()
            always = await world.books.account(driver, operator)
        answers = ", ".join(f"{many} x {status}" for status, many in sorted(driver.answers.items()))
        told = f"{done}; answers {answers}; {operator.claims} claims"
        return Row(self.name, told, tuple(own), always, time.monotonic() - start)
