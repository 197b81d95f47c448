"""What can happen to a report: it is told, somebody asks how it stands, a receipt or a word of progress comes back."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from services.intake.domain import reports as domain
from services.intake.domain.households import Keyring, in_order_by
from services.intake.domain.reports import Stage
from services.intake.errors import KeyReused, TooLong, UnknownReference
from services.intake.handlers import households
from services.intake.handlers.households import SOURCE
from services.intake.repository import again, evidence, messages, reports
from services.intake.repository.households import Recognised
from shared.database import Connection, Pool, transaction
from shared.events import ERASED_GRADE, Lane, ReportErased, ReportProgressed, ReportReceived, ReportRouted, SafeWords
from shared.kafka import RECEIVED
from shared.outbox import Bell, Outgoing, outgoing
from shared.postcodes import postcode_of
from shared.references import normalised_reference
from shared.security import sha256
from shared.told import Answers, Attachment, Call, Channel, Contact, Place, Turn

SHORTEN = "Nothing of this was kept. Shorten it, or send the rest as a second report."


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
    call: Call | None = None
    attachments: tuple[Attachment, ...] = ()
    low_trust: bool = False
    turn: str | None = None
    asks_for_review: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the reporter gets: the secret is derived, and shown nowhere else."""

    report_id: UUID
    reference: str
    secret: str


