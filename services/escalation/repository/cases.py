"""Cases, with their queue items."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.copies import Fold
from services.escalation.domain.grading import ORDER, Grading
from services.escalation.domain.judging import Known
from services.escalation.domain.overrides import Override
from services.escalation.domain.routing import Route
from services.escalation.domain.salvaged import BROKEN
from services.escalation.domain.unread import reading_of
from shared.database import Connection, arrays
from shared.events import ReportClassified, ReportRouted

LOCK: Final = """
select pg_advisory_xact_lock(key) from
    (select distinct hashtextextended(id::text, 0) as key from unnest($1::uuid[]) as id order by 1) as keys
"""

AS_KNOWN: Final = """
cases.report_id, revision, reading, rulebook, assessed_at, receipt, cases.opened_at, cases.danger_class, grade, reasons,
override, item.target_at, coalesce(item.state = 'closed', false) as closed,
case when item.rerouted then item.force end as moved_to, coalesce(item.came_back, '{}') as came_back
"""
"""What `as_known` takes of `cases` and, as `item`, of `queue_item`."""

KNOWN: Final = f"""
select {AS_KNOWN}
from cases left join queue_item as item using (report_id) where cases.report_id = any($1::uuid[])
"""  # noqa: S608 - constants only

KEEP_CASES: Final = f"""
insert into cases (report_id, reference, revision, reading, rulebook, assessed_at, event, danger_class, grade, reasons,
                   receipt, opened_at, override)
select id, reference, revision, reading, rulebook, assessed_at, event, danger_class, grade,
       array(select jsonb_array_elements_text(reasons)), receipt, opened_at, nullif(override, 'null')
from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::text[], $6::timestamptz[], $7::bytea[], $8::int[],
            $9::text[], $10::jsonb[], $11::bytea[], $12::timestamptz[], $13::jsonb[])
    as new(id, reference, revision, reading, rulebook, assessed_at, event, danger_class, grade, reasons, receipt,
           opened_at, override)
on conflict (report_id) do update set
    reference = case when excluded.reference = '{BROKEN}' then cases.reference else excluded.reference end,
    revision = excluded.revision, reading = excluded.reading, rulebook = excluded.rulebook,
    assessed_at = excluded.assessed_at, event = excluded.event, danger_class = excluded.danger_class,
    grade = excluded.grade, reasons = excluded.reasons, receipt = excluded.receipt, override = excluded.override
"""  # noqa: S608 - constants only
"""What was first a message that nobody could read has no reference until it is read after all."""

QUEUE: Final = """
insert into queue_item (report_id, force, queues, danger_class, grade_order, target_at, opened_at, drill, fold, told_by,
                        sketch, rerouted, waiting_since)
select id, force, array(select jsonb_array_elements_text(queues)), danger_class, grade_order, target_at, opened_at,
       drill, fold, told_by, sketch::bigint[], moved, $13
from unnest($1::uuid[], $2::text[], $3::jsonb[], $4::int[], $5::int[], $6::timestamptz[], $7::timestamptz[], $8::bool[],
            $9::uuid[], $10::text[], $11::text[], $12::bool[])
    as new(id, force, queues, danger_class, grade_order, target_at, opened_at, drill, fold, told_by, sketch, moved)
on conflict (report_id) do update set
    force = excluded.force, rerouted = excluded.rerouted,
    queues = case when not excluded.rerouted
                  then array(select unnest(excluded.queues) union select 'review' where queue_item.came_back <> '{}'
                             order by 1)
                  when excluded.danger_class < queue_item.danger_class
                  then array(select distinct unnest(queue_item.queues || excluded.queues) order by 1)
                  else queue_item.queues end,
    danger_class = excluded.danger_class, grade_order = excluded.grade_order,
    target_at = least(excluded.target_at, case when queue_item.came_back <> '{}' then queue_item.target_at end),
    fold = coalesce(excluded.fold, queue_item.fold),
    told_by = case when excluded.fold is null then queue_item.told_by else excluded.told_by end,
    sketch = case when excluded.fold is null then queue_item.sketch else excluded.sketch end,
    waiting_since = case when excluded.danger_class < queue_item.danger_class and queue_item.danger_class > 2 then $13
                         else queue_item.waiting_since end,
    claimed_at = case when excluded.danger_class < queue_item.danger_class and queue_item.contacted_at is not null
                      then $13 else queue_item.claimed_at end,
    contacted_at = case when excluded.danger_class < queue_item.danger_class then null else queue_item.contacted_at end
"""
"""Graver now, it is also where the rules put it; and contact is to be made again, with as long as after a claim.

What came back is in `review`, and due as it was, until somebody has looked.
"""

REGRADED: Final = """
update queue_item as item set danger_class = new.danger_class, grade_order = new.grade_order,
    target_at = least(new.target_at, case when item.came_back <> '{}' then item.target_at end),
    force = new.force, rerouted = new.moved
from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::timestamptz[], $6::bool[])
    as new(id, force, danger_class, grade_order, target_at, moved)
where item.report_id = new.id
"""
"""What is for others alone by now, and was for a control room: there until a person closes it, ranked as it is now."""

FREED: Final = """
update queue_item as item set holder = null, holder_name = null, lease_token = null, lease_key = null,
    lease_until = null, claimed_at = null, contacted_at = null, waiting_since = $3
from unnest($1::uuid[], $2::text[]) as new(id, force)
where item.report_id = new.id and item.state = 'open' and item.holder is not null
  and item.force is distinct from new.force and new.force is not null
  and not exists (select from person where person.id = item.holder and person.belongs_to = new.force)
  and not exists (select from client where client.id = item.holder and client.belongs_to = new.force)
