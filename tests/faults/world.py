"""All of Heard as in production, for something to be done to it; what ends by itself is started again."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Final, ParamSpec, TypeVar

from deploy.local import process
from deploy.local.demo import let_everybody_in
from deploy.local.errors import LocalError
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.stack import PROCESSES, ROOT, Ports, Stack
from shared.database import create_pool
from tests.faults.account import Books
from tests.faults.disk import Disk, small_disk
from tests.faults.figures import SEED, Scale
from tests.faults.proxy import Network
from tests.infrastructure import open_folder

P = ParamSpec("P")
T = TypeVar("T")

LOOK: Final = 0.05  # seconds between looks at whether something has happened
SMALL: Final = {"max_wal_size": "96MB", "min_wal_size": "32MB"}
"""For a PostgreSQL on a small disk."""
HURRIED: Final = {"HEARD_INTAKE_REPUBLISH_AFTER": "3"}
"""Where there are no minutes to wait for: the production default is 60."""


@dataclass
class World:
    """`books` are the databases as they are, past every process of ours."""

    scale: Scale
    kafka: Kafka
    postgres: Postgres
    stack: Stack
    books: Books
    disks: Mapping[str, Disk]
    network: Network
    starter: ThreadPoolExecutor
    """One thread that starts everything: the kernel ends a child with the thread that it came from."""
    besides: list[subprocess.Popen[bytes]] = field(default_factory=list)
    away: list[Kafka | Postgres] = field(default_factory=list)
    """What is not there on purpose."""

    async def do(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Something that takes its time, while the driver goes on."""
        return await _in(self.starter, partial(call, *args, **kwargs))

    async def supervise(self) -> None:
        """As systemd or Kubernetes would: whatever ends by itself is started again."""
        while True:
            await self.do(self.stack.watch)
            for part in (self.kafka, self.postgres):
                if not part.running and part not in self.away:
                    await self.do(_revive, part)
            await asyncio.sleep(LOOK)

    def kill(self, service: str, role: str) -> None:
        """At once, and started again as soon as that is noticed."""
        self.stack.children[service, role].kill()

    async def take_away(self, part: Kafka | Postgres) -> None:
        """As a power cut would."""
        self.away.append(part)
        await self.do(part.kill)

    async def bring_back(self, part: Kafka | Postgres) -> None:
        await self.do(part.start)
        self.away.remove(part)

    async def down(self, *which: tuple[str, str], how: signal.Signals = signal.SIGKILL) -> None:
        for service, role in which:
            await self.do(self.stack.kill, service, role, how)

    async def up(self, *which: tuple[str, str]) -> None:
        for service, role in which:
            await self.do(self.stack.run, service, role)
        for service, role in which:
            if role == "serve":
                await self.do(self.stack.await_ready, service)

    async def mend(self) -> None:
        """Whatever a fault left undone: everything is there again."""
        for part in self.away[:]:
            await self.bring_back(part)
        await self.up(*(which for which in PROCESSES if which not in self.stack.children))

    async def another(self, service: str, role: str, **settings: str) -> subprocess.Popen[bytes]:
        """One more process beside those of the stack; nobody starts it again."""
        started = partial(
            process.spawn,
            [sys.executable, "-m", "services", service, role],
            log=self.stack.folder / "logs" / f"{service}-{role}-{len(self.besides)}.log",
            on_parent_death=signal.SIGKILL,
            env=self.stack.environment() | settings,
            cwd=ROOT,
        )
        child = await self.do(started)
        self.besides.append(child)
        return child

    async def end(self, child: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
        await self.do(process.stop, child, how)
        self.besides.remove(child)

    async def until(self, happened: Callable[[], Awaitable[bool]], within: float) -> float:
        """How many seconds it took until something had happened; infinity where it did not."""
        start = looked = time.monotonic()
        while not await happened():
            now = time.monotonic()
            if now - start > within:
                return float("inf")
            await asyncio.sleep(max(LOOK, now - looked))  # a look that is dear is not taken all the time
            looked = time.monotonic()
        return time.monotonic() - start

    async def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        """From escalation's database."""
        return await self.books.escalation.fetch(statement, *arguments)


@asynccontextmanager
async def world(scale: Scale) -> AsyncIterator[World]:
    """Everything up, on small disks of its own; everything ended at the end."""
    async with AsyncExitStack() as held:
        folder = held.enter_context(open_folder())
        starter = held.enter_context(ThreadPoolExecutor(max_workers=1))
        size = scale.of(3000, 1000, 800)
        disks = {name: held.enter_context(small_disk(folder / name, size)) for name in ("kafka", "postgres")}
        kafka = Kafka(disks["kafka"].folder, heap=scale.of("512m", "256m", "256m"))
        postgres = Postgres(disks["postgres"].folder, settings=SMALL)
        ports = Ports(*(process.free_port() for _ in range(3)))
        stack = Stack(folder, kafka.address, postgres, ports, scale.of({}, HURRIED, HURRIED))
        for part in (kafka, postgres):
            held.push_async_callback(_in, starter, part.kill)
            await _in(starter, part.start)
        network = Network(Random(SEED))
        await held.enter_async_context(network.to(kafka.behind, kafka.through))
        way = await held.enter_async_context(network.to(postgres.port))
        held.push_async_callback(_in, starter, partial(stack.stop, signal.SIGKILL))
        await _in(starter, stack.prepare)
        stack.settings = {**stack.settings, **_by_way_of(stack, f"127.0.0.1:{kafka.through}", way)}
        await _in(starter, stack.start)
        await let_everybody_in(stack)
        pools = [
            await held.enter_async_context(create_pool(postgres.url(name), 4)) for name in ("intake", "escalation")
        ]
        made = World(scale, kafka, postgres, stack, Books(*pools), disks, network, starter)
        supervisor = asyncio.create_task(made.supervise())
        held.push_async_callback(_cancelled, supervisor)
        yield made
        for child in made.besides[:]:
            await made.end(child, signal.SIGKILL)


def _by_way_of(stack: Stack, kafka: str, postgres: int) -> dict[str, str]:
    """What the services are told, so that they reach Kafka and PostgreSQL through the network."""
    told = stack.environment()
    databases = {name: url for name, url in told.items() if name.endswith("_DATABASE")}
    through = {name: url.replace(f":{stack.postgres.port}/", f":{postgres}/") for name, url in databases.items()}
    return through | {name: kafka for name in told if name.endswith("_KAFKA")}


def _revive(part: Kafka | Postgres) -> None:
    part.stop()
    try:
        part.start()
    except LocalError:
        time.sleep(LOOK)  # its disk is full, perhaps: it is tried again


async def _in(starter: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(starter, call)


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
