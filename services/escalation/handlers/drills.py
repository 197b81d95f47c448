"""A supervisor starts an exercise and ends it. It links to nothing, counts for nothing and is delivered to nobody."""

from datetime import datetime
from uuid import uuid4

from services.escalation.domain.drills import Drill
from services.escalation.domain.judging import placed
from services.escalation.domain.people import Worker
from services.escalation.domain.routing import CONTROL_ROOM, Route
from services.escalation.domain.rules import Rules
from services.escalation.repository import audit, cases, queue
from services.escalation.repository.audit import Entry
from services.escalation.repository.cases import JudgedCase
from shared.database import Pool, transaction
from shared.events import Destination


async def start(drill: Drill, worker: Worker, pool: Pool, rules: Rules, now: datetime) -> None:
    """Put an exercise on the queue, behind everything that is real."""
    event = drill.told(uuid4(), now)
    where = placed(event, None, rules)
    here = Destination(agency=worker.force, queue=CONTROL_ROOM, reason="a drill", ground="a drill")
    case = JudgedCase(
        event=event,
        event_json=event.model_dump_json().encode(),
        assessed_at=now,
        opened_at=now,
        grading=where.grading,
        target_at=where.target_at,
        route=Route(worker.force, (here,)),
        drill=True,
    )
    async with transaction(pool) as connection:
        await cases.keep(connection, [case], (), now)
        entry = Entry(now, worker.id, "started a drill", event.report_id, "", {"drill": drill.id})
        await audit.record(connection, [entry])
        await queue.changed(connection)


async def end(worker: Worker, pool: Pool, now: datetime) -> int:
    """Close every exercise of this control room; returns how many."""
    async with transaction(pool) as connection:
        ended = await queue.end_drills(connection, worker.force, now)
        await audit.record(connection, [Entry(now, worker.id, "ended a drill", report_id) for report_id in ended])
        await queue.changed(connection)
    return len(ended)
