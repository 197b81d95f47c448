"""What is compared at the end: who was told 202, what is kept, where each report went, and to whom it was handed."""

import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.routing import NOBODY
from shared.database import Pool
from tests.faults.driver import Driver
from tests.faults.figures import Figure
from tests.faults.operator import Operator

KEPT: Final = "select reference from report"
OPEN: Final = "select reference from report where open_since is not null"
SENT_TWICE: Final = """
select count(*) from (select 1 from report group by source, idempotency_key having count(*) > 1) as twice
"""
CASES_TWICE: Final = """
select count(*) from (select 1 from cases where reference <> 'unreadable' group by reference having count(*) > 1) as two
"""
ROUTES: Final = "select report_id, event, receipt from cases where receipt is not null"
DELIVERED: Final = """
select report_id, agency_id, queue from delivery where kind = 'report' and state not in ('withdrawn', 'erased')
"""
GAPS: Final = """
select coalesce(sum(far - many), 0)::int
from (select max(position) as far, count(*) as many from delivery group by agency_id) as feeds
"""
AREAS: Final = {"1": "northmoor", "2": "northmoor", "3": "northmoor"} | {
    "4": "southvale",
    "5": "southvale",
    "6": "southvale",
}

Place = tuple[UUID, str, str]


@dataclass(frozen=True, slots=True)
class Books:
    """Both databases, read directly."""

    intake: Pool
    escalation: Pool

    async def open(self) -> set[str]:
        """The references whose newest words have no receipt."""
        return {row["reference"] for row in await self.intake.fetch(OPEN)}

    async def account(self, driver: Driver, operator: Operator) -> tuple[Figure, ...]:
        """What may never be, whatever was done."""
        kept = {row["reference"] for row in await self.intake.fetch(KEPT)}
        twice = await self.intake.fetchval(SENT_TWICE) + await self.escalation.fetchval(CASES_TWICE)
        return (
            Figure("accepted and not routed", len(await self.open()), 0),
            Figure("two cases for one report", twice, 0),
            Figure("to the wrong agency", await self._astray(), 0),
            Figure("a lower danger class handed out before a higher", operator.unranked, 0),
            Figure("202 without a row", len(driver.references - kept), 0),
            Figure("never accepted, however often it was sent", len(driver.owed), 0),
            Figure("gaps in the agencies' feeds", await self.escalation.fetchval(GAPS), 0),
        )

    async def _astray(self) -> int:
        """Deliveries that no receipt names, receipts that were not delivered, and agencies of another area."""
        async with self.escalation.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            cases, rows = await connection.fetch(ROUTES), await connection.fetch(DELIVERED)
        named = {place for case in cases for place in _named(case)}
        delivered = {(row["report_id"], row["agency_id"], row["queue"]) for row in rows}
        routed = {case["report_id"] for case in cases}
        unnamed = {place for place in delivered - named if place[0] in routed}
        return len(unnamed | (named - delivered)) + sum(map(_elsewhere, cases))


def _named(case: Any) -> set[Place]:
    destinations = json.loads(case["receipt"])["destinations"]
    return {(case["report_id"], one["agency"], one["queue"]) for one in destinations if one["agency"] != NOBODY}


def _elsewhere(case: Any) -> int:
    """How many agencies of another area than the report's own have it."""
    postcode = json.loads(case["event"])["report"]["place"]["postcode"] or "ZZ"
    area = AREAS.get(postcode[2:3], "")
    return sum(not agency.startswith(area) for _, agency, _ in _named(case))
