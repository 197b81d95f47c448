"""What waits in escalation, and is seen by no receipt: what its worker shows an alarm."""

from functools import partial
from typing import Any, Final

from services.escalation.repository.queue import FIRST_OF_FOLD
from shared.database import Connection
from shared.gauges import Gauges

SO_MANY: Final = 10_000
"""More are not counted: after a day without Kafka there may be millions."""

WAITING: Final = f"""
select (select count(*) from (select from outbox limit {SO_MANY}) as unsent) as unsent,
       (select count(*) from (select from audit_entry where position is null limit {SO_MANY}) as entry) as unsealed,
       (select coalesce(extract(epoch from now() - min(greatest(waiting_since, lease_until))), 0)::float
        from queue_item as item
        where state = 'open' and not drill and danger_class <= 2 and (lease_until is null or lease_until <= now())
          and {FIRST_OF_FOLD}) as unclaimed
"""  # noqa: S608 - constants only


async def waiting(connection: Connection) -> Any:
    return await connection.fetchrow(WAITING)


what_waits = partial(
    Gauges,
    {
        "unsent": ("heard_escalation_unsent", f"Messages not yet on Kafka, receipts among them; {SO_MANY} or more"),
        "unsealed": ("heard_audit_unsealed", f"Entries of the audit record that are not sealed yet; {SO_MANY} or more"),
        "unclaimed": ("heard_threats_unclaimed_oldest_seconds", "For how long the first threat has had nobody"),
    },
    waiting,
)
