"""The session's own PostgreSQL, Kafka, embedded broker and Chromium. What else is needed belongs beside its tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from playwright.async_api import Browser, async_playwright, expect
from xdist.scheduler import LoadScopeScheduling

from deploy.local.broker import Broker
from deploy.local.kafka import Kafka
from deploy.local.postgres import FAST_AND_FORGETFUL, Postgres
from tests.infrastructure import open_folder, running

CHROMIUM = "/usr/bin/chromium-headless-shell"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--test-third-party-cookie-phaseout",  # as browsers do that people use
]

OF_ONE_HEARD = ("faults", "e2e")

settings.register_profile("a machine of any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("a machine of any speed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest comes first."""
    items.sort(key=lambda item: "faults" not in item.path.parts)


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """What shares a whole Heard, or a file's fixtures, stays in one process."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return next((folder for folder in OF_ONE_HEARD if file.startswith(f"tests/{folder}/")), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return Together(config, log)


@pytest.fixture
def folder() -> Iterator[Path]:
    """For a PostgreSQL of the test's own: pytest's `tmp_path` is closed to the user that it runs as."""
    with open_folder() as path:
        yield path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Fast, not durable: a test that kills it makes its own."""
    with open_folder() as path, running(Postgres(path, settings=FAST_AND_FORGETFUL)) as server:
        yield server


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """The real one, for all: a test that kills it makes its own."""
    with open_folder() as path, running(Kafka(path)) as node:
        yield node


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    with open_folder() as path, running(Broker(path)) as embedded:
        yield embedded


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        expect.set_options(timeout=30_000)  # milliseconds, as Playwright waits for all else: this machine may be busy
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        await chromium.close()
