"""A directory is tried, or put in force, and the open reports that it places elsewhere are moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.escalation.domain.directory import Directory
from services.escalation.domain.judging import in_force, judged, still_with
from services.escalation.domain.routing import NOBODY, REVIEW, Subject, route
from services.escalation.domain.rules import Covering, Rules
from services.escalation.handlers import cases
from services.escalation.repository import audit, directories
from services.escalation.repository.audit import Entry
from services.escalation.repository.cases import Kept, still_open
from shared.database import Pool, transaction
from shared.outbox import Bell

BATCH: Final = 200
LOADS: Final = "heard directory load"
"""Who puts a directory in force, for the record: a command on the machine."""


@dataclass(frozen=True, slots=True)
class Move:
    """An open report that goes elsewhere under other rules: `to` and `no_longer_to` are each an agency and a queue."""

    kept: Kept
    to: tuple[str, ...]
    no_longer_to: tuple[str, ...]


async def load_directory(directory: Directory, pool: Pool, now: datetime) -> int:
    """Put a directory in force and return its version."""
    async with transaction(pool) as connection:
        version = await directories.add_directory(connection, directory, now)
        await audit.record(connection, [Entry(now, LOADS, "put a directory in force", detail={"version": version})])
        return version


async def moves(covering: Covering, pool: Pool) -> list[Move]:
    """Which open reports these rules place elsewhere than where they are."""
    found: list[Move] = []
    after = None
    while True:
        async with transaction(pool) as connection:
            batch = await still_open(connection, after, BATCH)
        if not batch:
            return found
        rules = await covering(kept.event.report.place for kept in batch)
        found += [move for kept in batch if (move := _move(kept, rules))]
        after = batch[-1].event.report_id


def _move(kept: Kept, rules: Rules) -> Move | None:
    event = kept.event
    reading, grading = judged(event, in_force(kept.override, event), rules)
    persisting = any(place.endswith("/case_review") for place in kept.places)
    subject = Subject(event.report, reading, grading.danger_class, rules.area_of(event.report.place), persisting)
    moved_to = still_with(kept.moved_to, event, rules)
    where = route(subject, rules.directory, rules.routing).moved(moved_to)
    after = {f"{to.agency}/{to.queue}" for to in where.destinations}
    before = kept.places or {f"{NOBODY}/{REVIEW}"}
    if before == after:
        return None
    return Move(kept, tuple(sorted(after - before)), tuple(sorted(before - after)))


async def move(found: Sequence[Move], covering: Covering, pool: Pool, bell: Bell, now: datetime) -> None:
    """Deliver anew what goes elsewhere, withdrawing it where it was, with a new receipt."""
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        rules = await covering(one.kept.event.report.place for one in batch)
        await cases.route_anew([one.kept.event.report_id for one in batch], pool, bell, rules, now)
