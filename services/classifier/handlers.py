"""What can happen in the classifier: a report is read, or cannot be."""

from services.classifier.domain.account import account
from services.classifier.domain.rules import Rulebook
from shared.assessment import Assessment
from shared.events import ReportClassified, ReportReceived


def classify(report: ReportReceived, rulebook: Rulebook) -> ReportClassified:
    """The report with its reading."""
    return _with(report, account(report, rulebook))


def give_up(report: ReportReceived) -> ReportClassified:
    """The report without a reading: a person reads it."""
    return _with(report, None)


def _with(report: ReportReceived, assessment: Assessment | None) -> ReportClassified:
    return ReportClassified(report_id=report.report_id, revision=report.revision, report=report, assessment=assessment)
