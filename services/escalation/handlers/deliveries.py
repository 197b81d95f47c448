"""Reports are delivered to agencies, and what was delivered is corrected or withdrawn."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from services.escalation.domain.directory import Agency, Directory, Kind
from services.escalation.domain.rules import Rules
from services.escalation.domain.views import minimised, narrowed
from services.escalation.handlers.coming_back import to_a_person
from services.escalation.handlers.sending import SOURCE
from services.escalation.repository import audit, deliveries, feeds
from services.escalation.repository.cases import JudgedCase
from services.escalation.repository.feeds import Begins, Entry
from services.escalation.repository.open_cases import on_a_queue
from shared.database import Connection
from shared.events import Destination, EntryKind, ReportClassified, ReportDelivered
from shared.kafka import agency_topic
from shared.outbox import Outgoing, outgoing, put

Traces: TypeAlias = Mapping[UUID, str | None]
NO_TRACES: Final[Traces] = {}
OVER: Final = ("withdrawn", "returned", "closed")
RECORDED: Final = {
    EntryKind.report: "delivered",
    EntryKind.corrected: "corrected",
    EntryKind.withdrawn: "withdrawn",
    EntryKind.erased: "told to erase",
}
"""What the record says of each kind of entry in a feed."""


async def deliver(
    connection: Connection, opened: Sequence[JudgedCase], known: Collection[UUID], rules: Rules, now: datetime
) -> None:
    """Bring the agencies' feeds to where the routes say: new deliveries, corrections and withdrawals, once each.

    What was passed on by hand stays with whoever may still have it, and is corrected like the rest; what is taken from
    the last who had it goes to a person. The caller holds the lock on these reports; `known` are those that were cases
    before.
    """
    real = {case.event.report_id: case for case in opened if not case.drill}
    before = [report_id for report_id in real if report_id in known]
    standing = await deliveries.standing(connection, before) if before else {}
    wanted = {one.place: one for one in _by_hand(real, standing.values(), rules, now)}
    wanted |= {one.place: one for case in real.values() for one in _entries(case, rules.directory, now)}
    again = {report_id for report_id, case in real.items() if case.reopens}
    fresh = [one for place, one in wanted.items() if place not in standing]
    changed = [_corrected(one, standing[place], again) for place, one in wanted.items() if place in standing]
    gone = [row for place, row in standing.items() if place not in wanted and row["state"] != "withdrawn"]
    traces = {report_id: case.traceparent for report_id, case in real.items()}
    await _put(connection, fresh, [one for one in changed if one], gone, rules.directory, now, traces)
    await _left_with_nobody(connection, real, gone, rules, now)


async def _left_with_nobody(
    connection: Connection, opened: Mapping[UUID, JudgedCase], gone: Sequence[Any], rules: Rules, now: datetime
) -> None:
    """Give to a person what no agency has any more and no control room: what police had is on their queue.

    What a person closed there is on none; it comes back for what an agency had still to do, not for what it had done.
    """
    police = {one.id for one in rules.directory.of_kind(Kind.police)}
    queued = await on_a_queue(connection, [row["report_id"] for row in gone]) if gone else set()
    lost = {
        row["report_id"]: row["agency_id"]
        for row in gone
        if row["agency_id"] not in police
        and (not opened[row["report_id"]].route.queues or (row["report_id"] not in queued and _is_pending(row)))
    }
    left = (await deliveries.standing(connection, list(lost))).values() if lost else ()
    held = {row["report_id"] for row in left if row["agency_id"] not in police and row["state"] not in OVER}
    for report_id, agency_id in lost.items():
        if report_id not in held:
            agency = rules.directory.agency(agency_id)
            name = agency.name if agency else agency_id
            reason = f"withdrawn from {name}, and nobody else has it: a person decides"
            await to_a_person(connection, opened[report_id].event, "withdrawn", reason, rules, now)


def _is_pending(row: Any) -> bool:
    """Whether somebody was still to see to it; what was given back, until it is passed on or before a person."""
    return row["state"] not in OVER or (row["state"] == "returned" and row["settled_at"] is None)


def _by_hand(
    opened: Mapping[UUID, JudgedCase], standing: Iterable[Any], rules: Rules, now: datetime
) -> Iterator[Entry]:
    """What somebody passed on, as it is to be now; without those who may not have it any more."""
    for row in standing:
        if row["by_hand"] and row["state"] != "withdrawn":
            event = opened[row["report_id"]].as_said
            agency, ground = rules.directory.agency(row["agency_id"]), rules.ground(row["agency_id"], event.report)
            if agency and ground:
                to = Destination(agency=agency.id, queue=row["queue"], reason=row["reason"], ground=ground)
                yield entry(to, agency, event, rules.directory, now, by_hand=True)


def _corrected(one: Entry, row: Any, again: Collection[UUID]) -> Entry | None:
    """What the agency has to be told anew, and whether it is to begin anew; nothing where it gave the report back."""
    differs = row["state"] != "returned" and _differs(one, row)
    withdrawn = row["state"] == "withdrawn"
    begins: Begins = "always" if withdrawn else "if_closed" if one.report_id in again else "no"
    by_hand = one.by_hand or (row["by_hand"] and not withdrawn)
    return replace(one, kind=EntryKind.corrected, begins=begins, by_hand=by_hand) if differs else None


async def correct(
    connection: Connection, told: Sequence[ReportClassified], directory: Directory, now: datetime
) -> None:
    """Tell whoever has these how they are read by now, cut down to what their kinds may see by now; move them nowhere.

    Who gave one back is told nothing new of it, and only loses what it may not see. The caller holds the lock.
    """
    events = {event.report_id: event for event in told}
    changed: list[Entry] = []
    for row in (await deliveries.standing(connection, list(events))).values():
        agency = directory.agency(row["agency_id"])
        if agency and row["state"] != "withdrawn":
            event = events[row["report_id"]]
            to = Destination(agency=agency.id, queue=row["queue"], reason=row["reason"], ground=row["ground"])
            one = entry(to, agency, event, directory, now, by_hand=row["by_hand"])
            if row["state"] == "returned":
                one = replace(one, body=narrowed(row["body"], event, directory.rule(agency.kind)))
            if _differs(one, row):
                changed.append(replace(one, kind=EntryKind.corrected))
    await _put(connection, [], changed, [], directory, now)


async def take_back(
    connection: Connection, told: Sequence[ReportClassified], directory: Directory, now: datetime
) -> None:
    """Withdraw these from whoever may not have them: who left the directory, or has no ground any more.

    The caller holds the lock.
    """
    consent = {event.report_id: event.report.consent for event in told}
    held = (await deliveries.standing(connection, list(consent))).values()
    gone = [row for row in held if row["state"] != "withdrawn" and not _may_have(row, consent, directory)]
    await _put(connection, [], [], gone, directory, now)


def _may_have(row: Any, consent: Mapping[UUID, Collection[str]], directory: Directory) -> bool:
    agency = directory.agency(row["agency_id"])
    return agency is not None and directory.ground(agency, consent[row["report_id"]]) is not None


def _differs(one: Entry, row: Any) -> bool:
    return bool(row["body"] != json.loads(json.dumps(one.body)))


async def _put(
    connection: Connection,
    fresh: Sequence[Entry],
    changed: Sequence[Entry],
    gone: Iterable[Any],
    directory: Directory,
    now: datetime,
    traces: Traces = NO_TRACES,
) -> None:
    """All in one go, for whoever numbers entries takes the agencies' counters in one order."""
    withdrawn = [_withdrawn(row) for row in gone]
    if changed:
        await deliveries.correct(connection, changed)
    if withdrawn:
        await deliveries.withdraw(connection, withdrawn)
    await append(connection, [*fresh, *changed, *withdrawn], directory, now, traces)


