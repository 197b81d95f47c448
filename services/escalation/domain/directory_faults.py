"""What is wrong with a directory that reads well by itself: everything in it must hang together."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from services.escalation.domain.directory import Agency, Area, Directory, Kind
from services.escalation.domain.routing import NOBODY

OUTWARD: Final = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?|[A-Z]{1,2}[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Fault:
    """`at` is where: the table, the place in it counted from 0, and the field; the reason says what to do."""

    at: tuple[str | int, ...]
    reason: str


def faults(directory: Directory) -> list[Fault]:
    checks: tuple[Callable[[Directory], Iterator[Fault]], ...] = (
        _twice,
        _nobody,
        _codes,
        _unknown_areas,
        _kinds,
        _police,
        _ambiguous_names,
        _landlords,
    )
    return [fault for check in checks for fault in check(directory)]


def _twice(directory: Directory) -> Iterator[Fault]:
    tables = {
        "areas": [area.id for area in directory.areas],
        "agencies": [agency.id for agency in directory.agencies],
        "kinds": [rule.kind.value for rule in directory.kinds],
    }
    for table, ids in tables.items():
        for n, one in enumerate(ids):
            if one in ids[:n]:
                field = "kind" if table == "kinds" else "id"
                yield Fault((table, n, field), f"{one} is there twice: keep one of them")


def _nobody(directory: Directory) -> Iterator[Fault]:
    for n, agency in enumerate(directory.agencies):
        if agency.id == NOBODY:
            yield Fault(("agencies", n, "id"), f"{NOBODY} is what no agency is called by: choose another id")


def _codes(directory: Directory) -> Iterator[Fault]:
    for n, area in enumerate(directory.areas):
        if not area.outward and not area.districts:
            yield Fault(("areas", n), f"area {area.id} has neither outward codes nor districts: nothing is in it")
        for code in area.outward:
            if not OUTWARD.fullmatch(code):
                yield Fault(("areas", n, "outward"), f"{code!r} is not an outward code such as ZZ1, in capitals")


def _unknown_areas(directory: Directory) -> Iterator[Fault]:
    known = {area.id for area in directory.areas}
    for n, agency in enumerate(directory.agencies):
        for area in agency.areas:
            if area not in known:
                yield Fault(("agencies", n, "areas"), f"no area is called {area}")


def _kinds(directory: Directory) -> Iterator[Fault]:
    known = {rule.kind for rule in directory.kinds}
    for n, agency in enumerate(directory.agencies):
        if agency.kind not in known:
            yield Fault(("agencies", n, "kind"), f"no [[kinds]] entry says what {agency.kind} may see")
    for n, rule in enumerate(directory.kinds):
        if rule.kind is Kind.police and rule.legal_ground is None:
            yield Fault(("kinds", n), "the police need a legal_ground: what is withheld from others goes to them")


def _police(directory: Directory) -> Iterator[Fault]:
    for n, area in enumerate(directory.areas):
        forces = directory.in_area(area.id, Kind.police)
        if len(forces) != 1:
            yield Fault(("areas", n), f"area {area.id} needs exactly one police force, and has {len(forces)}")
            continue
        yield from _instead(n, area, forces[0], directory)


def _instead(n: int, area: Area, own: Agency, directory: Directory) -> Iterator[Fault]:
    if area.police_instead is not None:
        named = directory.agency(area.police_instead)
        if named is None or named.kind is not Kind.police or named.id == own.id:
            at = ("areas", n, "police_instead")
            yield Fault(at, f"{area.police_instead} is not another police force of this directory")
    elif directory.other_force(area.id, frozenset({own.id})) is None:
        yield Fault(("areas", n), f"area {area.id}: nobody takes what is said of {own.name}: add another police force")


def _ambiguous_names(directory: Directory) -> Iterator[Fault]:
    seen: dict[str, Agency] = {}
    for n, agency in enumerate(directory.agencies):
        for name in (agency.name, *agency.also_known_as):
            other = seen.setdefault(name.casefold(), agency)
            if other.id != agency.id and (agency.part_of is None or other.part_of != agency.part_of):
                yield Fault(("agencies", n), f"{name!r} is also {other.id}: say which body both are part_of")


def _landlords(directory: Directory) -> Iterator[Fault]:
    for n, agency in enumerate(directory.agencies):
        if agency.lets_as and agency.kind is not Kind.housing:
            yield Fault(("agencies", n, "lets_as"), f"{agency.id} is no landlord: only housing lets homes")
