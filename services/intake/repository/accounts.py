"""How many reports wait for their receipt, and since when: the account that `heard audit` and the alerts are given."""

from typing import Any, Final

from services.intake.models import OPEN
from shared.database import Connection
from shared.kafka import ERASED, RECEIVED

LONG: Final = 3600.0
"""Seconds: what reads all reports takes as long as it takes, where any other statement is given ten."""

WAITING: Final = f"""
select count(*) as open, min(open_since) as oldest,
       coalesce(extract(epoch from now() - min(open_since)), 0)::float as seconds,
       (select count(*) from outbox where topic = '{ERASED}') as erasing
from report where {OPEN}
"""  # noqa: S608 - a constant

ROUTED: Final = "coalesce((receipt ->> 'revision')::int >= revision, false)"

ACCOUNT: Final = f"""
select * from (select count(*) as accepted, count(*) filter (where {ROUTED}) as routed from report) as report,
    ({WAITING}) as waiting
"""  # noqa: S608 - a constant

OPEN_ONES: Final = f"""
select reference, urgent, extract(epoch from now() - open_since)::float as seconds,
       exists(select from outbox where outbox.report_id = report.id and topic = any($2)) as on_its_way
from report where {OPEN}
order by urgent desc, open_since limit $1
"""  # noqa: S608 - a constant

ADRIFT: Final = f"select reference from report where not ({OPEN}) and not {ROUTED} order by reference limit $1"  # noqa: S608 - a constant

ERASED_AND_HERE: Final = "select reference from erasure join report on id = report_id order by reference limit $1"


async def waiting(connection: Connection) -> Any:
    """How many reports are `open`, that is without a receipt for their newest words, and since when the `oldest`.

    `seconds`: how long that is; `erasing`: erasures that escalation has not said are done. Cheap among millions.
    """
    return await connection.fetchrow(WAITING)


async def account(connection: Connection) -> Any:
    """The same, with how many reports were `accepted`, and how many of them are `routed`, each counted by itself."""
    return await connection.fetchrow(ACCOUNT, timeout=LONG)


async def open_ones(connection: Connection, limit: int) -> list[Any]:
    """The open reports, urgent ones and then the oldest first, with the seconds that each has been so.

    `on_its_way`: whether there is a message of it that is published until its receipt comes.
    """
    return await connection.fetch(OPEN_ONES, limit, list(RECEIVED.values()))


async def adrift(connection: Connection, limit: int) -> list[str]:
    """The references of reports that have no receipt for their newest words, and that nothing says are open."""
    return [row["reference"] for row in await connection.fetch(ADRIFT, limit, timeout=LONG)]


async def erased_and_here(connection: Connection, limit: int) -> list[str]:
    """The references of reports that were erased: this database was restored to before that."""
    return [row["reference"] for row in await connection.fetch(ERASED_AND_HERE, limit)]