async def hand_over(
    connection: Connection, event: ReportClassified, to: Destination, directory: Directory, now: datetime
) -> None:
    """Deliver it there too, by somebody's hand: the routing table never takes it back.

    Where it is open it stays as it is; where it was withdrawn, given back or closed it begins anew. From one police
    force it goes to another, and is withdrawn from the first.
    """
    agency = directory.agency(to.agency)
    if agency is None:
        return
    new = entry(to, agency, event, directory, now, by_hand=True)
    standing = await deliveries.standing(connection, [event.report_id])
    held = standing.get(new.place)
    changed = [replace(new, kind=EntryKind.corrected, begins="always")] if held and held["state"] in OVER else []
    if held and not changed:
        await deliveries.keep_by_hand(connection, new)
    police = {one.id for one in directory.of_kind(Kind.police)} - {agency.id} if agency.kind is Kind.police else ()
    gone = [row for row in standing.values() if row["agency_id"] in police and row["state"] != "withdrawn"]
    await _put(connection, [] if held else [new], changed, gone, directory, now)


async def append(
    connection: Connection,
    entries: Sequence[Entry],
    directory: Directory,
    now: datetime,
    traces: Traces = NO_TRACES,
) -> None:
    """Number the entries, and say so on the topics of those agencies that are on Kafka, under the reports' traces."""
    if not entries:
        return
    kept = [one if one.kind is EntryKind.report else replace(one, body=None) for one in entries]
    rows = await feeds.append(connection, kept, now)
    await audit.record(connection, [_recorded(row, now) for row in rows])
    on_kafka = {agency.id for agency in directory.agencies if agency.kafka}
    told = [row for row in rows if row["agency_id"] in on_kafka]
    await put(connection, [_outgoing(row, now, traces.get(row["report_id"])) for row in told])


def _recorded(row: Any, now: datetime) -> audit.Entry:
    handed = row["by_hand"] and row["kind"] == EntryKind.report
    what = "passed on" if handed else RECORDED[EntryKind(row["kind"])]
    detail = {"agency": row["agency_id"], "queue": row["queue"], "entry": row["position"]}
    return audit.Entry(now, SOURCE, what, row["report_id"], row["reason"], detail)


def _entries(case: JudgedCase, directory: Directory, now: datetime) -> list[Entry]:
    to = ((destination, directory.agency(destination.agency)) for destination in case.route.destinations)
    return [entry(destination, agency, case.as_said, directory, now) for destination, agency in to if agency]


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


def _withdrawn(row: Any) -> Entry:
    place = row["agency_id"], row["report_id"], row["queue"]
    return Entry.notice(place, EntryKind.withdrawn, "it is for somebody else")


def _outgoing(row: Any, now: datetime, trace: str | None) -> Outgoing:
    """Ids only: whoever reads the topic asks the feed for the rest, with a token."""
    event = ReportDelivered(
        report_id=row["report_id"], agency=row["agency_id"], position=row["position"], kind=row["kind"]
    )
    return outgoing(event, agency_topic(event.agency), SOURCE, now, key=event.agency, trace=trace)
