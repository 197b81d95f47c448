"""The directory: who acts where, on what ground, and what each kind of agency may see."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events import Place


class Kind(StrEnum):
    police = "police"
    council_asb = "council_asb"
    environmental_health = "environmental_health"
    housing = "housing"
    school = "school"
    safeguarding = "safeguarding"
    stalking_advocacy = "stalking_advocacy"
    hate_crime_support = "hate_crime_support"
    emergency_service = "emergency_service"
    case_review = "case_review"


class Sees(StrEnum):
    """What a kind of agency may see of a report beyond its reference, times and queue."""

    story = "story"
    labels = "labels"
    threat = "threat"
    place = "place"
    contact = "contact"


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Area(Part):
    id: str
    name: str
    outward: tuple[str, ...] = Field(description="outward codes wholly inside the area")


class KindRule(Part):
    """On what ground a kind of agency is given reports: a legal one by name, or, where None, by consent alone."""

    kind: Kind
    legal_ground: str | None = None
    sees: tuple[Sees, ...]


class Agency(Part):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")
    name: str
    kind: Kind
    areas: tuple[str, ...] = Field(min_length=1)
    also_known_as: tuple[str, ...] = ()

    def is_or_employs(self, organisation: str | None) -> bool:
        """Whether the party complained of is this body, or works for it."""
        named = (organisation or "").casefold()
        return bool(named) and any(_names(known.casefold(), named) for known in (self.name, *self.also_known_as))


def _names(known: str, named: str) -> bool:
    return known in named or named in known


class Directory(Part):
    areas: tuple[Area, ...]
    kinds: tuple[KindRule, ...]
    agencies: tuple[Agency, ...]

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        areas = {area.id for area in self.areas}
        kinds = {rule.kind for rule in self.kinds}
        for agency in self.agencies:
            if unknown := set(agency.areas) - areas:
                raise ValueError(f"agency {agency.id}: no area is called {', '.join(sorted(unknown))}")
            if agency.kind not in kinds:
                raise ValueError(f"agency {agency.id}: no [[kinds]] entry says what {agency.kind} may see")
        for name, ids in (("area", [a.id for a in self.areas]), ("agency", [a.id for a in self.agencies])):
            if twice := {i for i in ids if ids.count(i) > 1}:
                raise ValueError(f"{name} {', '.join(sorted(twice))} is there twice")
        for area in sorted(areas):
            if len(self.in_area(area, Kind.police)) != 1:
                raise ValueError(f"area {area} needs exactly one police force")
        return self

    def area_of(self, place: Place) -> str | None:
        """The one area that the postcode lies in; None where it is unknown or on a boundary."""
        outward = _outward(place.postcode)
        found = [area.id for area in self.areas if outward in area.outward]
        return found[0] if len(found) == 1 else None

    def in_area(self, area: str, kind: Kind) -> tuple[Agency, ...]:
        return tuple(agency for agency in self.agencies if agency.kind is kind and area in agency.areas)

    def rule(self, kind: Kind) -> KindRule:
        return next(rule for rule in self.kinds if rule.kind is kind)

    def agency(self, agency_id: str) -> Agency | None:
        return next((agency for agency in self.agencies if agency.id == agency_id), None)


def _outward(postcode: str | None) -> str:
    """The first half of a UK postcode, however it was typed: the inward half is always three characters."""
    packed = "".join((postcode or "").split()).upper()
    return packed[:-3] if len(packed) >= 5 else packed
