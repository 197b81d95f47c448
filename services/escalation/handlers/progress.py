"""What is told of a report's progress: to intake, and by it, in safe words, to the reporter."""

from datetime import datetime
from uuid import UUID

from services.escalation.handlers.sending import SOURCE
from shared.events import Progress, ReportProgressed, SafeWords
from shared.kafka import PROGRESSED
from shared.outbox import Outgoing, outgoing


def progressed(
    report_id: UUID, agency: str, progress: Progress, now: datetime, words: SafeWords | None = None
) -> Outgoing:
    """The event, ready for the outbox."""
    event = ReportProgressed(report_id=report_id, agency=agency, progress=progress, at=now, words=words)
    return outgoing(event, PROGRESSED, SOURCE, now)
