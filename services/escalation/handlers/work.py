"""What somebody does about a case: a note, contact made, links, a search, and the end of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.outcomes import Outcome, why_not
from services.escalation.domain.people import Worker
from services.escalation.domain.sent_again import sent_as
from services.escalation.errors import NothingThere, NotSo
from services.escalation.handlers.leases import Hold, held
from services.escalation.handlers.sending import disputed
from services.escalation.repository import audit, cases, folds, leases, queue, work
from services.escalation.repository.audit import Entry
from shared.database import Connection, Pool, transaction
from shared.outbox import Bell

LOOKS_BACK: Final = timedelta(days=183)
"""How far a search goes."""
LOOKED_THROUGH: Final = 20_000  # cases, the newest: each is read for the words

FOUND: Final = 50

NO_COPIES: Final[Mapping[UUID, int]] = {}


async def note(report_id: UUID, worker: Worker, words: str, pool: Pool, now: datetime, key: str | None = None) -> None:
    """Write something beside a case; whoever sees it may. The record says that, never what.

    With the same `key` again: nothing more happens.
    """
    sent = sent_as(report_id, worker.id, key)
    async with transaction(pool) as connection:
        await cases.lock(connection, [report_id])
        await _must_be_there(connection, report_id, worker)
        if sent and await audit.noted(connection, report_id, sent):
            return
        detail: dict[str, Any] = {"note": await work.note(connection, report_id, worker.name, words, now)}
        detail |= {"key": str(sent)} if sent else {}
        await audit.record(connection, [Entry(now, worker.id, "noted", report_id, "", detail)])
        await queue.touch(connection, report_id)


async def contacted(hold: Hold, how: str, pool: Pool, now: datetime) -> None:
    """Somebody spoke to the reporter, or got there."""
    async with held(hold, pool, now) as (connection, _):
        await leases.contacted(connection, hold.report_id, now)
        await audit.record(connection, [Entry(now, hold.worker.id, "made contact", hold.report_id, how)])


async def close(
    hold: Hold, outcome: Outcome, why: str, pool: Pool, now: datetime, copies: Mapping[UUID, int] | None = NO_COPIES
) -> None:
    """End a case, and these near-copies with it, save graver ones and those that somebody else holds.

    `copies`: each in the version that was seen; None: as many as there are.
    Raises NotSo where danger would be closed unheard and without a reason.
    """
    report_id, worker = hold.report_id, hold.worker
    seen = await _copies(report_id, worker, pool, now) if copies is None else copies
    async with held(hold, pool, now, list(seen)) as (connection, row):
        if refused := why_not(outcome, row["danger_class"], row["contacted_at"] is not None, row["drill"], why):
            raise NotSo(refused)
        also = await folds.close(connection, report_id, seen, Outcome.part_of_another_case, now)
        await leases.close(connection, report_id, outcome, now)
        entries = [Entry(now, worker.id, "closed", report_id, why, {"outcome": outcome, "near_copies": len(also)})]
        told = {"outcome": Outcome.part_of_another_case, "closed_with": str(report_id)}
        await audit.record(connection, entries + [Entry(now, worker.id, "closed", one, why, told) for one in also])


async def _copies(report_id: UUID, worker: Worker, pool: Pool, now: datetime) -> dict[UUID, int]:
    async with transaction(pool) as connection:
        found = await folds.copies(connection, worker.force, report_id, now)
    return {row["report_id"]: row["version"] for row in found}


async def link(report_id: UUID, reference: str, worker: Worker, why: str, pool: Pool, now: datetime) -> None:
    """Say that another case belongs to this one. Drills never link."""
    async with transaction(pool) as connection:
        other = await _the_other(connection, report_id, reference, worker)
        await work.link(connection, report_id, other, worker.name, why, now)
        await _recorded(connection, "linked", report_id, other, worker, why, now)


async def dispute(
    report_id: UUID, reference: str, worker: Worker, why: str, pool: Pool, bell: Bell, now: datetime
) -> None:
    """Say that another case does not belong to this one; intake is told, and forgets what it linked."""
    async with transaction(pool) as connection:
        other = await _the_other(connection, report_id, reference, worker)
        await work.dispute(connection, report_id, other, worker.name, why, now)
        await disputed(connection, report_id, other, worker.name, why, now)
        await _recorded(connection, "disputed a link", report_id, other, worker, why, now)
    bell.ring()


async def _the_other(connection: Connection, report_id: UUID, reference: str, worker: Worker) -> UUID:
    """Nobody else changes either case until the transaction ends. Raises NothingThere or NotSo."""
    here = await _must_be_there(connection, report_id, worker)
    other = await work.by_reference(connection, worker.force, reference)
    if other is None or other == report_id:
        raise NothingThere("No other case of yours has this reference.")
    there = await queue.item(connection, worker.force, other)
    if here["drill"] or (there and there["drill"]):
        raise NotSo("A drill is linked to nothing.")
    await cases.lock(connection, [report_id, other])
    return other


async def _recorded(
    connection: Connection, action: str, report_id: UUID, other: UUID, worker: Worker, why: str, now: datetime
) -> None:
    """Both cases' records say so."""
    pairs = ((report_id, other), (other, report_id))
    entries = [Entry(now, worker.id, action, one, why, {"other": str(another)}) for one, another in pairs]
    await audit.record(connection, entries)
    for one, _ in pairs:
        await queue.touch(connection, one)


async def search(worker: Worker, words: str, pool: Pool, now: datetime) -> tuple[list[Any], bool]:
    """The newest FOUND cases of the last half year, and whether there are more.

    That somebody searched is recorded, what for is not.
    """
    async with transaction(pool) as connection:
        found = await work.search(connection, worker.force, words.strip(), now - LOOKS_BACK, FOUND + 1, LOOKED_THROUGH)
        await audit.record(connection, [Entry(now, worker.id, "searched", detail={"found": len(found[:FOUND])})])
    return found[:FOUND], len(found) > FOUND


async def _must_be_there(connection: Connection, report_id: UUID, worker: Worker) -> Any:
    row = await queue.item(connection, worker.force, report_id)
    if row is None:
        raise NothingThere("It is not on your queue: it may have gone to another force.")
    return row
