"""A report was read, was not read in time, or cannot be read. What was erased meanwhile stays erased."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.escalation.domain.case_review import Count
from services.escalation.domain.grading import Grading
from services.escalation.domain.judging import Known, Placed, in_force, placed, read_danger
from services.escalation.domain.overrides import Override
from services.escalation.domain.rules import Covering, Rules
from services.escalation.domain.unread import not_read, reading_of
from services.escalation.handlers import case_reviews, deliveries
from services.escalation.handlers.folding import fold
from services.escalation.handlers.sending import SOURCE
from services.escalation.repository import audit, cases, erasing
from services.escalation.repository import case_reviews as kept_reviews
from services.escalation.repository.audit import Entry
from services.escalation.repository.cases import JudgedCase
from shared.database import Connection, Pool, transaction
from shared.events import Lane, ReportClassified, ReportReceived, ReportRouted
from shared.kafka import ROUTED
from shared.outbox import Bell, Outgoing, outgoing, put
from shared.told import History


@dataclass(frozen=True, slots=True)
class Arrived:
    """A reading as it came, and when it was made; `written` is the very JSON of it, where it came from Kafka."""

    event: ReportClassified
    assessed_at: datetime
    traceparent: str | None
    written: bytes | None = None


def unread(report: ReportReceived, now: datetime, traceparent: str | None = None) -> Arrived:
    """What was told and nobody has read."""
    return Arrived(not_read(report), now, traceparent)


async def escalate(arrived: Sequence[Arrived], pool: Pool, bell: Bell, rules: Rules, now: datetime) -> None:
    """Open or re-grade each report's case, deliver it, give a receipt; what is known only has its receipt repeated.

    What could not be read comes after what was, so that it finds what was read before.
    """
    for some in ([a for a in arrived if a.event.assessment], [a for a in arrived if not a.event.assessment]):
        if some:
            await _escalate(_newest(some), pool, rules, now)
    bell.ring()


async def _escalate(newest: dict[UUID, Arrived], pool: Pool, rules: Rules, now: datetime) -> None:
    """Deliveries come last: whoever else delivers to the same agency waits from there until the end of this."""
    async with transaction(pool) as connection:
        known = await _locked(connection, newest)
        news = {i: a for i, a in newest.items() if _is_news(a, known.get(i))}
        due = {i for i, a in news.items() if i not in known or not _is_late(a, known[i]) or known[i].receipt}
        opened = await _judged_and_kept(connection, news, known, due, rules, now)
        await give_receipts(connection, newest, known, opened, now)
        await deliveries.deliver(connection, opened, known, rules, now)


async def open_unread(told: Sequence[Arrived], pool: Pool, bell: Bell, rules: Rules, now: datetime) -> None:
    """Put on the queue what was told as urgent and nobody has read yet: a report, or more of one that is known.

    No receipt: intake goes on until it is read.
    """
    unread = _newest(told)
    async with transaction(pool) as connection:
        known = await _locked(connection, unread)
        more_told = await _more_told(connection, unread, known)
        news = {i: a for i, a in unread.items() if i not in known or i in more_told}
        opened = await _judged_and_kept(connection, news, known, (), rules, now)
        await deliveries.deliver(connection, opened, known, rules, now)
    bell.ring()


async def route_anew(ids: Sequence[UUID], pool: Pool, bell: Bell, rules: Rules, now: datetime) -> None:
    """Route what is known of these once more, by other rules: as it stands by then, whatever has come in meanwhile."""
    async with transaction(pool) as connection:
        known = await cases.locked(connection, ids)
        standing = await _as_they_stand(connection, known)
        due = {i for i, case in known.items() if case.receipt}
        opened = await _judged_and_kept(connection, standing, known, due, rules, now)
        await give_receipts(connection, standing, known, opened, now)
        await deliveries.deliver(connection, opened, known, rules, now)
    bell.ring()


async def _locked(connection: Connection, arrived: dict[UUID, Arrived]) -> dict[UUID, Known]:
    """What is known of these, locked; what was erased is taken out of them."""
    known = await cases.locked(connection, list(arrived))
    for gone in await erasing.among(connection, list(arrived)):
        del arrived[gone]
    return known


async def _as_they_stand(connection: Connection, known: Mapping[UUID, Known]) -> dict[UUID, Arrived]:
    written = await cases.written(connection, list(known))
    return {
        i: Arrived(ReportClassified.model_validate_json(event), known[i].assessed_at, None, event)
        for i, event in written.items()
    }


async def _judged_and_kept(
    connection: Connection,
    news: Mapping[UUID, Arrived],
    known: Mapping[UUID, Known],
    due: Collection[UUID],
    rules: Rules,
    now: datetime,
) -> list[JudgedCase]:
    """Graded and routed, on the record and on the queue; not yet delivered. `due`: those that are given a receipt.

    The caller holds the locks.
    """
    news = await _beside_what_was_read(connection, news, known)
    said = {i: in_force(known[i].override, a.event, rules) if i in known else None for i, a in news.items()}
    told = [override.applied_to(news[i].event) if override else news[i].event for i, override in said.items()]
    counts = await case_reviews.counted(connection, told, rules)
    more_told = await _more_told(connection, news, known)
    graded = [
        _open(a, known.get(i), said[i], rules, now, counts.get(i), i in due, i in more_told) for i, a in news.items()
    ]
    opened = await fold(connection, graded, known, now)
    again = [i for i in news if i in known]
    before = await kept_reviews.histories(connection, again) if again else {}
    await cases.keep(connection, opened, known, now)
    await audit.record(connection, [_entry(case, known.get(case.event.report_id), now) for case in opened])
    await case_reviews.propose(connection, opened, counts, rules, now, before)
    return opened


async def _beside_what_was_read(
    connection: Connection, news: Mapping[UUID, Arrived], known: Mapping[UUID, Known]
) -> dict[UUID, Arrived]:
    """What has no reading is kept with the one of before; and a late reading with what was told since."""
    unread = {i: known[i] for i, a in news.items() if i in known and (not a.event.assessment or _is_late(a, known[i]))}
    found = dict(news)
    for i, stands in (await _as_they_stand(connection, unread) if unread else {}).items():
        told, read = (stands, news[i]) if _is_late(news[i], known[i]) else (news[i], stands)
        found[i] = replace(news[i], event=not_read(told.event.report, read.event), written=None)
    return found


async def _more_told(connection: Connection, arrived: Mapping[UUID, Arrived], known: Mapping[UUID, Known]) -> set[UUID]:
    """Those of which more is told than is kept: a later revision may bring another history and nothing else."""
    later = {i: a.event.report for i, a in arrived.items() if i in known and a.event.revision > known[i].revision}
    kept = await _as_they_stand(connection, {i: known[i] for i in later}) if later else {}
    return {i for i, a in kept.items() if _told(a.event.report) != _told(later[i])}


def _told(report: ReportReceived) -> ReportReceived:
    return report.model_copy(update={"revision": 0, "history": History()})


def _newest(arrived: Sequence[Arrived]) -> dict[UUID, Arrived]:
    """The last word on each report in this batch."""
    by_age = sorted(arrived, key=lambda a: (a.event.revision, _reading(a.event), a.assessed_at))
    return {a.event.report_id: a for a in by_age}


def _reading(event: ReportClassified) -> int:
    return event.assessment.reading if event.assessment else 0


def _is_late(arrived: Arrived, known: Known) -> bool:
    return arrived.event.revision < known.revision


def _is_news(arrived: Arrived, known: Known | None) -> bool:
    """A higher revision; or of the same one a higher reading, or as high a one by another rulebook, and later.

    A lower one only where nobody has read what was told since, and it is graver than that is taken to be.
    """
    event = arrived.event
    if known is not None and _is_late(arrived, known):
        return known.reading == 0 and event.assessment is not None and read_danger(event) < known.danger_class
    if known is None or event.revision != known.revision:
        return known is None or event.revision > known.revision
    if event.assessment is None:
        return known.receipt is None
    if event.assessment.reading != known.reading:
        return event.assessment.reading > known.reading
    return event.assessment.rulebook != known.rulebook and arrived.assessed_at > known.assessed_at


def _open(
    arrived: Arrived,
    known: Known | None,
    override: Override | None,
    rules: Rules,
    now: datetime,
    complaints: Count | None,
    receipt: bool,
    more_told: bool,
) -> JudgedCase:
    """More told, or something graver, brings a closed case back; another rulebook's like reading does not."""
    event = arrived.event
    where = placed(event, override, rules, known, complaints)
    return JudgedCase(
        event=event,
        event_json=arrived.written or event.model_dump_json().encode(),
        assessed_at=arrived.assessed_at,
        opened_at=known.opened_at if known else now,
        grading=where.grading,
        target_at=where.target_at,
        route=where.route,
        routed=receipt_of(event, where, now) if receipt else None,
        override=override,
        reopens=known is not None and (more_told or where.grading.danger_class < known.danger_class),
        moved=where.moved,
        traceparent=arrived.traceparent,
    )


