"""Telling intake something, by its handlers, at whatever time a test is about."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.intake.domain.households import Keyring
from services.intake.handlers import reports
from services.intake.handlers.reports import Accepted, Told
from shared.database import Pool
from shared.events import ReportReceived
from shared.outbox import Bell
from shared.told import Answers, Channel, Contact, Place
from tests.builders import NOON

RING = Keyring(("a secret of thirty-two characters or more",), {"2026": "a household key"})
DAY = timedelta(days=1)


async def tell(
    pool: Pool,
    text: str,
    *,
    now: datetime = NOON,
    ring: Keyring = RING,
    postcode: str | None = "ZZ1 4AB",
    words: str | None = None,
    party: str | None = None,
    phone: str | None = None,
    email: str | None = None,
    **given: Any,
) -> Accepted:
    told = Told(
        channel=given.pop("channel", Channel.web),
        source="public",
        text=text,
        answers=Answers(party=party, **given),
        place=Place(postcode=postcode, words=words),
        contact=Contact(phone=phone, email=email) if phone or email else None,
        consent=(),
        idempotency_key=None,
        body_hash="",
    )
    return await reports.accept(told, pool, Bell(pool), ring, now)


async def event_of(pool: Pool, report_id: UUID) -> ReportReceived:
    return ReportReceived.model_validate_json(
        await pool.fetchval(
            "select value from outbox where report_id = $1 and topic like 'reports.received%' order by revision desc",
            report_id,
        )
    )
