"""A control room looks at its queue, and at one case of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.escalation.domain.overrides import Override
from services.escalation.errors import NothingThere
from services.escalation.repository import audit, folds, work
from services.escalation.repository import queue as items
from shared.assessment import Assessment
from shared.database import Pool, transaction
from shared.events import ReportClassified, ReportReceived


@dataclass(frozen=True, slots=True)
class Ranked:
    """A case on the queue, as the control room sees it. `assessment` is the rules' with any override applied."""

    report_id: UUID
    danger_class: int
    grade: str
    target_at: datetime
    opened_at: datetime
    queues: tuple[str, ...]
    reasons: tuple[str, ...]
    report: ReportReceived
    assessment: Assessment | None
    override: Override | None
    state: str
    drill: bool
    version: int
    force: str | None
    holder: str | None
    holder_name: str | None
    lease_token: UUID | None
    lease_until: datetime | None
    claimed_at: datetime | None
    contacted_at: datetime | None
    waiting_since: datetime
    outcome: str | None
    copies: int

    def held_by(self, now: datetime) -> str | None:
        """Who holds it at this instant."""
        return self.holder if self.state == "open" and self.lease_until and self.lease_until > now else None


@dataclass(frozen=True, slots=True)
class Whole:
    """One case with everything that was done about it."""

    item: Ranked
    entries: tuple[Any, ...]
    notes: tuple[Any, ...]
    links: tuple[Any, ...]
    deliveries: tuple[Any, ...]
    copies: tuple[Any, ...]


async def ranked(force: str, queue: str | None, limit: int, pool: Pool) -> list[Ranked]:
    """The queue of one control room, the first to be taken first."""
    async with transaction(pool) as connection:
        return [as_ranked(row) for row in await items.ranked(connection, force, queue, limit)]


async def whole(report_id: UUID, force: str, pool: Pool, now: datetime) -> Whole:
    """One case of this control room. Raises NothingThere."""
    async with transaction(pool) as connection:
        row = await items.item(connection, force, report_id)
        if row is None:
            raise NothingThere("It is not on your queue: it may have gone to another force.")
        entries = await audit.of_case(connection, report_id)
        notes = await work.notes(connection, report_id)
        links = await work.links(connection, report_id)
        deliveries = await items.deliveries(connection, report_id)
        copies = await folds.copies(connection, force, report_id, now)
    return Whole(as_ranked(row), tuple(entries), tuple(notes), tuple(links), tuple(deliveries), tuple(copies))


async def seen(report_id: UUID, who: str, pool: Pool, now: datetime) -> None:
    """Somebody opened a case: for the record."""
    async with transaction(pool) as connection:
        await audit.record(connection, [audit.Entry(now, who, "looked at", report_id)])


def as_ranked(row: Any) -> Ranked:
    event = ReportClassified.model_validate_json(row["event"])
    override = Override.model_validate(row["override"]) if row["override"] else None
    kept = {name: row[name] for name in FROM_ROW}
    return Ranked(
        report=event.report,
        assessment=override.applied(event.assessment, override.is_of_all(event)) if override else event.assessment,
        override=override,
        **kept,
    )


FROM_ROW = tuple(name for name in Ranked.__dataclass_fields__ if name not in ("report", "assessment", "override"))
"""What a row gives as it is."""
