"""Near-copies of one report stand behind it on the queue: one row, counted and never hidden (design.md 3)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.escalation.domain.copies import WITHIN, Fold, as_first, folded
from services.escalation.domain.judging import Known
from services.escalation.repository import folds
from services.escalation.repository.cases import JudgedCase
from shared.database import Connection

LOOKED_AT: Final = 200
"""How many first reports a batch is compared with, the newest first."""


async def fold(
    connection: Connection, opened: Sequence[JudgedCase], known: Mapping[UUID, Known], now: datetime
) -> list[JudgedCase]:
    """Each new text under the first report that it is a near-copy of. The caller holds the locks on the cases."""
    new = [case for case in opened if _is_new(case, known)]
    if not new:
        return list(opened)
    owns = [as_first(case.event.report) for case in new]
    firsts = await _firsts(connection, owns, now)
    found: dict[UUID, Fold] = {}
    for own in owns:
        beside = firsts[own.told_by]
        found[own.id] = folded(own, beside)
        beside.append(found[own.id])
    return [replace(case, fold=found.get(case.event.report_id)) for case in opened]


async def _firsts(connection: Connection, owns: Sequence[Fold], now: datetime) -> dict[str | None, list[Fold]]:
    """By who told them."""
    told_by = {own.told_by for own in owns if own.told_by}
    found: dict[str | None, list[Fold]] = defaultdict(list)
    if not told_by:
        return found
    await folds.lock(connection, told_by)
    for first in await folds.firsts(connection, told_by, [own.id for own in owns], now - WITHIN, LOOKED_AT):
        found[first.told_by].append(first)
    return found


def _is_new(case: JudgedCase, known: Mapping[UUID, Known]) -> bool:
    before = known.get(case.event.report_id)
    return before is None or before.revision != case.event.revision
