"""The directories that were loaded."""

from datetime import datetime

from services.escalation.domain.directory import Directory
from shared.database import Connection


async def newest_version(connection: Connection) -> int | None:
    """None while no directory was loaded."""
    found: int | None = await connection.fetchval("select max(version) from directory_version")
    return found


async def directory(connection: Connection, version: int) -> Directory:
    body = await connection.fetchval("select body from directory_version where version = $1", version)
    return Directory.model_validate(body)


async def in_force(connection: Connection) -> Directory | None:
    """The newest; None while no directory was loaded."""
    version = await newest_version(connection)
    return await directory(connection, version) if version is not None else None


async def add_directory(connection: Connection, directory: Directory, now: datetime) -> int:
    """Keep a new version and return its number."""
    statement = "insert into directory_version (loaded_at, body) values ($1, $2) returning version"
    return int(await connection.fetchval(statement, now, directory.model_dump(mode="json")))
