from collections.abc import AsyncIterator

import pytest

from deploy.local.postgres import Postgres
from services.intake.settings import MIGRATIONS
from shared.database import Pool, create_pool, migrate


@pytest.fixture(scope="session")
def outbox_url(postgres: Postgres) -> str:
    """A database with an outbox: intake's own."""
    url = postgres.create_database("outbox_tests")
    migrate(url, MIGRATIONS)
    return url


@pytest.fixture
async def pool(outbox_url: str) -> AsyncIterator[Pool]:
    async with create_pool(outbox_url, 10) as pool:
        await pool.execute("truncate report, outbox cascade")
        yield pool
