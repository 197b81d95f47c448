"""What can happen in escalation: a report was read, was not read in time, cannot be read; a client asks for its own."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation import repository
from services.escalation.domain.directory import Directory, KindRule
from services.escalation.domain.grading import GradingTable, grade
from services.escalation.domain.routing import RoutingTable, route
from services.escalation.domain.views import minimised
from services.escalation.errors import NotYours, UnknownClient
from services.escalation.repository import Known, Opened
from shared import telemetry
from shared.cloudevents import encode
from shared.database import Connection, Pool, transaction
from shared.events import Assessment, Lane, ReportClassified, ReportReceived, ReportRouted
from shared.kafka import ROUTED
from shared.outbox import Bell, Outgoing, put
from shared.security import sha256

SOURCE: Final = "escalation"


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides: who acts where, how grave it is, and where it goes."""

    directory: Directory
    grading: GradingTable
    routing: RoutingTable


@dataclass(frozen=True, slots=True)
class Arrived:
    """A reading as it came, with the time at which it was made."""

    event: ReportClassified
    assessed_at: datetime
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A case on the queue, as the control room sees it."""

    report_id: UUID
    danger_class: int
    grade: str
    target_at: datetime
    opened_at: datetime
    queues: tuple[str, ...]
    reasons: tuple[str, ...]
    report: ReportReceived
    assessment: Assessment | None


@dataclass(frozen=True, slots=True)
class Delivered:
    """A report in an agency's feed, cut down to what its kind may see."""

    position: int
    report_id: UUID
    reference: str
    queue: str
    reason: str
    ground: str
    received_at: datetime
    delivered_at: datetime
    report: dict[str, Any]


async def escalate(arrived: Sequence[Arrived], pool: Pool, bell: Bell, rules: Rules, now: datetime) -> None:
    """Open or re-grade each report's case, deliver it, give a receipt; what is known only has its receipt repeated."""
    newest = _newest(arrived)
    async with transaction(pool) as connection:
        known = await repository.locked(connection, list(newest))
        opened = [_open(a, known.get(i), rules, now) for i, a in newest.items() if _is_news(a, known.get(i))]
        await repository.keep(connection, opened, now)
        await _give_receipts(connection, newest, known, opened, now)
    bell.ring()


def _newest(arrived: Sequence[Arrived]) -> dict[UUID, Arrived]:
    """The last word on each report in this batch."""
    by_age = sorted(arrived, key=lambda a: (a.event.revision, a.event.assessment is not None, a.assessed_at))
    return {a.event.report_id: a for a in by_age}


def _is_news(arrived: Arrived, known: Known | None) -> bool:
    """A higher revision, or the first or a later reading of the same one, by another rulebook."""
    event = arrived.event
    if known is None or event.revision != known.revision:
        return known is None or event.revision > known.revision
    if event.assessment is None:
        return known.receipt is None
    return known.rulebook is None or (
        event.assessment.rulebook != known.rulebook and arrived.assessed_at > known.assessed_at
    )


def _open(arrived: Arrived, known: Known | None, rules: Rules, now: datetime, receipt: bool = True) -> Opened:
    event = arrived.event
    grading = grade(event.report, event.assessment, rules.grading)
    where = route(event.report, event.assessment, grading.danger_class, rules.directory, rules.routing)
    routed = ReportRouted(
        report_id=event.report_id,
        revision=event.revision,
        routed_at=now,
        destinations=where.destinations,
        danger_class=grading.danger_class,
        grade=grading.grade,
    )
    return Opened(
        event=event,
        event_json=event.model_dump_json().encode(),
        assessed_at=arrived.assessed_at,
        opened_at=known.opened_at if known else now,
        grading=grading,
        target_at=event.report.received_at + rules.grading.target(grading.grade),
        route=where,
        receipt=routed.model_dump_json().encode() if receipt else None,
    )


