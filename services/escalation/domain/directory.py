"""The directory: who acts where, on what ground, what each kind of agency may see, and how soon it is to answer."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Annotated, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, PositiveInt

from services.escalation.domain.grading import Grade
from services.escalation.domain.names import Index, is_called, says, spoken, works_for
from shared.postcodes import postcode_of
from shared.told import AgencyKind, Answers, Place

Kind = AgencyKind


class Sees(StrEnum):
    """What a kind of agency may see of a report beyond its reference, times and queue."""

    story = "story"
    labels = "labels"
    strands = "strands"
    threat = "threat"
    party = "party"
    place = "place"
    contact = "contact"


YEAR: Final = 366 * 24 * 60  # minutes: no target is further off
Minutes = Annotated[int, Field(gt=0, le=YEAR)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Threshold(Part):
    """When an ASB Case Review is due: so many qualifying complaints within so many days (facts.md)."""

    complaints: PositiveInt = Field(3, description="from one person or household")
    from_several: PositiveInt | None = Field(None, description="from several people together; None: the same number")
    days: PositiveInt = Field(183, le=3660)


class Area(Part):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")
    name: str = Field(min_length=1)
    outward: tuple[str, ...] = Field((), description="outward codes (the first half of a postcode) inside the area")
    districts: tuple[str, ...] = Field(
        (), description="as a postcode service names or codes them: E07000123, Northmoor"
    )
    targets: Mapping[Grade, Minutes] = Field({}, description="minutes, where not those of the grading table")
    police_instead: str | None = Field(None, description="the force that has what is said of this area's own")
    case_review: Threshold = Threshold()


class KindRule(Part):
    """On what ground a kind of agency is given reports: a legal one by name, or, where None, by consent alone."""

    kind: Kind
    legal_ground: str | None = Field(None, min_length=3)
    sees: tuple[Sees, ...] = Field(min_length=1)
    acknowledge_within: Minutes | None = Field(None, description="minutes; None: it has queues of its own")
    called: tuple[str, ...] = Field((), description="what people call such a body, when they do not give its name")
    staff: tuple[str, ...] = Field((), description="what people call those who work for it")


class Contact(Part):
    """How staff reach an agency. What was not checked is marked `unverified`, and never shown to a reporter."""

    phone: str | None = None
    email: str | None = None
    page: HttpUrl | None = None
    unverified: bool = True

    @property
    def ways(self) -> str:
        return ", ".join(str(way) for way in (self.phone, self.email, self.page) if way)


class Agency(Part):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")
    name: str = Field(min_length=1)
    kind: Kind
    areas: tuple[str, ...] = Field(min_length=1)
    part_of: str | None = Field(
        None, min_length=1, description="the body it belongs to: a complaint of one is a complaint of all"
    )
    also_known_as: tuple[str, ...] = ()
    takes: tuple[str, ...] = Field((), description="queues and behaviours that it takes; empty: all that its kind does")
    lets_as: tuple[str, ...] = Field((), description="a landlord: the answers on the form that mean this one")
    acknowledge_within: Minutes | None = Field(None, description="minutes, where not what its kind does")
    contact: Contact = Contact()
    kafka: bool = Field(False, description="whether ids go to the topic agency.<id> too")

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.also_known_as, *((self.part_of,) if self.part_of else ()))

    def is_called(self, given: str | None) -> bool:
        return bool(given) and any(is_called(name, given or "") for name in self.names)


class Directory(Part):
    areas: tuple[Area, ...] = Field(min_length=1)
    kinds: tuple[KindRule, ...] = Field(min_length=1)
    agencies: tuple[Agency, ...] = Field(min_length=1)

    def area_of(self, place: Place) -> str | None:
        """The one area that its postcode lies in; None where that is unknown or on a boundary.

        An outward code alone will do where a postcode was asked for, and so will one with a slip in its second half.
        """
        found = self._by_outward.get(outward_code(place.postcode))
        found = found or self._by_outward.get(outward_code(postcode_of(place)), ())
        return found[0].id if len(found) == 1 else None

    def area_of_district(self, *district: str) -> str | None:
        """The one area that a district, by any of its names or codes, belongs to."""
        given = {name.casefold() for name in district}
        found = [area.id for area in self.areas if given & {name.casefold() for name in area.districts}]
        return found[0] if len(found) == 1 else None

    def area(self, area_id: str) -> Area:
        return self._areas[area_id]

    def in_area(self, area: str, kind: Kind) -> tuple[Agency, ...]:
        return self._by_place.get((area, kind), ())

    def rule(self, kind: Kind) -> KindRule:
        return self._rules[kind]

    def agency(self, agency_id: str) -> Agency | None:
        return self._agencies.get(agency_id)

    def lacks(self, belongs_to: str, force: bool) -> str | None:
        """Why nobody can work for this one, an agency or else a police `force`; None where they can."""
        agency = self.agency(belongs_to)
        if agency is None or (force and agency.kind is not Kind.police):
            return f"the directory has no {'police force' if force else 'agency'} with the id {belongs_to}"
        return None

    def ground(self, agency: Agency, consent: Collection[str]) -> str | None:
        """On what ground an agency may have a report: its kind's legal one, or consent; None: it may not."""
        return self.rule(agency.kind).legal_ground or ("consent" if agency.kind in consent else None)

    def force(self, area: str) -> Agency:
        return self.in_area(area, Kind.police)[0]

    def acting_force(self, area: str, complained_of: frozenset[str]) -> Agency | None:
        """The area's police, or another force where its own is complained of; None where every force is."""
        own = self.force(area)
        return own if own.id not in complained_of else self.other_force(area, complained_of)

    def other_force(self, area: str, complained_of: frozenset[str]) -> Agency | None:
        """The force that acts where the area's own is complained of: the one it names, or else the first other one."""
        named = self.agency(self.area(area).police_instead or "")
        others = (*((named,) if named else ()), *self.of_kind(Kind.police))
        return next((force for force in others if force.id not in complained_of), None)

    def complained_of(self, answers: Answers, area: str | None, blamed: str = "") -> frozenset[str]:
        """The agencies that are, or employ, the party complained of: as answered, or as the report's words `blamed`.

        Those named are meant, wherever they are; besides, "the council" or "a teacher" means every such body of the
        area, and of all areas where the area is not known, unless one of that kind is named.
        """
        return self._against(answers.party_organisation or "", f"{answers.party or ''} {blamed}".strip(), area)

    @cached_property
    def _against(self) -> Callable[[str, str, str | None], frozenset[str]]:
        """Kept for a batch: it is asked several times of each report."""
        return lru_cache(maxsize=256)(self._named_or_meant)

    def _named_or_meant(self, organisation: str, party: str, area: str | None) -> frozenset[str]:
        named = self._with_their_bodies({*self._called(organisation), *self._called(party)})
        kinds = self._meant(spoken(organisation), party) - {self._agencies[one].kind for one in named}
        meant = {a.id for kind in kinds for a in (self.in_area(area, kind) if area else self.of_kind(kind))}
        return named | self._with_their_bodies(meant)

    def _with_their_bodies(self, found: set[str]) -> frozenset[str]:
        """These agencies, and all of the bodies that they are part of."""
        bodies = {self._agencies[one].part_of for one in found} - {None}
        return frozenset(found | {agency.id for body in bodies for agency in self._by_body[body]})

    def _meant(self, organisation: str, party: str) -> set[Kind]:
        """The kinds of agency that "the council" or "a teacher" may mean."""
        said = spoken(party)
        return {
            rule.kind
            for rule in self.kinds
            if says((*rule.called, *rule.staff), organisation)
            or says(rule.staff, said)
            or works_for(rule.called, party)
        }

    def of_kind(self, kind: Kind) -> tuple[Agency, ...]:
        return self._by_kind.get(kind, ())

    def _called(self, given: str) -> Iterable[str]:
        return (one for one in self._names.candidates(given) if self._agencies[one].is_called(given))

    def __copy__(self) -> Self:
        """Without what was worked out for this one: the copy may be changed."""
        copied = super().__copy__()
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied

    @cached_property
    def _agencies(self) -> dict[str, Agency]:
        return {agency.id: agency for agency in self.agencies}

    @cached_property
    def _areas(self) -> dict[str, Area]:
        return {area.id: area for area in self.areas}

    @cached_property
    def _rules(self) -> dict[Kind, KindRule]:
        return {rule.kind: rule for rule in self.kinds}

    @cached_property
    def _by_outward(self) -> Mapping[str, tuple[Area, ...]]:
        return _grouped(self.areas, lambda area: area.outward)

    @cached_property
    def _by_place(self) -> Mapping[tuple[str, Kind], tuple[Agency, ...]]:
        return _grouped(self.agencies, lambda agency: [(area, agency.kind) for area in agency.areas])

    @cached_property
    def _by_kind(self) -> Mapping[Kind, tuple[Agency, ...]]:
        return _grouped(self.agencies, lambda agency: [agency.kind])

    @cached_property
    def _by_body(self) -> Mapping[str | None, tuple[Agency, ...]]:
        return _grouped(self.agencies, lambda agency: [agency.part_of])

    @cached_property
    def _names(self) -> Index:
        return Index({agency.id: agency.names for agency in self.agencies})


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _grouped(values: Iterable[V], keys: Callable[[V], Iterable[K]]) -> Mapping[K, tuple[V, ...]]:
    """The values under each of their keys, in their order."""
    found: dict[K, list[V]] = defaultdict(list)
    for value in values:
        for key in dict.fromkeys(keys(value)):
            found[key].append(value)
    return {key: tuple(group) for key, group in found.items()}


def outward_code(postcode: str | None) -> str:
    """The first half of a UK postcode, however it was typed: the inward half is always three characters."""
    packed = "".join((postcode or "").split()).upper()
    return packed[:-3] if len(packed) >= 5 else packed
