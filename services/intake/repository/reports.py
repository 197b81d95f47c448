"""Reports and their receipts."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.intake.repository.households import Recognised
from shared.database import Connection
from shared.events import ReportReceived, ReportRouted
from shared.kafka import ERASED, GIVEN, RECEIVED
from shared.outbox import Outgoing, columns
from shared.relay import Sent
from shared.told import Contact

AWAITED: Final = [*RECEIVED.values(), ERASED]
"""The topics on which a message waits for its receipt; on the others there are notices, which do not."""

ACCEPT: Final = """
with accepted as (
    insert into report (id, reference, source, received_at, urgent, revision, event, secret_hash,
                        idempotency_key, body_hash, open_since)
    values ($1, $10, $11, $12, $4, $3, $16, $13, $14, $15, $25)
    on conflict (source, idempotency_key) do nothing
    returning id
), reachable as (
    insert into contact (report_id, contact) select id, $17::jsonb from accepted where $17::jsonb is not null
), known as (
    insert into recognisable (report_id, series, reference, received_at, marks)
    select id, $18::uuid, $10, $12, $19::jsonb from accepted where $18::uuid is not null
), joined as (
    update recognisable set series = $18::uuid
    where series = any($20::uuid[]) and series <> $18::uuid and exists (select from accepted)
), keyed as (
    insert into household_key (digest, report_id, kind, key_id, received_at)
    select digest, accepted.id, kind, key_id, $12
    from accepted, unnest($21::bytea[], $22::text[], $23::text[]) as new(digest, kind, key_id)
    on conflict do nothing
), linked as (
    insert into link (later_id, earlier_id, reasons, words, linked_at)
    select accepted.id, earlier_id, reasons, words, $25
    from accepted, jsonb_to_recordset($24) as new(earlier_id uuid, reasons jsonb, words jsonb)
)
insert into outbox (report_id, event_id, revision, urgent, topic, key, headers, value, turn)
select $1, $2, $3, $4, $5, $6, $7, $8, $9 from accepted
returning report_id
"""

WAIT_LITTLE: Final = "set local lock_timeout = '300ms'"

SENT_BEFORE: Final = """
select id, reference, body_hash, secret_hash from report where source = $1 and idempotency_key = $2
"""

BY_REFERENCE: Final = """
select id, source, received_at, routed_at, secret_hash, event, urgent, revision, receipt, contact.contact
from report left join contact on report_id = id where reference = $1
"""

CLOSE: Final = """
with receipts as (
    select * from unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::jsonb[])
        as receipts(report_id, revision, routed_at, receipt)
), done as (
    delete from outbox using receipts
    where outbox.report_id = receipts.report_id and outbox.revision <= receipts.revision and outbox.topic = any($5)
    returning turn
)
update report
set routed_at = coalesce(report.routed_at, receipts.routed_at), receipt = receipts.receipt,
    open_since = case when receipts.revision >= report.revision then null
                      when receipts.revision > coalesce((report.receipt ->> 'revision')::int, 0)
                      then greatest(report.open_since, receipts.routed_at)
                      else report.open_since end
from receipts
where report.id = receipts.report_id
  and coalesce((report.receipt ->> 'revision')::int, 0) <= receipts.revision
returning exists(select from done where turn is not null)
"""

AWAIT_RECEIPT: Final = """
with notices as (
    delete from outbox where id = any($1::bigint[]) and topic <> all($5::text[])
)
update outbox
set published = true, attempts = attempts + 1, partition = sent.partition, position = sent.position,
    due_at = now() + make_interval(secs => $4 * power(2, least(attempts, 10)))
from unnest($1::bigint[], $2::int[], $3::bigint[]) as sent(id, partition, position)
where outbox.id = sent.id and outbox.topic = any($5::text[])
"""

REVISION: Final = "greatest(revision, (receipt ->> 'revision')::int) as revision"
"""The next one is above any that has a receipt: after this database was restored, escalation may know a higher one."""

TOLD: Final = f"""
select event, contact.contact, {REVISION} from report left join contact on report_id = id where id = $1
"""  # noqa: S608 - a constant

HOLD: Final = f"select id, {REVISION} from report where id = any($1::uuid[]) order by id for no key update"  # noqa: S608 - a constant

REVISE: Final = """
with superseded as (
    delete from outbox where report_id = $1 and revision < $3 and topic = any($10)
), revised as (
    update report set revision = $3, urgent = urgent or $4, event = $11, open_since = coalesce(open_since, $13)
    where id = $1
), reachable as (
    insert into contact (report_id, contact) select $1, $12::jsonb where $12::jsonb is not null
    on conflict (report_id) do update set contact = excluded.contact
)
insert into outbox (report_id, event_id, revision, urgent, topic, key, headers, value, turn)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

NAMING: Final = """
with recursive belonged as (
    select series from recognisable where report_id = $1
    union
    select other.series
    from belonged join recognisable as one using (series)
    cross join lateral (
        select earlier_id as report_id from link where later_id = one.report_id
        union all select later_id from link where earlier_id = one.report_id
    ) as linked
    join recognisable as other on other.report_id = linked.report_id and other.series <> one.series
)
select id from report join recognisable as known on known.report_id = id
where series in (select series from belonged) and id <> $1
  and position(convert_to($2, 'UTF8') in event) > 0
order by known.received_at
"""

