"""Transactions in which the database itself shows one agency's rows and no others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.database import Connection, Pool, transaction


@asynccontextmanager
async def as_agency(guests: Pool, agency: str) -> AsyncIterator[Connection]:
    """A transaction under the guests' role, with the row-level security of this agency until it ends."""
    async with transaction(guests) as connection:
        await connection.execute("select set_config('heard.agency', $1, true)", agency)
        yield connection
