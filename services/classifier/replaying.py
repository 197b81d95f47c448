"""What a changed rulebook would have said otherwise, before it goes live."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from services.classifier.domain.account import account
from services.classifier.domain.rules import Rulebook
from shared.assessment import Assessment, Standing
from shared.events import ReportReceived

COMPARED: Final = (
    "primary",
    "labels",
    "threat",
    "danger_class",
    "repetition",
    "effect",
    "behaviours",
    "fixation",
    "strands",
    "online",
    "happening_now",
    "flags",
    "safe_contact",
    "notes",
    "ask",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing said otherwise of one report. `lowers` where the control room would come to it later."""

    report: str
    field: str
    was: Any
    would_be: Any

    @property
    def lowers(self) -> bool:
        return self.field == "danger_class" and self.would_be > self.was


def replay(reports: Iterable[ReportReceived], live: Rulebook, changed: Rulebook) -> Iterator[Change]:
    """Read every report by both rulebooks; yield where they differ, in the order of the reports."""
    for report in reports:
        was, would_be = _said(account(report, live)), _said(account(report, changed))
        for field in was:
            if was[field] != would_be[field]:
                yield Change(report.reference, field, was[field], would_be[field])


def _said(assessment: Assessment) -> dict[str, Any]:
    said = assessment.model_dump(mode="json", include=set(COMPARED))
    known = [finding for finding in assessment.risk if finding.standing is not Standing.unknown]
    return {
        **{field: said[field] for field in COMPARED},
        "risk": [f"{finding.id} {finding.standing}" for finding in known],
        "offences": [offence.id for offence in assessment.offences],
        "support": [offered.id for offered in assessment.support],
    }
