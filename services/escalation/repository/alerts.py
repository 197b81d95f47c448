"""What somebody must look at."""

from datetime import datetime
from typing import Any, Final

from services.escalation.domain.alerting import NO_CONTACT_AFTER, UNCLAIMED_AFTER
from services.escalation.repository.queue import FIRST_OF_FOLD, RANK
from shared.database import Connection


def _unclaimed(now: str) -> str:
    """A threat that nobody holds."""
    free = f"(lease_until is null or lease_until <= {now})"
    return f"state = 'open' and danger_class <= 2 and {free} and {FIRST_OF_FOLD}"


SO_MANY: Final = 10_000
"""More are not counted: after a day without Kafka there may be millions."""

WAITING: Final = f"""
select (select count(*) from (select from outbox limit {SO_MANY}) as unsent) as unsent,
       (select count(*) from (select from audit_entry where position is null limit {SO_MANY}) as entry) as unsealed,
       (select coalesce(extract(epoch from now() - min(greatest(waiting_since, lease_until))), 0)::float
        from queue_item as item where not drill and {_unclaimed("now()")}) as unclaimed
"""  # noqa: S608 - constants only

DUE: Final = f"""
select report_id, 'unclaimed' as kind from queue_item as item
where {_unclaimed("$1")} and greatest(waiting_since, lease_until) <= $1 - $2::interval
union all
select report_id, 'no_contact' from queue_item
where state = 'open' and danger_class <= 3 and lease_until > $1 and contacted_at is null
  and claimed_at <= $1 - $3::interval
union all
select report_id, 'breached' from queue_item as item
where state = 'open' and contacted_at is null and target_at <= $1 and {FIRST_OF_FOLD}
"""  # noqa: S608 - constants only

RAISE: Final = f"""
insert into alert (report_id, kind, raised_at, again_at, times)
select report_id, kind, $1, $1, 1 from ({DUE}) as due join cases using (report_id)
for key share of cases
on conflict (report_id, kind) where cleared_at is null
do update set again_at = $1, times = alert.times + 1
where alert.kind = 'unclaimed' and alert.again_at <= $1 - $2::interval
returning report_id, kind, times
"""  # noqa: S608 - constants only

CLEAR: Final = f"""
update alert set cleared_at = $1
where cleared_at is null and not exists (
    select from ({DUE}) as due where due.report_id = alert.report_id and due.kind = alert.kind
)
returning report_id, kind
"""  # noqa: S608 - constants only

STANDING: Final = f"""
select alert.*, cases.reference, item.danger_class, item.holder_name, item.drill
from alert join queue_item as item using (report_id) join cases using (report_id)
where alert.cleared_at is null and (item.force is null or item.force = $1)
order by {RANK}, alert.kind
"""  # noqa: S608 - constants only


async def waiting(connection: Connection) -> Any:
    """How many messages are `unsent`, entries `unsealed`, and for how many seconds the first threat is `unclaimed`."""
    return await connection.fetchrow(WAITING)


async def raise_due(connection: Connection, now: datetime) -> list[Any]:
    """Raise what is due and say again what is due again; returns those."""
    return await connection.fetch(RAISE, now, UNCLAIMED_AFTER, NO_CONTACT_AFTER)


async def clear_settled(connection: Connection, now: datetime) -> list[Any]:
    """Clear those that somebody has dealt with; returns them."""
    return await connection.fetch(CLEAR, now, UNCLAIMED_AFTER, NO_CONTACT_AFTER)


async def standing(connection: Connection, force: str) -> list[Any]:
    """Those that nobody has dealt with, in the order of the queue."""
    return await connection.fetch(STANDING, force)