ERASE: Final = """
with waiting as (
    delete from outbox where report_id = $1 and topic <> $4
                          or topic <> all($3) and position(convert_to($2, 'UTF8') in value) > 0
), said as (delete from message where report_id = $1),
     spoken as (delete from call where report_id = $1)
delete from report where id = $1
"""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What is kept when a report is accepted: the event, on its way, and what is kept beside it."""

    report: ReportReceived
    outgoing: Outgoing
    at: datetime
    secret_hash: str
    idempotency_key: str | None
    body_hash: str
    recognised: Recognised


async def wait_little(connection: Connection) -> None:
    """In this transaction nobody else's row is waited for long: it raises LockNotAvailableError, and keeps nothing."""
    await connection.execute(WAIT_LITTLE)


async def accept(connection: Connection, acceptances: Iterable[Acceptance]) -> set[UUID]:
    """Keep reports, their contact details apart, what they are recognised by, and their outbox rows, at one turn.

    Returns those whose Idempotency-Key was not known. Kept in the order of those, so that nobody deadlocks.
    """
    in_order = sorted(acceptances, key=lambda one: (one.report.source, one.idempotency_key or ""))
    rows = await connection.fetchmany(ACCEPT, [_accepting(one) for one in in_order])
    return {row["report_id"] for row in rows}


def _accepting(acceptance: Acceptance) -> tuple[Any, ...]:
    report, outgoing = acceptance.report, acceptance.outgoing
    return (
        *columns(outgoing),
        report.reference,
        report.source,
        report.received_at,
        acceptance.secret_hash,
        acceptance.idempotency_key,
        acceptance.body_hash,
        *_apart(report, outgoing),
        *acceptance.recognised.columns(),
        acceptance.at,
    )


async def sent_before(connection: Connection, source: str, idempotency_key: str) -> Any:
    return await connection.fetchrow(SENT_BEFORE, source, idempotency_key)


async def by_reference(connection: Connection, reference: str) -> Any:
    return await connection.fetchrow(BY_REFERENCE, reference)


async def told(connection: Connection, report_id: UUID) -> ReportReceived | None:
    """A report as last told; None where there is none."""
    return _told(await connection.fetchrow(TOLD, report_id))


async def held(connection: Connection, report_id: UUID) -> ReportReceived | None:
    """The same, held until the transaction ends."""
    return _told(await connection.fetchrow(TOLD + " for no key update of report", report_id))


def _told(row: Any) -> ReportReceived | None:
    if row is None:
        return None
    report = ReportReceived.model_validate_json(row["event"])
    contact = row["contact"] and Contact.model_validate(row["contact"])
    return report.model_copy(update={"contact": contact, "revision": row["revision"]})


async def hold(connection: Connection, ids: Collection[UUID], wait: bool = True) -> dict[UUID, int]:
    """The revisions of those of these reports that there are; nobody else revises one until the transaction ends.

    Whoever revises reports holds them first, then locks their households, then their series, so that nobody deadlocks.
    Without `wait`, those that somebody else holds are left out.
    """
    rows = await connection.fetch(HOLD if wait else f"{HOLD} skip locked", list(ids))
    return {row["id"]: row["revision"] for row in rows}


async def revise(connection: Connection, report: ReportReceived, outgoing: Outgoing, now: datetime) -> None:
    """Keep and publish a higher revision of a report; it holds all that was told, so those before it are not needed."""
    await connection.execute(REVISE, *columns(outgoing), AWAITED, *_apart(report, outgoing), now)


def _apart(report: ReportReceived, outgoing: Outgoing) -> tuple[bytes, Contact | None]:
    """The event without its contact details, and those."""
    if report.contact is None:
        return outgoing.message.value, None
    return report.model_copy(update={"contact": None}).model_dump_json().encode(), report.contact


async def close(connection: Connection, receipts: Sequence[ReportRouted]) -> bool:
    """Record receipts, at most one for each report, and stop publishing what they answer.

    Returns whether one answers a report that took its turn in a flood: there is room for the next.
    """
    of_a_flood: bool | None = await connection.fetchval(
        CLOSE,
        [receipt.report_id for receipt in receipts],
        [receipt.revision for receipt in receipts],
        [receipt.routed_at for receipt in receipts],
        list(receipts),
        AWAITED,
    )
    return bool(of_a_flood)


async def await_receipt(connection: Connection, sent: Sequence[Sent], seconds: float) -> None:
    """Published, and due again after `seconds`, doubled each time; a notice is done."""
    await connection.execute(
        AWAIT_RECEIPT,
        [row.id for row in sent],
        [row.place.partition for row in sent],
        [row.place.offset for row in sent],
        seconds,
        AWAITED,
    )


async def naming(connection: Connection, report_id: UUID, reference: str) -> list[UUID]:
    """The reports whose history names this one, in the order they came: of its series, or linked to it once."""
    return [row["id"] for row in await connection.fetch(NAMING, report_id, reference)]


async def erase(connection: Connection, report_id: UUID, reference: str) -> None:
    """The report, with all that is kept of it anywhere, and the notices on their way that name it.

    That somebody was given a file of it goes on to the record.
    """
    await connection.execute(ERASE, report_id, reference, AWAITED, GIVEN)


async def secret_hash(connection: Connection, report_id: UUID) -> str | None:
    """SHA-256 of the secret that opens it; None where there is no such report yet."""
    kept: str | None = await connection.fetchval("select secret_hash from report where id = $1", report_id)
    return kept