@dataclass(frozen=True, slots=True)
class Message:
    """What a reporter is told of the progress of their report, and since when."""

    words: SafeWords
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How a report stands, safe to be seen over a shoulder. `named`: it says who sent it and how to reach them.

    `placed`: its area may be known by its postcode. `area_wanted`: it asks for a case review, and no panel can have it.
    """

    reference: str
    source: str
    received_at: datetime
    stage: Stage
    messages: tuple[Message, ...] = ()
    named: bool = False
    placed: bool = False
    area_wanted: bool = False


async def accept(told: Told, pool: Pool, bell: Bell, ring: Keyring, now: datetime) -> Accepted:
    """Keep a report; once this returns, it is on disk.

    Raises KeyReused; TooLong or DatabaseUnavailable, with nothing kept.
    """
    async with transaction(pool) as connection:
        accepted = await taken(connection, told, ring, now)
    bell.ring()
    return accepted


async def taken(connection: Connection, told: Told, ring: Keyring, now: datetime) -> Accepted:
    """The same, once the transaction is done; whoever does it rings the bell. Raises KeyReused or TooLong."""
    report = new(told, now)
    if await first_told(connection, report, told, ring, now):
        await evidence.keep(connection, report.report_id, report.attachments)
        secret = domain.reporters_secret(ring.reporters[0], report.report_id)
        return Accepted(report.report_id, report.reference, secret)
    earlier = await reports.sent_before(connection, told.source, told.idempotency_key or "")
    if earlier["body_hash"] != told.body_hash:
        raise KeyReused("Send this report with a new Idempotency-Key; the earlier one was kept as it was.")
    secret = domain.secret_given(ring.reporters, earlier["id"], earlier["secret_hash"])
    return Accepted(earlier["id"], earlier["reference"], secret)


async def first_told(
    connection: Connection, report: ReportReceived, told: Told, ring: Keyring, now: datetime
) -> ReportReceived | None:
    """Keep a new report with what was told before it; None, and nothing kept, where its Idempotency-Key is known."""
    recognised = await households.recognise(connection, report, households.known_by(report, ring))
    report = report.model_copy(update={"history": recognised.history})
    secret = domain.reporters_secret(ring.reporters[0], report.report_id)
    if not await reports.accept(connection, [acceptance(report, told, recognised, secret, now)]):
        return None
    await households.tell(connection, report, recognised.links, now)
    return report


def acceptance(
    report: ReportReceived, told: Told, recognised: Recognised, secret: str, now: datetime
) -> reports.Acceptance:
    """What is kept of a new report, which has its history."""
    out = on_its_way(report, recognised, now, told.turn)
    return reports.Acceptance(report, out, now, sha256(secret), told.idempotency_key, told.body_hash, recognised)


def new(told: Told, now: datetime) -> ReportReceived:
    """What was told, as a report of its own. Raises TooLong."""
    return fitting(domain.in_its_lane(received(told, uuid4(), domain.new_reference(), now)))


def fitting(report: ReportReceived) -> ReportReceived:
    """The report, to which something was added. Raises TooLong where it is more than a report holds."""
    if not domain.fits(report):
        raise TooLong(SHORTEN)
    return report


def received(told: Told, report_id: UUID, reference: str, now: datetime) -> ReportReceived:
    """What was told, as the event that says so, not screened yet."""
    return ReportReceived(
        report_id=report_id,
        reference=reference,
        channel=told.channel,
        source=told.source,
        received_at=now,
        lane=Lane.ordinary,
        text=told.text,
        turns=told.turns,
        answers=told.answers,
        place=told.place,
        contact=told.contact,
        consent=told.consent,
        case_review_asked_at=now if told.asks_for_review else None,
        call=told.call,
        attachments=told.attachments,
        low_trust=told.low_trust,
    )


def on_its_way(report: ReportReceived, recognised: Recognised, now: datetime, turn: str | None) -> Outgoing:
    """The event, in the order of its household; over an allowance it takes turns with other floods."""
    key = in_order_by(recognised.keys, report.report_id)
    return outgoing(report, RECEIVED[report.lane], SOURCE, now, report.lane is Lane.urgent, key, turn=turn)


async def standing(reference: str, secret: str, pool: Pool) -> Standing:
    """How a report stands. Raises UnknownReference, the same whether the reference or the secret is wrong."""
    async with transaction(pool) as connection:
        row = await reports.by_reference(connection, normalised_reference(reference))
        told = await messages.of_report(connection, row["id"]) if row else []
    if row is None or not hmac.compare_digest(row["secret_hash"], sha256(secret)):
        raise UnknownReference("Check the reference and the secret that you were given when you sent it.")
    stage = domain.stage_of(bool(row["routed_at"]))
    said = tuple(Message(SafeWords(one["words"]), one["at"]) for one in told)
    named = bool(row["contact"]) and Contact.model_validate(row["contact"]).can_ask_for_a_review
    report = ReportReceived.model_validate_json(row["event"])
    placed = postcode_of(report.place) is not None
    panel_has_it = any(one.words is SafeWords.a_review_was_asked_for for one in said)
    return Standing(
        report.reference,
        row["source"],
        row["received_at"],
        stage,
        said,
        named,
        placed,
        area_wanted=report.case_review_asked_at is not None and not placed and not panel_has_it,
    )


async def told(report_id: UUID, pool: Pool) -> ReportReceived:
    """A report as last told. Raises UnknownReference."""
    async with transaction(pool) as connection:
        report = await reports.told(connection, report_id)
    if report is None:
        raise UnknownReference("There is no report with this id.")
    return report


async def close(receipts: Sequence[ReportRouted], pool: Pool) -> bool:
    """Record the receipts, the newest for each report. Returns whether they make room for the next of a flood."""
    newest = {r.report_id: r for r in sorted(receipts, key=lambda receipt: receipt.revision)}
    erased = [_erasure(receipt) for receipt in newest.values() if receipt.grade == ERASED_GRADE]
    async with transaction(pool) as connection:
        await reports.hold(connection, newest)
        if erased:
            await again.keep_what_came_back(connection, erased)
        return await reports.close(connection, list(newest.values()))


def _erasure(receipt: ReportRouted) -> ReportErased:
    """As far as its receipt says."""
    return ReportErased(
        report_id=receipt.report_id,
        revision=receipt.revision,
        erased_at=receipt.routed_at,
        by="escalation's receipt",
        reason="erased before intake's database was restored",
    )


async def hear(progressed: Sequence[ReportProgressed], pool: Pool) -> None:
    """Keep what reporters may be told of what is here; who said it is for staff, and is not kept."""
    async with transaction(pool) as connection:
        here = await reports.hold(connection, {one.report_id for one in progressed})
        await messages.keep(connection, [one for one in progressed if one.report_id in here])
