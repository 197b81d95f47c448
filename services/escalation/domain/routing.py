"""Where a report goes (codebook §5), by the table of shared/routing.toml: every row that holds, never nowhere."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal

import re2
from pydantic import BaseModel, ConfigDict

from services.escalation.domain.blamed import Blamed
from services.escalation.domain.case_review import review_asked
from services.escalation.domain.directory import Agency, Directory, Kind
from services.escalation.domain.names import says, spoken
from services.escalation.domain.unread import is_read
from shared.assessment import Assessment
from shared.codebook import DangerClass, Flag, Label
from shared.events import Destination, ReportReceived
from shared.patterns import alternatives, normalise, options

REVIEW: Final = "review"
CONTROL_ROOM: Final = "control_room"
NEIGHBOURHOOD: Final = "neighbourhood"
NOBODY: Final = "none"
"""The agency of a destination that is nobody's yet: a person decides."""
A_PERSON: Final = "a person decides"

RENTED_FROM_NOBODY: Final = frozenset({"none", "no", "own", "owner", "private", "unknown", ""})


@dataclass(frozen=True)
class Subject:
    """What is to be routed. `persisting`: the area's threshold for an ASB Case Review is met.

    `against`: the agencies that it, or any complaint that it is counted with, complains of: none of them reviews it.
    """

    report: ReportReceived
    assessment: Assessment | None
    danger: DangerClass
    area: str | None
    persisting: bool = False
    against: frozenset[str] = frozenset()

    @cached_property
    def plain(self) -> bytes:
        return normalise(self.report.text).data


class Row(BaseModel):
    """What a row asks of a report. Every condition that is given must hold; one of its values is enough.

    None of what is in `unless_…` may be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    reason: str
    danger_class: tuple[DangerClass, ...] = ()
    labels: tuple[Label, ...] = ()
    behaviours: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    unless_labels: tuple[Label, ...] = ()
    unless_flags: tuple[Flag, ...] = ()
    happening_now: bool | None = None
    landlord_known: bool = False
    persisting: bool = False
    review_asked: bool = False
    mentions: tuple[str, ...] = ()

    def holds(self, subject: Subject, assessment: Assessment) -> bool:
        return (
            (not self.danger_class or subject.danger in self.danger_class)
            and (not self.labels or bool(set(self.labels) & set(assessment.labels)))
            and (not self.behaviours or bool(set(self.behaviours) & set(assessment.behaviours)))
            and (not self.flags or bool(set(self.flags) & set(assessment.flags)))
            and set(self.unless_labels).isdisjoint(assessment.labels)
            and set(self.unless_flags).isdisjoint(assessment.flags)
            and self.happening_now in (None, assessment.happening_now)
            and (not self.landlord_known or _landlord(subject.report) is not None)
            and (not self.persisting or subject.persisting)
            and (not self.review_asked or review_asked(subject.report))
            and (not self.mentions or bool(self._words.search(subject.plain)))
        )

    @cached_property
    def _words(self) -> Any:
        return re2.compile(alternatives(self.mentions, {}), options())


class RouteRow(Row):
    """One row of codebook §5. `only`: not every such agency of the area, but the landlord, or whoever was called."""

    to: Kind
    queue: str
    only: Literal["landlord", "called"] | None = None
    instead: Kind | None = None


class Signpost(Row):
    """The body responsible for what is not ours, by name: for the reporter, and, with how it is reached, for staff."""

    name: str
    contact: str | None = None
    unverified: bool = True


class RoutingTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: tuple[RouteRow, ...]
    signposts: tuple[Signpost, ...] = ()
    blamed: Blamed = Blamed()

    def queues_of(self, kind: Kind) -> tuple[str, ...]:
        """The queues that this kind of agency has; what goes there goes to the first unless somebody says otherwise."""
        return tuple(dict.fromkeys(row.queue for row in self.rows if row.to is kind))

    def responsible(self, subject: Subject) -> tuple[Signpost, ...]:
        """Who is responsible for what is not ours, as far as it was read."""
        reading = subject.assessment
        return tuple(one for one in self.signposts if reading and one.holds(subject, reading))


@dataclass(frozen=True, slots=True)
class Route:
    """Where one report goes. `force` is the police force whose control room works it; None is every control room."""

    force: str | None
    destinations: tuple[Destination, ...]
    responsible: tuple[str, ...] = ()

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues in which the control room has it."""
        mine = {d.queue for d in self.destinations if d.agency in (self.force, NOBODY)}
        return tuple(sorted(mine))

    def moved(self, force: str | None) -> "Route":
        """The same, where a person sent it to another police force: that one has what the area's own would have."""
        if force in (None, self.force):
            return self
        theirs = (d.model_copy(update={"agency": force}) if d.agency == self.force else d for d in self.destinations)
        return replace(self, force=force, destinations=tuple(theirs))


