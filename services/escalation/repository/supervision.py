"""What a supervisor asks of the queue. Drills never count."""

from datetime import datetime
from typing import Any, Final

from services.escalation.domain.alerting import NEARLY, NO_CONTACT_AFTER
from services.escalation.repository.queue import MINE, RANK
from shared.database import Connection

OPEN: Final = f"""
select item.report_id, cases.reference, item.danger_class, cases.grade, item.target_at, item.opened_at,
       item.queues, item.claimed_at, item.contacted_at,
       case when item.lease_until > $2 then item.holder_name end as holder,
       greatest(item.waiting_since, item.lease_until) as waiting_since,
       cases.rulebook is null as unread
from queue_item as item join cases using (report_id)
where item.state = 'open' and not item.drill and {MINE}
"""  # noqa: S608 - constants only

LISTS: Final = {
    "breached": "item.contacted_at is null and item.target_at <= $2",
    "nearly": "item.contacted_at is null and item.target_at > $2 and item.target_at <= $2 + $3::interval",
    "unclaimed": "item.danger_class <= 2 and coalesce(item.lease_until <= $2, true)",
    "no_contact": "item.lease_until > $2 and item.contacted_at is null and item.claimed_at <= $2 - $4::interval",
    "not_placed": "item.queues = array['review'::varchar]",
    "unread": "cases.rulebook is null",
}
"""What puts a case on each list that a supervisor sees: $2 now, $3 how near, $4 how long without contact."""

LISTED: Final = f"""
{OPEN} and $3::interval is not null and $4::interval is not null and {{wanted}} order by {RANK} limit 500
"""

WORKLOAD: Final = f"""
select holder_name, count(*) filter (where item.state = 'open' and item.lease_until > $2) as holds,
       count(*) filter (where item.state = 'open' and item.lease_until > $2 and item.contacted_at is null) as waiting,
       count(*) filter (where item.state = 'closed' and item.closed_at > $2 - interval '12 hours') as closed,
       min(item.claimed_at) filter (where item.state = 'open' and item.lease_until > $2) as since
from queue_item as item where holder_name is not null and not item.drill and {MINE}
group by holder_name having max(coalesce(item.closed_at, item.lease_until)) > $2 - interval '12 hours'
order by holder_name
"""  # noqa: S608 - constants only

COUNTS: Final = """
select (select count(*) from outbox where topic = 'reports.routed') as receipts_unsent,
       (select min(due_at) from outbox where topic = 'reports.routed') as receipts_since,
       (select count(*) from cases join queue_item using (report_id)
        where cases.receipt is null and not drill) as receipts_not_due,
       (select count(*) from cases where rulebook is null and receipt is not null) as set_aside
"""


async def a_list(connection: Connection, name: str, force: str, now: datetime) -> list[Any]:
    """One of LISTS, in the order of the queue."""
    return await connection.fetch(LISTED.format(wanted=LISTS[name]), force, now, NEARLY, NO_CONTACT_AFTER)


async def workload(connection: Connection, force: str, now: datetime) -> list[Any]:
    """Who holds how many, and what they closed this shift."""
    return await connection.fetch(WORKLOAD, force, now)


async def counts(connection: Connection) -> Any:
    """Receipts on their way or not due yet, and what could not be read."""
    return await connection.fetchrow(COUNTS)
