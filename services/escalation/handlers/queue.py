"""A control room looks at its queue."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.escalation.repository import queue as items
from shared.database import Pool, transaction
from shared.events import Assessment, ReportClassified, ReportReceived


@dataclass(frozen=True, slots=True)
class Ranked:
    """A case on the queue, as the control room sees it."""

    report_id: UUID
    danger_class: int
    grade: str
    target_at: datetime
    opened_at: datetime
    queues: tuple[str, ...]
    reasons: tuple[str, ...]
    report: ReportReceived
    assessment: Assessment | None


async def ranked(force: str, queue: str | None, limit: int, pool: Pool) -> list[Ranked]:
    """The queue of one control room, the first to be taken first."""
    async with transaction(pool) as connection:
        return [_ranked(row) for row in await items.ranked(connection, force, queue, limit)]


def _ranked(row: Any) -> Ranked:
    event = ReportClassified.model_validate_json(row["event"])
    return Ranked(
        report_id=row["report_id"],
        danger_class=row["danger_class"],
        grade=row["grade"],
        target_at=row["target_at"],
        opened_at=row["opened_at"],
        queues=row["queues"],
        reasons=row["reasons"],
        report=event.report,
        assessment=event.assessment,
    )
