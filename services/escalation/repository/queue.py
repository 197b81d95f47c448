"""The ranked queue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.repository.feeds import PAGE
from shared.database import Connection

MINE: Final = "(item.force is null or item.force = $1)"

RANK: Final = "item.drill, item.danger_class, item.grade_order, item.target_at, item.report_id"
"""Design.md 10: what is real, the danger class, the grade, the time to its target. Index `queue_item_rank`."""

OF_ONE_FOLD: Final = "other.fold = item.fold and other.force is not distinct from item.force"

COPIED: Final = "select fold from queue_item where state <> 'closed' and is_copy"
"""Index `queue_item_copy`."""

FIRST_OF_FOLD: Final = f"""(item.fold is null or item.fold not in ({COPIED}) or item.report_id in (
    select distinct on (fold, force) report_id from queue_item where state <> 'closed' and fold in ({COPIED})
    order by fold, force, danger_class, grade_order, target_at, report_id
))"""  # noqa: S608 - constants only
"""The gravest of some near-copies stands for them all, and whatever has none for itself. Worked out once a query."""

COPIES: Final = f"""(
    select count(*) from queue_item as other
    where {OF_ONE_FOLD} and other.state <> 'closed' and other.report_id <> item.report_id
)"""  # noqa: S608 - constants only

STEPS: Final = "(select count(*) from delivery_step as step where step.report_id = item.report_id)"
"""What agencies did about it: they may not touch a queue item, and do not wait for whoever does."""

COLUMNS: Final = f"""
item.*, item.version + {STEPS} as seen_as, cases.event, cases.reading, cases.grade, cases.reasons, cases.override,
{COPIES} as copies
"""

RANKED: Final = f"""
select * from (
    select item.*, count(*) over () as there,
        sum(octet_length(event)) over (order by {RANK}) - octet_length(event) as before
    from (
        select {COLUMNS}
        from queue_item as item join cases using (report_id)
        where item.state <> 'closed' and {MINE} and {FIRST_OF_FOLD} and ($2::text is null or $2 = any(item.queues))
        order by {RANK} limit $3 + 1
    ) as item
) as item where before < {PAGE} order by {RANK} limit $3
"""  # noqa: S608 - constants only

ITEM: Final = f"""
select {COLUMNS}
from queue_item as item join cases using (report_id) where {MINE} and item.report_id = $2
"""  # noqa: S608 - constants only

SOME: Final = f"""
select {COLUMNS} from queue_item as item join cases using (report_id) where item.report_id = any($1::uuid[])
"""  # noqa: S608 - constants only

STAMPS: Final = f"""
select item.report_id, item.version + {STEPS} as seen_as, coalesce(item.lease_until > $3, false) as held,
       {COPIES} as copies
from queue_item as item where item.state <> 'closed' and {MINE} and {FIRST_OF_FOLD} order by {RANK} limit $2
"""  # noqa: S608 - constants only

CHANNEL: Final = "board"


async def ranked(connection: Connection, force: str, queue: str | None, limit: int) -> tuple[list[Any], bool]:
    """The control room's queue in its order: danger class, grade, time to target; as many as fit on a page.

    With them, whether there are more.
    """
    rows = await connection.fetch(RANKED, force, queue, limit)
    return rows, bool(rows) and rows[0]["there"] > len(rows)


async def stamps(connection: Connection, force: str, limit: int, now: datetime) -> list[Any]:
    """The queue's order, with what tells whether anything about a case has changed."""
    return await connection.fetch(STAMPS, force, limit, now)


async def some(connection: Connection, ids: Sequence[UUID]) -> list[Any]:
    return await connection.fetch(SOME, list(ids))


async def count(connection: Connection, force: str) -> int:
    statement = f"select count(*) from queue_item as item where state <> 'closed' and {MINE} and {FIRST_OF_FOLD}"  # noqa: S608
    return int(await connection.fetchval(statement, force))


async def item(connection: Connection, force: str, report_id: UUID) -> Any:
    """One case of this control room, closed or not; None where it is not theirs or not there."""
    return await connection.fetchrow(ITEM, force, report_id)


async def move(connection: Connection, report_id: UUID, force: str, queues: Sequence[str]) -> None:
    """To another force's control room, whatever a later reading says."""
    statement = "update queue_item set force = $2, queues = $3, rerouted = true where report_id = $1"
    await connection.execute(statement, report_id, force, list(queues))


async def touch(connection: Connection, report_id: UUID) -> None:
    """Something was added to a case: whoever has it open sees it anew once this transaction is committed."""
    await connection.execute("update queue_item set version = version + 1 where report_id = $1", report_id)
    await changed(connection)


async def changed(connection: Connection) -> None:
    """Wake every open board once this transaction is committed."""
    await connection.execute(f"notify {CHANNEL}")


async def end_drills(connection: Connection, force: str, now: datetime) -> list[UUID]:
    """Close every open exercise of this control room; returns which."""
    statement = """
        update queue_item set state = 'closed', outcome = 'drill', closed_at = $2, lease_until = null,
            lease_token = null
        where drill and state = 'open' and force = $1 returning report_id
    """
    return [row["report_id"] for row in await connection.fetch(statement, force, now)]
