"""What a reporter says after sending: more, or that they would rather withdraw. Nothing is taken away by either."""

import hmac
from datetime import datetime

from services.intake.domain.amendments import (
    added_already,
    asked_already,
    asked_to_withdraw,
    asking_for_review,
    with_more,
    withdrawal_noted,
)
from services.intake.domain.households import Keyring
from services.intake.errors import Anonymous, UnknownReference
from services.intake.handlers.households import SOURCE
from services.intake.handlers.reports import fitting
from services.intake.handlers.revising import told_anew
from services.intake.repository import reports
from shared.database import Connection, Pool, transaction
from shared.events import Amendment, Lane, ReportAmended, ReportReceived
from shared.kafka import AMENDED
from shared.outbox import Bell, outgoing, put
from shared.references import normalised_reference
from shared.security import sha256
from shared.told import Contact, Place


async def add_more(
    reference: str,
    secret: str,
    text: str,
    pool: Pool,
    bell: Bell,
    ring: Keyring,
    now: datetime,
    turn: str | None = None,
) -> None:
    """Keep what was added, and have the report read anew with it.

    Sent twice, it is added once. Raises UnknownReference, or TooLong.
    """
    async with transaction(pool) as connection:
        report = await _opened(connection, reference, secret)
        if added_already(report, text, now):
            return
        report = await told_anew(connection, fitting(with_more(report, text, now)), ring, now, turn)
        await _tell(connection, report, Amendment.more_told, text, now, turn)
    bell.ring()


async def ask_to_withdraw(
    reference: str, secret: str, pool: Pool, bell: Bell, ring: Keyring, now: datetime, turn: str | None = None
) -> None:
    """A note for the staff, perhaps written under pressure: it closes nothing. Raises UnknownReference.

    Asked again, with nothing told in between, it is the same note.
    """
    async with transaction(pool) as connection:
        report = await _opened(connection, reference, secret)
        if withdrawal_noted(report):
            return
        report = await told_anew(connection, asked_to_withdraw(report, now), ring, now, turn)
        await _tell(connection, report, Amendment.withdrawal_asked, None, now, turn)
    bell.ring()


async def ask_for_review(
    reference: str,
    secret: str,
    contact: Contact | None,
    safe_contact: str | None,
    place: Place,
    pool: Pool,
    bell: Bell,
    ring: Keyring,
    now: datetime,
    turn: str | None = None,
) -> None:
    """Ask for an ASB Case Review, with contact and place as given or as they were.

    Sent twice, it is asked for once. Raises UnknownReference, Anonymous, TooLong.
    """
    async with transaction(pool) as connection:
        report = await _opened(connection, reference, secret)
        asking = asking_for_review(report, contact, safe_contact, place, now)
        if not asking.contact or not asking.contact.can_ask_for_a_review:
            raise Anonymous("Give a name, and a phone number or an email address.")
        if asked_already(report, asking, now):
            return
        if contact or safe_contact or place != Place():
            asking = fitting(asking)
        report = await told_anew(connection, asking, ring, now, turn)
        await _tell(connection, report, Amendment.case_review_asked, None, now, turn)
    bell.ring()


async def _opened(connection: Connection, reference: str, secret: str) -> ReportReceived:
    """The report, held; the same error whether the reference or the secret is wrong."""
    row = await reports.by_reference(connection, normalised_reference(reference))
    known = row is not None and hmac.compare_digest(row["secret_hash"], sha256(secret))
    report = await reports.held(connection, row["id"]) if known else None
    if report is None:
        raise UnknownReference("Check the reference and the secret that you were given when you sent it.")
    return report


async def _tell(
    connection: Connection, report: ReportReceived, kind: Amendment, text: str | None, now: datetime, turn: str | None
) -> None:
    event = ReportAmended(report_id=report.report_id, revision=report.revision, kind=kind, amended_at=now, text=text)
    await put(connection, [outgoing(event, AMENDED, SOURCE, now, report.lane is Lane.urgent, turn=turn)])
