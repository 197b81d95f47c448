"""Near-copies of one report stand behind it on the queue: one row, counted and never hidden (design.md 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.escalation.domain.copies import WITHIN, Fold, as_first, folded
from services.escalation.repository import folds
from services.escalation.repository.cases import Known, Opened
from shared.database import Connection

LOOKED_AT: Final = 200
"""How many first reports a batch is compared with, the newest first."""


async def fold(
    connection: Connection, opened: Sequence[Opened], known: Mapping[UUID, Known], now: datetime
) -> list[Opened]:
    """Each new text under the first report that it is a near-copy of. The caller holds the locks on the cases."""
    new = [case for case in opened if _is_new(case, known)]
    if not new:
        return list(opened)
    firsts = await _firsts(connection, new, now)
    found: dict[UUID, Fold] = {}
    for case in new:
        own = folded(case.event.report, firsts)
        found[case.event.report_id] = own
        firsts.append(own)
    return [replace(case, fold=found.get(case.event.report_id)) for case in opened]


async def _firsts(connection: Connection, new: Sequence[Opened], now: datetime) -> list[Fold]:
    told_by = {by for case in new if (by := as_first(case.event.report).told_by)}
    await folds.lock(connection, told_by)
    ids = [case.event.report_id for case in new]
    return await folds.firsts(connection, told_by, ids, now - WITHIN, LOOKED_AT)


def _is_new(case: Opened, known: Mapping[UUID, Known]) -> bool:
    before = known.get(case.event.report_id)
    return before is None or before.revision != case.event.revision
