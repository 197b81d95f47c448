"""A database is brought up to date by several starters at once, and by one that begins again what held it up."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from services.escalation import settings as escalation
from services.intake import settings as intake
from shared.migrations import LOCK

pytestmark = pytest.mark.parametrize(
    "migrations", [intake.MIGRATIONS, escalation.MIGRATIONS], ids=["intake", "escalation"]
)
STARTER = """
import sys
from pathlib import Path
from shared import migrations
from shared.database import migrate
migrations.BEGIN_AGAIN = 0.5
migrate(sys.argv[1], Path(sys.argv[2]))
"""
STARTERS = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
HALF_MADE = "select indexrelid::regclass::text from pg_index where not indisvalid"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.create_database(f"migrated_{uuid4().hex[:8]}")


@pytest.fixture
async def connection(url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


async def start(url: str, migrations: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", STARTER, url, str(migrations), stdout=asyncio.subprocess.PIPE
    )


async def test_of_two_starters_at_once_each_finds_it_up_to_date(url: str, connection: Connection, migrations: Path):
    await connection.execute("select pg_advisory_lock($1)", LOCK)
    starters = [await start(url, migrations) for _ in range(2)]
    async with asyncio.timeout(30):
        while await connection.fetchval(STARTERS) < len(starters):  # noqa: ASYNC110 - nothing says that they are there
            await asyncio.sleep(0.05)
    await connection.execute("select pg_advisory_unlock($1)", LOCK)
    assert [await one.wait() for one in starters] == [0, 0]
    assert not await connection.fetch(HALF_MADE)


async def test_what_is_held_up_by_a_dump_goes_on_once_that_is_through(
    url: str, connection: Connection, migrations: Path
):
    """Somebody who reads for longer than is waited leaves an index half made."""
    async with connection.transaction(isolation="repeatable_read"):
        await connection.fetch("select 1")
        starter = await start(url, migrations)
        said = str(await asyncio.wait_for(starter.stdout.readline(), 30))
        assert "held up" in said
        assert str(connection.get_server_pid()) in said
        assert starter.returncode is None
    assert not await starter.wait()
    assert not await connection.fetch(HALF_MADE)


async def test_what_a_later_release_made_is_left_as_it_is(url: str, connection: Connection, migrations: Path):
    """So that the release before can be gone back to: it would not start beside a migration that fails."""
    assert not await (await start(url, migrations)).wait()
    await connection.execute("update alembic_version set version_num = '9999'")
    assert not await (await start(url, migrations)).wait()
    assert await connection.fetchval("select version_num from alembic_version") == "9999"
