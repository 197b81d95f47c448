"""What escalation tells the others beside receipts: a report's progress, overrides and disputed links."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.escalation.domain.overrides import Override
from shared.database import Connection
from shared.events import LinkDisputed, Progress, ReportOverridden, ReportProgressed, SafeWords
from shared.kafka import DISPUTED, OVERRIDDEN, PROGRESSED
from shared.outbox import Outgoing, outgoing, put

SOURCE: Final = "escalation"


def progressed(
    report_id: UUID, agency: str, progress: Progress, now: datetime, words: SafeWords | None = None
) -> Outgoing:
    """How far a report has come: to intake, and by it, in safe words, to the reporter. Ready for the outbox."""
    event = ReportProgressed(report_id=report_id, agency=agency, progress=progress, at=now, words=words)
    return outgoing(event, PROGRESSED, SOURCE, now)


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
    await put(connection, [outgoing(event, OVERRIDDEN, SOURCE, override.at)])


async def disputed(connection: Connection, report_id: UUID, other: UUID, who: str, why: str, now: datetime) -> None:
    """Two reports that were linked do not belong together."""
    event = LinkDisputed(report_id=report_id, other_id=other, disputed_at=now, by=who, reason=why)
    await put(connection, [outgoing(event, DISPUTED, SOURCE, now)])
