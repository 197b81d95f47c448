"""What an agency does about a report that it has: acknowledge, note, give back, close."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.directory import Directory
from services.escalation.domain.local import local
from services.escalation.domain.sent_again import sent_as
from services.escalation.errors import NotNow, NotSo, ToldSince, UnknownReport
from services.escalation.handlers.progress import progressed
from services.escalation.repository import deliveries
from services.escalation.repository.isolation import as_agency
from services.escalation.tokens import Principal
from shared.database import Connection, Pool
from shared.events import Progress, SafeWords
from shared.outbox import Bell, put

OPEN: Final = ("queued", "seen", "acknowledged")


@dataclass(frozen=True, slots=True)
class ActingAgency:
    """Who acts, and with what: `guests` are connections under the role that agencies' requests run as."""

    who: Principal
    guests: Pool
    bell: Bell

    @property
    def id(self) -> str:
        return self.who.belongs_to


async def acknowledge(agency: ActingAgency, report_id: UUID, now: datetime, seen: int | None = None) -> None:
    """Say that it has arrived and is theirs. Again: nothing more happens.

    `seen`, here and below: the newest position that they have read about it; None is any. Raises ToldSince.
    """
    async with _still(agency, report_id, seen) as connection:
        moved = await _moved(connection, agency, report_id, "acknowledged", ("queued", "seen"), now)
        if moved:
            await _told(connection, agency, report_id, moved, Progress.acknowledged, None, now)
    agency.bell.ring()


async def note(
    agency: ActingAgency,
    report_id: UUID,
    words: str,
    safe: SafeWords | None,
    now: datetime,
    seen: int | None = None,
    key: str | None = None,
) -> None:
    """Write down what was done, for themselves and for staff; `safe` is what the reporter may be told.

    With the same `key` again: nothing more happens.
    """
    sent = sent_as(report_id, agency.who.client, key)
    async with _still(agency, report_id, seen) as connection:
        if sent and await deliveries.was_sent(connection, agency.id, report_id, sent):
            return
        moved = await deliveries.move(connection, agency.id, report_id, "acknowledged", OPEN, now)
        if not moved:
            raise await _why_not(connection, agency, report_id)
        await _told(connection, agency, report_id, moved, Progress.under_way, words, now, safe, sent)
    agency.bell.ring()


async def close(
    agency: ActingAgency, report_id: UUID, outcome: str, safe: SafeWords | None, now: datetime, seen: int | None = None
) -> None:
    """Say what came of it. Again: nothing more happens."""
    async with _still(agency, report_id, seen) as connection:
        moved = await _moved(connection, agency, report_id, "closed", OPEN, now, outcome=outcome)
        if moved:
            await _told(connection, agency, report_id, moved, Progress.closed, outcome, now, safe)
    agency.bell.ring()


async def give_back(
    agency: ActingAgency,
    report_id: UUID,
    whose: str | None,
    why: str,
    directory: Directory,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Say that it is not theirs, and whose it is, if they know. Again: nothing more happens. Raises NotSo."""
    if whose and directory.agency(whose) is None:
        raise NotSo("The directory has no agency with this id. Leave it out, and a person decides.")
    async with _still(agency, report_id, seen) as connection:
        moved = await _moved(connection, agency, report_id, "returned", OPEN, now, returned_for=whose)
        if moved:
            await _told(connection, agency, report_id, moved, Progress.returned, why, now)
    agency.bell.ring()


@asynccontextmanager
async def _still(agency: ActingAgency, report_id: UUID, seen: int | None) -> AsyncIterator[Connection]:
    """A transaction in which the report stands for its agency as it was seen. Raises ToldSince."""
    async with as_agency(agency.guests, agency.id) as connection:
        await deliveries.hold(connection, agency.id, report_id)
        held = await deliveries.held(connection, agency.id, report_id)
        if seen is not None and any(row["state"] in OPEN and row["newest"] > seen for row in held):
            at = local(held[0]["newest_at"], "%H:%M %Z on %-d %b %Y")
            raise ToldSince(
                f"This report changed at {at}, after you read it. Read it as it is now, then send this again."
            )
        yield connection


async def _moved(
    connection: Connection,
    agency: ActingAgency,
    report_id: UUID,
    to: str,
    states: Sequence[str],
    now: datetime,
    **given: str | None,
) -> list[str]:
    moved = await deliveries.move(connection, agency.id, report_id, to, states, now, **given)
    if moved:
        return moved
    held = await deliveries.held(connection, agency.id, report_id)
    if any(row["state"] == to for row in held):
        return []
    raise await _why_not(connection, agency, report_id)


async def _why_not(connection: Connection, agency: ActingAgency, report_id: UUID) -> UnknownReport | NotNow:
    held: list[Any] = await deliveries.held(connection, agency.id, report_id)
    if not held:
        return UnknownReport("Nothing with this id was delivered to you.")
    return NotNow(f"It is {held[0]['state']} by now: nothing more is done about it here.")


async def _told(
    connection: Connection,
    agency: ActingAgency,
    report_id: UUID,
    queues: Sequence[str],
    progress: Progress,
    words: str | None,
    now: datetime,
    safe: SafeWords | None = None,
    key: UUID | None = None,
) -> None:
    by = agency.who.client
    await deliveries.add_step(connection, agency.id, report_id, queues, progress, words, by, now, key)
    await put(connection, [progressed(report_id, agency.id, progress, now, safe)])
