"""Reports are delivered to agencies, and what was delivered is corrected or withdrawn."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.directory import Agency, Directory
from services.escalation.domain.routing import NOBODY
from services.escalation.domain.views import minimised
from services.escalation.repository import audit, feeds
from services.escalation.repository.cases import Opened
from services.escalation.repository.feeds import Entry
from shared import telemetry
from shared.cloudevents import encode
from shared.database import Connection
from shared.events import Destination, EntryKind, ReportClassified, ReportDelivered
from shared.kafka import agency_topic
from shared.outbox import Outgoing, put

SOURCE: Final = "escalation"
RECORDED: Final = {
    EntryKind.report: "delivered",
    EntryKind.corrected: "corrected",
    EntryKind.withdrawn: "withdrawn",
    EntryKind.erased: "told to erase",
}
"""What the record says of each kind of entry in a feed."""


async def deliver(
    connection: Connection, opened: Sequence[Opened], known: Collection[UUID], directory: Directory, now: datetime
) -> None:
    """Bring the agencies' feeds to where the routes say: new deliveries, corrections and withdrawals, once each.

    The caller holds the lock on these reports; `known` are those that were cases before.
    """
    entries = [one for case in opened if not case.drill for one in _entries(case, directory, now)]
    before = [case.event.report_id for case in opened if case.event.report_id in known]
    standing = await feeds.standing(connection, before) if before else {}
    places = {one.place for one in entries}
    fresh = [one for one in entries if one.place not in standing]
    changed = [replace(one, kind=EntryKind.corrected) for one in entries if _differs(one, standing.get(one.place))]
    gone = [_withdrawn(row) for place, row in standing.items() if place not in places and _by_the_rules(row)]
    if changed:
        await feeds.correct(connection, changed)
    if gone:
        await feeds.withdraw(connection, gone)
    await append(connection, [*fresh, *changed, *gone], directory, now)


async def hand_over(
    connection: Connection, event: ReportClassified, to: Destination, directory: Directory, now: datetime
) -> None:
    """Deliver it there too, by somebody's hand: the rules never take it back. Where it is, it stays as it is."""
    agency = directory.agency(to.agency)
    held = await feeds.standing(connection, [event.report_id])
    if agency and (to.agency, event.report_id, to.queue) not in held:
        await append(connection, [entry(to, agency, event, directory, now, by_hand=True)], directory, now)


async def append(connection: Connection, entries: Sequence[Entry], directory: Directory, now: datetime) -> None:
    """Number the entries, and say so on the topics of those agencies that are on Kafka."""
    if not entries:
        return
    kept = [one if one.kind is EntryKind.report else replace(one, body=None) for one in entries]
    rows = await feeds.append(connection, kept, now)
    await audit.record(connection, [_recorded(row, now) for row in rows])
    on_kafka = {agency.id for agency in directory.agencies if agency.kafka}
    await put(connection, [_outgoing(row, now) for row in rows if row["agency_id"] in on_kafka])


def _recorded(row: Any, now: datetime) -> audit.Entry:
    what = "passed on" if row["by_hand"] else RECORDED[EntryKind(row["kind"])]
    detail = {"agency": row["agency_id"], "queue": row["queue"], "entry": row["position"]}
    return audit.Entry(now, SOURCE, what, row["report_id"], row["reason"], detail)


def _entries(case: Opened, directory: Directory, now: datetime) -> list[Entry]:
    agencies = {agency.id: agency for agency in directory.agencies}
    return [
        entry(destination, agencies[destination.agency], case.event, directory, now)
        for destination in case.route.destinations
        if destination.agency != NOBODY
    ]


def entry(
    to: Destination, agency: Agency, event: ReportClassified, directory: Directory, now: datetime, by_hand: bool = False
) -> Entry:
    """A delivery of this report, cut down to what the agency's kind may see."""
    rule = directory.rule(agency.kind)
    minutes = agency.acknowledge_within or rule.acknowledge_within
    return Entry(
        agency=agency.id,
        report_id=event.report_id,
        queue=to.queue,
        kind=EntryKind.report,
        reason=to.reason,
        ground=to.ground,
        reference=event.report.reference,
        received_at=event.report.received_at,
        body=minimised(event, rule),
        acknowledge_by=now + timedelta(minutes=minutes) if minutes else None,
        by_hand=by_hand,
    )


def _differs(one: Entry, row: Any) -> bool:
    return row is not None and (row["state"] == "withdrawn" or row["body"] != json.loads(json.dumps(one.body)))


def _by_the_rules(row: Any) -> bool:
    return row["state"] != "withdrawn" and not row["by_hand"]


def _withdrawn(row: Any) -> Entry:
    place = row["agency_id"], row["report_id"], row["queue"]
    return Entry(*place, EntryKind.withdrawn, "it is for somebody else", "", None, None, None, None)


def _outgoing(row: Any, now: datetime) -> Outgoing:
    """Ids only: whoever reads the topic asks the feed for the rest, with a token."""
    event = ReportDelivered(
        report_id=row["report_id"], agency=row["agency_id"], position=row["position"], kind=row["kind"]
    )
    topic = agency_topic(event.agency)
    message = encode(event, topic, SOURCE, now, telemetry.current_traceparent(), key=event.agency)
    return Outgoing(event.report_id, event.event_id, event.revision, False, message)
