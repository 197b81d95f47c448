"""Transactions in which the database itself shows one agency's rows and no others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.database import Connection, Pool, transaction


@asynccontextmanager
async def as_agency(guests: Pool, agency: str, who: str = "") -> AsyncIterator[Connection]:
    """A transaction under the guests' role, with the row-level security of this agency until it ends.

    `who` acts: the record of a case review names them.
    """
    async with transaction(guests) as connection:
        settings = "select set_config('heard.agency', $1, true), set_config('heard.who', $2, true)"
        await connection.execute(settings, agency, who)
        yield connection
