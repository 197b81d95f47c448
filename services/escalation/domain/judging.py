"""What counts of a report: the rules' reading, or what a person says in its place, and what follows from that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.escalation.domain.case_review import Count
from services.escalation.domain.grading import ORDER, Grade, Grading, danger_of, grade
from services.escalation.domain.overrides import Override
from services.escalation.domain.routing import Route, Subject, route
from services.escalation.domain.rules import Rules
from services.escalation.domain.unread import is_read
from shared.assessment import Assessment
from shared.codebook import DangerClass
from shared.events import ReportClassified

LEAST: Final = DangerClass.everything_else


@dataclass(frozen=True, slots=True)
class Known:
    """What is already known of a report: enough to tell a newer reading from a repetition, and how it differs.

    `target_at` is None where no control room ever had it, `moved_to` the police force that a person sent it to, and
    `came_back` why it did, where nobody has looked since.
    """

    revision: int
    reading: int
    rulebook: str | None
    assessed_at: datetime
    receipt: bytes | None
    opened_at: datetime
    danger_class: int
    grade: str
    reasons: list[str]
    override: Override | None
    target_at: datetime | None
    closed: bool
    moved_to: str | None
    came_back: list[str]


@dataclass(frozen=True, slots=True)
class Placed:
    """What a report is read as, how grave it is, by when it is to be answered, and where it goes.

    `moved`: a person sent it to the police force of the route.
    """

    reading: Assessment | None
    grading: Grading
    target_at: datetime
    route: Route
    moved: bool


def read_danger(event: ReportClassified) -> DangerClass:
    return danger_of(event.report, event.assessment)


def in_force(override: Override | None, event: ReportClassified, rules: Rules) -> Override | None:
    """What a person said of it, where that still holds over the reading: nothing that nobody has read ends it.

    Something graver does, and so does danger told since, where the case would be held down.
    """
    if override is None or not is_read(event.assessment):
        return override
    if not override.holds(read_danger(event)):
        return None
    held_down = _rank(event, None, rules) < _rank(event, override, rules)
    return None if held_down and override.misses_danger(event) else override


def _rank(event: ReportClassified, override: Override | None, rules: Rules) -> tuple[int, int]:
    _, grading = _judged(event, override, rules)
    return grading.danger_class, ORDER.index(grading.grade)


def placed(
    event: ReportClassified,
    override: Override | None,
    rules: Rules,
    known: Known | None = None,
    complaints: Count | None = None,
) -> Placed:
    """By what counts: the rules' reading, or what a person says in its place; where a person sent it, it stays."""
    reading, grading = _judged(event, override, rules, _at_least(event, override, known))
    grading = grading.and_also(known.came_back if known else ())
    area, persisting = rules.area_of(event.report.place), complaints is not None and complaints.met
    against = complaints.against if complaints else frozenset()
    subject = Subject(event.report, reading, grading.danger_class, area, persisting, against)
    moved_to = known.moved_to if known and known.moved_to and rules.ground(known.moved_to, event.report) else None
    return Placed(
        reading=reading,
        grading=grading,
        target_at=_told_at(event, grading, known, rules) + rules.target(grading.grade, area),
        route=route(subject, rules.directory, rules.routing).moved(moved_to),
        moved=moved_to is not None,
    )


def _judged(
    event: ReportClassified, override: Override | None, rules: Rules, at_least: DangerClass = LEAST
) -> tuple[Assessment | None, Grading]:
    if override is None:
        return event.assessment, grade(event.report, event.assessment, rules.grading, at_least)
    reading = override.applied_to(event).assessment
    grading = grade(event.report, reading, rules.grading, at_least)
    return reading, override.graded(grading, override.is_of_all(event))


def _at_least(event: ReportClassified, override: Override | None, known: Known | None) -> DangerClass:
    """As grave as it stood, while nobody has read what was told; what a person says of its danger may be less."""
    if known is None or is_read(override.applied_to(event).assessment if override else event.assessment):
        return LEAST
    said = override and (override.labels, override.threat)
    before = known.override and (known.override.labels, known.override.threat)
    return DangerClass(known.danger_class) if said in (None, (None, None), before) else LEAST


def _told_at(event: ReportClassified, grading: Grading, known: Known | None, rules: Rules) -> datetime:
    """When what is to be answered was told: the report, or what made it graver, or what came after it was closed."""
    told = [event.report.received_at, *(addition.told_at for addition in event.report.additions)]
    if known is None:
        return told[0]
    graver = ORDER.index(grading.grade) < ORDER.index(Grade(known.grade))
    if event.revision > known.revision and (graver or known.closed):
        return max(told)
    if known.target_at is None:
        return told[0]
    before = known.target_at - rules.target(Grade(known.grade), rules.area_of(event.report.place))
    return min(max(before, told[0]), max(told))
