"""Deliveries: what agencies hold of a report, what they did about it, what they gave back, and what they left lying."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.grading import ORDER
from services.escalation.repository.feeds import Entry
from shared.database import Connection, arrays

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

STANDING: Final = """
select agency_id, report_id, queue, body, state, reason, ground, by_hand, settled_at from delivery
where report_id = any($1::uuid[]) and kind = 'report' and state <> 'erased'
"""

CORRECT: Final = """
with told as (
    select agency_id, position, new.*, begins = 'always' or (begins = 'if_closed' and state = 'closed') as anew
    from unnest($1::text[], $2::uuid[], $3::text[], $4::jsonb[], $5::text[], $6::text[], $7::timestamptz[], $8::bool[],
                $9::text[])
        as new(agency, report, to_queue, body, reason, ground, acknowledge_by, by_hand, begins)
    join delivery on (agency_id, report_id, queue) = (agency, report, to_queue) and kind = 'report'
    for update of delivery
)
update delivery
set body = told.body, reason = told.reason, ground = told.ground, by_hand = told.by_hand,
    acknowledge_by = case when anew then told.acknowledge_by else delivery.acknowledge_by end,
    state = case when anew then 'queued' else state end,
    seen_at = case when not anew then seen_at end,
    acknowledged_at = case when not anew then acknowledged_at end,
    closed_at = case when not anew then closed_at end,
    returned_for = case when not anew then returned_for end,
    outcome = case when not anew then outcome end,
    settled_at = case when not anew then settled_at end,
    changed = not anew and acknowledged_at is not null
from told where (delivery.agency_id, delivery.position) = (told.agency_id, told.position)
"""
"""Whether it is closed is looked at here: its agency may have closed it since it was read."""

HELD_BY: Final = """
select distinct report_id from delivery
where agency_id = any($1::text[]) and kind = 'report' and state not in ('withdrawn', 'erased') and report_id > $2
order by report_id limit $3
"""

HOLDERS: Final = """
select agency_id from agency_counter where exists (
    select from delivery where delivery.agency_id = agency_counter.agency_id and kind = 'report'
      and state not in ('withdrawn', 'erased'))
"""

KEEP_BY_HAND: Final = """
update delivery set by_hand = true where agency_id = $1 and report_id = $2 and queue = $3 and kind = 'report'
"""

WITHDRAW: Final = """
update delivery set state = 'withdrawn', body = null, changed = false
from unnest($1::text[], $2::uuid[], $3::text[]) as gone(agency, report_id, queue)
where delivery.agency_id = gone.agency and delivery.report_id = gone.report_id and delivery.queue = gone.queue
  and kind = 'report'
"""

ERASE: Final = (
    """
update delivery
set state = 'erased', body = null, reference = null, received_at = null, reason = '', ground = '', returned_for = null,
    outcome = null, changed = false
where report_id = $1
""",
    "delete from delivery_step where report_id = $1",
)
"""The steps come last: whoever writes one down holds the delivery until it is there."""

OF_CASE: Final = """
select delivery.*, (
    select note from delivery_step as step
    where (step.agency_id, step.report_id, step.queue) = (delivery.agency_id, delivery.report_id, delivery.queue)
      and note is not null
    order by id desc limit 1
) as said
from delivery where report_id = $1 and kind = 'report' order by delivered_at, agency_id
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


async def standing(connection: Connection, reports: Sequence[UUID]) -> dict[tuple[str, UUID, str], Any]:
    """What agencies hold of these reports, by agency, report and queue."""
    rows = await connection.fetch(STANDING, list(reports))
    return {(row["agency_id"], row["report_id"], row["queue"]): row for row in rows}


async def held_by(connection: Connection, agencies: Sequence[str], after: UUID, limit: int) -> list[UUID]:
    """What these agencies were ever given and not asked to delete, in the order of the ids."""
    return [row["report_id"] for row in await connection.fetch(HELD_BY, list(agencies), after, limit)]


async def holders(connection: Connection) -> list[str]:
    """The agencies that hold anything, in the directory or not."""
    return [row["agency_id"] for row in await connection.fetch(HOLDERS)]


async def correct(connection: Connection, entries: Sequence[Entry]) -> None:
    """Put the newer words in the place of the older, and back in force what begins anew."""
    rows = ((*e.place, e.body, e.reason, e.ground, e.acknowledge_by, e.by_hand, e.begins) for e in entries)
    await connection.execute(CORRECT, *arrays(rows))


async def keep_by_hand(connection: Connection, one: Entry) -> None:
    """A person wants it there: the routing table no longer takes it back."""
    await connection.execute(KEEP_BY_HAND, *one.place)


async def withdraw(connection: Connection, entries: Sequence[Entry]) -> None:
    """Take back what the agency is no longer to have; the entry stays, empty."""
    await connection.execute(WITHDRAW, *arrays(e.place for e in entries))


async def erase(connection: Connection, report_id: UUID) -> None:
    """Leave nothing of a report but its positions."""
    for statement in ERASE:
        await connection.execute(statement, report_id)


async def of_case(connection: Connection, report_id: UUID) -> list[Any]:
    """Where a case went, on what ground, and what was last `said` of it there."""
    return await connection.fetch(OF_CASE, report_id)


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