async def _give_receipts(
    connection: Connection,
    newest: dict[UUID, Arrived],
    known: dict[UUID, Known],
    opened: Sequence[Opened],
    now: datetime,
) -> None:
    receipts = {report_id: case.receipt for report_id, case in known.items()}
    receipts |= {case.event.report_id: case.receipt for case in opened}
    await put(connection, [_outgoing(a, receipts[i], now) for i, a in newest.items() if receipts[i]])


def _outgoing(arrived: Arrived, receipt: bytes | None, now: datetime) -> Outgoing:
    routed = ReportRouted.model_validate_json(receipt or b"")
    trace = arrived.traceparent or telemetry.current_traceparent()
    message = encode(routed, ROUTED, SOURCE, now, trace)
    urgent = arrived.event.report.lane is Lane.urgent
    return Outgoing(routed.report_id, routed.event_id, routed.revision, urgent, message)


async def open_unread(reports: Sequence[ReportReceived], pool: Pool, rules: Rules, now: datetime) -> None:
    """Put urgent reports that nobody has read yet on the queue. No receipt: intake goes on until they are read."""
    unread = {report.report_id: Arrived(not_read(report), now, None) for report in reports}
    async with transaction(pool) as connection:
        known = await repository.locked(connection, list(unread))
        opened = [_open(a, None, rules, now, receipt=False) for i, a in unread.items() if i not in known]
        await repository.keep(connection, opened, now)


def not_read(report: ReportReceived) -> ReportClassified:
    """A report without a reading."""
    return ReportClassified(report_id=report.report_id, revision=report.revision, report=report, assessment=None)


async def load_directory(directory: Directory, pool: Pool, now: datetime) -> int:
    """Put a directory in force and return its version."""
    async with transaction(pool) as connection:
        return await repository.add_directory(connection, directory, now)


async def let_in(client_id: str, secret: str, role: str, belongs_to: str, pool: Pool) -> None:
    """Give a client a secret, in place of the one it may have had."""
    async with transaction(pool) as connection:
        await repository.put_client(connection, client_id, sha256(secret), role, belongs_to)


async def identify(client_id: str, secret: str, pool: Pool) -> Any:
    """The client's role and whose it is. Raises UnknownClient, the same whichever of the two is wrong."""
    async with transaction(pool) as connection:
        row = await repository.client(connection, client_id)
    if row is None or not hmac.compare_digest(row["secret_hash"], sha256(secret)):
        raise UnknownClient("Check the client id and secret.")
    return row


async def ranked(force: str, queue: str | None, limit: int, pool: Pool) -> list[Ranked]:
    """The queue of one control room, the first to be taken first."""
    async with transaction(pool) as connection:
        return [_ranked(row) for row in await repository.ranked(connection, force, queue, limit)]


def _ranked(row: Any) -> Ranked:
    event = ReportClassified.model_validate_json(row["event"])
    return Ranked(
        report_id=row["report_id"],
        danger_class=row["danger_class"],
        grade=row["grade"],
        target_at=row["target_at"],
        opened_at=row["opened_at"],
        queues=row["queues"],
        reasons=row["reasons"],
        report=event.report,
        assessment=event.assessment,
    )


async def feed(agency_id: str, after: int, limit: int, pool: Pool) -> list[Delivered]:
    """An agency's deliveries behind a position, each cut down to what its kind may see."""
    async with transaction(pool) as connection:
        directory = await repository.newest_directory(connection)
        rows = await repository.feed(connection, agency_id, after, limit)
    agency = directory.agency(agency_id) if directory else None
    if directory is None or agency is None:
        raise NotYours("This agency is no longer in the directory.")
    rule = directory.rule(agency.kind)
    return [_delivered(row, rule) for row in rows]


def _delivered(row: Any, rule: KindRule) -> Delivered:
    event = ReportClassified.model_validate_json(row["event"])
    return Delivered(
        position=row["position"],
        report_id=row["report_id"],
        reference=event.report.reference,
        queue=row["queue"],
        reason=row["reason"],
        ground=row["ground"],
        received_at=event.report.received_at,
        delivered_at=row["delivered_at"],
        report=minimised(event, rule),
    )
