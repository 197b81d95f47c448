"""What a stalled process may do to others: little, and not for long. And a database that cannot be written."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from shared.consumer import RETRY
from shared.database import (
    ANY_FAULT,
    DatabaseUnavailable,
    NotAsNeeded,
    Pool,
    create_pool,
    is_current,
    is_there,
    statement,
    transaction,
)

HERE = 11


async def test_whoever_stalls_in_a_transaction_holds_its_locks_for_seconds(outbox_url: str, pool: Pool):
    async with create_pool(outbox_url, 1) as stalled:
        connection = await stalled.acquire()
        await connection.execute("begin")
        await connection.execute("select pg_advisory_xact_lock($1)", HERE)
        start = time.monotonic()
        try:
            async with transaction(pool) as other:
                await other.execute("select pg_advisory_xact_lock($1)", HERE, timeout=60)
        finally:
            stalled.terminate()
        assert time.monotonic() - start < 30


@pytest.fixture
async def admin(postgres: Postgres) -> AsyncIterator[Pool]:
    """Of a database that whoever connects from now on can only read; it can say otherwise."""
    async with create_pool(postgres.create_database("demoted"), 1) as admin:
        await admin.execute("create table if not exists kept ()")
        await admin.execute("alter database demoted set default_transaction_read_only = on")
        yield admin
        await admin.execute("alter database demoted reset default_transaction_read_only")


async def keep(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await connection.execute("insert into kept default values")


async def test_a_database_that_cannot_be_written_is_away_until_it_can(admin: Pool, postgres: Postgres):
    async with create_pool(postgres.url("demoted"), 1) as pool:
        with pytest.raises(DatabaseUnavailable, match="ReadOnly"):
            await keep(pool)
        await admin.execute("alter database demoted reset default_transaction_read_only")
        await keep(pool)


async def test_a_database_that_cannot_be_written_is_not_there_until_it_can(admin: Pool, postgres: Postgres):
    async with create_pool(postgres.url("demoted"), 1) as pool:
        assert not await is_there(pool)
        await admin.execute("alter database demoted reset default_transaction_read_only")
        assert await is_there(pool)


async def test_who_is_told_to_end_ends_though_the_connection_is_lost_on_the_way_out(pool: Pool):
    begun = asyncio.Event()

    async def goes_on() -> None:
        while True:
            try:
                async with statement(pool):
                    begun.set()
                    try:
                        await asyncio.sleep(60)
                    finally:
                        raise asyncpg.InterfaceError("lost on the way out")
            except ANY_FAULT:
                await asyncio.sleep(60)

    task = asyncio.create_task(goes_on())
    await begun.wait()
    task.cancel()
    await asyncio.wait({task}, timeout=5)
    assert task.cancelled()


@pytest.mark.parametrize(
    "wrong",
    ["select from nowhere", "select colour from kept", "select rolpassword from pg_authid", "copy kept to '/x'"],
)
async def test_what_a_release_needs_and_lacks_is_waited_for(postgres: Postgres, wrong: str):
    """Its tables, their columns, and rights on them: whoever reads sets nothing aside for it."""
    async with create_pool(postgres.create_database("older"), 1) as pool:
        await pool.execute("create table if not exists kept ()")
        with pytest.raises(NotAsNeeded) as raised:
            async with transaction(pool) as connection:
                await connection.execute(wrong)
    assert isinstance(raised.value, RETRY)


async def test_a_database_is_current_once_its_own_release_or_a_later_one_was_there(postgres: Postgres, tmp_path: Path):
    (tmp_path / "versions").mkdir()
    for file in ("0001_first.py", "0002_second.py", "__init__.py"):
        (tmp_path / "versions" / file).touch()
    async with create_pool(postgres.create_database("current"), 1) as pool:
        assert not await is_current(pool, tmp_path)
        await pool.execute("create table alembic_version (version_num text)")
        assert not await is_current(pool, tmp_path)
        await pool.execute("insert into alembic_version values ('')")
        for version, current in (("0001", False), ("0002", True), ("0003", True)):
            await pool.execute("update alembic_version set version_num = $1", version)
            assert await is_current(pool, tmp_path) is current
