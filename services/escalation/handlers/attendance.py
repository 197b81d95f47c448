"""What comes back: given back by an agency, left lying beyond its target, or an action of a plan that is overdue."""

import asyncio
from datetime import datetime
from typing import Any, Final

from services.escalation.domain.directory import Agency, Kind
from services.escalation.domain.local import local
from services.escalation.domain.rules import Covering, Rules
from services.escalation.handlers.acts import OPEN
from services.escalation.handlers.cases import rules_for
from services.escalation.handlers.coming_back import to_a_person
from services.escalation.handlers.deliveries import hand_over
from services.escalation.repository import case_reviews, cases, deliveries
from shared.clock import Clock
from shared.database import Connection, Pool, transaction
from shared.events import Destination, ReportClassified
from shared.outbox import Bell
from shared.worker import every

BATCH: Final = 100
TICK: Final = 1.0  # seconds


async def settle_returns(pool: Pool, bell: Bell, covering: Covering, now: datetime) -> int:
    """Give each to whom it is said to be for, the first time; to a person from the second time on."""
    async with transaction(pool) as connection:
        rows = await deliveries.returned(connection, BATCH)
    if not rows:
        return 0
    rules = await rules_for([row["report_id"] for row in rows], covering, pool)
    for row in rows:
        async with transaction(pool) as connection:
            if await _taken(connection, row, now):
                await _passed_on(connection, row, rules, now)
    bell.ring()
    return len(rows)


async def _taken(connection: Connection, row: Any, now: datetime) -> bool:
    """Whether it is ours to deal with: the report is locked first, as everywhere."""
    await cases.lock(connection, [row["report_id"]])
    return await deliveries.settle(connection, row, now)


async def _passed_on(connection: Connection, row: Any, rules: Rules, now: datetime) -> None:
    event = await cases.event(connection, row["report_id"])
    if event is None:
        return
    giver = rules.directory.agency(row["agency_id"])
    name = giver.name if giver else row["agency_id"]
    other = rules.directory.agency(row["returned_for"] or "")
    ground = _ground(other, event, rules) if other and other.id != row["agency_id"] else None
    if other and ground and row["returns"] == 1 and not await _is_done_with(connection, other, event):
        queue = rules.routing.queues_of(other.kind)[0]
        to = Destination(agency=other.id, queue=queue, reason=f"passed on by {name}", ground=ground)
        await hand_over(connection, event, to, rules.directory, now)
        return
    for_police = other is not None and other.kind is Kind.police
    whose = "for the police, they say" if for_police else "whose it is, a person decides"
    await to_a_person(connection, event, "returned", f"given back by {name}: {whose}", rules, now)


async def _is_done_with(connection: Connection, agency: Agency, event: ReportClassified) -> bool:
    """Whether the agency had it before, and gave it back or closed it: it would lie there for ever."""
    held = await deliveries.held(connection, agency.id, event.report_id)
    return any(row["state"] not in OPEN for row in held)


def _ground(agency: Agency, event: ReportClassified, rules: Rules) -> str | None:
    """On what ground this agency may have this report; None where it may not, and for the police, who have a queue."""
    if rules.area_of(event.report.place) not in agency.areas or agency.kind is Kind.police:
        return None
    return rules.ground(agency.id, event.report)


async def come_back(pool: Pool, covering: Covering, now: datetime) -> int:
    """Put before a person what an agency has not acknowledged in time; the agency still may."""
    async with transaction(pool) as connection:
        rows = await deliveries.left_lying(connection, now, BATCH)
    if not rows:
        return 0
    rules = await rules_for([row["report_id"] for row in rows], covering, pool)
    for row in rows:
        async with transaction(pool) as connection:
            if await _taken(connection, row, now):
                await _left(connection, row, rules, now)
    return len(rows)


async def _left(connection: Connection, row: Any, rules: Rules, now: datetime) -> None:
    event = await cases.event(connection, row["report_id"])
    agency = rules.directory.agency(row["agency_id"])
    if event is not None:
        name = agency.name if agency else row["agency_id"]
        by = local(row["acknowledge_by"], "%d %B %H:%M %Z")
        await to_a_person(connection, event, "not acknowledged", f"not acknowledged by {name} by {by}", rules, now)


async def overdue_actions(pool: Pool, covering: Covering, now: datetime) -> int:
    """Put before a person, once, what a review's plan had somebody do by a day that is over."""
    async with transaction(pool) as connection:
        due = await case_reviews.due(connection, now)
    if not due:
        return 0
    rules = await rules_for(due, covering, pool)
    async with transaction(pool) as connection:
        await cases.lock(connection, due)
        rows = await case_reviews.overdue(connection, now, due)
        for row in rows:
            event = await cases.event(connection, row["report_id"])
            if event is not None:
                owner = rules.directory.agency(row["owner"])
                reason = f"an action of its ASB Case Review is overdue: {owner.name if owner else row['owner']}"
                await to_a_person(connection, event, "action overdue", reason, rules, now)
    return len(rows)


async def look(pool: Pool, bell: Bell, covering: Covering, now: datetime) -> None:
    """See to what must not be left lying: returns, missed targets and overdue actions."""
    await settle_returns(pool, bell, covering, now)
    await come_back(pool, covering, now)
    await overdue_actions(pool, covering, now)


async def keep_looking(pool: Pool, bell: Bell, covering: Covering, clock: Clock, stop: asyncio.Event) -> None:
    await every(TICK, "attendance", lambda: look(pool, bell, covering, clock.now()), stop)
