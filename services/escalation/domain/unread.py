"""What nobody has read yet: a report, what was told of it since it was last read, or a story that is not in English."""

from typing import Final

from shared.assessment import UNREADABLE, Assessment
from shared.events import ReportClassified, ReportReceived

UNREAD: Final = "unread"
"""The note on a reading of what was told before: more was told since."""
NOT_READ: Final = (UNREAD, *UNREADABLE)


def is_read(reading: Assessment | None) -> bool:
    """Whether there is a reading, of all that was told, and of a story that could be read."""
    return reading is not None and not any(note.startswith(NOT_READ) for note in reading.notes)


def reading_of(event: ReportClassified) -> Assessment | None:
    """The reading of all that was told, if only that it cannot be read; None where nobody has made it."""
    return event.assessment if event.assessment and UNREAD not in event.assessment.notes else None


def not_read(report: ReportReceived, before: ReportClassified | None = None) -> ReportClassified:
    """A report that has no reading of its own: the one of `before` is kept beside it, noted as such."""
    kept = _kept(before.assessment, before.report, report) if before and before.assessment else None
    return ReportClassified(report_id=report.report_id, revision=report.revision, report=report, assessment=kept)


def _kept(reading: Assessment, of: ReportReceived, beside: ReportReceived) -> Assessment:
    """Its spans too, where what they count in was only added to: a call may be told anew from its turns."""
    added = beside.text.startswith(of.text)
    evidence = tuple(one for one in reading.evidence if added or one.start is None)
    notes = tuple(dict.fromkeys((*reading.notes, UNREAD)))
    return reading.model_copy(update={"evidence": evidence, "notes": notes})
