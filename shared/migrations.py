"""What every service's `migrations/env.py` does: upgrade one metadata, one starter at a time."""

import asyncio
from typing import Final

import structlog
from alembic import context
from sqlalchemy import Connection, MetaData, NullPool, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared.database import KEPT_ALIVE

LOCK: Final = 7_246_001
PATIENCE: Final = "set lock_timeout = '5s'"
"""Whoever waits for a table makes all behind it wait: an upgrade that cannot have it fails, and is begun again."""
TURN: Final = 0.2  # seconds

log = structlog.get_logger()


def upgrade(metadata: MetaData) -> None:
    """Run inside Alembic's env. Other starters wait; without the commit after the lock, nothing would be kept."""
    asyncio.run(_upgrade(context.config.attributes["url"], metadata))


async def _upgrade(url: str, metadata: MetaData) -> None:
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"server_settings": KEPT_ALIVE})
    async with engine.connect() as connection:
        while not await _is_ours(connection):  # noqa: ASYNC110 - nothing says that it is free
            await asyncio.sleep(TURN)
        await connection.run_sync(_run, metadata)


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
