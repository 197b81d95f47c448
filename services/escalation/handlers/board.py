"""The board: every open case of a control room as lines in rank order, worked out anew only where something changed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.domain import board
from services.escalation.domain.board import Line, Stamp
from services.escalation.handlers.queue import Ranked, as_ranked
from services.escalation.repository import alerts
from services.escalation.repository import queue as items
from shared.database import Connection, Pool, transaction

SHOWN: Final = 500
"""How many a board shows; what is behind them is counted."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The board at one instant."""

    lines: tuple[Line, ...] = ()
    more: int = 0
    alerts: tuple[Any, ...] = ()


@dataclass
class Board:
    """One control room's board, shared by all who look at it in this process."""

    force: str
    _lines: dict[UUID, Line] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def standing(self, pool: Pool, now: datetime) -> Standing:
        """As it is now. Only lines that changed are read and made again."""
        async with self._turn, transaction(pool) as connection:
            order = await items.stamps(connection, self.force, SHOWN + 1, now)
            stamps = {row["report_id"]: Stamp(row["seen_as"], row["held"], row["copies"]) for row in order[:SHOWN]}
            await self._bring_up_to_date(connection, stamps, now)
            more = len(order) > SHOWN and await items.count(connection, self.force) - SHOWN
            standing = await alerts.standing(connection, self.force)
        return Standing(tuple(self._lines[i] for i in stamps if i in self._lines), int(more), tuple(standing))

    async def _bring_up_to_date(self, connection: Connection, stamps: Mapping[UUID, Stamp], now: datetime) -> None:
        known = {i: line for i, line in self._lines.items() if i in stamps}
        stale = [i for i, wanted in stamps.items() if i not in known or known[i].stamp != wanted]
        for row in await items.some(connection, stale) if stale else ():
            known[row["report_id"]] = line(as_ranked(row), stamps[row["report_id"]], now)
        self._lines = known


def line(item: Ranked, stamp: Stamp, now: datetime) -> Line:
    shape, danger = board.danger(item.danger_class)
    return Line(
        report_id=item.report_id,
        stamp=stamp,
        danger_class=item.danger_class,
        shape=shape,
        danger=danger,
        grade=board.grade(item.grade),
        target_at=item.target_at,
        reference=item.report.reference,
        place=board.place(item.report),
        labels=board.labels(item.assessment),
        said=board.shortened(item.report.text),
        safe_contact=bool(board.safe_contact(item.report, item.assessment)),
        holder=item.holder_name if stamp.held else None,
        contacted=item.contacted_at is not None,
        drill=item.drill,
        queues=item.queues,
        copies=item.copies,
        marks=board.marks(item.report),
    )
