"""What escalation is told once more after its database was restored: all erasures, and what it had since a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.database import Connection
from shared.events import ReportErased
from shared.kafka import ERASED
from shared.outbox import Outgoing, columns

KEEP_ERASURE: Final = """
insert into erasure (report_id, event) values ($1, $2) on conflict (report_id) do update set event = excluded.event
"""

KEEP_WHAT_CAME_BACK: Final = """
insert into erasure (report_id, event)
select report_id, event from unnest($1::uuid[], $2::bytea[]) as erased(report_id, event)
where exists (select from report where id = report_id)
on conflict do nothing
"""

ERASURES: Final = """
select erasure.report_id, event,
       exists(select from outbox where outbox.report_id = erasure.report_id and topic = $3) as waits
from erasure where erasure.report_id > $1 order by erasure.report_id limit $2
"""

ROUTED_SINCE: Final = """
select id, coalesce((receipt ->> 'revision')::int, 0) >= revision
           and greatest(received_at, (receipt ->> 'routed_at')::timestamptz) >= $2 as wanted
from report where id > $1 order by id limit $3
"""
"""One whose newest words have no receipt is not wanted: it is published until it has. By the receipt's time, for
escalation gives one for each revision that it takes in, and whenever it routes a report anew."""

REOPEN: Final = """
with opened as (
    update report set receipt = jsonb_set(receipt, '{revision}', '0'), open_since = $10
    where id = $1 and (receipt ->> 'revision')::int >= revision
    returning id
)
insert into outbox (report_id, event_id, revision, urgent, topic, key, headers, value, turn)
select $1, $2, $3, $4, $5, $6, $7, $8, $9 from opened
returning true
"""
"""What it was read as stays in the receipt, for those told later of the same; it is the receipt of no revision now."""


async def keep_erasure(connection: Connection, outgoing: Outgoing) -> None:
    await connection.execute(KEEP_ERASURE, outgoing.report_id, outgoing.message.value)


async def keep_what_came_back(connection: Connection, erased: Sequence[ReportErased]) -> None:
    """Of which there is a report here all the same: this database was restored to before it was erased."""
    events = [event.model_dump_json().encode() for event in erased]
    await connection.execute(KEEP_WHAT_CAME_BACK, [event.report_id for event in erased], events)


async def erasures(connection: Connection, after: UUID, limit: int) -> list[Any]:
    """Each `report_id`, the `event` that everybody was told, and whether it `waits` to be told, in the order of ids."""
    return await connection.fetch(ERASURES, after, limit, ERASED)


async def routed_since(connection: Connection, since: datetime, after: UUID, limit: int) -> Sequence[Any]:
    """Reports in the order of their ids, each `wanted` where it has its receipt, and is or had it from since then."""
    return await connection.fetch(ROUTED_SINCE, after, since, limit)


async def reopen(connection: Connection, outgoing: Outgoing, now: datetime) -> bool:
    """Publish a report again that has its receipt, and wait for another; False, and nothing done, where it has none."""
    return bool(await connection.fetchval(REOPEN, *columns(outgoing), now))
