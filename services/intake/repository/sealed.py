"""What is kept sealed for a while: drafts, and the visits of those who look how their report stands."""

from datetime import datetime
from typing import Final

from shared.database import Connection

PUT: Final = """
insert into sealed (place, sealed, expires_at) values ($1, $2, $3)
on conflict (place) do update set sealed = $2, expires_at = $3
"""
GET: Final = "select sealed from sealed where place = $1 and expires_at > $2"
RENEW: Final = """
update sealed set expires_at = greatest(expires_at, $3) where place = $1 and expires_at > $2 returning sealed
"""
FORGET: Final = "delete from sealed where place = $1"
SWEEP: Final = """
delete from sealed where place = any(array(
    select place from sealed where expires_at <= $1 order by expires_at limit $2 for update skip locked
)) returning true
"""


async def put(connection: Connection, place: bytes, sealed: bytes, expires_at: datetime) -> None:
    await connection.execute(PUT, place, sealed, expires_at)


async def get(connection: Connection, place: bytes, now: datetime) -> bytes | None:
    found: bytes | None = await connection.fetchval(GET, place, now)
    return found


async def get_to_change(connection: Connection, place: bytes, now: datetime) -> bytes | None:
    """The same, and nobody else changes it until the transaction ends."""
    found: bytes | None = await connection.fetchval(GET + " for update", place, now)
    return found


async def renew(connection: Connection, place: bytes, now: datetime, expires_at: datetime) -> bytes | None:
    """What is kept there, and from now on at least until then."""
    found: bytes | None = await connection.fetchval(RENEW, place, now, expires_at)
    return found


async def forget(connection: Connection, place: bytes) -> None:
    await connection.execute(FORGET, place)


async def sweep(connection: Connection, many: int, now: datetime) -> int:
    """Forget so many of those that are over, at the most; returns how many."""
    return len(await connection.fetch(SWEEP, now, many))
