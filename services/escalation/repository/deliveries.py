"""What became of each delivery: what an agency did about it, what it gave back, and what it left lying."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.grading import ORDER
from shared.database import Connection

HELD: Final = """
select agency_id, report_id, reference, queue, reason, ground, state, received_at, delivered_at, seen_at,
       acknowledge_by, acknowledged_at, closed_at, returned_for, outcome, body, changed, newest, newest_at
from delivery cross join lateral (
    select later.position as newest, later.delivered_at as newest_at from delivery as later
    where later.agency_id = $1 and later.report_id = $2 and later.kind in ('report', 'corrected')
    order by later.position desc limit 1
) as told
where agency_id = $1 and report_id = $2 and kind = 'report'
order by state in ('withdrawn', 'erased'), state in ('returned', 'closed'), position
"""
"""`newest`: the last entry that brought the agency something of this report."""

HOLD: Final = """
select from delivery where agency_id = $1 and report_id = $2 and kind = 'report' order by position for update
"""

LISTS: Final = {
    "open": "state in ('queued', 'seen', 'acknowledged') order by state = 'acknowledged', acknowledge_by, position",
    "new": "state in ('queued', 'seen') order by state = 'acknowledged', acknowledge_by, position",
    "done": "state in ('closed', 'returned') order by position desc",
}
"""What an agency has to do, what it has not taken on first, and the newest of what it has done: each by an index."""

LISTED: Final = """
select report_id, reference, queue, reason, state, received_at, delivered_at, acknowledge_by, body, changed
from delivery where agency_id = $1 and kind = 'report' and {wanted} limit $2
"""

MOVE: Final = """
update delivery
set state = $3::text, returned_for = $5, outcome = $6,
    acknowledged_at = case when $3::text = 'acknowledged' then coalesce(acknowledged_at, $7) else acknowledged_at end,
    closed_at = case when $3::text = 'closed' then $7 else closed_at end,
    settled_at = case when $3::text = 'returned' then null else settled_at end, changed = false
where agency_id = $1 and report_id = $2 and kind = 'report' and state = any($4::text[])
returning queue
"""

ADD_STEP: Final = """
insert into delivery_step (agency_id, report_id, queue, step, note, by, at, key)
select $1, $2, unnest($3::text[]), $4, $5, $6, $7, $8
"""

STEPS: Final = """
select step, note, by, at, queue from delivery_step where agency_id = $1 and report_id = $2 order by id
"""

WRITTEN: Final = """
select agency_id, queue, step, note, by, at from delivery_step where report_id = $1 and note is not null
"""

RETURNED: Final = """
select agency_id, report_id, queue, state, returned_for,
       (select count(distinct (agency_id, at)) from delivery_step as step
        where step.report_id = delivery.report_id and step = 'returned') as returns
from delivery
where kind = 'report' and state = 'returned' and settled_at is null
order by acknowledge_by, position limit $1
"""

LEFT_LYING: Final = """
select agency_id, report_id, queue, state, acknowledge_by from delivery
where kind = 'report' and settled_at is null and state in ('queued', 'seen') and acknowledge_by < $1
order by acknowledge_by limit $2
"""

SETTLE: Final = """
update delivery set settled_at = $5 where agency_id = $1 and report_id = $2 and queue = $3 and kind = 'report'
  and state = $4 and settled_at is null
returning agency_id
"""

BACK: Final = """
with told as (
    update cases set reasons = reasons || array[$2::text] where report_id = $1 returning danger_class, grade, opened_at
)
insert into queue_item (report_id, force, queues, danger_class, grade_order, target_at, opened_at, came_back)
select $1, $3, array['review'], danger_class, array_position($4::text[], grade) - 1, $5, opened_at, array[$2::text]
from told
on conflict (report_id) do update set
    state = 'open', closed_at = null, outcome = null, contacted_at = null,
    claimed_at = case when queue_item.contacted_at is not null then $5 else queue_item.claimed_at end,
    waiting_since = case when queue_item.state = 'closed' then $5 else queue_item.waiting_since end,
    target_at = least(queue_item.target_at, excluded.target_at),
    came_back = queue_item.came_back || excluded.came_back,
    queues = array(select distinct unnest(queue_item.queues || excluded.queues) as queue order by queue)
"""


async def held(connection: Connection, agency: str, report_id: UUID) -> list[Any]:
    """What the agency has of a report: one row for each of its queues, what is open first."""
    return await connection.fetch(HELD, agency, report_id)


async def hold(connection: Connection, agency: str, report_id: UUID) -> None:
    """Nobody corrects what the agency has of a report until the transaction ends; what was being corrected is there."""
    await connection.execute(HOLD, agency, report_id)


async def listed(connection: Connection, agency: str, which: str, limit: int) -> list[Any]:
    """One of the agency's LISTS."""
    return await connection.fetch(LISTED.format(wanted=LISTS[which]), agency, limit)


async def move(
    connection: Connection,
    agency: str,
    report_id: UUID,
    to: str,
    states: Sequence[str],
    now: datetime,
    returned_for: str | None = None,
    outcome: str | None = None,
) -> list[str]:
    """Bring the agency's deliveries of a report from any of `states` to the next; returns the queues moved."""
    rows = await connection.fetch(MOVE, agency, report_id, to, list(states), returned_for, outcome, now)
    return [row["queue"] for row in rows]


async def add_step(
    connection: Connection,
    agency: str,
    report_id: UUID,
    queues: Sequence[str],
    step: str,
    note: str | None,
    by: str,
    now: datetime,
    key: UUID | None = None,
) -> None:
    await connection.execute(ADD_STEP, agency, report_id, list(queues), step, note, by, now, key)


async def was_sent(connection: Connection, agency: str, report_id: UUID, key: UUID) -> bool:
    """Whether the agency did something about the report under this key. The caller holds what it has of it."""
    statement = "select exists (select from delivery_step where agency_id = $1 and report_id = $2 and key = $3)"
    return bool(await connection.fetchval(statement, agency, report_id, key))


async def steps(connection: Connection, agency: str, report_id: UUID) -> list[Any]:
    return await connection.fetch(STEPS, agency, report_id)


async def written(connection: Connection, report_id: UUID) -> list[Any]:
    """What agencies wrote of a report, for themselves and for staff, each with the act that it was written at."""
    return await connection.fetch(WRITTEN, report_id)


async def returned(connection: Connection, limit: int) -> list[Any]:
    """Deliveries given back that nobody has dealt with, each with how often its report was given back in all."""
    return await connection.fetch(RETURNED, limit)


async def left_lying(connection: Connection, now: datetime, limit: int) -> list[Any]:
    """Deliveries that were not acknowledged in time."""
    return await connection.fetch(LEFT_LYING, now, limit)


async def settle(connection: Connection, row: Any, now: datetime) -> bool:
    """Take it in hand; False where somebody else has, or the agency has moved it since."""
    place = row["agency_id"], row["report_id"], row["queue"]
    return await connection.fetchval(SETTLE, *place, row["state"], now) is not None


async def back_to_control_room(
    connection: Connection, report_id: UUID, reason: str, force: str | None, now: datetime
) -> None:
    """Put a report (again) before a person, due now; `force` None is every control room."""
    await connection.execute(BACK, report_id, reason, force, list(ORDER), now)
