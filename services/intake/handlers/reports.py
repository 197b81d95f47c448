"""What can happen in intake: a report is told, somebody asks how it stands, a receipt comes back."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from services.intake.domain import reports as domain
from services.intake.domain.reports import Stage
from services.intake.errors import KeyReused, UnknownReference
from services.intake.repository import evidence, messages, reports
from shared import telemetry
from shared.cloudevents import encode
from shared.database import Pool, transaction
from shared.events import (
    Answers,
    Attachment,
    Channel,
    Contact,
    Lane,
    Place,
    ReportProgressed,
    ReportReceived,
    ReportRouted,
    SafeWords,
    Turn,
)
from shared.kafka import RECEIVED
from shared.outbox import Bell, Outgoing
from shared.screen import screen
from shared.security import sha256

SOURCE = "intake"


@dataclass(frozen=True, slots=True)
class Told:
    """A report as it came in, by whichever way."""

    channel: Channel
    source: str
    text: str
    answers: Answers
    place: Place
    contact: Contact | None
    consent: tuple[str, ...]
    idempotency_key: str | None
    body_hash: str
    turns: tuple[Turn, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    low_trust: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the reporter gets: the secret is derived, and shown nowhere else."""

    report_id: UUID
    reference: str
    secret: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a report stands, safe to be seen over a shoulder."""

    reference: str
    source: str
    received_at: datetime
    stage: Stage
    messages: tuple[SafeWords, ...] = ()


async def accept(told: Told, pool: Pool, bell: Bell, key: str, now: datetime) -> Accepted:
    """Keep a report; once this returns, it is on disk. Raises KeyReused, or DatabaseUnavailable with nothing kept."""
    report = _received(told, now)
    secret = domain.reporters_secret(key, report.report_id)
    kept = reports.Acceptance(report, sha256(secret), told.idempotency_key, told.body_hash)
    async with transaction(pool) as connection:
        new = await reports.accept(connection, kept, _outgoing(report, now))
        if new:
            await evidence.keep(connection, report.report_id, report.attachments)
        earlier = None if new else await reports.sent_before(connection, told.source, told.idempotency_key or "")
    bell.ring()
    if earlier is None:
        return Accepted(report.report_id, report.reference, secret)
    if earlier["body_hash"] != told.body_hash:
        raise KeyReused("Send this report with a new Idempotency-Key; the earlier one was kept as it was.")
    return Accepted(earlier["id"], earlier["reference"], domain.reporters_secret(key, earlier["id"]))


def _received(told: Told, now: datetime) -> ReportReceived:
    screened = screen(told.text)
    return ReportReceived(
        report_id=uuid4(),
        reference=domain.new_reference(secrets.choice),
        channel=told.channel,
        source=told.source,
        received_at=now,
        lane=domain.lane_of(told.answers, screened),
        screened=screened,
        text=told.text,
        turns=told.turns,
        answers=told.answers,
        place=told.place,
        contact=told.contact,
        consent=told.consent,
        attachments=told.attachments,
        low_trust=told.low_trust,
    )


def _outgoing(report: ReportReceived, now: datetime) -> Outgoing:
    message = encode(report, RECEIVED[report.lane], SOURCE, now, telemetry.current_traceparent())
    return Outgoing(report.report_id, report.event_id, report.revision, report.lane is Lane.urgent, message)


async def standing(reference: str, secret: str, pool: Pool) -> Standing:
    """How a report stands. Raises UnknownReference, the same whether the reference or the secret is wrong."""
    async with transaction(pool) as connection:
        row = await reports.by_reference(connection, domain.normalised_reference(reference))
        told = await messages.of_report(connection, row["id"]) if row else []
    if row is None or not hmac.compare_digest(row["secret_hash"], sha256(secret)):
        raise UnknownReference("Check the reference and the secret that you were given when you sent it.")
    stage = domain.stage_of(bool(row["routed_at"]))
    words = tuple(SafeWords(one["words"]) for one in told)
    return Standing(domain.normalised_reference(reference), row["source"], row["received_at"], stage, words)


async def close(receipts: Sequence[ReportRouted], pool: Pool) -> None:
    """Record the receipts, the newest for each report."""
    newest = {r.report_id: r for r in sorted(receipts, key=lambda receipt: receipt.revision)}
    async with transaction(pool) as connection:
        await reports.close(connection, list(newest.values()))


async def hear(progressed: Sequence[ReportProgressed], pool: Pool) -> None:
    """Keep what reporters may be told; who said it is for staff, and is not kept here."""
    async with transaction(pool) as connection:
        await messages.keep(connection, progressed)
