"""Near-copies: what they are known by, and which of them are open."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.copies import Fold
from services.escalation.repository.queue import MINE, OF_ONE_FOLD, RANK
from shared.database import Connection

LOCK: Final = """
select pg_advisory_xact_lock(key) from
    (select distinct hashtextextended(told_by, 0) as key from unnest($1::text[]) as told_by order by 1) as keys
"""

FIRSTS: Final = """
select report_id, told_by, sketch from queue_item
where told_by = any($1::text[]) and opened_at > $2 and report_id <> all($3::uuid[])
order by opened_at desc, report_id limit $4
"""

COPIES: Final = f"""
select item.report_id, item.version, cases.reference, item.danger_class, item.opened_at, item.holder_name,
       coalesce(item.lease_until > $3, false) as held
from queue_item as item join cases using (report_id) join queue_item as other on {OF_ONE_FOLD}
where other.report_id = $2 and item.state <> 'closed' and item.report_id <> other.report_id and {MINE}
order by {RANK}
"""  # noqa: S608 - constants only

CLOSE: Final = f"""
update queue_item as item set state = 'closed', outcome = $3, closed_at = $4, came_back = '{{}}'
from queue_item as other where {OF_ONE_FOLD}
  and other.report_id = $1 and item.state <> 'closed'
  and (item.report_id, item.version) in (select * from unnest($2::uuid[], $5::bigint[]))
  and item.danger_class >= other.danger_class and coalesce(item.lease_until <= $4, true)
returning item.report_id
"""  # noqa: S608 - constants only


async def lock(connection: Connection, told_by: Collection[str]) -> None:
    """Whoever else has reports told by the same waits until the transaction ends. Taken after the cases' own locks."""
    await connection.execute(LOCK, list(told_by))


async def firsts(
    connection: Connection, told_by: Collection[str], but: Sequence[UUID], since: datetime, limit: int
) -> list[Fold]:
    """The first reports of each fold told by these since then, the newest first."""
    rows = await connection.fetch(FIRSTS, list(told_by), since, list(but), limit)
    return [Fold(row["report_id"], row["told_by"], frozenset(row["sketch"])) for row in rows]


async def copies(connection: Connection, force: str, report_id: UUID, now: datetime) -> list[Any]:
    """The open near-copies of a case, the gravest first."""
    return await connection.fetch(COPIES, force, report_id, now)


async def close(
    connection: Connection, report_id: UUID, seen: Mapping[UUID, int], outcome: str, now: datetime
) -> list[UUID]:
    """Close those of a case's near-copies that nobody else holds and that are no graver; returns which.

    `seen`: the version of each, as it was seen; what is of another by now stays.
    """
    rows = await connection.fetch(CLOSE, report_id, list(seen), outcome, now, list(seen.values()))
    return [row["report_id"] for row in rows]
