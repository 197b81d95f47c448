"""What an agency does about a report that it has: acknowledge, note, give back, close."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.directory import Directory
from services.escalation.domain.local import local
from services.escalation.domain.sent_again import sent_as
from services.escalation.errors import NotNow, NotSo, ToldSince, UnknownReport
from services.escalation.handlers.sending import progressed
from services.escalation.repository import deliveries
from services.escalation.repository.isolation import as_agency
from services.escalation.tokens import Principal
from shared.database import Pool
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


@dataclass(frozen=True, slots=True)
class Step:
    """What an agency does: the state that its deliveries come to by it, from which, and what is said of it to whom.

    `words` are for themselves and for staff, `safe` is what the reporter may be told. Sent again under the same `key`,
    it is the same step.
    """

    to: str
    progress: Progress
    words: str | None = None
    safe: SafeWords | None = None
    states: Sequence[str] = OPEN
    returned_for: str | None = None
    key: UUID | None = None


async def acknowledge(agency: ActingAgency, report_id: UUID, now: datetime, seen: int | None = None) -> None:
    """Say that it has arrived and is theirs. Again: nothing more happens.

    `seen`, here and below: the newest position that they have read about it; None is any. Raises ToldSince.
    """
    step = Step("acknowledged", Progress.acknowledged, states=("queued", "seen"))
    await _take(agency, report_id, step, now, seen)


async def note(
    agency: ActingAgency,
    report_id: UUID,
    words: str,
    safe: SafeWords | None,
    now: datetime,
    seen: int | None = None,
    key: str | None = None,
) -> None:
    """Write down what was done, which acknowledges it too. With the same `key` again: nothing more happens."""
    sent = sent_as(report_id, agency.who.client, key)
    await _take(agency, report_id, Step("acknowledged", Progress.under_way, words, safe, key=sent), now, seen)


async def close(
    agency: ActingAgency, report_id: UUID, outcome: str, safe: SafeWords | None, now: datetime, seen: int | None = None
) -> None:
    """Say what came of it. Again: nothing more happens."""
    await _take(agency, report_id, Step("closed", Progress.closed, outcome, safe), now, seen)


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
    await _take(agency, report_id, Step("returned", Progress.returned, why, returned_for=whose), now, seen)


async def _take(agency: ActingAgency, report_id: UUID, step: Step, now: datetime, seen: int | None) -> None:
    """Once, where the report stands for its agency as it was seen. Raises ToldSince, UnknownReport or NotNow."""
    async with as_agency(agency.guests, agency.id) as connection:
        await deliveries.hold(connection, agency.id, report_id)
        held = await deliveries.held(connection, agency.id, report_id)
        _must_be_as_seen(held, seen)
        if step.key and await deliveries.was_sent(connection, agency.id, report_id, step.key):
            return
        outcome = step.words if step.progress is Progress.closed else None
        given = (step.to, step.states, now, step.returned_for, outcome)
        if queues := await deliveries.move(connection, agency.id, report_id, *given):
            told = (step.progress, step.words, agency.who.client, now, step.key)
            await deliveries.add_step(connection, agency.id, report_id, queues, *told)
            await put(connection, [progressed(report_id, agency.id, step.progress, now, step.safe)])
        elif not held:
            raise UnknownReport("Nothing with this id was delivered to you.")
        elif all(row["state"] != step.to for row in held):
            raise NotNow(f"It is {held[0]['state']} by now: nothing more is done about it here.")
    agency.bell.ring()


def _must_be_as_seen(held: Sequence[Any], seen: int | None) -> None:
    if seen is not None and any(row["state"] in OPEN and row["newest"] > seen for row in held):
        at = local(held[0]["newest_at"], "%H:%M %Z on %-d %b %Y")
        raise ToldSince(f"This report changed at {at}, after you read it. Read it as it is now, then send this again.")
