"""Agencies are told that there is something in their feed: ids only, signed, again for 24 hours, then an alert."""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID, uuid5

import structlog
from prometheus_client import Counter
from pydantic import BaseModel, Field
from standardwebhooks import Webhook

from services.escalation.outward import Outward, Refused
from services.escalation.repository import audit, webhooks
from services.escalation.repository.audit import Entry
from shared.clock import Clock
from shared.database import DatabaseUnavailable, Pool, transaction
from shared.events import EntryKind
from shared.worker import every

log = structlog.get_logger()

MESSAGES: Final = UUID("8f2b0f7e-2f9f-4f0a-9d5b-0c8a2d1f7a11")
"""Names messages: the same id at every retry, so that whoever gets one twice can tell."""
TICK: Final = 1.0  # seconds
AT_ONCE: Final = 50  # calls in hand
MOST: Final = 100  # entries in one message
LEASE: Final = timedelta(seconds=60)  # longer than one call may take
BACK_OFF: Final = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 7200, 14400))
FOR: Final = timedelta(hours=24)

GIVEN_UP = Counter("heard_webhooks_given_up_total", "Messages that an agency did not take within 24 hours", ["agency"])

Call = asyncio.Task[None]


@dataclass(frozen=True, slots=True)
class Hook:
    """What an agency is given when its webhook is set up: the secret is shown this once."""

    url: str
    secret: str


class Told(BaseModel):
    """An entry of the feed: `GET /v1/agencies/{agency}/reports` has it, with all that you may see."""

    position: int
    kind: EntryKind
    report_id: UUID


class NewEntries(BaseModel):
    agency: str
    entries: tuple[Told, ...] = Field(max_length=MOST)


class Message(BaseModel):
    """That there is something new in an agency's feed: ids, and not a word of any report."""

    type: Literal["reports.delivered"] = "reports.delivered"
    timestamp: datetime = Field(description="of this attempt")
    data: NewEntries


async def set_up(agency: str, url: str, pool: Pool, now: datetime) -> Hook:
    """Tell the agency at this URL of what comes next, with a new secret."""
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    async with transaction(pool) as connection:
        await webhooks.put(connection, agency, url, secret, now)
        done = Entry(now, "heard escalation webhook", "set up a webhook", detail={"agency": agency})
        await audit.record(connection, [done])
    return Hook(url, secret)


async def tell_due(
    pool: Pool, outward: Outward, now: datetime, calls: asyncio.TaskGroup, at_once: int = AT_ONCE
) -> set[Call]:
    """Begin to tell at most so many of those who are due, each by a call of its own."""
    async with transaction(pool) as connection:
        rows = await webhooks.claim(connection, now, LEASE, at_once, MOST)
        told = [(row, await webhooks.entries(connection, row)) for row in rows]
    return {calls.create_task(_call(row, entries, pool, outward, now)) for row, entries in told}


async def keep_telling(pool: Pool, outward: Outward, clock: Clock, stop: asyncio.Event) -> None:
    """Look who is due, whoever is still being told: one that is slow or away holds up no other."""
    in_hand: set[Call] = set()

    async def look() -> None:
        in_hand.difference_update([call for call in in_hand if call.done()])
        in_hand.update(await tell_due(pool, outward, clock.now(), calls, AT_ONCE - len(in_hand)))

    async with asyncio.TaskGroup() as calls:
        await every(TICK, "webhooks", look, stop)


async def _call(row: Any, entries: Sequence[Any], pool: Pool, outward: Outward, now: datetime) -> None:
    """What came of it is kept, or else it is told again once the lease has run out."""
    try:
        await _tell(row, entries, pool, outward, now)
    except DatabaseUnavailable as error:
        log.warning("told again later", agency=row["agency_id"], reason=str(error))


async def _tell(row: Any, entries: Sequence[Any], pool: Pool, outward: Outward, now: datetime) -> None:
    body, headers = _message(row, entries, now)
    try:
        await outward.post(row["url"], body, headers)
    except Refused as error:
        await _failed(row, str(error), pool, now)
        return
    async with transaction(pool) as connection:
        await webhooks.told(connection, row, now)


def _message(row: Any, entries: Sequence[Any], now: datetime) -> tuple[bytes, dict[str, str]]:
    """A message and the headers that it is proved by (Standard Webhooks)."""
    message_id = f"msg_{uuid5(MESSAGES, '{agency_id}/{sent_to}/{pending_to}'.format(**row)).hex}"
    told = tuple(Told.model_validate(dict(entry)) for entry in entries)
    body = Message(timestamp=now, data=NewEntries(agency=row["agency_id"], entries=told)).model_dump_json()
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(row["secret"]).sign(message_id, now, body),
    }
    return body.encode(), headers


async def _failed(row: Any, reason: str, pool: Pool, now: datetime) -> None:
    since = row["failing_since"] or now
    async with transaction(pool) as connection:
        if now - since >= FOR:
            await webhooks.given_up(connection, row, now)
            GIVEN_UP.labels(row["agency_id"]).inc()
            log.error("webhook given up after 24 h", agency=row["agency_id"], reason=reason)
            return
        wait = BACK_OFF[min(row["attempts"], len(BACK_OFF)) - 1]
        await webhooks.failed(connection, row, now, min(now + wait, since + FOR))
    log.warning("webhook not taken", agency=row["agency_id"], reason=reason, attempts=row["attempts"])
