"""Who holds what: a claim is a lease, with a token and an expiry."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.people import Worker
from services.escalation.repository.queue import FIRST_OF_FOLD, MINE, RANK
from shared.database import Connection

CLAIMS: Final = 7_246_003
"""The advisory lock under which claims of "the next" take turns, so that each sees the outcome of the one before."""

FREE: Final = f"item.state = 'open' and (item.lease_until is null or item.lease_until <= $2) and {MINE}"

FIRST: Final = f"""
select item.report_id from queue_item as item
where {FREE} and {FIRST_OF_FOLD} and ($3::text is null or $3 = any(item.queues))
order by {RANK} limit 1
"""  # noqa: S608 - constants only

TAKE: Final = f"""
update queue_item as item set holder = $5, holder_name = $6, lease_token = $7, lease_key = $8, lease_until = $4,
    claimed_at = $2, contacted_at = null
from queue_item as before where item.report_id = $3 and before.report_id = item.report_id and {FREE}
returning item.report_id, before.holder as lapsed_from
"""  # noqa: S608 - constants only

TAKE_OVER: Final = f"""
update queue_item as item set holder = $5, holder_name = $6, lease_token = $7, lease_key = null, lease_until = $4,
    claimed_at = $2, contacted_at = null
from queue_item as before
where item.report_id = $3 and before.report_id = item.report_id and {MINE} and item.state = 'open'
  and item.holder = $8 and item.lease_until > $2
returning before.holder_name as taken_from
"""  # noqa: S608 - constants only

WITH_KEY: Final = """
select report_id, lease_token, lease_until from queue_item
where holder = $1 and lease_key = $2 and lease_until > $3 and state = 'open'
"""

HELD: Final = """
select item.*, cases.event, cases.revision, cases.reading, cases.override
from queue_item as item join cases using (report_id)
where item.report_id = $1 and holder = $2 and lease_token = $3 and lease_until > $4 and state = 'open'
for update of item
"""

RENEW_ALL: Final = """
update queue_item set lease_until = $3 where holder = $1 and lease_until > $2 and state = 'open' returning report_id
"""

GIVE_BACK: Final = """
update queue_item set holder = null, holder_name = null, lease_token = null, lease_key = null, lease_until = null,
    claimed_at = null, contacted_at = null, waiting_since = $2
where report_id = $1
"""

CLOSE: Final = """
update queue_item set state = 'closed', outcome = $2, closed_at = $3, lease_until = null, lease_token = null,
    lease_key = null, came_back = '{}'
where report_id = $1
"""

CONTACTED: Final = "update queue_item set contacted_at = $2, came_back = '{}' where report_id = $1"

HOLDERS: Final = f"""
select item.report_id, item.holder, item.holder_name, item.danger_class, item.claimed_at, item.contacted_at,
       item.lease_until, cases.reference
from queue_item as item join cases using (report_id)
where {MINE} and item.state = 'open' and item.lease_until > $2 order by item.holder_name, item.claimed_at
"""  # noqa: S608 - constants only


async def take_turns(connection: Connection) -> None:
    await connection.execute("select pg_advisory_xact_lock($1)", CLAIMS)


async def first_free(connection: Connection, force: str, queue: str | None, now: datetime) -> UUID | None:
    """The first that nobody holds, as everybody sees it at this instant."""
    found: UUID | None = await connection.fetchval(FIRST, force, now, queue)
    return found


async def lock_first_free(connection: Connection, force: str, queue: str | None, now: datetime) -> UUID | None:
    """The same, once whoever is changing it has finished; by then it may no longer be the first, or free."""
    found: UUID | None = await connection.fetchval(f"{FIRST} for update", force, now, queue)
    return found


async def take(
    connection: Connection,
    report_id: UUID,
    holder: Worker,
    token: UUID,
    key: str | None,
    now: datetime,
    until: datetime,
) -> Any:
    """Take it, where it is free; returns whose lease had lapsed, or no row where it is not free."""
    return await connection.fetchrow(TAKE, holder.force, now, report_id, until, holder.id, holder.name, token, key)


async def take_over(
    connection: Connection,
    report_id: UUID,
    taken_from: str,
    holder: Worker,
    token: UUID,
    now: datetime,
    until: datetime,
) -> str | None:
    """Take it from this holder; returns their name, or None where they do not hold it any more."""
    given = (holder.force, now, report_id, until, holder.id, holder.name, token, taken_from)
    name: str | None = await connection.fetchval(TAKE_OVER, *given)
    return name


async def with_key(connection: Connection, holder: str, key: str, now: datetime) -> Any:
    """What this holder already claimed with this Idempotency-Key, and still holds."""
    return await connection.fetchrow(WITH_KEY, holder, key, now)


async def held(connection: Connection, report_id: UUID, holder: str, token: UUID, now: datetime) -> Any:
    """The item, locked until the transaction ends; None where this is not its lease, or it has run out."""
    return await connection.fetchrow(HELD, report_id, holder, token, now)


async def renew(connection: Connection, report_id: UUID, until: datetime) -> None:
    await connection.execute("update queue_item set lease_until = $2 where report_id = $1", report_id, until)


async def renew_all(connection: Connection, holder: str, now: datetime, until: datetime) -> int:
    """Every live lease of one holder; returns how many."""
    return len(await connection.fetch(RENEW_ALL, holder, now, until))


async def give_back(connection: Connection, report_id: UUID, now: datetime) -> None:
    await connection.execute(GIVE_BACK, report_id, now)


async def contacted(connection: Connection, report_id: UUID, now: datetime) -> None:
    await connection.execute(CONTACTED, report_id, now)


async def close(connection: Connection, report_id: UUID, outcome: str, now: datetime) -> None:
    await connection.execute(CLOSE, report_id, outcome, now)


async def holders(connection: Connection, force: str, now: datetime) -> list[Any]:
    return await connection.fetch(HOLDERS, force, now)
