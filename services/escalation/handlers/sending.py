"""What escalation tells the others beside receipts: overrides and disputed links."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.escalation.domain.overrides import Override
from shared.database import Connection
from shared.events import Event, LinkDisputed, ReportOverridden
from shared.kafka import DISPUTED, OVERRIDDEN
from shared.outbox import outgoing, put

SOURCE: Final = "escalation"


async def overridden(
    connection: Connection, report_id: UUID, revision: int, override: Override, grade: str, danger_class: int
) -> None:
    """A person changed what the rules said."""
    event = ReportOverridden(
        report_id=report_id,
        revision=revision,
        overridden_at=override.at,
        by=override.who,
        reason=override.why,
        labels=override.labels,
        threat=override.threat,
        grade=grade,
        danger_class=danger_class,
    )
    await _send(connection, event, OVERRIDDEN, override.at)


async def disputed(connection: Connection, report_id: UUID, other: UUID, who: str, why: str, now: datetime) -> None:
    """Two reports that were linked do not belong together."""
    event = LinkDisputed(report_id=report_id, other_id=other, disputed_at=now, by=who, reason=why)
    await _send(connection, event, DISPUTED, now)


async def _send(connection: Connection, event: Event, topic: str, now: datetime) -> None:
    await put(connection, [outgoing(event, topic, SOURCE, now)])
