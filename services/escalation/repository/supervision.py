"""What a supervisor asks of the queue. Drills never count."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.escalation.domain.alerting import NEARLY, NO_CONTACT_AFTER, Listed
from services.escalation.repository.queue import MINE, RANK
from shared.database import Connection, arrays
from shared.kafka import CLASSIFIED, RECEIVED

MOST: Final = 500  # rows of a list

OPEN: Final = f"""
select item.*, cases.reference, cases.grade, cases.rulebook is null as unread,
       case when item.lease_until > $2 then item.holder_name end as held_by,
       greatest(item.waiting_since, item.lease_until) as waits_since,
       row_number() over near_copies as nth, first_value(cases.reference) over near_copies as behind,
       count(*) over (partition by coalesce(item.fold, item.report_id), item.force) - 1 as copies
from queue_item as item join cases using (report_id)
where item.state = 'open' and not item.drill and {MINE}
window near_copies as (partition by coalesce(item.fold, item.report_id), item.force order by {RANK})
"""  # noqa: S608 - constants only

LISTS: Final = {
    Listed.breached: "nth = 1 and contacted_at is null and target_at <= $2",
    Listed.nearly: "nth = 1 and contacted_at is null and target_at > $2 and target_at <= $2 + $3::interval",
    Listed.unclaimed: "nth = 1 and danger_class <= 2 and coalesce(lease_until <= $2, true)",
    Listed.no_contact: "lease_until > $2 and contacted_at is null and claimed_at <= $2 - $4::interval",
    Listed.in_review: "nth = 1 and 'review' = any(queues)",
    Listed.unread: "nth = 1 and unread",
    Listed.folded: "nth > 1",
}
"""What puts a case on each list that a supervisor sees: $2 now, $3 how near, $4 how long without contact."""

LISTED: Final = f"""
select report_id, reference, danger_class, grade, target_at, opened_at, queues, claimed_at, contacted_at, unread,
       copies, behind, held_by as holder, holder as holder_id, waits_since as waiting_since
from ({OPEN}) as item
where $3::interval is not null and $4::interval is not null and {{wanted}} order by {RANK} limit {MOST}
"""  # noqa: S608 - constants only

WORKLOAD: Final = f"""
select holder_name, count(*) filter (where item.state = 'open' and item.lease_until > $2) as holds,
       count(*) filter (where item.state = 'open' and item.lease_until > $2 and item.contacted_at is null) as waiting,
       count(*) filter (where item.state = 'closed' and item.closed_at > $2 - interval '12 hours') as closed,
       min(item.claimed_at) filter (where item.state = 'open' and item.lease_until > $2) as since
from queue_item as item where holder_name is not null and not item.drill and {MINE}
  and (item.state <> 'closed' or item.closed_at > $2 - interval '12 hours')
group by holder_name having max(coalesce(item.closed_at, item.lease_until)) > $2 - interval '12 hours'
order by holder_name
"""  # noqa: S608 - constants only

COUNTS: Final = """
select (select count(*) from outbox where topic = 'reports.routed') as receipts_unsent,
       (select min(due_at) from outbox where topic = 'reports.routed') as receipts_since,
       (select count(*) from cases join queue_item using (report_id)
        where cases.receipt is null and not drill) as receipts_not_due,
       array(select agency_id from webhook where gave_up_at is not null order by agency_id) as untold
"""

KEEP_SET_ASIDE: Final = """
insert into set_aside (id, place, came_from, reader, reason, at, report_id)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::uuid[])
on conflict (id) do update set place = excluded.place
"""

SET_ASIDE: Final = f"""
select letter.*, cases.reference
from set_aside as letter left join cases using (report_id) left join queue_item as item using (report_id)
where {MINE} and letter.at > $2::timestamptz - interval '7 days'
  and (cases.rulebook is null or letter.came_from <> all($3::text[]))
order by letter.at desc limit {MOST}
"""  # noqa: S608 - constants only
"""As long as Kafka keeps them; one of $3 until its report is read after all. What another force has is its own."""


class SetAside(NamedTuple):
    """A message that could not be read: where it lies and came from, who could not read it, and why."""

    id: UUID
    place: str
    came_from: str
    reader: str
    reason: str
    at: datetime
    report_id: UUID | None


async def keep_set_aside(connection: Connection, letters: Sequence[SetAside]) -> None:
    await connection.execute(KEEP_SET_ASIDE, *arrays(letters))


async def set_aside(connection: Connection, force: str, now: datetime) -> list[Any]:
    """What was set aside and is not dealt with since, the newest first: of this force's cases, and of none."""
    return await connection.fetch(SET_ASIDE, force, now, [*RECEIVED.values(), *CLASSIFIED.values()])


async def a_list(connection: Connection, name: Listed, force: str, now: datetime) -> list[Any]:
    """In the order of the queue."""
    return await connection.fetch(LISTED.format(wanted=LISTS[name]), force, now, NEARLY, NO_CONTACT_AFTER)


async def workload(connection: Connection, force: str, now: datetime) -> list[Any]:
    """Who holds how many, and what they closed this shift."""
    return await connection.fetch(WORKLOAD, force, now)


async def counts(connection: Connection) -> Any:
    """Receipts on their way, or not due yet; agencies whose webhook was given up."""
    return await connection.fetchrow(COUNTS)
