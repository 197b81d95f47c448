"""A control room looks at its queue, and at one case of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.escalation.domain import links, timeline
from services.escalation.domain.grading import GradingTable
from services.escalation.domain.links import Theirs
from services.escalation.domain.overrides import Override
from services.escalation.domain.rules import Covering
from services.escalation.domain.timeline import GIVEN
from services.escalation.errors import NothingThere
from services.escalation.repository import audit, cases, deliveries, folds, work
from services.escalation.repository import queue as items
from shared.assessment import Assessment
from shared.database import Connection, Pool, transaction
from shared.events import ReportClassified, ReportReceived

KEEPS_UP: Final = timedelta(hours=1)
"""How long after somebody opened a case their page may keep up with it without a new look on record."""


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
    reading: int
    assessment: Assessment | None
    override: Override | None
    state: str
    drill: bool
    seen_as: int
    holder: str | None
    holder_name: str | None
    lease_token: UUID | None
    lease_until: datetime | None
    claimed_at: datetime | None
    contacted_at: datetime | None
    outcome: str | None
    copies: int
    came_back: tuple[str, ...]

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


async def ranked(
    force: str, queue: str | None, limit: int, pool: Pool, covering: Covering
) -> tuple[list[Ranked], bool]:
    """The queue of one control room, the first to be taken first, and whether more are behind these."""
    async with transaction(pool) as connection:
        rows, more = await items.ranked(connection, force, queue, limit)
        found = [as_ranked(row) for row in rows]
        linked = await _named(connection, {name for item in found for name in links.named(item.report.history)})
    known, table = await _theirs(force, linked, covering)
    return [_known_to(item, known, table) for item in found], more


async def _named(connection: Connection, references: set[str]) -> Mapping[str, ReportClassified]:
    return await cases.by_reference(connection, sorted(references)) if references else {}


async def _theirs(
    force: str, linked: Mapping[str, ReportClassified], covering: Covering
) -> tuple[Theirs, GradingTable]:
    """Of these reports those that this control room may know of, each by its own area; and the table of grades."""
    rules = await covering(event.report.place for event in linked.values())
    return links.theirs(force, linked, rules), rules.grading


def _known_to(item: Ranked, known: Theirs, table: GradingTable) -> Ranked:
    history = item.report.history
    reading = links.reading_for(item.assessment, item.report, known)
    kept_back = links.reasons_kept_back(table, reading, history, known)
    return replace(
        item,
        report=item.report.model_copy(update={"history": links.history_for(history, known)}),
        assessment=reading,
        reasons=tuple(reason for reason in item.reasons if reason not in kept_back),
    )


async def whole(report_id: UUID, force: str, pool: Pool, covering: Covering, now: datetime) -> Whole:
    """One case of this control room, with what it may know of those that belong with it. Raises NothingThere."""
    async with transaction(pool) as connection:
        row = await items.item(connection, force, report_id)
        if row is None:
            raise NothingThere("It is not on your queue: it may have gone to another force.")
        written = await deliveries.written(connection, report_id)
        entries = timeline.with_words(await audit.of_case(connection, report_id), written)
        notes = await work.notes(connection, report_id)
        by_hand = await work.links(connection, report_id)
        sent = await deliveries.of_case(connection, report_id)
        copies = await folds.copies(connection, force, report_id, now)
        item = as_ranked(row)
        named = {link["reference"] for link in by_hand} | links.linked_later(entries) | links.named(item.report.history)
        linked = await _named(connection, named)
    known, table = await _theirs(force, linked, covering)
    shown = _known_to(item, known, table)
    kept_back = links.reasons_kept_back(table, shown.assessment, item.report.history, known)
    return Whole(
        item=shown,
        entries=links.entries_for(entries, known, kept_back),
        notes=tuple(notes),
        links=tuple(link for link in by_hand if link["reference"] in known),
        deliveries=tuple(sent),
        copies=tuple(copies),
    )


async def seen(report_id: UUID, who: str, pool: Pool, now: datetime, again: bool = False) -> None:
    """Somebody opened a case: for the record. `again`: it was open before, they say, which the record must bear out."""
    async with transaction(pool) as connection:
        if not (again and await audit.opened(connection, report_id, who, now - KEEPS_UP)):
            await audit.record(connection, [audit.Entry(now, who, "looked at", report_id)])


async def given(found: Sequence[Ranked], who: str, pool: Pool, now: datetime) -> None:
    """A program was given these whole: for the record, once for each revision, however often it asks."""
    told = [audit.Entry(now, who, GIVEN, one.report_id, "", {"revision": one.report.revision}) for one in found]
    async with transaction(pool) as connection:
        await audit.record(connection, told, again=False)


def as_ranked(row: Any) -> Ranked:
    event = cases.as_said(row)
    kept = {name: row[name] for name in FROM_ROW}
    return Ranked(report=event.report, assessment=event.assessment, override=cases.override_of(row), **kept)


FROM_ROW = tuple(name for name in Ranked.__dataclass_fields__ if name not in ("report", "assessment", "override"))
"""What a row gives as it is."""
