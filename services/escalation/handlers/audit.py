"""The record is sealed, proved, and shown to an auditor."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from services.escalation.domain import chain
from services.escalation.domain.local import UK
from services.escalation.errors import NothingThere
from services.escalation.repository import audit, people
from services.escalation.repository.audit import Entry
from shared.database import Connection, Pool, transaction
from shared.worker import every

BATCH: Final = 500
LISTED: Final = 2000  # entries of one day
PAUSE: Final = 1.0  # seconds between looks for what is to be sealed
OVERDUE: Final = timedelta(minutes=1)
"""How long an entry may stand unsealed before the proof complains of it."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the proof found: no faults, or the first of them. `head` is to be written down elsewhere."""

    entries: int
    head: str
    faults: tuple[str, ...]


async def seal_some(pool: Pool, key: str) -> int:
    """Seal what was committed since, in the order of its ids; returns how many, 0 where another is the sealer."""
    async with transaction(pool) as connection:
        if not await audit.is_sealer(connection):
            return 0
        last = await audit.head(connection)
        position, before = (last["position"], last["hash"]) if last else (0, chain.GENESIS)
        links = []
        for entry in await audit.unsealed(connection, BATCH):
            position += 1
            before = chain.seal(before, position, entry, key.encode())
            links.append((entry["id"], position, before))
        if links:
            await audit.seal(connection, links)
    return len(links)


async def keep_sealing(pool: Pool, key: str, stop: asyncio.Event) -> None:
    """Off everybody's path: those who write entries never wait for it."""
    await every(PAUSE, "sealing", partial(_seal_all, pool, key), stop)


async def _seal_all(pool: Pool, key: str) -> None:
    while await seal_some(pool, key) == BATCH:
        pass


async def verify(pool: Pool, key: str, noted: str | None, now: datetime) -> Proof:
    """Go through the whole chain. `noted` is a head that was written down: it must still be in it."""
    before, position, seen = chain.GENESIS, 0, noted in (None, chain.GENESIS.hex())
    async with transaction(pool) as connection:
        while entries := await audit.chain(connection, position, BATCH):
            for entry in entries:
                if found := chain.fault(before, position + 1, entry, key.encode()):
                    return Proof(position, before.hex(), (found,))
                before, position = entry["hash"], position + 1
                seen = seen or before.hex() == noted
        late = await audit.overdue(connection, now - OVERDUE)
    faults = [] if seen else ["the head that was noted is not in the chain: its end was cut off"]
    faults += [f"{late} entries were never sealed: is the worker running?"] if late else []
    return Proof(position, before.hex(), tuple(faults))


async def of_case(reference: str, who: str, pool: Pool, now: datetime) -> tuple[UUID, list[Any]]:
    """Everything that was recorded of one case; that the auditor looked is recorded too. Raises NothingThere.

    `reference`: or the report's id, which is all that is left of one that was erased.
    """
    async with transaction(pool) as connection:
        report_id = await _meant(connection, reference.strip())
        if report_id is None:
            raise NothingThere("No case has this reference.")
        await audit.record(connection, [Entry(now, who, "audited", report_id)])
        return report_id, await audit.of_case(connection, report_id)


async def _meant(connection: Connection, reference: str) -> UUID | None:
    try:
        report_id = UUID(reference)
    except ValueError:
        return await audit.case_of(connection, reference)
    return report_id if await audit.knows(connection, report_id) else None


async def of_person(whom: str, day: date, who: str, pool: Pool, now: datetime) -> tuple[list[Any], bool]:
    """What somebody, by name or id, or a program did on one day in the UK: the first LISTED, and whether there is more.

    That the auditor looked is recorded too.
    """
    begins, ends = (datetime.combine(day + timedelta(days=n), time(), UK) for n in (0, 1))
    async with transaction(pool) as connection:
        detail = {"whom": whom, "day": day.isoformat()}
        await audit.record(connection, [Entry(now, who, "audited", detail=detail)])
        ids = {whom, *await people.called(connection, whom)}
        rows = await audit.by(connection, sorted(ids), begins, ends, LISTED + 1)
    return rows[:LISTED], len(rows) > LISTED
