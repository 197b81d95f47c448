"""What a reporter says after sending: more, or that they would rather withdraw. Kept apart, never merged."""

import hmac
from datetime import datetime
from typing import Any

from services.intake.domain.reports import normalised_reference
from services.intake.errors import UnknownReference
from services.intake.repository import reports
from shared import telemetry
from shared.cloudevents import encode
from shared.database import Connection, Pool, transaction
from shared.events import Amendment, Lane, ReportAmended
from shared.kafka import RECEIVED
from shared.outbox import Bell, Outgoing, put
from shared.screen import screen
from shared.security import sha256


async def add_more(reference: str, secret: str, text: str, pool: Pool, bell: Bell, now: datetime) -> None:
    """Keep what was added, and tell those who deal with the report. Raises UnknownReference."""
    await _amend(reference, secret, Amendment.more_told, text, pool, bell, now)


async def ask_to_withdraw(reference: str, secret: str, pool: Pool, bell: Bell, now: datetime) -> None:
    """A note, perhaps written under pressure: it closes nothing. Raises UnknownReference."""
    await _amend(reference, secret, Amendment.withdrawal_asked, "", pool, bell, now)


async def _amend(
    reference: str, secret: str, kind: Amendment, text: str, pool: Pool, bell: Bell, now: datetime
) -> None:
    async with transaction(pool) as connection:
        report = await _opened(connection, reference, secret)
        lane = Lane.urgent if report["urgent"] or screen(text) else Lane.ordinary
        event = ReportAmended(
            report_id=report["id"], revision=report["revision"] + 1, kind=kind, amended_at=now, text=text or None
        )
        message = encode(event, RECEIVED[lane], "intake", now, telemetry.current_traceparent())
        urgent = lane is Lane.urgent
        await put(connection, [Outgoing(event.report_id, event.event_id, event.revision, urgent, message)])
    bell.ring()


async def _opened(connection: Connection, reference: str, secret: str) -> dict[str, Any]:
    row = await reports.by_reference(connection, normalised_reference(reference))
    if row is None or not hmac.compare_digest(row["secret_hash"], sha256(secret)):
        raise UnknownReference("Check the reference and the secret that you were given when you sent it.")
    return dict(row)
