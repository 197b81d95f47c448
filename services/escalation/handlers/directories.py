"""A directory is tried, or put in force, and the open reports that it places elsewhere are moved."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from services.escalation.domain.case_review import Count
from services.escalation.domain.directory import Directory, Kind, Sees
from services.escalation.domain.judging import in_force, placed
from services.escalation.domain.routing import NOBODY
from services.escalation.domain.rules import Covering, Rules
from services.escalation.handlers import case_reviews, cases, deliveries
from services.escalation.repository import audit, directories
from services.escalation.repository import cases as kept_cases
from services.escalation.repository import deliveries as kept_deliveries
from services.escalation.repository.audit import Entry
from services.escalation.repository.open_cases import OpenCase, still_open
from shared.database import Connection, Pool, transaction
from shared.events import ReportClassified
from shared.outbox import Bell
from shared.told import Place

BATCH: Final = 200
LOADS: Final = "heard directory load"
"""Who puts a directory in force, for the record: a command on the machine."""


@dataclass(frozen=True, slots=True)
class Move:
    """An open report that goes elsewhere under other rules: `to` and `no_longer_to` are each an agency and a queue."""

    report_id: UUID
    reference: str
    place: Place
    to: tuple[str, ...]
    no_longer_to: tuple[str, ...]


async def is_there(pool: Pool) -> bool:
    """Whether a directory was ever put in force."""
    async with transaction(pool) as connection:
        return await directories.newest_version(connection) is not None


async def load_directory(directory: Directory, pool: Pool, now: datetime) -> int:
    """Put a directory in force and return its version."""
    async with transaction(pool) as connection:
        version = await directories.add_directory(connection, directory, now)
        await audit.record(connection, [Entry(now, LOADS, "put a directory in force", detail={"version": version})])
        return version


async def seeing_otherwise(directory: Directory, pool: Pool) -> list[str]:
    """The agencies that would see other parts of a report, or other reports, than by the one in force; or none."""
    async with transaction(pool) as connection:
        before = await directories.in_force(connection) or directory
        gone = {one for one in await kept_deliveries.holders(connection) if directory.agency(one) is None}
    stay = {one.id for one in directory.agencies if _sees(one.id, before) not in (None, _sees(one.id, directory))}
    return sorted(stay | gone)


def _sees(agency_id: str, directory: Directory) -> tuple[Kind, bool, frozenset[Sees]] | None:
    agency = directory.agency(agency_id)
    if agency is None:
        return None
    rule = directory.rule(agency.kind)
    return agency.kind, rule.legal_ground is not None, frozenset(rule.sees)


async def show_anew(agencies: Sequence[str], directory: Directory, pool: Pool, bell: Bell, now: datetime) -> None:
    """Cut what these agencies have, or have done with, to what this directory lets them see."""
    await _of_each(agencies, partial(deliveries.correct, directory=directory, now=now), pool, bell)


async def take_back(agencies: Sequence[str], directory: Directory, pool: Pool, bell: Bell, now: datetime) -> None:
    """Withdraw what these agencies still have and may not have by this directory: once what was open has moved.

    Withdrawn before, it would be nobody's, and no person would hear of it.
    """
    await _of_each(agencies, partial(deliveries.take_back, directory=directory, now=now), pool, bell)


async def _of_each(
    agencies: Sequence[str], do: Callable[[Connection, list[ReportClassified]], Awaitable[None]], pool: Pool, bell: Bell
) -> None:
    """Do it with all that these agencies hold, some at a time, each locked."""
    after = UUID(int=0)
    while agencies:
        async with transaction(pool) as connection:
            batch = await kept_deliveries.held_by(connection, agencies, after, BATCH)
            if not batch:
                return
            await kept_cases.lock(connection, batch)
            await do(connection, await kept_cases.events(connection, batch))
        bell.ring()
        after = batch[-1]


async def moves(covering: Covering, pool: Pool) -> list[Move]:
    """Which open reports these rules place elsewhere than where they are."""
    found: list[Move] = []
    after = UUID(int=0)
    while True:
        async with transaction(pool) as connection:
            batch = await still_open(connection, after, BATCH)
        if not batch:
            return found
        rules = await covering(kept.event.report.place for kept in batch)
        async with transaction(pool) as connection:
            counts = await case_reviews.counted(connection, [kept.event for kept in batch], rules)
        found += [move for kept in batch if (move := _move(kept, counts.get(kept.event.report_id), rules))]
        after = batch[-1].event.report_id


def _move(kept: OpenCase, complaints: Count | None, rules: Rules) -> Move | None:
    """Where it goes by the rules, stays by hand, and on whose queue a person has it: what no row places as well."""
    event, report = kept.event, kept.event.report
    where = placed(event, in_force(kept.known.override, event, rules), rules, kept.known, complaints).route
    before = kept.places | kept.by_hand
    after = {f"{to.agency}/{to.queue}" for to in where.destinations if to.agency != NOBODY}
    after |= {place for place in kept.by_hand if rules.ground(place.partition("/")[0], report)}
    if kept.queues and (where.force is None or where.force != kept.force):
        before |= {f"{kept.force or NOBODY}/{queue}" for queue in kept.queues}
        after |= {f"{where.force or NOBODY}/{queue}" for queue in where.queues or kept.queues}
    if before == after:
        return None
    to, no_longer_to = sorted(after - before), sorted(before - after)
    return Move(report.report_id, report.reference, report.place, tuple(to), tuple(no_longer_to))


async def move(found: Sequence[Move], covering: Covering, pool: Pool, bell: Bell, now: datetime) -> None:
    """Deliver anew what goes elsewhere, withdrawing it where it was, with a new receipt."""
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        rules = await covering(one.place for one in batch)
        await cases.route_anew([one.report_id for one in batch], pool, bell, rules, now)
