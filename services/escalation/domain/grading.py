"""Grade and target of a report, by the grading table (rules/grading.toml): the first row that holds."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.events import Assessment, DangerClass, Flag, Label, Lane, ReportReceived, Threat


class Grade(StrEnum):
    emergency = "emergency"
    priority = "priority"
    scheduled = "scheduled"
    advice = "advice"


ORDER: Final = tuple(Grade)
"""The gravest first."""


class GradeRow(BaseModel):
    """One row: every condition that is given must hold; `any_` of several values is enough."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    grade: Grade
    heading: str
    reason: str
    danger_class: tuple[DangerClass, ...] = ()
    threat: tuple[Threat, ...] = ()
    labels: tuple[Label, ...] = ()
    flags: tuple[Flag, ...] = ()
    happening_now: bool | None = None
    repeated: bool | None = None

    def holds(self, danger: DangerClass, assessment: Assessment | None) -> bool:
        if self.danger_class and danger not in self.danger_class:
            return False
        if assessment is None:
            return not (self.threat or self.labels or self.flags or self.happening_now is not None)
        return (
            (not self.threat or assessment.threat in self.threat)
            and (not self.labels or bool(set(self.labels) & set(assessment.labels)))
            and (not self.flags or bool(set(self.flags) & set(assessment.flags)))
            and self.happening_now in (None, assessment.happening_now)
            and self.repeated in (None, assessment.repetition == "repeated")
        )


class GradingTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    targets: dict[Grade, int]
    rows: tuple[GradeRow, ...]

    def target(self, grade: Grade) -> timedelta:
        """How soon this grade is to be answered."""
        return timedelta(minutes=self.targets[grade])


class Grading(BaseModel):
    model_config = ConfigDict(frozen=True)

    danger_class: DangerClass
    grade: Grade
    reasons: tuple[str, ...]


def danger_of(report: ReportReceived, assessment: Assessment | None) -> DangerClass:
    """As the classifier said; a report that nobody has read yet is taken to be grave (design.md 3)."""
    if assessment is not None:
        return assessment.danger_class
    return DangerClass.violence_threatened if report.lane is Lane.urgent else DangerClass.veiled_or_stalking


def grade(report: ReportReceived, assessment: Assessment | None, table: GradingTable) -> Grading:
    """The gravest grade among the rows that hold, with the reason of every row that gives it."""
    danger = danger_of(report, assessment)
    held: Sequence[GradeRow] = [row for row in table.rows if row.holds(danger, assessment)]
    gravest = min((row.grade for row in held), key=ORDER.index)
    reasons = tuple(f"{row.heading}: {row.reason} ({row.id})" for row in held if row.grade is gravest)
    return Grading(danger_class=danger, grade=gravest, reasons=reasons)
