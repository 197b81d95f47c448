"""What decides: the directory, the grading and the routing table as in force, and the areas of postcodes."""

import asyncio
import time
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from services.escalation.coverage import Coverage
from services.escalation.domain.drills import Drills
from services.escalation.domain.grading import GradingTable
from services.escalation.domain.routing import RoutingTable
from services.escalation.domain.rules import Rules
from services.escalation.errors import NoDirectory
from services.escalation.repository.directories import directory, newest_version
from shared.database import Connection, Pool, transaction
from shared.postcodes import postcode_of
from shared.told import Place

TABLES: Final = Path(__file__).parent / "rules"
ROUTING: Final = Path(__file__).parents[2] / "shared" / "routing.toml"
FRESH: Final = 5.0  # seconds that a directory is used before it is looked up again


def grading() -> GradingTable:
    return GradingTable.model_validate(tomllib.loads((TABLES / "grading.toml").read_text()))


def routing() -> RoutingTable:
    return RoutingTable.model_validate(tomllib.loads(ROUTING.read_text()))


def drills() -> Drills:
    return Drills.model_validate(tomllib.loads((TABLES / "drills.toml").read_text()))


@dataclass
class RulesInForce:
    """The tables, with the newest directory; every few seconds it is seen whether there is a newer one."""

    pool: Pool
    coverage: Coverage | None = None
    _rules: Rules | None = None
    _version: int | None = None
    _read_at: float = 0.0

    async def current(self) -> Rules:
        """Raises NoDirectory while no directory was loaded, and DatabaseUnavailable."""
        if self._rules is None or time.monotonic() - self._read_at > FRESH:
            async with transaction(self.pool) as connection:
                await self._bring_up_to_date(connection)
            self._read_at = time.monotonic()
        if self._rules is None:
            raise NoDirectory("no directory is loaded: heard directory load FILE")
        return self._rules

    async def _bring_up_to_date(self, connection: Connection) -> None:
        newest = await newest_version(connection)
        if newest is not None and newest != self._version:
            self._rules = Rules(await directory(connection, newest), grading(), routing())
            self._version = newest

    async def covering(self, places: Iterable[Place]) -> Rules:
        """The rules in force, with the areas of those postcodes that the directory's own table leaves open."""
        return await covering(await self.current(), self.coverage, places)


async def covering(rules: Rules, coverage: Coverage | None, places: Iterable[Place]) -> Rules:
    """These rules, with the areas of those postcodes that their directory's own table leaves open."""
    if coverage is None:
        return rules
    asked = sorted({one for p in places if rules.directory.area_of(p) is None and (one := postcode_of(p))})
    districts = await asyncio.gather(*(coverage.district(postcode) for postcode in asked))
    found = {
        postcode: rules.directory.area_of_district(*named)
        for postcode, named in zip(asked, districts, strict=True)
        if named
    }
    return replace(rules, looked_up={postcode: area for postcode, area in found.items() if area})
