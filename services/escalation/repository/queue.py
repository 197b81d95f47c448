"""The ranked queue."""

from typing import Any, Final
from uuid import UUID

from shared.database import Connection

MINE: Final = "(item.force is null or item.force = $1)"

RANK: Final = "item.drill, item.danger_class, item.grade_order, item.target_at, item.report_id"
"""Design.md 10: what is real, the danger class, the grade, the time to its target. Index `queue_item_rank`."""

RANKED: Final = f"""
select item.*, cases.event, cases.grade, cases.reasons, cases.override
from queue_item as item join cases using (report_id)
where item.state <> 'closed' and {MINE} and ($2::text is null or $2 = any(item.queues))
order by {RANK}
limit $3
"""  # noqa: S608 - constants only

ITEM: Final = f"""
select item.*, cases.event, cases.grade, cases.reasons, cases.override
from queue_item as item join cases using (report_id) where {MINE} and item.report_id = $2
"""  # noqa: S608 - constants only

CHANNEL: Final = "board"


async def ranked(connection: Connection, force: str, queue: str | None, limit: int) -> list[Any]:
    """The control room's queue in its order: danger class, grade, time to target."""
    return await connection.fetch(RANKED, force, queue, limit)


async def item(connection: Connection, force: str, report_id: UUID) -> Any:
    """One case of this control room, closed or not; None where it is not theirs or not there."""
    return await connection.fetchrow(ITEM, force, report_id)


async def move(connection: Connection, report_id: UUID, force: str, to_queue: str) -> None:
    """To another force's control room, whatever a later reading says."""
    statement = "update queue_item set force = $2, queues = array[$3::text], rerouted = true where report_id = $1"
    await connection.execute(statement, report_id, force, to_queue)


async def changed(connection: Connection) -> None:
    """Wake every open board once this transaction is committed."""
    await connection.execute(f"notify {CHANNEL}")
