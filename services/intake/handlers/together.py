"""Reports that come at once, kept in one transaction: turns to the database were a quarter of what a report costs.

Only those are kept so that depend on nobody. Any other, of a household that somebody is telling of now or told of
before, or with an Idempotency-Key that is known, is taken alone, and so are all where one of them cannot be written or
waits for somebody: none fails for another's sake.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from services.intake.domain.households import Keyring
from services.intake.domain.reports import reporters_secret
from services.intake.handlers import households
from services.intake.handlers import reports as alone
from services.intake.handlers.reports import Accepted, Told
from services.intake.repository import reports
from services.intake.repository.reports import Acceptance
from shared.database import Connection, Pool, transaction
from shared.outbox import Bell

log = structlog.get_logger()

AT_ONCE: Final = 2
"""Transactions: the fewer, the more go in each; but one that is stalled leaves the way free for those after it."""


@dataclass
class Together:
    """Whoever comes in the same turn of the event loop, or while there is no room, goes together."""

    pool: Pool
    bell: Bell
    ring: Keyring
    _coming: list[Acceptance] = field(default_factory=list)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _going: "asyncio.Task[set[UUID]] | None" = None

    async def accept(self, told: Told, now: datetime) -> Accepted:
        """As `reports.accept`."""
        report = alone.new(told, now)
        secret = reporters_secret(self.ring.reporters[0], report.report_id)
        acceptance = alone.acceptance(report, told, households.known_by(report, self.ring), secret, now)
        if report.report_id not in await asyncio.shield(self._joined(acceptance)):
            return await alone.accept(told, self.pool, self.bell, self.ring, now)
        return Accepted(report.report_id, report.reference, secret)

    def _joined(self, acceptance: Acceptance) -> "asyncio.Task[set[UUID]]":
        if not self._coming or self._going is None:
            self._going = asyncio.create_task(self._gone())
        self._coming.append(acceptance)
        return self._going

    async def _gone(self) -> set[UUID]:
        """Which were kept. Raises DatabaseUnavailable, with nothing kept."""
        async with self._room:
            coming, self._coming = self._coming, []
            try:
                async with transaction(self.pool) as connection:
                    kept = await _kept(connection, list(_one_of_each_household(coming)))
            except asyncpg.PostgresError as error:
                log.warning("not kept together", reports=len(coming), reason=type(error).__name__)
                return set()
            self.bell.ring()
            return kept


def _one_of_each_household(coming: Iterable[Acceptance]) -> Iterator[Acceptance]:
    seen: set[bytes] = set()
    for one in coming:
        digests = {key.digest for key in one.recognised.keys}
        if digests.isdisjoint(seen):
            seen |= digests
            yield one


async def _kept(connection: Connection, coming: Sequence[Acceptance]) -> set[UUID]:
    await reports.wait_little(connection)
    known = {one.report.report_id: one.recognised for one in coming}
    unlinked = await households.unlinked(connection, known, coming[0].at)
    return await reports.accept(connection, (one for one in coming if one.report.report_id in unlinked))
