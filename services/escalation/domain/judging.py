"""What counts of a report: the rules' reading, or what a person says in its place, and what follows from that."""

from datetime import datetime
from typing import Final

from services.escalation.domain.case_review import Count
from services.escalation.domain.grading import ORDER, Grading, danger_of, grade
from services.escalation.domain.overrides import Override
from services.escalation.domain.routing import Route, Subject, route
from services.escalation.domain.rules import Rules
from services.escalation.domain.unread import is_read
from shared.assessment import Assessment
from shared.codebook import DangerClass
from shared.events import ReportClassified, ReportReceived

LEAST: Final = DangerClass.everything_else


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
    _, grading = judged(event, override, rules)
    return grading.danger_class, ORDER.index(grading.grade)


def still_with(moved_to: str | None, event: ReportClassified, rules: Rules) -> str | None:
    """The police force that a person sent it to, unless what was told later forbids that."""
    return moved_to if moved_to and rules.ground(moved_to, event.report) else None


def judged(
    event: ReportClassified, override: Override | None, rules: Rules, at_least: DangerClass = LEAST
) -> tuple[Assessment | None, Grading]:
    """The reading and the grade that count: the rules', with what a person says in their place."""
    if override is None:
        return event.assessment, grade(event.report, event.assessment, rules.grading, at_least)
    reading = override.applied_to(event).assessment
    grading = grade(event.report, reading, rules.grading, at_least)
    return reading, override.graded(grading, override.is_of_all(event))


def routed_by(
    event: ReportClassified, reading: Assessment | None, grading: Grading, complaints: Count | None, rules: Rules
) -> Route:
    """Where it goes by what counts: the reading, or what a person says in its place."""
    area, persisting = rules.area_of(event.report.place), complaints is not None and complaints.met
    against = complaints.against if complaints else frozenset()
    subject = Subject(event.report, reading, grading.danger_class, area, persisting, against)
    return route(subject, rules.directory, rules.routing)


def target_at(report: ReportReceived, grading: Grading, rules: Rules) -> datetime:
    """By when it is to be answered: reckoned from when it was told, by its area's targets."""
    area = rules.area_of(report.place)
    return report.received_at + rules.grading.target(grading.grade, area)