def route(subject: Subject, directory: Directory, table: RoutingTable) -> Route:
    """Every destination, each with its reason and its ground; what no row places goes to a person."""
    against = directory.complained_of(subject.report.answers, subject.area, table.blamed.by(subject.report))
    responsible = tuple(body.name for body in table.responsible(subject))
    if subject.area is None:
        return replace(_nobodys(subject, directory, against), responsible=responsible)
    router = _Router(subject, subject.area, directory, against)
    if router.force is None:
        nobodys = _looked_at(NOBODY, "the only police force is the party complained of", subject)
        return Route(None, nobodys, responsible)
    assessment = subject.assessment
    rows = (row for row in table.rows if assessment and row.holds(subject, assessment))
    found = [destination for row in rows for destination in router.destinations(row)]
    if not is_read(assessment):
        found += _looked_at(router.force.id, "not yet read", subject)
    found = found or [_review(router.force.id, "no rule places it")]
    return Route(router.force.id, _once_each(router.with_conflict(found)), responsible)


def _nobodys(subject: Subject, directory: Directory, against: frozenset[str]) -> Route:
    """The area is not known: every control room has it, but never that of the force complained of.

    Unless every force is ("the police", and no name): somebody must see it, and is told so.
    """
    forces = directory.of_kind(Kind.police)
    free = [force.id for force in forces if force.id not in against]
    who, why = None, "the area is not known"
    if not free:
        why += ", and every police force may be complained of"
    elif len(free) < len(forces):
        who, why = free[0], f"{why}, and a police force is complained of"
    return Route(who, _looked_at(who or NOBODY, why, subject))


def _looked_at(agency: str, reason: str, subject: Subject) -> tuple[Destination, ...]:
    """A person decides: in `review`, which is the lowest queue; so danger is in the control room's as well."""
    queues = (REVIEW,) if subject.danger is DangerClass.everything_else else (CONTROL_ROOM, REVIEW)
    return tuple(Destination(agency=agency, queue=queue, reason=reason, ground=A_PERSON) for queue in queues)