"""
"""Whoever held it for another force holds it no longer: the force that has it now can take it at once."""

REOPEN: Final = """
update queue_item set state = 'open', closed_at = null, outcome = null, contacted_at = null, waiting_since = $2
where report_id = any($1::uuid[]) and state = 'closed'
"""

WRITTEN: Final = "select report_id, event from cases where report_id = any($1::uuid[])"

BY_REFERENCE: Final = "select reference, event, override from cases where reference = any($1::text[])"


@dataclass(frozen=True, slots=True)
class JudgedCase:
    """A case as it is to be kept. A drill is delivered nowhere.

    `routed`: its receipt, None while nobody has read the report. `fold` None: as it was before. `moved`: a person sent
    it to the police force of the route.
    """

    event: ReportClassified
    event_json: bytes
    assessed_at: datetime
    opened_at: datetime
    grading: Grading
    target_at: datetime
    route: Route
    routed: ReportRouted | None = None
    override: Override | None = None
    reopens: bool = False
    drill: bool = False
    fold: Fold | None = None
    moved: bool = False
    traceparent: str | None = None

    @property
    def receipt(self) -> bytes | None:
        return self.routed.model_dump_json().encode() if self.routed else None

    @property
    def as_said(self) -> ReportClassified:
        """The report, read as a person has it where one said better: what the others are told."""
        return self.override.applied_to(self.event) if self.override else self.event


async def lock(connection: Connection, ids: Sequence[UUID]) -> None:
    """Until the transaction ends nobody else changes these cases. Taken before any row of theirs is."""
    await connection.execute(LOCK, list(ids))


async def locked(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Known]:
    """What is known of these reports, locked."""
    await lock(connection, ids)
    rows = await connection.fetch(KNOWN, list(ids))
    return {row["report_id"]: as_known(row) for row in rows}


def as_known(row: Any) -> Known:
    """Of a row that has AS_KNOWN."""
    columns = {name: row[name] for name in Known.__dataclass_fields__}
    return Known(**columns | {"override": override_of(row)})


def override_of(row: Any) -> Override | None:
    return Override.model_validate(row["override"]) if row["override"] else None


async def keep(connection: Connection, opened: Sequence[JudgedCase], known: Collection[UUID], now: datetime) -> None:
    """Cases and queue items of one batch, at most one for each report; `known` are those that were cases before."""
    if not opened:
        return
    await connection.execute(KEEP_CASES, *arrays(map(_case, opened)))
    if before := [case for case in opened if case.event.report_id in known]:
        whose = [(case.event.report_id, case.route.force) for case in before]
        await connection.execute(FREED, *arrays(whose), now)
    if queued := [case for case in opened if case.route.queues]:
        await connection.execute(QUEUE, *arrays(map(_item, queued)), now)
    if elsewhere := [case for case in before if not case.route.queues]:
        await connection.execute(REGRADED, *arrays(map(_rank, elsewhere)))
    if back := [case.event.report_id for case in opened if case.reopens]:
        await connection.execute(REOPEN, back, now)


async def event(connection: Connection, report_id: UUID) -> ReportClassified | None:
    """What was last read of a report, as a person has it where one said better; None where it was erased."""
    kept = await connection.fetchrow("select event, override from cases where report_id = $1", report_id)
    return as_said(kept) if kept else None


async def events(connection: Connection, ids: Sequence[UUID]) -> list[ReportClassified]:
    """The same of each of these reports; without those that are no case."""
    rows = await connection.fetch("select event, override from cases where report_id = any($1::uuid[])", list(ids))
    return [as_said(row) for row in rows]


def as_said(row: Any) -> ReportClassified:
    """The reading of a row with `event` and `override`, as a person has it where one said better."""
    event, override = ReportClassified.model_validate_json(row["event"]), override_of(row)
    return override.applied_to(event) if override else event


async def reference(connection: Connection, report_id: UUID) -> str | None:
    """None where it is no case."""
    found: str | None = await connection.fetchval("select reference from cases where report_id = $1", report_id)
    return found


async def written(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """What was last read of each of these reports, to the letter; without those that are no case."""
    return {row["report_id"]: row["event"] for row in await connection.fetch(WRITTEN, list(ids))}


async def by_reference(connection: Connection, references: Sequence[str]) -> dict[str, ReportClassified]:
    """Those of these reports that are cases here, each as a person has it where one said better."""
    return {row["reference"]: as_said(row) for row in await connection.fetch(BY_REFERENCE, list(references))}


def _case(case: JudgedCase) -> tuple[Any, ...]:
    event, grading = case.event, case.grading
    made = reading_of(event)
    return (
        event.report_id,
        event.report.reference,
        event.revision,
        made.reading if made else 0,
        made.rulebook if made else None,
        case.assessed_at,
        case.event_json,
        grading.danger_class,
        grading.grade,
        grading.reasons,
        case.receipt,
        case.opened_at,
        case.override.model_dump(mode="json") if case.override else None,
    )


def _rank(case: JudgedCase) -> tuple[Any, ...]:
    grading = case.grading
    order = ORDER.index(grading.grade)
    return case.event.report_id, case.route.force, grading.danger_class, order, case.target_at, case.moved


def _item(case: JudgedCase) -> tuple[Any, ...]:
    return (
        case.event.report_id,
        case.route.force,
        case.route.queues,
        case.grading.danger_class,
        ORDER.index(case.grading.grade),
        case.target_at,
        case.opened_at,
        case.drill,
        case.fold.id if case.fold else None,
        case.fold.told_by if case.fold else None,
        _bigints(case.fold.sketch if case.fold else ()),
        case.moved,
    )


def _bigints(values: Iterable[int]) -> str:
    """As PostgreSQL writes an array: a column of arrays, each of its own length, is no array of its own."""
    return f"{{{','.join(map(str, values))}}}"
