"""When an ASB Case Review is due (codebook F9, facts.md): the qualifying complaints, and why each other one is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.escalation.domain.copies import alike
from services.escalation.domain.directory import Threshold
from services.escalation.domain.local import day_of
from services.escalation.domain.unread import is_read
from shared.assessment import Assessment, times_reported
from shared.codebook import Label
from shared.events import ReportClassified, ReportReceived
from shared.phones import phone_number
from shared.told import Contact

UNWANTED: Final = frozenset({Label.stalking, Label.hate_incident, Label.harassment, Label.asb})
TOLD_AGAIN: Final = timedelta(hours=24)
"""Without a date of its own, what is told again so soon is the same incident, told to another agency."""
MADE_WITHIN: Final = timedelta(days=31)  # of the behaviour


class Why(StrEnum):
    """Why a complaint counts or does not, in words that a panel and a reporter may read."""

    counts = "counts"
    nothing_complained_of = "no unwanted behaviour is told in it: a note, thanks or a question"
    not_read = "nobody has read it yet"
    too_long_ago = "made before the time that the threshold looks at"
    behaviour_too_old = "made more than a month after the behaviour"
    told_again = "the same incident, told again or to another agency"


@dataclass(frozen=True, slots=True)
class Counted:
    """One complaint, and whether it counts. `same_as` is the reference of the incident's first telling."""

    reference: str
    made_at: datetime
    why: Why
    same_as: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """All complaints, oldest first. `wanted` is how many must count; `said` how often its reporter says that it was.

    `own`: what the newest's reporter told, in all their reports, is enough without anybody else's. `by_itself`: what
    is told in this one report is. `against`: the agencies that any of them complains of.
    """

    complaints: tuple[Counted, ...]
    wanted: int
    said: int
    own: bool
    by_itself: bool
    against: frozenset[str] = frozenset()

    @property
    def counting(self) -> int:
        return sum(one.why is Why.counts for one in self.complaints)

    @property
    def met(self) -> bool:
        """The newest is itself a complaint (it goes on), and there are enough, held here or said to have been made.

        What its reporter alone has told is enough whoever else complains too: an area may want more of several people
        together, never more of one.
        """
        goes_on = bool(self.complaints) and self.complaints[-1].why in (Why.counts, Why.told_again)
        return goes_on and (self.own or max(self.counting, self.said) >= self.wanted)


def review_asked(report: ReportReceived) -> bool:
    """Whether the reporter asks for a review; somebody anonymous cannot."""
    known = report.contact is not None and report.contact.can_ask_for_a_review
    return known and report.case_review_asked_at is not None


def count(complaints: Sequence[ReportClassified], threshold: Threshold) -> Count:
    """Count the linked complaints of one victim, household or community, as things stand at the newest of them."""
    ordered = sorted(complaints, key=lambda c: (c.report.received_at, c.report.reference))
    since = ordered[-1].report.received_at - timedelta(days=threshold.days)
    counted, incidents = _counted(ordered, since)
    people = [made for _, made in _by_person(ordered)]
    _, own = _counted([one for one in ordered if one.report_id in people[-1]], since)
    several = sum(any(one.report_id in made for one in incidents) for made in people) > 1
    wanted = threshold.from_several if several and threshold.from_several else threshold.complaints
    said = said_themselves(ordered[-1].report, ordered[-1].assessment)
    by_itself = said >= threshold.complaints
    return Count(tuple(counted), wanted, said, by_itself or len(own) >= threshold.complaints, by_itself)


def _counted(ordered: Sequence[ReportClassified], since: datetime) -> tuple[list[Counted], list[ReportClassified]]:
    """Each complaint with why it counts or does not, and those that do."""
    counted: list[Counted] = []
    incidents: list[ReportClassified] = []
    for complaint in ordered:
        why, first = _judged(complaint, incidents, since)
        if why is Why.counts:
            incidents.append(complaint)
        report = complaint.report
        counted.append(Counted(report.reference, report.received_at, why, first.report.reference if first else None))
    return counted, incidents


def _judged(
    complaint: ReportClassified, incidents: Sequence[ReportClassified], since: datetime
) -> tuple[Why, ReportClassified | None]:
    report, assessment = complaint.report, complaint.assessment
    if assessment is None:
        return Why.not_read, None
    if not UNWANTED & set(assessment.labels):
        return Why.nothing_complained_of if is_read(assessment) else Why.not_read, None
    if report.received_at < since:
        return Why.too_long_ago, None
    when = _date(complaint)
    if when and day_of(report.received_at) - when > MADE_WITHIN:
        return Why.behaviour_too_old, None
    same = next((incident for incident in incidents if _same_incident(incident, complaint)), None)
    return (Why.told_again, same) if same else (Why.counts, None)


def _same_incident(first: ReportClassified, again: ReportClassified) -> bool:
    """By the date that both give, or else by the same behaviour, or words, within a day."""
    one, other = _date(first), _date(again)
    if one and other:
        return one == other and _shares_behaviour(first, again)
    soon = again.report.received_at - first.report.received_at <= TOLD_AGAIN
    return soon and (_shares_behaviour(first, again) or alike(first.report.text, again.report.text))


def _shares_behaviour(one: ReportClassified, other: ReportClassified) -> bool:
    assert one.assessment is not None
    assert other.assessment is not None
    return bool(set(one.assessment.behaviours) & set(other.assessment.behaviours))


def _date(complaint: ReportClassified) -> date | None:
    """The day of the behaviour, where a whole date was given."""
    try:
        return date.fromisoformat((complaint.report.answers.when or "").strip()[:10])
    except ValueError:
        return None


def _by_person(complaints: Sequence[ReportClassified]) -> list[tuple[frozenset[str], frozenset[UUID]]]:
    """How each person is known, and their complaints; whoever made the newest comes last.

    One who shares a number or an address is the same, as far as can be told: it may be another of the household.
    """
    people: list[tuple[frozenset[str], frozenset[UUID]]] = []
    for complaint in complaints:
        ways, theirs = _known_by(complaint.report), frozenset([complaint.report_id])
        same = [person for person in people if person[0] & ways]
        merged = ways.union(*(known for known, _ in same)), theirs.union(*(made for _, made in same))
        people = [person for person in people if person not in same] + [merged]
    return people


def _known_by(report: ReportReceived) -> frozenset[str]:
    """A way to be reached, or else a name; an anonymous report is somebody of its own."""
    contact = report.contact or Contact()
    ways = {phone_number(contact.phone) or contact.phone or "", (contact.email or "").strip().casefold()} - {""}
    return frozenset(ways or {(contact.name or report.reference).casefold()})


def said_themselves(report: ReportReceived, reading: Assessment | None) -> int:
    """By the reporter's own answer and words alone: what intake linked is told by others too (design.md 4)."""
    answered = report.answers.reported_before or 0
    if reading is None:
        return answered
    if not report.history.reports:
        return max(reading.reported_before, answered)
    own = [one for one in reading.evidence if one.fact == "F9" and one.origin != "history"]
    return max([answered, *(times_reported(one.origin, one.quote) for one in own)])
