"""A complaint comes to count after later ones of its series were counted: those are counted once more."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.escalation.domain.rules import Covering
from services.escalation.domain.timeline import LINKED
from services.escalation.handlers.case_reviews import counted
from services.escalation.handlers.cases import route_anew
from services.escalation.repository import audit, case_reviews, cases
from shared.database import Pool, transaction
from shared.outbox import Bell


async def recount(ids: Sequence[UUID], covering: Covering, pool: Pool, bell: Bell, now: datetime) -> None:
    """Route anew the later complaints of these that meet the threshold by now, and are in no review.

    One that waited long in its lane, or that only a person could read, was none when they were counted.
    """
    async with transaction(pool) as connection:
        linked = await audit.later(connection, ids, LINKED)
        later = await cases.events(connection, linked) if linked else []
    if not later:
        return
    rules = await covering(event.report.place for event in later)
    async with transaction(pool) as connection:
        counts = await counted(connection, later, rules)
        met = {one.report.reference: i for one in later if (i := one.report_id) in counts and counts[i].met}
        reviewed = {row["reference"] for row in await case_reviews.about(connection, met)}
    if due := [report_id for reference, report_id in met.items() if reference not in reviewed]:
        await route_anew(due, pool, bell, rules, now)
