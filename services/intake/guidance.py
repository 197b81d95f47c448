"""Who handles what and who can help, read from the data that all services share."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from shared.command import AskedWrongly

SHARED: Final = Path(__file__).parents[2] / "shared"


class Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Support(Entry):
    """An organisation that helps. What was not `verified` is not shown to the public but by its name."""

    id: str
    name: str
    helps: str
    labels: tuple[str, ...]
    phone: str | None = None
    verified: bool = False

    @property
    def shown_phone(self) -> str | None:
        return self.phone if self.verified else None


class Body(Entry):
    """A kind of agency, as a reporter would call it."""

    kind: str
    name: str
    how: str


class Trouble(Entry):
    """One kind of trouble: the codebook's behaviours and labels that it stands for, and who acts on it elsewhere."""

    id: str
    name: str
    behaviours: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    first: str | None = None


class Guidance(Entry):
    support: tuple[Support, ...]
    bodies: tuple[Body, ...]
    troubles: tuple[Trouble, ...]
    not_asb: tuple[str, ...]

    def words(self) -> Iterator[tuple[str, str]]:
        """The words in it, as a catalogue has them: other languages have their own under the same keys."""
        for body in self.bodies:
            yield from ((f"guidance.body.{body.kind}.name", body.name), (f"guidance.body.{body.kind}.how", body.how))
        for trouble in self.troubles:
            yield f"guidance.trouble.{trouble.id}.name", trouble.name
            if trouble.first:
                yield f"guidance.trouble.{trouble.id}.first", trouble.first
        for one in self.support:
            yield from ((f"guidance.support.{one.id}.name", one.name), (f"guidance.support.{one.id}.helps", one.helps))
        for number, words in enumerate(self.not_asb):
            yield f"guidance.not_asb.{number}", words


@cache
def guidance() -> Guidance:
    return Guidance.model_validate(tomllib.loads((SHARED / "guidance.toml").read_text()))


@cache
def whom_to_tell(trouble: str) -> tuple[str, ...]:
    """The kinds of agency that a report of this trouble is routed to, by its table, or who acts on it elsewhere."""
    rows = tomllib.loads((SHARED / "routing.toml").read_text())["rows"]
    about = next(one for one in guidance().troubles if one.id == trouble)
    routed = {row["to"] for row in rows if not row.get("persisting") and _is_about(row, about)}
    return tuple(body.kind for body in guidance().bodies if body.kind in routed or body.kind in about.elsewhere)


def _is_about(row: Mapping[str, Any], trouble: Trouble) -> bool:
    """A row that names behaviours is about those; another about its labels."""
    name = "behaviours" if "behaviours" in row else "labels"
    return bool(set(row.get(name, ())) & set(getattr(trouble, name)))


@cache
def local_names(directory: Path | None) -> Mapping[str, tuple[str, ...]]:
    """The agencies of each kind with their areas, from the directory that routes; empty where none is given.

    Raises AskedWrongly where the file is no directory.
    """
    if directory is None:
        return {}
    try:
        known = tomllib.loads(directory.read_text())
        areas = {area["id"]: area["name"] for area in known["areas"]}
        found: dict[str, tuple[str, ...]] = {}
        for agency in known["agencies"]:
            where = ", ".join(areas[area] for area in agency["areas"])
            found[agency["kind"]] = (*found.get(agency["kind"], ()), f"{agency['name']} ({where})")
    except (OSError, ValueError, LookupError, TypeError) as error:
        about = f"HEARD_INTAKE_DIRECTORY: {directory} is no directory: {error!r}"
        raise AskedWrongly(f"{about}: `heard directory load --dry-run` says what to mend") from error
    return found
