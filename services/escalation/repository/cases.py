"""Cases, with their queue items and deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.grading import ORDER, Grading
from services.escalation.domain.overrides import Override
from services.escalation.domain.routing import NOBODY, Route
from shared.database import Connection
from shared.events import Destination, ReportClassified

LOCK: Final = """
select pg_advisory_xact_lock(key) from
    (select distinct hashtextextended(id::text, 0) as key from unnest($1::uuid[]) as id order by 1) as keys
"""

KNOWN: Final = """
select report_id, revision, reading, rulebook, assessed_at, receipt, opened_at, danger_class, grade, reasons, override
from cases where report_id = any($1::uuid[])
"""

KEEP_CASES: Final = """
insert into cases (report_id, reference, revision, reading, rulebook, assessed_at, event, danger_class, grade, reasons,
                   receipt, opened_at, override)
select id, reference, revision, reading, rulebook, assessed_at, event, danger_class, grade,
       array(select jsonb_array_elements_text(reasons)), receipt, opened_at, nullif(override, 'null')
from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::text[], $6::timestamptz[], $7::bytea[], $8::int[],
            $9::text[], $10::jsonb[], $11::bytea[], $12::timestamptz[], $13::jsonb[])
    as new(id, reference, revision, reading, rulebook, assessed_at, event, danger_class, grade, reasons, receipt,
           opened_at, override)
on conflict (report_id) do update set
    revision = excluded.revision, reading = excluded.reading, rulebook = excluded.rulebook,
    assessed_at = excluded.assessed_at, event = excluded.event, danger_class = excluded.danger_class,
    grade = excluded.grade, reasons = excluded.reasons, receipt = excluded.receipt, override = excluded.override
"""

QUEUE: Final = """
insert into queue_item (report_id, force, queues, danger_class, grade_order, target_at, opened_at, drill, waiting_since)
select id, force, array(select jsonb_array_elements_text(queues)), danger_class, grade_order, target_at, opened_at,
       drill, $9
from unnest($1::uuid[], $2::text[], $3::jsonb[], $4::int[], $5::int[], $6::timestamptz[], $7::timestamptz[], $8::bool[])
    as new(id, force, queues, danger_class, grade_order, target_at, opened_at, drill)
on conflict (report_id) do update set
    force = case when queue_item.rerouted then queue_item.force else excluded.force end,
    queues = case when queue_item.rerouted then queue_item.queues else excluded.queues end,
    danger_class = excluded.danger_class,
    grade_order = excluded.grade_order, target_at = excluded.target_at,
    waiting_since = case when excluded.danger_class < queue_item.danger_class then excluded.waiting_since
                         else queue_item.waiting_since end
"""

REOPEN: Final = """
update queue_item set state = 'open', closed_at = null, outcome = null, contacted_at = null, waiting_since = $2
where report_id = any($1::uuid[]) and state = 'closed'
"""

LOCK_COUNTERS: Final = """
with needed as (select distinct agency from unnest($1::text[]) as agency),
made as (
    insert into agency_counter (agency_id, position) select agency, 0 from needed order by agency
    on conflict do nothing
)
select 1
"""

DELIVER: Final = """
with held as materialized (
    select agency_id, position from agency_counter
    where agency_id = any($1::text[]) order by agency_id for update
), fresh as (
    select new.*, row_number() over (partition by new.agency order by new.place) as nth
    from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[]) with ordinality
        as new(agency, report_id, queue, reason, ground, place)
    where not exists (
        select from delivery where delivery.agency_id = new.agency
            and delivery.report_id = new.report_id and delivery.queue = new.queue
    )
), counted as (
    update agency_counter set position = agency_counter.position + of_agency.many
    from (select agency, count(*) as many from fresh group by agency) as of_agency
    where agency_counter.agency_id = of_agency.agency
)
insert into delivery (agency_id, position, report_id, queue, reason, ground, delivered_at)
select fresh.agency, held.position + fresh.nth, fresh.report_id, fresh.queue, fresh.reason, fresh.ground, $6
from fresh join held on held.agency_id = fresh.agency
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What is already known of a report: enough to tell a newer reading from a repetition, and how it differs."""

    revision: int
    reading: int
    rulebook: str | None
    assessed_at: datetime
    receipt: bytes | None
    opened_at: datetime
    danger_class: int
    grade: str
    reasons: list[str]
    override: Override | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A case as it is to be kept. `receipt` is None while nobody has read the report; a drill is delivered nowhere."""

    event: ReportClassified
    event_json: bytes
    assessed_at: datetime
    opened_at: datetime
    grading: Grading
    target_at: datetime
    route: Route
    receipt: bytes | None
    override: Override | None = None
    reopens: bool = False
    drill: bool = False


async def lock(connection: Connection, ids: Sequence[UUID]) -> None:
    """Until the transaction ends nobody else changes these cases. Taken before any row of theirs is."""
    await connection.execute(LOCK, list(ids))


async def locked(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Known]:
    """What is known of these reports, locked."""
    await lock(connection, ids)
    rows = await connection.fetch(KNOWN, list(ids))
    return {row["report_id"]: _known(row) for row in rows}


def _known(row: Any) -> Known:
    columns = dict(row) | {"override": Override.model_validate(row["override"]) if row["override"] else None}
    del columns["report_id"]
    return Known(**columns)


async def keep(connection: Connection, opened: Sequence[Opened], now: datetime) -> None:
    """Cases, queue items and deliveries of one batch, at most one for each report."""
    if not opened:
        return
    await connection.execute(KEEP_CASES, *_columns(map(_case, opened)))
    queued = [case for case in opened if case.route.queues]
    if queued:
        await connection.execute(QUEUE, *_columns(map(_item, queued)), now)
    if back := [case.event.report_id for case in opened if case.reopens]:
        await connection.execute(REOPEN, back, now)
    await _deliver(connection, [row for case in opened if not case.drill for row in _deliveries(case)], now)


async def deliver(connection: Connection, report_id: UUID, destinations: Sequence[Destination], now: datetime) -> None:
    """To these as well; where it already is, it stays as it is."""
    await _deliver(connection, [(d.agency, report_id, d.queue, d.reason, d.ground) for d in destinations], now)


async def _deliver(connection: Connection, deliveries: Sequence[tuple[Any, ...]], now: datetime) -> None:
    if deliveries:
        columns = _columns(deliveries)
        await connection.execute(LOCK_COUNTERS, columns[0])
        await connection.execute(DELIVER, *columns, now)


def _columns(rows: Any) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _case(case: Opened) -> tuple[Any, ...]:
    event, grading = case.event, case.grading
    rulebook = event.assessment.rulebook if event.assessment else None
    return (
        event.report_id,
        event.report.reference,
        event.revision,
        event.assessment.reading if event.assessment else 0,
        rulebook,
        case.assessed_at,
        case.event_json,
        grading.danger_class,
        grading.grade,
        grading.reasons,
        case.receipt,
        case.opened_at,
        case.override.model_dump(mode="json") if case.override else None,
    )


def _item(case: Opened) -> tuple[Any, ...]:
    return (
        case.event.report_id,
        case.route.force,
        case.route.queues,
        case.grading.danger_class,
        ORDER.index(case.grading.grade),
        case.target_at,
        case.opened_at,
        case.drill,
    )


def _deliveries(case: Opened) -> list[tuple[Any, ...]]:
    report_id = case.event.report_id
    return [(d.agency, report_id, d.queue, d.reason, d.ground) for d in case.route.destinations if d.agency != NOBODY]
