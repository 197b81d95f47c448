"""PostgreSQL: one pool for the written statements, and migrations by Alembic."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    Pool, Connection = asyncpg.Pool, asyncpg.Connection

STATEMENT_TIMEOUT: Final = 10.0  # seconds
KEPT_ALIVE: Final = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "15s",
}
"""So that whoever is cut off without a word does not hold its locks for hours."""
SESSION: Final = KEPT_ALIVE | {"timezone": "UTC", "idle_in_transaction_session_timeout": "5s"}
"""What PostgreSQL is told of us: times as it writes them are UTC; and whoever stalls, or is cut off, in a transaction
does not hold its locks for long."""


class DatabaseUnavailable(Exception):
    """PostgreSQL cannot be reached or cannot write: what was asked for is not known to be done.

    It may be, only where a commit was not answered.
    """


class NotAsNeeded(DatabaseUnavailable):
    """Its tables, or what we may do with them, are not what this release needs: somebody has yet to see to that.

    So whoever reads waits, and nothing is set aside for it.
    """


# What asyncpg raises when the server is away, restarting, demoted, full or too slow, as opposed to a wrong statement.
UNAVAILABLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresIOError,
    asyncpg.CannotConnectNowError,
    asyncpg.DeadlockDetectedError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,  # "another operation is in progress": the connection died under a statement
)

NOT_AS_NEEDED: Final = (
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.InsufficientPrivilegeError,
)

ANY_FAULT: Final = (DatabaseUnavailable, *UNAVAILABLE, asyncpg.PostgresError)
"""For a loop that goes on for as long as its process: a password, a role or a table may not be there yet, either."""


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", encoder=_jsonb, decoder=_read, schema="pg_catalog", format="binary")


def _jsonb(value: Any) -> bytes:
    """A model, or what is made of them, as PostgreSQL sends and takes it in binary: the version, and the text."""
    return b"\x01" + to_json(value)


def _read(jsonb: bytes) -> Any:
    return from_json(jsonb[1:])


async def _as_it_is(_: Connection) -> None:
    """Nothing is set beyond a transaction here, so asyncpg need not ask the server to undo it at every release."""


def create_pool(url: str, size: int) -> Pool:
    """A pool of raw asyncpg connections to `postgresql://…`; connects lazily, so a service starts without it."""
    return asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        command_timeout=STATEMENT_TIMEOUT,
        timeout=5,
        init=_prepare,
        server_settings=SESSION,
        reset=_as_it_is,
    )


async def is_there(pool: Pool) -> bool:
    """Whether the database answers, and can be written."""
    try:
        async with statement(pool) as connection:
            if await connection.fetchval("show transaction_read_only") == "on":
                raise asyncpg.ReadOnlySQLTransactionError
    except ANY_FAULT:
        return False
    return True


async def is_current(pool: Pool, migrations: Path) -> bool:
    """Whether it is there, and migrated to the revision of this release, or by a later one."""
    ours = sorted(file.name[:4] for file in (migrations / "versions").glob("[0-9]*.py"))
    try:
        async with statement(pool) as connection:
            revision = await connection.fetchval("select version_num from alembic_version")
    except ANY_FAULT:
        return False
    return revision not in {None, *ours[:-1]} and await is_there(pool)


@asynccontextmanager
async def statement(pool: Pool) -> AsyncIterator[Connection]:
    """For one statement, which is a transaction by itself: one turn instead of three. Raises as `transaction` does.

    A connection that cannot write is given up: the next may lead to where the primary is now.
    """
    try:
        async with pool.acquire(timeout=STATEMENT_TIMEOUT) as connection:
            try:
                yield connection
            except asyncpg.ReadOnlySQLTransactionError:
                connection.terminate()
                raise
    except UNAVAILABLE as error:
        end_if_told()
        raise DatabaseUnavailable(type(error).__name__) from error
    except NOT_AS_NEEDED as error:
        raise NotAsNeeded(str(error)) from error


def arrays(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Some rows, at least one, as `unnest` takes them: an array for each column."""
    return [list(column) for column in zip(*rows, strict=True)]


def end_if_told() -> None:
    """Raise CancelledError where this task was told to end.

    A connection that is lost on the way out raises a fault in its place, after which a loop would go on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """One transaction; raises DatabaseUnavailable where it is not known to be done."""
    async with statement(pool) as connection, connection.transaction():
        yield connection


def migrate(url: str, migrations: Path) -> None:
    """Bring a service's database to the newest revision; several starters may do so at once.

    Raises DatabaseUnavailable, or NotAsNeeded where it refuses.
    """
    from alembic import command  # here, since no service that starts should wait for it
    from alembic.config import Config
    from sqlalchemy.exc import DBAPIError

    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["url"] = url.replace("postgresql://", "postgresql+asyncpg://", 1)
    try:
        command.upgrade(config, "head")
    except UNAVAILABLE as error:
        raise DatabaseUnavailable(type(error).__name__) from error
    except DBAPIError as error:
        refused = error.orig and error.orig.__cause__
        if isinstance(refused, UNAVAILABLE):
            raise DatabaseUnavailable(type(refused).__name__) from error
        raise NotAsNeeded(str(refused)) from error
