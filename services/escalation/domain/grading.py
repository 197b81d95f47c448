"""Grade and target of a report, by the grading table (rules/grading.toml): the first row that holds."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.escalation.domain.unread import is_read
from shared.assessment import Assessment, Standing
from shared.codebook import DangerClass, Effect, Flag, Impact, Label, Threat
from shared.events import Lane, ReportReceived


class Grade(StrEnum):
    emergency = "emergency"
    priority = "priority"
    scheduled = "scheduled"
    advice = "advice"


ORDER: Final = tuple(Grade)
"""The gravest first."""

NOTHING_GRAVER: Final = "Engagement: nothing graver was found"


class Heading(StrEnum):
    """THRIVE: what a reason is about (facts.md)."""

    threat = "Threat"
    harm = "Harm"
    risk = "Risk"
    investigation = "Investigation"
    vulnerability = "Vulnerability"
    engagement = "Engagement"


class GradeRow(BaseModel):
    """One row: every condition that is given must hold; one of its several values is enough."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    grade: Grade
    heading: Heading
    reason: str
    danger_class: tuple[DangerClass, ...] = ()
    threat: tuple[Threat, ...] = ()
    labels: tuple[Label, ...] = ()
    behaviours: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    effect: tuple[Effect, ...] = ()
    impact: tuple[Impact, ...] = ()
    risk: tuple[str, ...] = Field((), description="ids of the risk picture's questions: one answered yes is enough")
    happening_now: bool | None = None
    repeated: bool | None = None
    earlier_reports: int = 0

    def holds(self, report: ReportReceived, danger: DangerClass, assessment: Assessment | None) -> bool:
        if self.danger_class and danger not in self.danger_class:
            return False
        if max(report.history.reports, _told_before(assessment)) < self.earlier_reports:
            return False
        return self._asks_nothing_of_the_reading() if assessment is None else self._fits(assessment)

    @property
    def words(self) -> str:
        return f"{self.heading}: {self.reason} ({self.id})"

    def _asks_nothing_of_the_reading(self) -> bool:
        of_the_reading = (self.threat, self.labels, self.behaviours, self.flags, self.effect, self.impact, self.risk)
        return not any(of_the_reading) and self.happening_now is None and self.repeated is None

    def _fits(self, assessment: Assessment) -> bool:
        return (
            (not self.threat or assessment.threat in self.threat)
            and (not self.labels or bool(set(self.labels) & set(assessment.labels)))
            and (not self.behaviours or bool(set(self.behaviours) & set(assessment.behaviours)))
            and (not self.flags or bool(set(self.flags) & set(assessment.flags)))
            and (not self.effect or bool(set(self.effect) & set(assessment.effect)))
            and (not self.impact or bool(set(self.impact) & set(assessment.impact)))
            and (not self.risk or bool(set(self.risk) & _answered_yes(assessment)))
            and self.happening_now in (None, assessment.happening_now)
            and self.repeated in (None, assessment.repetition == "repeated")
        )


def _answered_yes(assessment: Assessment) -> set[str]:
    return {finding.id for finding in assessment.risk if finding.standing is Standing.present}


def _told_before(assessment: Assessment | None) -> int:
    return assessment.reported_before if assessment else 0


class GradingTable(BaseModel):
    """Targets are minutes; an area of the directory may have its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    targets: dict[Grade, int]
    rows: tuple[GradeRow, ...]

    @model_validator(mode="after")
    def _always_gives_a_grade(self) -> Self:
        if missing := set(Grade) - set(self.targets):
            raise ValueError(f"no target for: {', '.join(sorted(missing))}")
        ids = [row.id for row in self.rows]
        if len(set(ids)) != len(ids):
            raise ValueError("two rows have the same id")
        return self

    def resting_on_more(self, earlier_reports: int) -> frozenset[str]:
        """The reasons that take more earlier reports than these to hold."""
        return frozenset(row.words for row in self.rows if row.earlier_reports > earlier_reports)


class Grading(BaseModel):
    model_config = ConfigDict(frozen=True)

    danger_class: DangerClass
    grade: Grade
    reasons: tuple[str, ...]

    def and_also(self, reasons: Iterable[str]) -> "Grading":
        """The same, for these reasons too."""
        return self.model_copy(update={"reasons": (*self.reasons, *reasons)})


def danger_of(report: ReportReceived, assessment: Assessment | None) -> DangerClass:
    """As the classifier said; what nobody has read yet is taken to be grave (design.md 3), whatever was read before."""
    if assessment is not None and is_read(assessment):
        return assessment.danger_class
    unread = DangerClass.violence_threatened if report.lane is Lane.urgent else DangerClass.veiled_or_stalking
    return min(unread, assessment.danger_class) if assessment else unread


def grade(
    report: ReportReceived,
    assessment: Assessment | None,
    table: GradingTable,
    at_least: DangerClass = DangerClass.everything_else,
) -> Grading:
    """The gravest grade among the rows that hold, with the reason of every row that holds, the gravest first."""
    danger = min(danger_of(report, assessment), at_least)
    held = [row for row in table.rows if row.holds(report, danger, assessment)]
    by_gravity = sorted(held, key=lambda row: ORDER.index(row.grade))
    reasons = tuple(row.words for row in by_gravity if row.grade is not Grade.advice)
    gravest = by_gravity[0].grade if by_gravity else Grade.advice
    return Grading(danger_class=danger, grade=gravest, reasons=reasons or (NOTHING_GRAVER,))
