"""Somebody takes a case on, keeps it, and gives it back. Two never hold one."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from services.escalation.domain.people import Worker
from services.escalation.errors import LeaseLost, MovedOn, NotFree, NothingThere
from services.escalation.repository import audit, cases, leases, queue
from services.escalation.repository.audit import Entry
from shared.database import Connection, Pool, transaction

LEASE: Final = timedelta(minutes=2)
"""How long a claim lasts without being renewed; an open page renews it four times as often."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What shows that somebody holds a case: only the token's holder may finish."""

    report_id: UUID
    token: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody was shown of a case; None is any. `came_back` is for how many reasons it had."""

    revision: int | None = None
    reading: int | None = None
    danger_class: int | None = None
    came_back: int | None = None

    def since(self, row: Any) -> list[str]:
        """What has changed about the case since, in words."""
        found = []
        if self.revision not in (None, row["revision"]):
            found.append("more was told")
        elif self.reading not in (None, row["reading"]):
            found.append("it was read anew")
        if self.danger_class not in (None, row["danger_class"]):
            found.append(f"it was class {self.danger_class}, and is class {row['danger_class']} now")
        if self.came_back is not None and (back := row["came_back"][self.came_back :]):
            found.append(f"it came back: {', '.join(back)}")
        return found


@dataclass(frozen=True, slots=True)
class Hold:
    """What somebody acts under: their lease of a case, and how the case was shown to them."""

    report_id: UUID
    token: UUID
    worker: Worker
    shown: Shown = Shown()


async def claim_next(
    worker: Worker, queue_name: str | None, key: str | None, pool: Pool, now: datetime
) -> Claim | None:
    """Take the first of the ranked queue that nobody holds; None where there is none."""
    while True:
        async with transaction(pool) as connection:
            if again := await _claimed_before(connection, worker, key, now):
                return again
            await leases.take_turns(connection)
            locked = await leases.lock_first_free(connection, worker.force, queue_name, now)
            if locked != await leases.first_free(connection, worker.force, queue_name, now):
                continue  # it was re-graded, or something graver came, while we waited for it
            return await _take(connection, locked, worker, key, now) if locked else None


async def claim(report_id: UUID, worker: Worker, key: str | None, pool: Pool, now: datetime) -> Claim:
    """Take this case. Raises NothingThere, or NotFree naming who holds it."""
    async with transaction(pool) as connection:
        again = await _claimed_before(connection, worker, key, now)
        if again and again.report_id == report_id:
            return again
        taken = await _take(connection, report_id, worker, key, now)
        if taken is None:
            raise await _why_not(connection, report_id, worker, now)
        return taken


async def take_over(report_id: UUID, holder: str, worker: Worker, why: str, pool: Pool, now: datetime) -> Claim:
    """A supervisor takes it from whoever holds it. Raises NothingThere, or NotFree where `holder` holds it no more."""
    taken = Claim(report_id, uuid4(), now + LEASE)
    async with transaction(pool) as connection:
        name = await leases.take_over(connection, report_id, holder, worker, taken.token, now, taken.until)
        if name is None:
            raise await _why_not(connection, report_id, worker, now)
        await audit.record(connection, [Entry(now, worker.id, "took over", report_id, why, {"taken_from": name})])
        await queue.changed(connection)
    return taken


async def _why_not(connection: Connection, report_id: UUID, worker: Worker, now: datetime) -> NothingThere | NotFree:
    found = await queue.item(connection, worker.force, report_id)
    if found is None:
        return NothingThere("It is not on your queue: it may have gone to another force.")
    if found["state"] == "closed":
        return NotFree("It is closed.")
    held = found["lease_until"] and found["lease_until"] > now
    return NotFree(f"It is with {found['holder_name']}." if held else "Nobody holds it any more.")


async def _claimed_before(connection: Connection, worker: Worker, key: str | None, now: datetime) -> Claim | None:
    """The answer to a claim that is sent again, its first answer having been lost."""
    row = await leases.with_key(connection, worker.id, key, now) if key else None
    return Claim(row["report_id"], row["lease_token"], row["lease_until"]) if row else None


async def _take(
    connection: Connection, report_id: UUID, worker: Worker, key: str | None, now: datetime
) -> Claim | None:
    taken = Claim(report_id, uuid4(), now + LEASE)
    row = await leases.take(connection, report_id, worker, taken.token, key, now, taken.until)
    if row is None:
        return None
    detail = {"lapsed_from": row["lapsed_from"]} if row["lapsed_from"] else {}
    await audit.record(connection, [Entry(now, worker.id, "claimed", report_id, "", detail)])
    await queue.changed(connection)
    return taken


@asynccontextmanager
async def held(
    hold: Hold, pool: Pool, now: datetime, beside: Sequence[UUID] = ()
) -> AsyncIterator[tuple[Connection, Any]]:
    """One transaction on a case that somebody holds, with its row; `beside` are locked too.

    Raises LeaseLost; MovedOn where it no longer stands as it was shown.
    """
    async with transaction(pool) as connection:
        await cases.lock(connection, [hold.report_id, *beside])
        row = await leases.held(connection, hold.report_id, hold.worker.id, hold.token, now)
        if row is None:
            raise LeaseLost("Your lease has run out, or it was never yours. Claim the case again.")
        if since := hold.shown.since(row):
            raise MovedOn(f"Since you opened it, {'; '.join(since)}. Read it as it is now, then do this again.")
        yield connection, row
        await queue.changed(connection)


async def renew(hold: Hold, pool: Pool, now: datetime) -> Claim:
    async with held(hold, pool, now) as (connection, _):
        await leases.renew(connection, hold.report_id, now + LEASE)
    return Claim(hold.report_id, hold.token, now + LEASE)


async def renew_all(worker: Worker, pool: Pool, now: datetime) -> int:
    """Whoever has the page open keeps all that they hold; returns how many."""
    async with transaction(pool) as connection:
        return await leases.renew_all(connection, worker.id, now, now + LEASE)


async def release(hold: Hold, why: str, pool: Pool, now: datetime) -> None:
    """Give it back to the queue, where it stands as it did."""
    async with held(hold, pool, now) as (connection, _):
        await leases.give_back(connection, hold.report_id, now)
        await audit.record(connection, [Entry(now, hold.worker.id, "released", hold.report_id, why)])


async def holders(force: str, pool: Pool, now: datetime) -> list[Any]:
    """Who holds what."""
    async with transaction(pool) as connection:
        return await leases.holders(connection, force, now)
