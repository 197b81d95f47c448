"""Where agencies are told of new entries, and how far they were told."""

from datetime import datetime, timedelta
from typing import Any, Final

from shared.database import Connection

PUT: Final = """
insert into webhook (agency_id, url, secret, sent_to, due_at)
values ($1::varchar, $2, $3, coalesce((select position from agency_counter where agency_id = $1::varchar), 0), $4)
on conflict (agency_id) do update set url = excluded.url, secret = excluded.secret, attempts = 0,
    failing_since = null, gave_up_at = null, due_at = excluded.due_at
"""

CLAIM: Final = """
with due as (
    select agency_id, position from webhook join agency_counter using (agency_id)
    where due_at <= $1 and (pending_to is not null or position > sent_to)
    order by due_at limit $2 for update of webhook skip locked
)
update webhook
set pending_to = coalesce(pending_to, least(due.position, sent_to + $4)), attempts = attempts + 1, due_at = $3
from due where webhook.agency_id = due.agency_id
returning webhook.*
"""

ENTRIES: Final = """
select position, kind, report_id from delivery
where agency_id = $1 and position > $2 and position <= $3 order by position
"""

TOLD: Final = """
update webhook set sent_to = $2, pending_to = null, attempts = 0, failing_since = null, gave_up_at = null,
    due_at = $3
where agency_id = $1 and pending_to = $2
"""

FAILED: Final = """
update webhook set failing_since = coalesce(failing_since, $2), due_at = $3 where agency_id = $1
"""

GIVEN_UP: Final = """
update webhook set sent_to = pending_to, pending_to = null, attempts = 0, failing_since = null, gave_up_at = $2,
    due_at = $2
where agency_id = $1
"""


async def put(connection: Connection, agency: str, url: str, secret: str, now: datetime) -> None:
    """Tell the agency there, from what comes next on."""
    await connection.execute(PUT, agency, url, secret, now)


async def claim(connection: Connection, now: datetime, lease: timedelta, limit: int, most: int) -> list[Any]:
    """Those that are due, each with what it is to be told of: `most` entries, and at a retry the same ones."""
    return await connection.fetch(CLAIM, now, limit, now + lease, most)


async def entries(connection: Connection, row: Any) -> list[Any]:
    return await connection.fetch(ENTRIES, row["agency_id"], row["sent_to"], row["pending_to"])


async def told(connection: Connection, row: Any, now: datetime) -> None:
    await connection.execute(TOLD, row["agency_id"], row["pending_to"], now)


async def failed(connection: Connection, row: Any, now: datetime, again_at: datetime) -> None:
    await connection.execute(FAILED, row["agency_id"], now, again_at)


async def given_up(connection: Connection, row: Any, now: datetime) -> None:
    """Go on with what comes next; what it was not told of is still in its feed."""
    await connection.execute(GIVEN_UP, row["agency_id"], now)
