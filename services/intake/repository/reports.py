"""Reports and their receipts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.database import Connection
from shared.events import ReportReceived, ReportRouted
from shared.outbox import Outgoing, Sent, columns

ACCEPT: Final = """
with accepted as (
    insert into report (id, reference, source, received_at, urgent, revision, event, secret_hash,
                        idempotency_key, body_hash)
    values ($1, $9, $10, $11, $4, $3, $15, $12, $13, $14)
    on conflict (source, idempotency_key) do nothing
    returning id
), reachable as (
    insert into contact (report_id, contact) select id, $16::jsonb from accepted where $16::jsonb is not null
)
insert into outbox (report_id, event_id, revision, urgent, topic, key, headers, value)
select $1, $2, $3, $4, $5, $6, $7, $8 from accepted
returning id
"""

SENT_BEFORE: Final = "select id, reference, body_hash from report where source = $1 and idempotency_key = $2"

BY_REFERENCE: Final = """
select id, source, received_at, routed_at, secret_hash, event, urgent, revision from report where reference = $1
"""

CLOSE: Final = """
with receipts as (
    select * from unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::jsonb[])
        as receipts(report_id, revision, routed_at, receipt)
), done as (
    delete from outbox using receipts
    where outbox.report_id = receipts.report_id and outbox.revision <= receipts.revision
)
update report set routed_at = coalesce(report.routed_at, receipts.routed_at), receipt = receipts.receipt
from receipts
where report.id = receipts.report_id
  and coalesce((report.receipt ->> 'revision')::int, 0) <= receipts.revision
"""

AWAIT_RECEIPT: Final = """
update outbox
set published = true, attempts = attempts + 1, partition = sent.partition, position = sent.position,
    due_at = now() + make_interval(secs => $4 * power(2, least(attempts, 10)))
from unnest($1::bigint[], $2::int[], $3::bigint[]) as sent(id, partition, position)
where outbox.id = sent.id
"""

POSTPONE: Final = """
update outbox set due_at = now() + make_interval(secs => $2) where id = any($1::bigint[])
"""

ACCOUNT: Final = """
select count(*) as accepted, count(routed_at) as routed, count(*) - count(routed_at) as open,
       min(received_at) filter (where routed_at is null) as oldest
from report
"""

OPEN_ONES: Final = """
select reference, received_at, urgent from report where routed_at is null order by urgent desc, received_at limit $1
"""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What is kept beside the event when a report is accepted."""

    report: ReportReceived
    secret_hash: str
    idempotency_key: str | None
    body_hash: str


async def accept(connection: Connection, acceptance: Acceptance, outgoing: Outgoing) -> bool:
    """Keep the report, its contact details apart from it, and its outbox row in one statement.

    False where this Idempotency-Key is already known.
    """
    report = acceptance.report
    row = await connection.fetchrow(
        ACCEPT,
        *columns(outgoing),
        report.reference,
        report.source,
        report.received_at,
        acceptance.secret_hash,
        acceptance.idempotency_key,
        acceptance.body_hash,
        report.model_copy(update={"contact": None}).model_dump_json().encode(),
        report.contact and report.contact.model_dump(),
    )
    return row is not None


async def sent_before(connection: Connection, source: str, idempotency_key: str) -> Any:
    return await connection.fetchrow(SENT_BEFORE, source, idempotency_key)


async def by_reference(connection: Connection, reference: str) -> Any:
    return await connection.fetchrow(BY_REFERENCE, reference)


async def close(connection: Connection, receipts: Sequence[ReportRouted]) -> None:
    """Record receipts, at most one for each report, and stop publishing what they answer."""
    await connection.execute(
        CLOSE,
        [receipt.report_id for receipt in receipts],
        [receipt.revision for receipt in receipts],
        [receipt.routed_at for receipt in receipts],
        [receipt.model_dump(mode="json") for receipt in receipts],
    )


async def await_receipt(connection: Connection, sent: Sequence[Sent], seconds: float) -> None:
    """Published, and due again after `seconds`, doubled for each time that it was published before."""
    await connection.execute(
        AWAIT_RECEIPT,
        [row.id for row in sent],
        [row.place.partition for row in sent],
        [row.place.offset for row in sent],
        seconds,
    )


async def postpone(connection: Connection, ids: Sequence[int], seconds: float) -> None:
    await connection.execute(POSTPONE, list(ids), seconds)


async def account(connection: Connection) -> Any:
    """How many reports were accepted, how many have a receipt, how many are open, and since when the oldest."""
    return await connection.fetchrow(ACCOUNT)


async def open_ones(connection: Connection, limit: int) -> list[Any]:
    return await connection.fetch(OPEN_ONES, limit)
