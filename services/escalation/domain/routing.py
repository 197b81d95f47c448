"""Where a report goes (codebook §5), by the routing table (rules/routing.toml): every row that holds, never nowhere."""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict

from services.escalation.domain.directory import Agency, Directory, Kind
from shared.events import Assessment, DangerClass, Destination, Flag, Label, ReportReceived

REVIEW: Final = "review"
CONTROL_ROOM: Final = "control_room"
NOBODY: Final = "none"
"""The agency of a destination that is nobody's yet: a person decides."""

RENTED_FROM_NOBODY: Final = frozenset({"none", "no", "own", "owner", "private", "unknown", ""})


class RouteRow(BaseModel):
    """One row of codebook §5. Every condition that is given must hold; one of its several values is enough."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    to: Kind
    queue: str
    reason: str
    danger_class: tuple[DangerClass, ...] = ()
    labels: tuple[Label, ...] = ()
    behaviours: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    happening_now: bool | None = None
    landlord_known: bool = False
    earlier_reports: int = 0

    def holds(self, report: ReportReceived, danger: DangerClass, assessment: Assessment) -> bool:
        return (
            (not self.danger_class or danger in self.danger_class)
            and (not self.labels or bool(set(self.labels) & set(assessment.labels)))
            and (not self.behaviours or bool(set(self.behaviours) & set(assessment.behaviours)))
            and (not self.flags or bool(set(self.flags) & set(assessment.flags)))
            and self.happening_now in (None, assessment.happening_now)
            and (not self.landlord_known or _has_landlord(report))
            and max(report.history.reports, assessment.reported_before) >= self.earlier_reports
        )


class RoutingTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: tuple[RouteRow, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """Where one report goes. `force` is the police force whose control room works it; None is every control room."""

    force: str | None
    destinations: tuple[Destination, ...]

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues in which the control room has it."""
        mine = {d.queue for d in self.destinations if d.agency in (self.force, NOBODY)}
        return tuple(sorted(mine))


def _has_landlord(report: ReportReceived) -> bool:
    return (report.answers.landlord or "").strip().casefold() not in RENTED_FROM_NOBODY


def route(
    report: ReportReceived,
    assessment: Assessment | None,
    danger: DangerClass,
    directory: Directory,
    table: RoutingTable,
) -> Route:
    """Every destination, each with its reason and its ground; what no row places goes to `review`."""
    area = directory.area_of(report.place)
    if area is None:
        return Route(None, (_review(NOBODY, "the area is not known"),))
    (force,) = directory.in_area(area, Kind.police)
    if force.is_or_employs(report.answers.party_organisation):
        return Route(None, (_review(NOBODY, f"the party complained of is or works for {force.name}"),))
    if assessment is None:
        return Route(force.id, (_review(force.id, "not yet read"),))
    found: list[Destination] = []
    for row in table.rows:
        if row.holds(report, danger, assessment):
            found += _destinations(row, report, area, force, directory)
    return Route(force.id, _once_each(found) or (_review(force.id, "no rule places it"),))


def _destinations(
    row: RouteRow, report: ReportReceived, area: str, force: Agency, directory: Directory
) -> list[Destination]:
    rule = directory.rule(row.to)
    agencies = directory.in_area(area, row.to)
    if not agencies:
        return [_review(force.id, f"{row.reason}; nobody of kind {row.to} acts here")]
    found = []
    for agency in agencies:
        if agency.is_or_employs(report.answers.party_organisation):
            found.append(_review(force.id, f"the party complained of is or works for {agency.name}"))
        elif rule.legal_ground is not None:
            found.append(_to(agency, row, rule.legal_ground))
        elif row.to in report.consent:
            found.append(_to(agency, row, "consent"))
        else:
            found.append(
                Destination(
                    agency=force.id,
                    queue="neighbourhood",
                    reason=f"withheld from {agency.name}: no consent ({row.id})",
                    ground=directory.rule(Kind.police).legal_ground or "",
                )
            )
    return found


def _to(agency: Agency, row: RouteRow, ground: str) -> Destination:
    return Destination(agency=agency.id, queue=row.queue, reason=f"{row.reason} ({row.id})", ground=ground)


def _review(agency: str, reason: str) -> Destination:
    return Destination(agency=agency, queue=REVIEW, reason=reason, ground="a person decides")


def _once_each(found: list[Destination]) -> tuple[Destination, ...]:
    """One for each agency and queue, the first reason kept."""
    kept: dict[tuple[str, str], Destination] = {}
    for destination in found:
        kept.setdefault((destination.agency, destination.queue), destination)
    return tuple(kept.values())
