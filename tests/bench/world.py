"""The parts that a figure is taken on: a durable PostgreSQL, a real Kafka, and Heard's own processes beside them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local import process
from deploy.local.demo import let_everybody_in
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.stack import ROOT, Ports, Stack
from shared.database import migrate
from tests.infrastructure import open_folder, running

LOOK: Final = 0.05  # seconds
PATIENCE: Final = 600.0  # seconds without any progress
UNHINDERED: Final = {
    "HEARD_INTAKE_AT_ONCE": "256",
    "HEARD_ESCALATION_REQUESTS_A_MINUTE": "100000000",
    "HEARD_INTAKE_LOG_LEVEL": "ERROR",
    "HEARD_CLASSIFIER_LOG_LEVEL": "ERROR",
    "HEARD_ESCALATION_LOG_LEVEL": "ERROR",
}
"""One client stands for many here. From one address come more than usual: they are marked, and go on."""

_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass
class World:
    """`besides` are processes that are not Heard's, or more of the same."""

    folder: Path
    kafka: Kafka
    postgres: Postgres
    stack: Stack
    besides: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        for child in self.besides[:]:
            self.end(child)
        self.stack.stop(signal.SIGKILL)

    def beside(self, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        """`python -m …`, ended with the world."""
        child = process.spawn(
            [sys.executable, "-m", *command],
            log=self.folder / f"beside-{len(self.besides)}.log",
            on_parent_death=signal.SIGKILL,
            env=self.stack.environment() | environment,
            cwd=ROOT,
        )
        self.besides.append(child)
        return child

    def end(self, child: subprocess.Popen[bytes]) -> None:
        process.stop(child, signal.SIGTERM)
        self.besides.remove(child)

    def run(self, *which: tuple[str, str]) -> None:
        """One after another: each loads alone."""
        for service, role in which:
            self.stack.run(service, role)
            if role == "serve":
                self.stack.await_ready(service)

    def pid(self, service: str, role: str) -> int:
        return self.stack.children[service, role].pid


@contextmanager
def world() -> Iterator[World]:
    """PostgreSQL and Kafka up, the databases made, the sample directory loaded; no process of Heard's yet."""
    with _on_kafka() as made, running(made.postgres):
        made.stack.prepare()
        asyncio.run(let_everybody_in(made.stack))
        with made:
            yield made


@contextmanager
def without_databases() -> Iterator[World]:
    """Kafka alone, for what has no database."""
    with _on_kafka() as made, made:
        yield made


@contextmanager
def _on_kafka() -> Iterator[World]:
    with open_folder() as folder, running(Kafka(folder / "kafka", heap="1g")) as kafka:
        (folder / "postgres").mkdir()
        postgres = Postgres(folder / "postgres")
        ports = Ports(*(process.free_port() for _ in range(3)))
        yield World(folder, kafka, postgres, Stack(folder, kafka.address, postgres, ports, UNHINDERED))


@contextmanager
def database(name: str, migrations: Path) -> Iterator[str]:
    """The URL of a service's own database, durable and empty, with nothing else running."""
    with open_folder() as folder, running(Postgres(folder)) as postgres:
        url = postgres.create_database(name)
        migrate(url, migrations)
        yield url


@dataclass(frozen=True, slots=True)
class Progress:
    """How many were done at which times, and how many cores each process kept busy meanwhile."""

    samples: list[tuple[float, int]]
    cores: Mapping[str, float]

    @property
    def rate(self) -> float:
        """A second, from the first that was seen done: what a process needs to start is not counted."""
        (began, first), (ended, last) = self.samples[0], self.samples[-1]
        return (last - first) / (ended - began)


def watched(done: Callable[[], int], until: int, before: int = 0, **pids: int) -> Progress:
    """Look until so many are done, `before` of them already. Raises AssertionError where nothing moves any more."""
    samples: list[tuple[float, int]] = []
    moved, used = time.monotonic(), Used(pids)
    while not samples or samples[-1][1] < until:
        now, count = time.monotonic(), done()
        if count > (samples[-1][1] if samples else before):
            used = used if samples else Used(pids)
            samples.append((now, count))
            moved = now
        assert now - moved < PATIENCE, f"{count} of {until} done, and nothing moves"
        time.sleep(LOOK)
    return Progress(samples, used.cores())


def _used(pid: int) -> float:
    """Seconds of processor, with its children past and present."""
    own = sum(int(ticks) for ticks in _stat(pid)[11:15]) / _TICKS
    return own + sum(_used(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _stat(pid: int) -> list[str]:
    """The fields behind the name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


class Used:
    """How many cores each process keeps busy, from now on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids, self._at = pids, time.monotonic()
        self._before = {name: _used(pid) for name, pid in pids.items()}

    def cores(self) -> dict[str, float]:
        lasted = time.monotonic() - self._at
        return {name: (_used(pid) - self._before[name]) / lasted for name, pid in self._pids.items()}


def said(cores: Mapping[str, float]) -> str:
    """For a sentence: `intake 0.98, PostgreSQL 0.40 of a core`."""
    return ", ".join(f"{name} {busy:.2f}" for name, busy in cores.items()) + " of a core"
