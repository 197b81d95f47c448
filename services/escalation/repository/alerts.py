"""What somebody must look at."""

from typing import Any, Final

from shared.database import Connection

STANDING: Final = """
select alert.*, cases.reference, item.danger_class, item.holder_name, item.drill
from alert join queue_item as item using (report_id) join cases using (report_id)
where alert.cleared_at is null and (item.force is null or item.force = $1)
order by item.drill, item.danger_class, alert.raised_at
"""


async def standing(connection: Connection, force: str) -> list[Any]:
    """Those that nobody has dealt with, the gravest first."""
    return await connection.fetch(STANDING, force)
