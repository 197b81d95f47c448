"""The whole path with every process sharing the cores: its rate, a threat's way through it, and what it holds on to.

Three things in one world, for each needs the one before it: reports are posted as fast as they are taken, until every
receipt is back; threats are told with and without 100,000 reports waiting in the ordinary lane; and the memory of each
process is watched while those are taken in and read. The second reading is not among the processes (docs/decisions
0005: it comes behind the first, and takes what is left); what it costs the first is measured beside.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.database import Pool, create_pool
from shared.events import Lane
from shared.kafka import RECEIVED
from tests.bench import memory, telling
from tests.bench.feed import FEED, FEED_CLIENT, QUEUE_CLIENT, token
from tests.bench.figures import Found, Row, Say, Scale, Table
from tests.bench.load import get, percentile, post, sent
from tests.bench.memory import Memory
from tests.bench.topics import Ends
from tests.bench.world import Used, World, said, world

TELL: Final = "/v1/reports"
AT_ONCE: Final = 32  # connections
FIRST: Final = (
    ("intake", "serve"),
    ("intake", "work"),
    ("classifier", "work"),
    ("escalation", "serve"),
    ("escalation", "work"),
)
SECOND: Final = ("classifier", "reread")
THREATS_A_SECOND: Final = 4.0
BESIDE: Final = 0.25  # of what the whole path does: so many ordinary reports a second while threats are told
MOST_BESIDE: Final = 200.0  # reports a second
LOOK: Final = 0.004  # seconds between looks at the board
LOOK_AGAIN: Final = 0.1
LONGEST: Final = 60.0  # seconds that a threat may take


@dataclass
class Here:
    """`told` and `threats` give the next of each; `beside`: ordinary ones a second that come while threats are told."""

    world: World
    intake: Pool
    escalation: Pool
    told: Iterator[bytes]
    threats: Iterator[bytes]
    beside: float = 0.0

    @property
    def port(self) -> int:
        return self.world.stack.ports.intake


def measured(scale: Scale, say: Say, alone: dict[str, float]) -> Found:
    """`alone`: what each stage did by itself, a second."""
    beside = int(scale.threats / THREATS_A_SECOND * MOST_BESIDE * 2)
    everything = scale.path * 2 + scale.backlog + beside + scale.path // 10
    say(f"making {everything} reports")
    told = iter([post(TELL, body) for body in telling.bodies(telling.calm(everything, seed=5))])
    with world() as here:
        here.run(*FIRST)
        seen = asyncio.run(_all(here, told, scale, say))
    slowest = min(alone, key=lambda stage: alone[stage])
    return Found(seen.rows(slowest, alone[slowest]), seen.tables())


async def _all(world: World, told: Iterator[bytes], scale: Scale, say: Say) -> "Seen":
    urls = [world.postgres.url(name) for name in ("intake", "escalation")]
    async with create_pool(urls[0], 2) as intake, create_pool(urls[1], 8) as escalation:
        here = Here(world, intake, escalation, told, _threats_told())
        rate, cores = await _whole_path(here, scale, say)
        here.beside = min(rate * BESIDE, MOST_BESIDE)
        quiet = await _threats(here, scale, say, "nothing waiting")
        kept, waiting, behind, seconds = await _with_a_backlog(here, scale, say)
        left = await _left_behind(here)
        return Seen(
            scale.backlog, rate, cores, here.beside, quiet, waiting, behind, seconds, kept, left,
            await _with_the_second_reader(here, scale, say),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """Rates are reports a second; times are seconds: of each threat, of the report behind the backlog, of all of it."""

    backlog: int
    rate: float
    cores: dict[str, float]
    beside: float
    quiet: list[float]
    waiting: list[float]
    behind: float
    drained: float
    memory: dict[str, Memory]
    left: list[tuple[str, float]]
    with_second: float

    def rows(self, slowest: str, alone: float) -> list[Row]:
        bound = f"the processor: {said(self.cores)}"
        return [
            Row("whole path, every receipt back", "reports/s", self.rate, f"{slowest} alone", alone, 0.6, bound),
            self._threats("median", 0.5),
            self._threats("p95", 0.95),
            *(memory.row(name, watched) for name, watched in self.memory.items()),
        ]

    def _threats(self, name: str, share: float) -> Row:
        waiting, quiet = (percentile(took, share) * 1000 for took in (self.waiting, self.quiet))
        name, against = f"threat to the board, {name}, {self.backlog:,} waiting", "the same load, nothing waiting"
        bound = "the report in hand of each worker, and two cores for everything"
        return Row(name, "ms", waiting, against, quiet, 1.5, bound, at_most=True)

    def tables(self) -> list[Table]:
        note = f"From the post to the case on the board; {self.beside:.0f} ordinary reports a second come meanwhile."
        fifo = f"one FIFO lane: told with the first threat, behind those {self.backlog:,}"
        threats = [
            ["nothing waiting", *_times(self.quiet)],
            [f"{self.backlog:,} waiting", *_times(self.waiting)],
            [fifo, f"{self.behind:.0f} s", "", ""],
            [f"all {self.backlog:,} read and routed", f"{self.drained:.0f} s", "", ""],
        ]
        second = [["first reading only", f"{self.rate:.0f}"], ["with the second reader", f"{self.with_second:.0f}"]]
        return [
            Table("A threat among many", ("told", "median", "p95", "most"), threats, note),
            Table("The second reading beside the first", ("processes", "reports/s"), second),
            memory.table(self.memory),
            Table(
                "What a report leaves behind", ("where", "KiB"), [[where, f"{size:.1f}"] for where, size in self.left]
            ),
        ]


async def _left_behind(here: Here) -> list[tuple[str, float]]:
    """KiB for each report so far, with their indexes, before any vacuum."""
    size, reports = "select pg_database_size(current_database())", "select count(*) from report"
    many = await here.intake.fetchval(reports)
    held = {
        "intake's database": await here.intake.fetchval(size),
        "escalation's database": await here.escalation.fetchval(size),
        "Kafka, one replica": sum(file.stat().st_size for file in here.world.kafka.folder.rglob("*.log")),
    }
    return [(name, bytes_ / many / 1024) for name, bytes_ in held.items()]


async def _whole_path(here: Here, scale: Scale, say: Say) -> tuple[float, dict[str, float]]:
    await _post(here, 300)
    await _all_routed(here)
    say(f"the whole path: {scale.path} reports")
    used, start = Used(_pids(here.world)), time.monotonic()
    await _post(here, scale.path)
    await _all_routed(here)
    return scale.path / (time.monotonic() - start), used.cores()


async def _with_the_second_reader(here: Here, scale: Scale, say: Say) -> float:
    say("the whole path with the second reader beside it")
    here.world.run(SECOND)
    await asyncio.sleep(5)
    many, start = scale.path // 4, time.monotonic()
    await _post(here, many)
    await _all_routed(here)
    return many / (time.monotonic() - start)


async def _with_a_backlog(here: Here, scale: Scale, say: Say) -> tuple[dict[str, Memory], list[float], float, float]:
    say(f"{scale.backlog} reports wait for the classifier")
    here.world.stack.kill("classifier", "work")
    taking = Memory(_pids(here.world), scale.backlog)
    async with taking.watching(lambda: here.intake.fetchval("select count(*) from report")):
        await _post(here, scale.backlog)
        await _all_published(here, scale.backlog)
    here.world.run(("classifier", "work"))
    draining = Memory(_pids(here.world), scale.backlog)
    start, classified = time.monotonic(), Ends(here.world.kafka.address, "reports.routed")
    looking = asyncio.create_task(_look_on(here))
    async with draining.watching(lambda: here.intake.fetchval("select count(routed_at) from report")):
        await asyncio.to_thread(_begun, classified)
        first_of_the_rest = asyncio.create_task(_ordinary(here))
        waiting = await _threats(here, scale, say, f"{scale.backlog} waiting")
        say("the rest of them")
        behind = await first_of_the_rest
        await _all_routed(here)
    looking.cancel()
    drained = time.monotonic() - start
    kept = {name: taking if name == "intake serve" else draining for name in _pids(here.world)}
    return kept, waiting, behind, drained


async def _threats(here: Here, scale: Scale, say: Say, what: str) -> list[float]:
    """Seconds for each, sent at their times whatever became of those before."""
    say(f"threats: {what}")
    beside = asyncio.create_task(_post(here, int(scale.threats / THREATS_A_SECOND * here.beside), here.beside))
    start, sending = time.monotonic(), []
    for number in range(scale.threats):
        await asyncio.sleep(max(0.0, start + number / THREATS_A_SECOND - time.monotonic()))
        sending.append(asyncio.create_task(_told(here, next(here.threats))))
    took = await asyncio.gather(*sending)
    await beside
    return list(took)


def _threats_told() -> Iterator[bytes]:
    """From another household each time."""
    for number, postcode in enumerate(telling.postcodes(seed=9)):
        yield post(TELL, {"text": f"{telling.THREAT} Flat {number}.", "place": {"postcode": postcode}})


async def _ordinary(here: Here) -> float:
    return await _told(here, next(here.told), 3600)


async def _told(here: Here, request: bytes, longest: float = LONGEST) -> float:
    """Seconds from the post until it is a case that somebody read and that has its receipt."""
    start = time.monotonic()
    run = await sent(here.port, [request], 1)
    reference = run.answers[0].json()["reference"]
    there = "select true from cases where reference = $1 and receipt is not null"
    look = LOOK if longest == LONGEST else LOOK_AGAIN
    while not await here.escalation.fetchval(there, reference):
        await asyncio.sleep(look)
        assert time.monotonic() - start < longest, f"not on the board within {longest:.0f} s"
    return time.monotonic() - start


async def _post(here: Here, many: int, a_second: float | None = None, connections: int = AT_ONCE) -> None:
    await sent(here.port, [next(here.told) for _ in range(many)], connections, a_second)


async def _all_routed(here: Here) -> None:
    await _none_left(here, "report where routed_at is null")


async def _all_published(here: Here, many: int) -> None:
    ends = Ends(here.world.kafka.address, RECEIVED[Lane.ordinary])
    await _none_left(here, "outbox where not urgent and not published")
    assert await asyncio.to_thread(ends) >= many


async def _none_left(here: Here, what: str) -> None:
    while await here.intake.fetchval(f"select exists(select from {what})"):  # noqa: ASYNC110 - only the database knows
        await asyncio.sleep(LOOK_AGAIN)


def _begun(classified: Ends) -> None:
    before = classified()
    while classified() == before:
        time.sleep(0.05)


async def _look_on(here: Here) -> None:
    """A control room and an agency that look at what they have, once a second."""
    queue = await token(here.world, QUEUE_CLIENT)
    feed = await token(here.world, FEED_CLIENT)
    asked = [get("/v1/queue?limit=50", Authorization=queue), get(FEED, Authorization=feed)]
    while True:
        await sent(here.world.stack.ports.escalation, asked, 1)
        await asyncio.sleep(1)


def _times(took: list[float]) -> list[str]:
    return [f"{seconds * 1000:.0f} ms" for seconds in (percentile(took, 0.5), percentile(took, 0.95), max(took))]


def _pids(world: World) -> dict[str, int]:
    return {f"{service} {role}": child.pid for (service, role), child in world.stack.children.items()}
