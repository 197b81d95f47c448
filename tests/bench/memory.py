"""Whether a process holds on to what it has done: its memory while many reports go through it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench.figures import Row, Table

EVERY: Final = 1.0  # seconds
WARM: Final = 0.2  # of the reports: by then pools, caches and arenas are as large as they get
FLAT: Final = 0.1  # of its size


@dataclass
class Memory:
    """The resident memory of some processes, in MiB, over the reports done so far."""

    pids: Mapping[str, int]
    many: int
    samples: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    @asynccontextmanager
    async def watching(self, done: Callable[[], Awaitable[int]]) -> AsyncIterator[None]:
        looking = asyncio.create_task(self._look(done))
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _look(self, done: Callable[[], Awaitable[int]]) -> None:
        first = await done()
        while True:
            reports = await done() - first
            for name, pid in self.pids.items():
                self.samples.setdefault(name, []).append((reports, resident(pid)))
            await asyncio.sleep(EVERY)

    def growth(self, name: str) -> float:
        """MiB, by the line that fits best, over all reports but those that warm it up."""
        found = [(x, y) for x, y in self.samples[name] if x >= self.many * WARM]
        return slope(found) * self.many * (1 - WARM)

    def size(self, name: str) -> float:
        return self.samples[name][-1][1]


def slope(points: list[tuple[int, float]]) -> float:
    """Of the line through them, by least squares; 0 where they are too few to say."""
    if len(points) < 3:
        return 0.0
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def resident(pid: int) -> float:
    """MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def row(name: str, memory: Memory) -> Row:
    grown, size = memory.growth(name), memory.size(name)
    bound = f"{size:.0f} MiB at the end"
    return Row(
        f"memory of {name}, growth over {memory.many:,} reports", "MiB", max(0.0, grown), "its own size", size, FLAT,
        bound, at_most=True,
    )  # fmt: skip


def table(watched: Mapping[str, Memory]) -> Table:
    """What each process held after every fifth of the reports."""
    marks = [n / 5 for n in range(6)]
    lines = [[name, *(f"{_at(memory, name, mark):.0f}" for mark in marks)] for name, memory in watched.items()]
    return Table("Memory, MiB", ("process", *(f"{mark:.0%}" for mark in marks)), lines, "After so much of the reports.")


def _at(memory: Memory, name: str, mark: float) -> float:
    """The sample nearest to it."""
    return min(memory.samples[name], key=lambda sample: abs(sample[0] - mark * memory.many))[1]
