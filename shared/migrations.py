"""What every service's `migrations/env.py` does: upgrade one metadata, one starter at a time."""

import asyncio
from typing import Final

import structlog
from alembic import context
from sqlalchemy import Connection, MetaData, NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.database import KEPT_ALIVE

LOCK: Final = 7_246_001
PATIENCE: Final = "set lock_timeout = '5s'"
"""Whoever waits for a table makes all behind it wait: an upgrade that cannot have it gives way, and begins again."""
NOT_TO_BE_HAD: Final = "55P03"
BEGIN_AGAIN: Final = 10.0  # seconds
TURN: Final = 0.2  # seconds

IN_A_TRANSACTION: Final = """
select pid, usename, application_name from pg_stat_activity
where pid in (select pid from pg_locks where locktype = 'virtualxid') and datname = current_database()
  and pid <> pg_backend_pid()
"""

log = structlog.get_logger()


def upgrade(metadata: MetaData) -> None:
    """Run inside Alembic's env. Other starters wait; without the commit after the lock, nothing would be kept."""
    asyncio.run(_upgrade(context.config.attributes["url"], metadata))


async def _upgrade(url: str, metadata: MetaData) -> None:
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"server_settings": KEPT_ALIVE})
    while not await _upgraded(engine, metadata):  # noqa: ASYNC110 - nothing says that it is free
        await asyncio.sleep(BEGIN_AGAIN)


async def _upgraded(engine: AsyncEngine, metadata: MetaData) -> bool:
    """False where somebody holds a table, or reads for long and so holds up an index: a dump, say."""
    async with engine.connect() as connection:
        while not await _is_ours(connection):  # noqa: ASYNC110 - nothing says that it is free
            await asyncio.sleep(TURN)
        try:
            await connection.run_sync(_run, metadata)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != NOT_TO_BE_HAD:
                raise
            await connection.rollback()
            held_by = [dict(row) for row in (await connection.execute(text(IN_A_TRANSACTION))).mappings()]
            log.warning("held up, and begun again until it is through: let them end, or end them", held_by=held_by)
            return False
    return True


async def _is_ours(connection: AsyncConnection) -> bool:
    """Asked and not waited for: an index made concurrently waits for every statement that is still going on."""
    ours: bool = (await connection.execute(text("select pg_try_advisory_lock(:lock)"), {"lock": LOCK})).scalar_one()
    await connection.commit()
    return ours


def _run(connection: Connection, metadata: MetaData) -> None:
    connection.execute(text(PATIENCE))
    connection.commit()
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    if _is_newer(context.get_context().get_current_heads()):
        log.warning("the database is newer than this release: it is left as it is")
        return
    with context.begin_transaction():
        context.run_migrations()


def _is_newer(revisions: tuple[str, ...]) -> bool:
    """Whether a later release has been here: what it made is laid out so that the one before goes on beside it."""
    return not set(revisions) <= {known.revision for known in context.script.walk_revisions()}
