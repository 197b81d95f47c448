"""The audit record: written in the transaction that makes it true, sealed into a chain afterwards by one sealer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.database import Connection, arrays
from shared.references import spellings

RECORD: Final = """
insert into audit_entry (at, who, action, report_id, why, detail)
select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::jsonb[])
    as new(at, who, action, report_id, why, detail)
"""

UNLESS_RECORDED: Final = """
where not exists (select from audit_entry as before
                  where before.report_id = new.report_id and before.who = new.who and before.action = new.action
                    and before.detail = new.detail)
"""

OF_CASE: Final = """
select entry.*, coalesce(person.name, entry.who) as name from audit_entry as entry
left join person on person.id = entry.who where entry.report_id = $1 order by entry.id
"""

BY: Final = """
select entry.*, coalesce(person.name, entry.who) as name, coalesce(cases.reference, entry.report_id::text) as about
from audit_entry as entry left join person on person.id = entry.who left join cases using (report_id)
where entry.who = any($1::text[]) and entry.who not in ('classifier', 'escalation', 'intake')
  and entry.at >= $2 and entry.at < $3
order by entry.id limit $4
"""
"""Index `audit_entry_who`: of people and programs. What the services did by themselves stands in the cases alone."""

OPENED: Final = """
select exists (select from audit_entry
               where report_id = $1 and who = $2 and action in ('looked at', 'claimed') and at > $3)
"""

NOTED: Final = """
select exists (select from audit_entry where report_id = $1 and action = 'noted' and detail ->> 'key' = $2)
"""

LATER: Final = """
with recursive later(id) as (
    select (detail ->> 'later')::uuid from audit_entry where report_id = any($1::uuid[]) and action = $2
    union
    select (detail ->> 'later')::uuid from later join audit_entry on report_id = later.id and action = $2
)
select id from later
"""

SEALER: Final = 7_246_002
"""The advisory lock that makes the sealer one, however many workers run."""

UNSEALED: Final = "select * from audit_entry where position is null order by id limit $1"

HEAD: Final = "select position, hash from audit_entry where position is not null order by position desc limit 1"

SEAL: Final = """
update audit_entry set position = seal.position, hash = seal.hash
from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as seal(id, position, hash) where audit_entry.id = seal.id
"""

CHAIN: Final = "select * from audit_entry where position > $1 order by position limit $2"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done. `detail` names and counts; it never repeats the words of a report."""

    at: datetime
    who: str
    action: str
    report_id: UUID | None = None
    why: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


async def record(connection: Connection, entries: Sequence[Entry], again: bool = True) -> None:
    """Add to the record, inside the caller's transaction; not `again`: only what it does not say of a case yet."""
    if entries:
        rows = [(e.at, e.who, e.action, e.report_id, e.why, e.detail) for e in entries]
        statement = RECORD if again else RECORD + UNLESS_RECORDED
        await connection.execute(statement, *arrays(rows))


async def of_case(connection: Connection, report_id: UUID) -> list[Any]:
    return await connection.fetch(OF_CASE, report_id)


async def by(connection: Connection, who: Sequence[str], since: datetime, until: datetime, limit: int) -> list[Any]:
    """What these did from `since` on and before `until`, of whatever case or of none, in that order."""
    return await connection.fetch(BY, list(who), since, until, limit)


async def opened(connection: Connection, report_id: UUID, who: str, since: datetime) -> bool:
    """Whether it is on record that they had this case before them after then."""
    return bool(await connection.fetchval(OPENED, report_id, who, since))


async def noted(connection: Connection, report_id: UUID, key: UUID) -> bool:
    """Whether a note that was sent with this key is on record."""
    return bool(await connection.fetchval(NOTED, report_id, str(key)))


async def later(connection: Connection, ids: Sequence[UUID], action: str) -> list[UUID]:
    """The reports that were linked to these as later ones, by that action, and those linked to them in their turn."""
    return [row["id"] for row in await connection.fetch(LATER, list(ids), action)]


async def is_sealer(connection: Connection) -> bool:
    """Whether this transaction is the one that seals; another worker's is, where not."""
    return bool(await connection.fetchval("select pg_try_advisory_xact_lock($1)", SEALER))


async def unsealed(connection: Connection, limit: int) -> list[Any]:
    return await connection.fetch(UNSEALED, limit)


async def head(connection: Connection) -> Any:
    """The last link of the chain; None while there is none."""
    return await connection.fetchrow(HEAD)


async def seal(connection: Connection, links: Sequence[tuple[int, int, bytes]]) -> None:
    """Put (id, position, hash) in place."""
    await connection.execute(SEAL, *arrays(links))


async def chain(connection: Connection, after: int, limit: int) -> list[Any]:
    return await connection.fetch(CHAIN, after, limit)


async def overdue(connection: Connection, before: datetime) -> int:
    """How many were written before then and are not sealed."""
    statement = "select count(*) from audit_entry where position is null and at < $1"
    return int(await connection.fetchval(statement, before))


async def case_of(connection: Connection, reference: str) -> UUID | None:
    """Of a reference as a person may type it."""
    statement = "select report_id from cases where reference = any($1::text[])"
    found: UUID | None = await connection.fetchval(statement, spellings(reference))
    return found


async def knows(connection: Connection, report_id: UUID) -> bool:
    """Whether anything is on record of this report, erased or not."""
    statement = "select exists (select from audit_entry where report_id = $1)"
    return bool(await connection.fetchval(statement, report_id))
