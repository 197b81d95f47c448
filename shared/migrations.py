"""What every service's `migrations/env.py` does: upgrade one metadata, one starter at a time."""

import asyncio
from typing import Final

from alembic import context
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

LOCK: Final = 7_246_001
PATIENCE: Final = "set lock_timeout = '5s'"
"""Whoever waits for a table makes all behind it wait: an upgrade that cannot have it fails, and is begun again."""


def upgrade(metadata: MetaData) -> None:
    """Run inside Alembic's env. Other starters wait; without the commit after the lock, nothing would be kept."""
    asyncio.run(_upgrade(context.config.attributes["url"], metadata))


async def _upgrade(url: str, metadata: MetaData) -> None:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
        await connection.commit()
        await connection.run_sync(_run, metadata)
    await engine.dispose()


def _run(connection: Connection, metadata: MetaData) -> None:
    connection.execute(text(PATIENCE))
    connection.commit()
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
