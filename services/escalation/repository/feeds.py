"""The agencies' feeds."""

from typing import Any, Final

from shared.database import Connection

FEED: Final = """
select delivery.*, cases.event from delivery join cases using (report_id)
where agency_id = $1 and position > $2 order by position limit $3
"""


async def feed(connection: Connection, agency: str, after: int, limit: int) -> list[Any]:
    """An agency's deliveries behind a position, without a gap."""
    return await connection.fetch(FEED, agency, after, limit)
