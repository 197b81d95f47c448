"""An agency asks for what was routed to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.escalation.domain.directory import KindRule
from services.escalation.domain.views import minimised
from services.escalation.errors import NotYours
from services.escalation.repository import directories, feeds
from shared.database import Pool, transaction
from shared.events import ReportClassified


@dataclass(frozen=True, slots=True)
class Delivered:
    """A report in an agency's feed, cut down to what its kind may see."""

    position: int
    report_id: UUID
    reference: str
    queue: str
    reason: str
    ground: str
    received_at: datetime
    delivered_at: datetime
    report: dict[str, Any]


async def feed(agency_id: str, after: int, limit: int, pool: Pool) -> list[Delivered]:
    """An agency's deliveries behind a position, each cut down to what its kind may see."""
    async with transaction(pool) as connection:
        directory = await directories.newest_directory(connection)
        rows = await feeds.feed(connection, agency_id, after, limit)
    agency = directory.agency(agency_id) if directory else None
    if directory is None or agency is None:
        raise NotYours("This agency is no longer in the directory.")
    rule = directory.rule(agency.kind)
    return [_delivered(row, rule) for row in rows]


def _delivered(row: Any, rule: KindRule) -> Delivered:
    event = ReportClassified.model_validate_json(row["event"])
    return Delivered(
        position=row["position"],
        report_id=row["report_id"],
        reference=event.report.reference,
        queue=row["queue"],
        reason=row["reason"],
        ground=row["ground"],
        received_at=event.report.received_at,
        delivered_at=row["delivered_at"],
        report=minimised(event, rule),
    )
