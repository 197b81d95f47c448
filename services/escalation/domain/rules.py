"""What decides, together: who acts where, how grave it is, and where it goes."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from services.escalation.domain.directory import Directory
from services.escalation.domain.grading import Grade, GradingTable
from services.escalation.domain.routing import RoutingTable
from shared.events import ReportReceived
from shared.postcodes import postcode_of
from shared.told import Place


@dataclass(frozen=True, slots=True)
class Rules:
    """`looked_up`: the areas of postcodes that the directory's own table leaves open, from a postcode service."""

    directory: Directory
    grading: GradingTable
    routing: RoutingTable
    looked_up: Mapping[str, str] = field(default_factory=dict)

    def area_of(self, place: Place) -> str | None:
        """The one area that a place lies in; None where that is not known."""
        return self.directory.area_of(place) or self.looked_up.get(postcode_of(place) or "")

    def target(self, grade: Grade, area: str | None) -> timedelta:
        """How soon this grade is to be answered there."""
        own = self.directory.area(area).targets if area else {}
        return timedelta(minutes=own.get(grade, self.grading.targets[grade]))

    def complained_of(self, report: ReportReceived) -> frozenset[str]:
        """The agencies that are, or employ, the party that a report complains of, or that its words blame."""
        return self.directory.complained_of(report.answers, self.area_of(report.place), self.routing.blamed.by(report))

    def barred(self, report: ReportReceived) -> frozenset[str]:
        """Those that nobody may send it to: as was answered. What only its words say, a person may judge otherwise."""
        return self.directory.complained_of(report.answers, self.area_of(report.place))

    def ground(self, agency_id: str, report: ReportReceived) -> str | None:
        """On what ground an agency may have a report; None where it may not, or is not there any more."""
        agency = self.directory.agency(agency_id)
        if agency is None or agency_id in self.barred(report):
            return None
        return self.directory.ground(agency, report.consent)


Covering = Callable[[Iterable[Place]], Awaitable[Rules]]
"""The rules, with the areas of these places looked up. It may wait for somebody else's service: never under a lock."""
