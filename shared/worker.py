"""Running loops side by side, in a worker or beside what a web process serves, until SIGTERM or until one fails."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import structlog
from prometheus_client import start_http_server

from shared.consumer import RETRY
from shared.database import Pool, is_current
from shared.kafka import Producer
from shared.settings import ServiceSettings

log = structlog.get_logger()

GRACE: Final = 8.0  # seconds, from SIGTERM to the end
LOOK: Final = 0.5  # seconds until it is seen again whether the database is as it has to be

UNCOLLECTED: Final = 50_000
"""Objects made before a look for garbage: a batch of events is tens of thousands, none of them part of a cycle."""

Loop = Callable[[], Awaitable[None]]


async def every(seconds: float, what: str, act: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
    """Do it again and again, with a pause, until `stop`; while a service that it needs is away it waits."""
    while not stop.is_set():
        try:
            await act()
        except RETRY as error:
            log.warning("waits", what=what, reason=str(error))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)


@asynccontextmanager
async def beside(*loops: Loop) -> AsyncIterator[None]:
    """Run `loops` for as long as a process serves, or works. One that fails takes the process with it: a process that
    went on without it would look well. What is under way is finished, and it ends as if told to: whatever starts it
    again has to do so then, too."""
    tasks = [asyncio.ensure_future(loop()) for loop in loops]
    for task in tasks:
        task.add_done_callback(_ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _ended(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("a loop failed", exc_info=error)
        signal.raise_signal(signal.SIGTERM)


async def until_current(pool: Pool, migrations: Path, stop: asyncio.Event) -> None:
    """Wait for a database that is as this release needs it, or for `stop`. One that an older release left would keep
    what it is given otherwise, or refuse it: each message would be set aside, and each dead letter passed over."""
    if await is_current(pool, migrations):
        return
    log.warning("waits for its database: is it there, and migrated?")
    while not stop.is_set() and not await is_current(pool, migrations):
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK)


async def until_stopped(
    stop: asyncio.Event,
    producer: Producer,
    topics: Iterable[str],
    loops: Sequence[Loop],
    settings: ServiceSettings,
    first: Loop | None = None,
) -> None:
    """Run `loops`, which all heed `stop`, once `first` is through; on SIGTERM or SIGINT set it, and give them time to
    finish what is in hand."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port, settings.host)
    _collect_seldom()
    if first is not None:
        await first()
    making = asyncio.create_task(producer.create_topics(topics))
    tasks = [asyncio.ensure_future(loop()) for loop in loops]
    log.info("worker started")
    stopping = asyncio.create_task(stop.wait())
    try:
        await _first_to_end(stopping, [making, *tasks])
    finally:
        stop.set()
        making.cancel()
        await asyncio.wait(tasks, timeout=GRACE)
        for task in (*tasks, stopping):
            task.cancel()
        await asyncio.gather(making, *tasks, return_exceptions=True)
        await producer.close()
        log.info("worker stopped")


def _collect_seldom() -> None:
    """What is loaded by now stays; looking through it again and again was a third of what reading an event costs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(UNCOLLECTED)


async def _first_to_end(stopping: asyncio.Task[bool], tasks: Sequence[asyncio.Future[None]]) -> None:
    """Return once told to stop; a loop that fails takes the worker with it, to be started anew by its supervisor.

    Raises SystemExit: Python's own word of an exception may quote a report.
    """
    left: set[asyncio.Future[Any]] = {stopping, *tasks}
    while len(left) > 1 and not stopping.done():
        done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            if error := task.exception():
                log.error("a loop failed", exc_info=error)
                raise SystemExit(1)
