"""The session's own PostgreSQL, Kafka, embedded broker and Chromium. What else is needed belongs beside its tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

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

TESTS = Path(__file__).parent
OF_ONE_HEARD = ("faults", "e2e")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares a whole Heard, or a file's fixtures, stays in one process; the longest comes first."""
    items.sort(key=lambda item: "faults" not in item.path.parts)
    for item in items:
        folder, *_ = item.path.relative_to(TESTS).parts
        item.add_marker(pytest.mark.xdist_group(folder if folder in OF_ONE_HEARD else str(item.path)))


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
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        await chromium.close()
