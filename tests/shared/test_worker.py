"""A worker shows its metrics where it is told to, and nowhere else; a web process whose loop fails ends."""

import asyncio
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.postgres import Postgres
from deploy.local.process import LOOPBACK, free_port
from services.escalation import settings as escalation
from services.intake import settings as intake
from shared.database import migrate
from shared.worker import GRACE, LOOK

ROOT = Path(__file__).resolve().parents[2]
HOST, AWAY = "127.0.0.2", "127.0.0.1:1"


@dataclass(frozen=True)
class Worker:
    """One of intake, with its database and broker away, and where it shows its metrics."""

    process: asyncio.subprocess.Process
    port: int

    async def shown(self) -> str:
        async with asyncio.timeout(60):
            while True:
                with suppress(urllib.error.URLError):
                    return await metrics(HOST, self.port)
                await asyncio.sleep(0.1)


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    port = free_port()
    environment = {
        "HEARD_INTAKE_DATABASE": f"postgresql://intake:none@{AWAY}/intake",
        "HEARD_INTAKE_KAFKA": AWAY,
        "HEARD_INTAKE_SECRET": "s" * 32,
        "HEARD_INTAKE_HOST": HOST,
        "HEARD_INTAKE_METRICS_PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", "intake", "work", env=environment, cwd=ROOT, stderr=asyncio.subprocess.DEVNULL
    )
    yield Worker(process, port)
    if process.returncode is None:
        process.kill()
        await process.wait()


async def metrics(host: str, port: int) -> str:
    with await asyncio.to_thread(urllib.request.urlopen, f"http://{host}:{port}/metrics") as answer:
        return str(answer.read(), "utf-8")


async def test_metrics_are_shown_on_its_host_alone_and_what_cannot_be_read_is_not_said(worker: Worker):
    shown = await worker.shown()
    for name in ("heard_reports_open", "heard_reports_open_oldest_seconds", "heard_erasures_open"):
        assert f"\n{name} NaN\n" in shown
    with pytest.raises(urllib.error.URLError):
        await metrics(LOOPBACK, worker.port)


async def test_told_to_stop_a_worker_waits_for_nobody_who_never_ends(worker: Worker):
    await worker.shown()
    asked = time.monotonic()
    worker.process.terminate()
    await worker.process.wait()
    assert time.monotonic() - asked < GRACE


FAILS = """
import asyncio, sys
from contextlib import asynccontextmanager
from shared import http
from shared.worker import beside

async def fails():
    await asyncio.sleep(1)
    raise ValueError

@asynccontextmanager
async def lifespan(app):
    async with beside(asyncio.Event().wait, fails):
        yield

async def ready():
    return True

http.serve(http.create_app("A service", lifespan, ready), "127.0.0.1", int(sys.argv[1]))
"""


async def test_a_web_process_does_not_go_on_without_one_of_its_loops_and_says_so():
    arguments = (sys.executable, "-c", FAILS, str(free_port()))
    process = await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode != 0
    assert b"a loop failed" in said


@pytest.mark.parametrize(
    ("service", "migrations"), [("intake", intake.MIGRATIONS), ("escalation", escalation.MIGRATIONS)]
)
async def test_a_worker_begins_nothing_before_its_database_is_as_it_needs_it(
    postgres: Postgres, service: str, migrations: Path
):
    url = postgres.create_database(f"{service}_older")
    environment = {
        f"HEARD_{service.upper()}_{name}": value
        for name, value in {
            "DATABASE": url,
            "GUEST_DATABASE": postgres.guest_url(f"{service}_older"),
            "KAFKA": AWAY,
            **dict.fromkeys(("SECRET", "TOKEN_KEY", "AUDIT_KEY"), "s" * 32),
        }.items()
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", service, "work", env=environment, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            assert await said(process, "waits for its database", "worker started") == "waits"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(said(process, "worker started"), 4 * LOOK)
            await asyncio.to_thread(migrate, url, migrations)
            assert await said(process, "worker started") == "worker"
    finally:
        process.kill()
        await process.wait()


async def said(process: asyncio.subprocess.Process, *awaited: str) -> str:
    """The first word of the next line of its log that says one of these."""
    assert process.stderr is not None
    while line := (await process.stderr.readline()).decode():
        for words in awaited:
            if words in line:
                return words.split()[0]
    raise EOFError
