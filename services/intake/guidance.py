"""Who handles what and who can help, read from the data that all services share."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

DATA: Final = Path(__file__).parents[2] / "shared" / "guidance.toml"


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
    """One kind of trouble, the codebook's behaviours that it stands for, and the kinds of agency that act on it."""

    id: str
    name: str
    behaviours: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    to: tuple[str, ...]
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
    return Guidance.model_validate(tomllib.loads(DATA.read_text()))


@cache
def local_names(directory: Path | None) -> Mapping[str, tuple[str, ...]]:
    """The names of the agencies of each kind, from the directory that routes; empty where none is given."""
    if directory is None:
        return {}
    agencies = tomllib.loads(directory.read_text())["agencies"]
    kinds = {agency["kind"] for agency in agencies}
    return {kind: tuple(agency["name"] for agency in agencies if agency["kind"] == kind) for kind in kinds}