def receipt_of(event: ReportClassified, where: Placed, now: datetime) -> ReportRouted:
    """Where it went, and what it is read as by what counts."""
    return ReportRouted(
        report_id=event.report_id,
        revision=event.revision,
        routed_at=now,
        destinations=where.route.destinations,
        danger_class=where.grading.danger_class,
        grade=where.grading.grade,
        responsible=where.route.responsible,
        labels=where.reading.labels if where.reading else (),
        strands=where.reading.strands if where.reading else (),
    )


def _entry(case: JudgedCase, known: Known | None, now: datetime) -> Entry:
    """The reading, for the record: what it gave, where it went, and how that differs from the one before."""
    event, grading = case.event, case.grading
    made = reading_of(event)
    detail = {
        "revision": event.revision,
        "rulebook": made.rulebook if made else None,
        "labels": list(made.labels) if made else [],
        "destinations": [f"{d.agency}/{d.queue}" for d in case.route.destinations],
        **regraded(grading, known),
    }
    action = "read" if made else "opened, not yet read"
    return Entry(now, "classifier" if made else "escalation", action, event.report_id, "", detail)


def regraded(grading: Grading, known: Known | None) -> dict[str, Any]:
    """Class, grade and reasons, with what is new in them and what is gone."""
    found: dict[str, Any] = {"danger_class": int(grading.danger_class), "grade": grading.grade}
    if known is None:
        return found | {"reasons": list(grading.reasons)}
    return found | {
        "danger_class_before": known.danger_class,
        "grade_before": known.grade,
        "reasons_new": [reason for reason in grading.reasons if reason not in known.reasons],
        "reasons_gone": [reason for reason in known.reasons if reason not in grading.reasons],
    }


