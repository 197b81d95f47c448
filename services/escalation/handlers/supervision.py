"""What a supervisor looks at, on the page and as a file."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.escalation.domain.alerting import Listed
from services.escalation.repository import audit, supervision
from services.escalation.repository.audit import Entry
from services.escalation.repository.supervision import SetAside
from shared.database import Pool, transaction

COLUMNS: Final = (
    "reference", "danger_class", "grade", "target_at", "opened_at", "queues", "holder", "claimed_at", "contacted_at",
    "unread", "copies", "behind",
)  # fmt: skip
"""What a file holds of each case: never a name, a place or a word that was told."""

BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Overview:
    lists: Mapping[Listed, list[Any]]
    workload: list[Any]
    counts: Any
    set_aside: list[Any]


async def overview(force: str, pool: Pool, now: datetime) -> Overview:
    """Every list, who holds how much, and what has not been read or receipted."""
    async with transaction(pool) as connection:
        lists = {name: await supervision.a_list(connection, name, force, now) for name in Listed}
        return Overview(
            lists,
            await supervision.workload(connection, force, now),
            await supervision.counts(connection),
            await supervision.set_aside(connection, force, now),
        )


async def set_aside(letters: Sequence[SetAside], pool: Pool) -> None:
    """Keep what could not be read before a supervisor."""
    async with transaction(pool) as connection:
        await supervision.keep_set_aside(connection, letters)


async def export(name: Listed, force: str, who: str, pool: Pool, now: datetime) -> str:
    """One of the lists as CSV; the record says who took it away."""
    async with transaction(pool) as connection:
        rows = await supervision.a_list(connection, name, force, now)
        detail = {"what": name, "rows": len(rows)}
        await audit.record(connection, [Entry(now, who, "exported", detail=detail)])
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row[column]) for column in COLUMNS] for row in rows)
    return written.getvalue()


def _cell(value: Any) -> str:
    """As text that no spreadsheet takes for a formula."""
    text = " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(BEGINS_A_FORMULA) else text
