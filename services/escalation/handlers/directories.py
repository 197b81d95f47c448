"""A directory is put in force."""

from datetime import datetime

from services.escalation.domain.directory import Directory
from services.escalation.repository import directories
from shared.database import Pool, transaction


async def load_directory(directory: Directory, pool: Pool, now: datetime) -> int:
    """Put a directory in force and return its version."""
    async with transaction(pool) as connection:
        return await directories.add_directory(connection, directory, now)
