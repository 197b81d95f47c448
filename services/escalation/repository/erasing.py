"""Reports that were erased: nothing of a case is left, and nothing brings it back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.database import Connection

HELD: Final = "select from cases where report_id = $1 for update"
"""Nobody adds anything to a case that is held like this."""

ERASE: Final = """
with item as (delete from queue_item where report_id = $1), alerts as (delete from alert where report_id = $1),
     notes as (delete from note where report_id = $1), said as (delete from overridden where report_id = $1),
     links as (delete from case_link where $1 in (report_id, other_id)),
     waiting as (delete from outbox where report_id = $1), notices as (delete from notice where report_id = $1),
     letters as (update set_aside set report_id = null where report_id = $1),
     review as (delete from case_review where report_id = $1),
     counted as (delete from case_review_report using cases
                 where cases.report_id = $1 and case_review_report.reference = cases.reference)
delete from cases where report_id = $1
"""

NOTE_ERASED: Final = """
insert into erased_report (report_id, erased_at) values ($1, $2) on conflict do nothing returning report_id
"""

ERASED: Final = "select report_id from erased_report where report_id = any($1::uuid[])"


async def note(connection: Connection, report_id: UUID, now: datetime) -> bool:
    """From now on nothing brings this report back; False where that was noted before."""
    return await connection.fetchval(NOTE_ERASED, report_id, now) is not None


async def among(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these reports that were erased."""
    rows = await connection.fetch(ERASED, list(ids))
    return {row["report_id"] for row in rows}


async def erase(connection: Connection, report_id: UUID) -> None:
    """The case, its place in the queue, and what was still to be said of it."""
    await connection.execute(HELD, report_id)
    await connection.execute(ERASE, report_id)
