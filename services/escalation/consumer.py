"""What escalation reads from Kafka: readings, urgent reports perhaps not read yet, and what was set aside."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from services.escalation.domain.salvaged import BROKEN, salvaged
from services.escalation.handlers import cases, erasing, notices, supervision
from services.escalation.handlers.case_reviews import may_be_due
from services.escalation.handlers.cases import Arrived
from services.escalation.handlers.recounting import recount
from services.escalation.repository.supervision import SetAside
from services.escalation.rules_in_force import RulesInForce
from shared import telemetry
from shared.clock import Clock
from shared.cloudevents import decode
from shared.consumer import Record, headers_of
from shared.database import Pool
from shared.events import FileGiven, Lane, ReportAmended, ReportClassified, ReportErased, ReportLinked, ReportReceived
from shared.kafka import CLASSIFIED, LINKED, RECEIVED
from shared.outbox import Bell
from shared.told import Channel
from shared.turns import in_turn

LETTERS = UUID("5f0f3d8e-6c3b-4b0e-9d0a-3a1c8f1f6b52")
"""Names reports of which nothing can be read, not even whose they are."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What the readers work with."""

    pool: Pool
    bell: Bell
    rules: RulesInForce
    unread_after: timedelta
    clock: Clock


async def classified(records: Sequence[Record], edge: Edge) -> None:
    arrived = []
    async for record in in_turn(records):
        event, about = decode(ReportClassified, record.headers, record.value)
        arrived.append(Arrived(event, about.time, about.traceparent, record.value))
    rules = await edge.rules.covering(a.event.report.place for a in arrived)
    await cases.escalate(arrived, edge.pool, edge.bell, rules, edge.clock.now())
    if complaints := [a.event.report_id for a in arrived if may_be_due(a.event)]:
        await recount(complaints, edge.rules.covering, edge.pool, edge.bell, edge.clock.now())


async def received_urgent(records: Sequence[Record], edge: Edge) -> None:
    """Give the classifier its time with each, then put on the queue what it has not read: none waits for another's.

    Its time begins when it was told, whichever revision of a report it is.
    """
    decoded = [decode(ReportReceived, record.headers, record.value) for record in records]
    come = edge.clock.now()  # intake's database may have another time
    told = [(min(come, max(report.received_at, about.time)), report, about.traceparent) for report, about in decoded]
    waiting = sorted(told, key=lambda one: one[0])
    rules = await edge.rules.covering(report.place for report, _ in decoded)
    while waiting:
        left = waiting[0][0] + edge.unread_after - edge.clock.now()
        await asyncio.sleep(min(left, edge.unread_after) / timedelta(seconds=1))
        now = edge.clock.now()
        ready = [one for one in waiting if one[0] <= now - edge.unread_after] or waiting[:1]
        unread = [cases.unread(report, now, trace) for _, report, trace in ready]
        await cases.open_unread(unread, edge.pool, edge.bell, rules, now)
        waiting = waiting[len(ready) :]


async def erased(records: Sequence[Record], edge: Edge) -> None:
    events = [decode(ReportErased, record.headers, record.value) for record in records]
    rules = await edge.rules.current()
    for event, about in events:
        telemetry.follow(about.traceparent)
        await erasing.erase(event, rules.directory, edge.pool, edge.bell, edge.clock.now())


async def told(records: Sequence[Record], edge: Edge) -> None:
    """Notices about cases: a later report was linked, more was told, or somebody asked to withdraw."""
    events = [_notice(record) for record in records]
    await notices.hear(events, edge.pool)


def _notice(record: Record) -> ReportLinked | ReportAmended:
    if record.topic == LINKED:
        return decode(ReportLinked, record.headers, record.value)[0]
    return decode(ReportAmended, record.headers, record.value)[0]


async def files_given(records: Sequence[Record], edge: Edge) -> None:
    """Who was given a file, by intake."""
    await notices.files_given([decode(FileGiven, record.headers, record.value)[0] for record in records], edge.pool)


async def dead(records: Sequence[Record], edge: Edge) -> None:
    """What was set aside is the supervisor's to see; every report of it goes to a person, and gets its receipt."""
    letters = [(record, headers_of(record)) for record in records]
    await supervision.set_aside([_set_aside(record, headers) for record, headers in letters], edge.pool)
    reports = [
        (salvaged(record.value or b"", _known(record, headers)), headers.get("ce_traceparent"))
        for record, headers in letters
        if headers.get("dead_topic") in {*RECEIVED.values(), *CLASSIFIED.values()}
    ]
    rules = await edge.rules.covering(report.place for report, _ in reports)
    now = edge.clock.now()
    unread = [cases.unread(report, now, trace) for report, trace in reports]
    await cases.escalate(unread, edge.pool, edge.bell, rules, now)


def _set_aside(record: Record, headers: Mapping[str, str]) -> SetAside:
    """The same letter has the same id, however often it is read: places begin anew with a broker that lost its own."""
    at = headers.get("dead_at") or datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat()
    came_from, reader = headers.get("dead_topic", ""), headers.get("dead_group", "")
    names = "/".join((came_from, headers.get("dead_partition", ""), headers.get("dead_offset", ""), reader, at))
    return SetAside(
        id=uuid5(LETTERS, names),
        place=f"{record.partition}/{record.offset}",
        came_from=came_from,
        reader=reader,
        reason=headers.get("dead_reason", ""),
        at=datetime.fromisoformat(at),
        report_id=_id(headers.get("ce_subject")),
    )


def _known(record: Record, headers: Mapping[str, str]) -> dict[str, Any]:
    """What stands for the report where nothing of it can be read: its bytes as text, under the id it came with."""
    place = "/".join(headers.get(f"dead_{part}", "") for part in ("topic", "partition", "offset"))
    message = f"{place}/{sha256(record.value or b'').hexdigest()}"  # places begin anew with a broker that lost its own
    urgent = headers.get("dead_topic") in (RECEIVED[Lane.urgent], CLASSIFIED[Lane.urgent])
    return {
        "report_id": _id(headers.get("ce_subject")) or uuid5(LETTERS, message),
        "reference": BROKEN,
        "channel": Channel.web,
        "source": BROKEN,
        "received_at": datetime.fromtimestamp(record.timestamp / 1000, UTC),
        "lane": Lane.urgent if urgent else Lane.ordinary,
        "text": (record.value or b"").decode(errors="replace").replace("\0", "\ufffd"),
    }


def _id(subject: str | None) -> UUID | None:
    try:
        return UUID(subject or "")
    except ValueError:
        return None
