"""Who handles what and who can help, read from the data that all services share."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

DATA: Final = Path(__file__).parents[2] / "shared" / "guidance.toml"


class Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Support(Entry):
    """An organisation that helps. What was not `verified` is not shown to the public but by its name."""

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

    def body(self, kind: str) -> Body:
        return next(body for body in self.bodies if body.kind == kind)


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
