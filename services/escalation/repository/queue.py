"""The ranked queue."""

from typing import Any, Final

from shared.database import Connection

RANKED: Final = """
select item.*, cases.reference, cases.event, cases.grade, cases.reasons, cases.rulebook
from queue_item as item join cases using (report_id)
where item.state <> 'closed' and (item.force is null or item.force = $1)
  and ($2::text is null or $2 = any(item.queues))
order by item.danger_class, item.grade_order, item.target_at, item.report_id
limit $3
"""


async def ranked(connection: Connection, force: str, queue: str | None, limit: int) -> list[Any]:
    """The control room's queue in its order: danger class, grade, time to target."""
    return await connection.fetch(RANKED, force, queue, limit)
