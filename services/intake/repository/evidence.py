"""Files that came with a report: sealed, and bound to a draft until it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.intake.domain.files import LEAST
from shared.database import Connection
from shared.told import Attachment

ADD: Final = """
insert into evidence (id, place, name, media_type, size, sha256, sealed, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
OF_DRAFT: Final = "select id, name, media_type, size, sha256 from evidence where place = $1 order by number"
REMOVE: Final = "delete from evidence where place = $1 and id = $2"
EXTEND: Final = "update evidence set expires_at = $2 where place = $1"
WAITING: Final = "select coalesce(sum(greatest(size, $1)), 0) from evidence where expires_at is not null"
KEEP: Final = """
update evidence set report_id = $1, place = null, expires_at = null where id = any($2::uuid[])
"""
SWEEP: Final = """
delete from evidence where id = any(array(
    select id from evidence where expires_at <= $1 order by expires_at limit $2 for update skip locked
)) returning true
"""
ONE: Final = "select report_id, name, media_type, sealed from evidence where id = $1 and report_id is not null"


@dataclass(frozen=True, slots=True)
class File:
    """One file on its way in; `sealed` is what is kept of it."""

    about: Attachment
    sealed: bytes


async def add(connection: Connection, place: bytes, file: File, expires_at: datetime) -> None:
    about = file.about
    await connection.execute(
        ADD, about.id, place, about.name, about.media_type, about.size, about.sha256, file.sealed, expires_at
    )


async def waiting(connection: Connection) -> int:
    """Bytes of all that came with no report yet, each file counted as LEAST at least."""
    return int(await connection.fetchval(WAITING, LEAST))


async def of_draft(connection: Connection, place: bytes) -> tuple[Attachment, ...]:
    return tuple(Attachment(**row) for row in await connection.fetch(OF_DRAFT, place))


async def remove(connection: Connection, place: bytes, file: UUID) -> None:
    await connection.execute(REMOVE, place, file)


async def extend(connection: Connection, place: bytes, expires_at: datetime) -> None:
    await connection.execute(EXTEND, place, expires_at)


async def keep(connection: Connection, report_id: UUID, files: Sequence[Attachment]) -> None:
    """They belong to a report now, and stay."""
    if files:
        await connection.execute(KEEP, report_id, [file.id for file in files])


async def sweep(connection: Connection, many: int, now: datetime) -> int:
    """Forget so many of those that are over, at the most; returns how many."""
    return len(await connection.fetch(SWEEP, now, many))


async def one(connection: Connection, file: UUID) -> Any:
    return await connection.fetchrow(ONE, file)
