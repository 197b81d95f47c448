"""Who signs in to a page, and what each role may do there."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    operator = "operator"
    supervisor = "supervisor"
    admin = "admin"
    auditor = "auditor"
    agency = "agency"


class Theme(StrEnum):
    dark = "dark"
    light = "light"


WORKS_THE_QUEUE: Final = frozenset({Role.operator, Role.supervisor})
SUPERVISES: Final = frozenset({Role.supervisor})
ADMINISTERS: Final = frozenset({Role.admin})
AUDITS: Final = frozenset({Role.auditor})
ABOVE_FORCES: Final = ADMINISTERS | AUDITS
"""Whom they belong to changes nothing (docs/decisions/0035)."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """How somebody wants the pages to be: `keys` is whether single letters are commands."""

    theme: Theme = Theme.dark
    muted: bool = False
    keys: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in: `belongs_to` is the police force whose queue they work, or their agency."""

    id: str
    name: str
    role: Role
    belongs_to: str
    preferences: Preferences = Preferences()

    @property
    def worker(self) -> "Worker":
        return Worker(self.id, self.name, self.belongs_to)


@dataclass(frozen=True, slots=True)
class Worker:
    """Whoever works a police force's queue: a person at a page, or a control room's program."""

    id: str
    name: str
    force: str
