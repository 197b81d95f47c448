"""Real parts for tests. A part that is missing is a failure that names it."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from shared.database import Pool


class Part(Protocol):
    def start(self) -> None: ...
    def kill(self) -> None: ...


P = TypeVar("P", bound=Part)


@contextmanager
def running(part: P) -> Iterator[P]:
    """Killed at the end: nobody looks at what it holds again, and nothing that must outlive it may need a goodbye."""
    part.start()
    try:
        yield part
    finally:
        part.kill()


async def until_waiting(pool: Pool, many: int) -> None:
    """Until so many wait for a lock, whoever they are. Raises TimeoutError where they do not."""
    async with asyncio.timeout(10):
        while await pool.fetchval(WAITING) < many:  # noqa: ASYNC110 - nothing says that they wait
            await asyncio.sleep(0.01)


WAITING = "select count(*) from pg_locks where not granted"


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that `nobody` may enter, as PostgreSQL must when root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="heard-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