async def give_receipts(
    connection: Connection,
    newest: Mapping[UUID, Arrived],
    known: Mapping[UUID, Known],
    opened: Sequence[JudgedCase],
    now: datetime,
) -> None:
    """Each that was made just now, and again the one that was given of what is known."""
    given = {case.event.report_id: case.routed for case in opened}
    receipts = {report_id: case.receipt for report_id, case in known.items()}
    again = ((i, receipts.get(i)) for i in newest if i not in given)
    given |= {i: ReportRouted.model_validate_json(receipt) for i, receipt in again if receipt}
    await put(connection, [_outgoing(a, routed, now) for i, a in newest.items() if (routed := given.get(i))])


def _outgoing(arrived: Arrived, routed: ReportRouted, now: datetime) -> Outgoing:
    urgent = arrived.event.report.lane is Lane.urgent
    return outgoing(routed, ROUTED, SOURCE, now, urgent, trace=arrived.traceparent)


async def rules_for(ids: Sequence[UUID], covering: Covering, pool: Pool) -> Rules:
    """The rules, with the areas of these reports' places looked up: before anything of theirs is locked."""
    async with transaction(pool) as connection:
        written = await cases.written(connection, ids)
    return await covering([ReportClassified.model_validate_json(event).report.place for event in written.values()])
