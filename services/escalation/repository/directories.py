"""The directories that were loaded."""

from datetime import datetime

from services.escalation.domain.directory import Directory
from shared.database import Connection


async def newest_directory(connection: Connection) -> Directory | None:
    body = await connection.fetchval("select body from directory_version order by version desc limit 1")
    return Directory.model_validate(body) if body else None


async def add_directory(connection: Connection, directory: Directory, now: datetime) -> int:
    """Keep a new version and return its number."""
    statement = "insert into directory_version (loaded_at, body) values ($1, $2) returning version"
    return int(await connection.fetchval(statement, now, directory.model_dump(mode="json")))
