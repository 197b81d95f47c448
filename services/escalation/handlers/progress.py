"""What is told of a report's progress: to intake, and by it, in safe words, to the reporter."""

from datetime import datetime
from typing import Final
from uuid import UUID

from shared import telemetry
from shared.cloudevents import encode
from shared.events import Progress, ReportProgressed, SafeWords
from shared.kafka import PROGRESSED
from shared.outbox import Outgoing

SOURCE: Final = "escalation"


def progressed(
    report_id: UUID, agency: str, progress: Progress, now: datetime, words: SafeWords | None = None
) -> Outgoing:
    """The event, ready for the outbox."""
    event = ReportProgressed(report_id=report_id, agency=agency, progress=progress, at=now, words=words)
    message = encode(event, PROGRESSED, SOURCE, now, telemetry.current_traceparent())
    return Outgoing(report_id, event.event_id, event.revision, False, message)
