"""What reporters may be told of the progress of their reports."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from shared.database import Connection
from shared.events import ReportProgressed

KEEP: Final = """
insert into message (event_id, report_id, words, at)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
on conflict (event_id) do nothing
"""
OF_REPORT: Final = "select distinct on (words) words, at from message where report_id = $1 order by words, at desc"


async def keep(connection: Connection, progressed: Sequence[ReportProgressed]) -> None:
    """Keep those that have words for the reporter, each once."""
    told = [one for one in progressed if one.words]
    columns = ([one.event_id for one in told], [one.report_id for one in told])
    await connection.execute(KEEP, *columns, [one.words for one in told], [one.at for one in told])


async def of_report(connection: Connection, report_id: UUID) -> list[Any]:
    return sorted(await connection.fetch(OF_REPORT, report_id), key=lambda row: row["at"])
