"""People who sign in, and their sessions."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from services.escalation.domain.people import Person
from shared.database import Connection

KEEP: Final = """
insert into person (id, name, role, belongs_to, password_hash) values ($1, $2, $3, $4, $5)
on conflict (id) do update set name = excluded.name, role = excluded.role, belongs_to = excluded.belongs_to,
                               password_hash = excluded.password_hash
"""

SIGNED_IN: Final = """
select person.*, session.expires_at from session join person on person.id = session.person_id
where session.token_hash = $1 and session.expires_at > $2 and person.active
"""

KEEP_UNKNOWN: Final = """
insert into person (id, name, role, belongs_to) values ($1, $1, 'operator', '') on conflict do nothing
"""

PREFER: Final = "update person set theme = $2, muted = $3, keys = $4 where id = $1"


async def keep(connection: Connection, person: Person, password_hash: str | None) -> None:
    """Let somebody in, or change what they may do. A person who was shut out stays so."""
    await connection.execute(KEEP, person.id, person.name, person.role, person.belongs_to, password_hash)


async def person(connection: Connection, person_id: str) -> Any:
    return await connection.fetchrow("select * from person where id = $1 and active", person_id)


async def standing(connection: Connection, person_id: str) -> tuple[str, str] | None:
    """The role of somebody and whose they are, shut out or not."""
    row = await connection.fetchrow("select role, belongs_to from person where id = $1", person_id)
    return (row["role"], row["belongs_to"]) if row else None


async def called(connection: Connection, name: str) -> list[str]:
    """The ids of those who are called so."""
    rows = await connection.fetch("select id from person where lower(name) = lower($1)", name)
    return [row["id"] for row in rows]


async def names(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    rows = await connection.fetch("select id, name from person where id = any($1::text[])", list(ids))
    return {row["id"]: row["name"] for row in rows}


async def everybody(connection: Connection) -> list[Any]:
    return await connection.fetch("select * from person order by belongs_to, name")


async def let(connection: Connection, person_id: str, active: bool) -> None:
    """Shut somebody out, or let them in again; out is at once, for a board that is open within 15 s."""
    await connection.execute("update person set active = $2 where id = $1", person_id, active)
    if not active:
        await connection.execute("delete from session where person_id = $1", person_id)


async def shut_out(connection: Connection, person_id: str) -> None:
    """Shut somebody out who may be unknown here: that is kept, whatever they come as."""
    await connection.execute(KEEP_UNKNOWN, person_id)
    await let(connection, person_id, False)


async def prefer(connection: Connection, person_id: str, theme: str, muted: bool, keys: bool) -> None:
    await connection.execute(PREFER, person_id, theme, muted, keys)


async def open_session(
    connection: Connection, token_hash: str, person_id: str, now: datetime, expires_at: datetime
) -> None:
    """Keep a session; those that have run out are swept away on the way."""
    await connection.execute("delete from session where expires_at <= $1", now)
    statement = "insert into session (token_hash, person_id, signed_in_at, expires_at) values ($1, $2, $3, $4)"
    await connection.execute(statement, token_hash, person_id, now, expires_at)


async def signed_in(connection: Connection, token_hash: str, now: datetime) -> Any:
    return await connection.fetchrow(SIGNED_IN, token_hash, now)


async def end_session(connection: Connection, token_hash: str) -> None:
    await connection.execute("delete from session where token_hash = $1", token_hash)