@dataclass
class _Router:
    """One report on its way to the agencies of its area."""

    subject: Subject
    area: str
    directory: Directory
    against: frozenset[str]

    @cached_property
    def own_force(self) -> Agency:
        return self.directory.force(self.area)

    @cached_property
    def force(self) -> Agency | None:
        return self.directory.acting_force(self.area, self.against)

    def with_conflict(self, found: list[Destination]) -> list[Destination]:
        """Where the police are complained of, a person of the other force looks at it besides."""
        if self.force is self.own_force or self.force is None:
            return found
        reason = f"the party complained of is, or works for, {self.own_force.name}: {self.force.name} acts instead"
        return [*found, _review(self.force.id, reason)]

    def destinations(self, row: RouteRow) -> Iterator[Destination]:
        """One for each agency that the row names; where there is none, or it is complained of, for a person."""
        assert self.force is not None
        if row.to is Kind.police:
            yield self._to(self.force, row, self.directory.rule(Kind.police).legal_ground or "")
            return
        acting = [agency for agency in self.directory.in_area(self.area, row.to) if self._acts(agency, row)]
        agencies = self._chosen(acting, row)
        if not agencies:
            yield _review(self.force.id, f"{row.reason}: who of kind {row.to} acts here is not known ({row.id})")
        for agency in agencies:
            yield self._given(agency, row)

    def _acts(self, agency: Agency, row: RouteRow) -> bool:
        read = self.subject.assessment
        wanted = {row.queue, *(set(row.behaviours) & set(read.behaviours if read else ()))}
        return not agency.takes or bool(wanted & set(agency.takes))

    def _chosen(self, acting: list[Agency], row: RouteRow) -> list[Agency]:
        if row.only == "landlord":
            return _landlords(acting, _landlord(self.subject.report) or "")
        if row.only == "called":
            said = spoken(self.subject.report.text)
            return [agency for agency in acting if says(agency.names, said)]
        return acting

    def _given(self, agency: Agency, row: RouteRow) -> Destination:
        assert self.force is not None
        ground = self.directory.ground(agency, self.subject.report.consent)
        if agency.id in self.against:
            return self._conflict(agency, row)
        if row.to is Kind.case_review and agency.id in self.subject.against:
            return _review(self.force.id, f"{row.reason}: which panel may have it, a person decides ({row.id})")
        if ground is None:
            reason = f"withheld from {agency.name}: no consent ({row.id})"
            police = self.directory.rule(Kind.police).legal_ground or ""
            return Destination(agency=self.force.id, queue=NEIGHBOURHOOD, reason=reason, ground=police)
        return self._to(agency, row, ground)

    def _conflict(self, agency: Agency, row: RouteRow) -> Destination:
        assert self.force is not None
        kinds = (row.to, *((row.instead,) if row.instead else ()))
        others = [a.name for kind in kinds for a in self.directory.in_area(self.area, kind) if a.id not in self.against]
        proposed = f"; proposed instead: {others[0]}" if others else "; nobody else of its kind acts here"
        return _review(self.force.id, f"the party complained of is, or works for, {agency.name}{proposed} ({row.id})")

    def _to(self, agency: Agency, row: RouteRow, ground: str) -> Destination:
        return Destination(agency=agency.id, queue=row.queue, reason=f"{row.reason} ({row.id})", ground=ground)


def _landlord(report: ReportReceived) -> str | None:
    """What the reporter answered, unless it names nobody who lets."""
    given = (report.answers.landlord or "").strip()
    return None if given.casefold() in RENTED_FROM_NOBODY else given


def _landlords(acting: list[Agency], given: str) -> list[Agency]:
    """The landlord by name; by what it lets as, where only one does; nobody where that leaves a choice."""
    named = [agency for agency in acting if agency.is_called(given)]
    such = named or [agency for agency in acting if given.casefold() in agency.lets_as]
    return such if len(such) == 1 else []


def _review(agency: str, reason: str) -> Destination:
    return Destination(agency=agency, queue=REVIEW, reason=reason, ground=A_PERSON)


def _once_each(found: list[Destination]) -> tuple[Destination, ...]:
    """One for each agency and queue, with every reason; what is withheld only adds its reason where police have it."""
    kept: dict[tuple[str, str], Destination] = {}
    for destination in sorted(found, key=lambda d: d.reason.startswith("withheld")):
        place = destination.agency, destination.queue
        if destination.reason.startswith("withheld"):
            place = next((p for p in kept if p[0] == destination.agency and p[1] != REVIEW), place)
        first = kept.get(place)
        reason = f"{first.reason}; {destination.reason}" if first else destination.reason
        kept[place] = (first or destination).model_copy(update={"reason": reason})
    return tuple(kept.values())
