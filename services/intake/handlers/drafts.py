"""What happens to a draft: begun, gone on with, saved for later, sent, closed."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.intake.domain import drafts as domain
from services.intake.domain import sealing
from services.intake.domain.drafts import Draft, Sent
from services.intake.domain.households import Keyring
from services.intake.domain.questions import REPORTS, Question, Reporting
from services.intake.errors import AlreadySent, DraftGone
from services.intake.handlers import reports
from services.intake.handlers.reports import Told
from services.intake.repository import evidence, sealed
from shared.clock import Clock
from shared.database import Connection, Pool, statement, transaction
from shared.outbox import Bell
from shared.postcodes import postcode_of
from shared.told import Attachment, Channel
from shared.worker import every

KEPT: Final = timedelta(days=1)  # since it was last touched
KEPT_WHEN_SAVED: Final = timedelta(days=28)
TICK: Final = 1.0  # seconds
FORGOTTEN_AT_ONCE: Final = 100
"""Of a kind, at each tick: a file may have 10 MB, and a statement 10 seconds."""
CLOSED_AFTER: Final = timedelta(minutes=30)  # the page with the reference and the secret, since it was last used


@dataclass(frozen=True, slots=True)
class Drafts:
    """Where drafts are kept, and the secrets, newest first, without which no code opens them."""

    pool: Pool
    secrets: tuple[str, ...]


async def begin(reporting: Reporting, suspect: bool, drafts: Drafts, now: datetime) -> str:
    """A new draft; returns the code that opens it."""
    code = sealing.new_code()
    async with transaction(drafts.pool) as connection:
        await put(connection, code, Draft(begun_at=now, reporting=reporting, suspect=suspect), drafts, now)
    return code


async def opened(code: str, drafts: Drafts, now: datetime) -> Draft:
    """One that was sent stays for as long again. Raises DraftGone where there is none, or no more."""
    place = sealing.place_of(code)
    async with statement(drafts.pool) as connection:
        found = await sealed.get(connection, place, now)
    draft = _read(found, code, drafts)
    if draft.sent:
        async with statement(drafts.pool) as connection:
            await sealed.renew(connection, place, now, now + CLOSED_AFTER)
    return draft


async def at_stake(code: str | None, drafts: Drafts, now: datetime) -> Draft | None:
    """What nothing but this code opens: what was written and not saved for later, or the only copy of a secret."""
    try:
        draft = await opened(code or "", drafts, now)
    except DraftGone:
        return None
    return draft if draft.sent or (draft.answers and not draft.saved) else None


async def held(connection: Connection, code: str, drafts: Drafts, now: datetime) -> Draft:
    """A draft, which nobody else changes, adds files to or sends until the transaction ends. Raises DraftGone."""
    return _read(await sealed.get_to_change(connection, sealing.place_of(code), now), code, drafts)


async def unsent(connection: Connection, code: str, drafts: Drafts, now: datetime) -> Draft:
    """The same, where it was not sent. Raises DraftGone, or AlreadySent."""
    draft = await held(connection, code, drafts, now)
    if draft.sent:
        raise AlreadySent("Say what the files show on the page of your report, with its reference and secret.")
    return draft


async def answer(
    code: str, question: Question, answers: Mapping[str, tuple[str, ...]], suspect: bool, drafts: Drafts, now: datetime
) -> Draft:
    """Keep the answers to one question, where it is asked; one that was sent stays as it is. Raises DraftGone."""
    async with transaction(drafts.pool) as connection:
        draft = await held(connection, code, drafts, now)
        if draft.sent or draft.reporting not in question.asked_of:
            return draft
        changed = draft.with_answers(question, answers).model_copy(update={"suspect": draft.suspect or suspect})
        await put(connection, code, changed, drafts, now)
    return changed


async def report_for(code: str, reporting: Reporting, drafts: Drafts, now: datetime) -> None:
    """Change whom a report is for; not of one that was sent, nor of an application. Raises DraftGone."""
    async with transaction(drafts.pool) as connection:
        draft = await held(connection, code, drafts, now)
        if not draft.sent and {draft.reporting, reporting} <= REPORTS:
            await put(connection, code, draft.model_copy(update={"reporting": reporting}), drafts, now)


async def save(code: str, drafts: Drafts, now: datetime) -> datetime:
    """Keep a draft for four weeks; returns until when. Raises DraftGone."""
    async with transaction(drafts.pool) as connection:
        draft = await held(connection, code, drafts, now)
        await put(connection, code, draft.model_copy(update={"saved": True}), drafts, now)
    return now + KEPT_WHEN_SAVED


async def send(
    code: str,
    source: str,
    low_trust: bool,
    turn: str | None,
    drafts: Drafts,
    ring: Keyring,
    bell: Bell,
    now: datetime,
) -> Sent:
    """Make a report of a draft: once, however often it is pressed. Raises DraftGone, or what `reports.accept` does."""
    async with transaction(drafts.pool) as connection:
        draft = await held(connection, code, drafts, now)
        if draft.sent:
            return draft.sent
        files = await evidence.of_draft(connection, sealing.place_of(code))
        told = as_told(draft, source, f"form {code}", low_trust or draft.suspect, turn, files)
        accepted = await reports.taken(connection, told, ring, now)
        sent = Sent(
            report_id=accepted.report_id,
            reference=accepted.reference,
            secret=accepted.secret,
            placed=postcode_of(told.place) is not None,
        )
        done = Draft(begun_at=draft.begun_at, reporting=draft.reporting, sent=sent)
        await put(connection, code, done, drafts, now)
    bell.ring()
    return sent


async def close(code: str, drafts: Drafts, now: datetime) -> None:
    """Forget one that was sent. One that was not stays for whoever has its code."""
    try:
        draft = await opened(code, drafts, now)
    except DraftGone:
        return
    if draft.sent:
        async with statement(drafts.pool) as connection:
            await sealed.forget(connection, sealing.place_of(code))


async def forget_expired(many: int, pool: Pool, now: datetime) -> int:
    """Forget what was kept until now, and so many at the most; returns how many."""
    async with transaction(pool) as connection:
        return await sealed.sweep(connection, many, now) + await evidence.sweep(connection, many, now)


async def keep_forgetting(pool: Pool, clock: Clock, stop: asyncio.Event) -> None:
    """In batches, so that what is over all at once keeps nobody waiting."""
    await every(TICK, "forgetting", lambda: forget_expired(FORGOTTEN_AT_ONCE, pool, clock.now()), stop)


async def put(connection: Connection, code: str, draft: Draft, drafts: Drafts, now: datetime) -> None:
    """Keep a draft, and its files for as long."""
    keep = CLOSED_AFTER if draft.sent else KEPT_WHEN_SAVED if draft.saved else KEPT
    plain, place = draft.model_dump_json().encode(), sealing.place_of(code)
    await sealed.put(connection, place, sealing.seal(plain, code, drafts.secrets), now + keep)
    await evidence.extend(connection, place, now + keep)


def as_told(
    draft: Draft, source: str, occasion: str, low_trust: bool, turn: str | None, files: tuple[Attachment, ...] = ()
) -> Told:
    """A draft as a report; the same answers on the same `occasion` are the same report, however often they come."""
    body = hashlib.sha256(draft.model_dump_json(include={"reporting", "answers"}).encode()).hexdigest()
    return Told(
        channel=Channel.web,
        source=source,
        text=draft.one("story") or "",
        answers=domain.answers(draft),
        place=domain.place(draft),
        contact=domain.contact(draft),
        consent=draft.many("consent"),
        idempotency_key=hashlib.sha256((occasion + body).encode()).hexdigest(),
        body_hash=body,
        attachments=files,
        low_trust=low_trust,
        turn=turn,
        asks_for_review=draft.reporting is Reporting.case_review,
    )


def _read(found: bytes | None, code: str, drafts: Drafts) -> Draft:
    if found is None:
        raise DraftGone("It was sent, closed, or left alone for too long. Please start again.")
    try:
        return Draft.model_validate_json(sealing.unseal(found, code, drafts.secrets))
    except sealing.Unopened as error:
        raise DraftGone("It was kept under another key. Please start again.") from error
