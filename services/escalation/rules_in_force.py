"""What decides: the directory, the grading and the routing table, as read from files and as in force."""

import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from services.escalation.domain.directory import Directory
from services.escalation.domain.drills import Drills
from services.escalation.domain.grading import GradingTable
from services.escalation.domain.routing import RoutingTable
from services.escalation.errors import DirectoryRefused
from services.escalation.handlers.cases import Rules
from services.escalation.repository.directories import newest_directory
from shared.consumer import NotYet
from shared.database import Pool, transaction

TABLES: Final = Path(__file__).parent / "rules"
FRESH: Final = 5.0  # seconds that a directory is used before it is looked up again


def read_directory(path: Path) -> Directory:
    """A directory from a TOML file, whole or not at all. Raises DirectoryRefused with each place and reason."""
    try:
        return Directory.model_validate(tomllib.loads(path.read_text()))
    except tomllib.TOMLDecodeError as error:
        raise DirectoryRefused(f"{path}: not TOML: {error}") from error
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'directory'}: {fault['msg']}" for fault in error.errors()]
        raise DirectoryRefused(f"{path}: " + "; ".join(faults)) from error


def grading() -> GradingTable:
    return GradingTable.model_validate(tomllib.loads((TABLES / "grading.toml").read_text()))


def routing() -> RoutingTable:
    return RoutingTable.model_validate(tomllib.loads((TABLES / "routing.toml").read_text()))


def drills() -> Drills:
    return Drills.model_validate(tomllib.loads((TABLES / "drills.toml").read_text()))


@dataclass
class RulesInForce:
    """The tables, with the newest directory; looked up again every few seconds."""

    pool: Pool
    _rules: Rules | None = None
    _read_at: float = 0.0

    async def current(self) -> Rules:
        """Raises NotYet while no directory was loaded, and DatabaseUnavailable."""
        if self._rules is None or time.monotonic() - self._read_at > FRESH:
            async with transaction(self.pool) as connection:
                directory = await newest_directory(connection)
            if directory is None:
                raise NotYet("no directory is loaded: heard directory load FILE")
            self._rules, self._read_at = Rules(directory, grading(), routing()), time.monotonic()
        return self._rules
