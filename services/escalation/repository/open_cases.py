"""Cases that somebody still has before them: a control room, or an agency."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.escalation.domain.judging import Known
from services.escalation.repository.cases import AS_KNOWN, as_known
from shared.database import Connection
from shared.events import ReportClassified

STILL_OPEN: Final = f"""
select {AS_KNOWN}, event, item.force, coalesce(item.queues, '{{}}') as queues,
       array(select agency_id || '/' || queue from delivery
             where delivery.report_id = cases.report_id and kind = 'report' and not by_hand
               and delivery.state not in ('withdrawn', 'erased')) as places,
       array(select agency_id || '/' || queue from delivery
             where delivery.report_id = cases.report_id and kind = 'report' and by_hand
               and delivery.state not in ('withdrawn', 'erased')) as by_hand
from (
    (select report_id from queue_item
     where state <> 'closed' and not drill and report_id > $1 order by report_id limit $2)
    union
    (select distinct report_id from delivery
     where kind = 'report' and state in ('queued', 'seen', 'acknowledged') and acknowledge_by is not null
       and report_id > $1 order by report_id limit $2)
    order by report_id limit $2
) as open join cases using (report_id) left join queue_item as item using (report_id)
order by report_id
"""  # noqa: S608 - constants only
"""By what is open, not by all that ever came: what nobody has read too, and no drill.

Whoever is given no target has queues of its own: police, say.
"""

ON_A_QUEUE: Final = "select report_id from queue_item where report_id = any($1::uuid[]) and state <> 'closed'"


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that somebody still has before them, or a person closed while an agency had.

    `places` are the agencies and queues that have it by the rules, `by_hand` those that a person sent it to; `force`
    and `queues` are where it is in the control rooms, if it ever was: in every one's where `force` is None.
    """

    event: ReportClassified
    known: Known
    force: str | None
    queues: frozenset[str]
    places: frozenset[str]
    by_hand: frozenset[str]


async def still_open(connection: Connection, after: UUID, limit: int) -> list[OpenCase]:
    """Cases that a control room or an agency still has before it, in the order of their ids."""
    rows = await connection.fetch(STILL_OPEN, after, limit)
    return [
        OpenCase(
            ReportClassified.model_validate_json(row["event"]),
            as_known(row),
            row["force"],
            frozenset(row["queues"]),
            frozenset(row["places"]),
            frozenset(row["by_hand"]),
        )
        for row in rows
    ]


async def on_a_queue(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these reports that a control room has before it."""
    return {row["report_id"] for row in await connection.fetch(ON_A_QUEUE, list(ids))}
