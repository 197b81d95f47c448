"""The links between reports, and the series that linked reports make."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.intake.domain.series import Edge
from shared.codebook import Label, Strand
from shared.database import Connection
from shared.told import History, Link, LinkReason

OF_SERIES: Final = """
select count(*) as reports, min(received_at) as first_at, max(received_at) as last_at,
       (select array_agg(reference) from (
            select reference from recognisable
            where series = any($1::uuid[]) and report_id <> $2
              and received_at <= coalesce($3::timestamptz, 'infinity')
            order by received_at desc limit 20) as newest) as refs,
       (select array_agg(distinct label)
        from report, jsonb_array_elements_text(receipt -> 'labels') as label where id = any($4::uuid[])) as labels,
       (select array_agg(distinct strand)
        from report, jsonb_array_elements_text(receipt -> 'strands') as strand where id = any($4::uuid[])) as strands
from recognisable
where series = any($1::uuid[]) and report_id <> $2 and received_at <= coalesce($3::timestamptz, 'infinity')
"""

LINKS_OF: Final = """
select earlier_id, reference, received_at, reasons, words from link join recognisable on report_id = earlier_id
where later_id = $1 and disputed_at is null order by received_at desc limit 20
"""

OUTDATED: Final = """
select later_id, earlier_id from link
where $1 in (later_id, earlier_id) and disputed_at is null and (
    reasons = '["address"]' and not words ?| $3::text[]
    or not exists(select from household_key
                  where report_id in (later_id, earlier_id) and report_id <> $1 and digest = any($2::bytea[])))
order by later_id, earlier_id
"""

SERIES_OF: Final = "select report_id, series, received_at from recognisable where report_id = any($1::uuid[])"

EDGES: Final = """
select later_id, earlier_id from link join recognisable on report_id = later_id
where series = $1 and disputed_at is null
"""

LOCK_SERIES: Final = """
select pg_advisory_xact_lock(key) from
    (select distinct hashtextextended(id::text, 6) as key from unnest($1::uuid[]) as id order by 1) as keys
"""

MEMBERS: Final = "select report_id, received_at from recognisable where series = $1 order by received_at, report_id"

PART: Final = """
insert into link (later_id, earlier_id, reasons, words, linked_at, disputed_at, disputed_by, dispute_reason)
select later_id, earlier_id, '[]', '[]', $3, $3, $4, $5
from unnest($1::uuid[], $2::uuid[]) as new(later_id, earlier_id)
on conflict (later_id, earlier_id) do update set disputed_at = excluded.disputed_at,
    disputed_by = excluded.disputed_by, dispute_reason = excluded.dispute_reason
"""

RENAME: Final = "update recognisable set series = $2 where report_id = any($1::uuid[])"


async def of_series(
    connection: Connection, series: Sequence[UUID], but: UUID, until: datetime | None, links: Sequence[Link]
) -> History:
    """The reports of these series, `but` one, and none received after `until`; what those of `links` were read as."""
    row: Any = await connection.fetchrow(OF_SERIES, list(series), but, until, [link.report_id for link in links])
    return History(
        reports=row["reports"],
        first_at=row["first_at"],
        last_at=row["last_at"],
        references=tuple(row["refs"] or ()),
        links=tuple(links),
        labels=tuple(label for label in Label if label in (row["labels"] or ())),
        strands=tuple(strand for strand in Strand if strand in (row["strands"] or ())),
    )


async def links_of(connection: Connection, report_id: UUID) -> tuple[Link, ...]:
    """The earlier reports that this one is linked to directly, the newest 20."""
    rows = await connection.fetch(LINKS_OF, report_id)
    return tuple(
        Link(
            report_id=row["earlier_id"],
            reference=row["reference"],
            received_at=row["received_at"],
            reasons=tuple(map(LinkReason, row["reasons"])),
            words=tuple(row["words"]),
        )
        for row in rows
    )


async def outdated(
    connection: Connection, report_id: UUID, digests: Sequence[bytes], numbers: Sequence[str]
) -> list[Edge]:
    """Its links, either way, to reports that share none of these keys, or a house's number alone, and none of these."""
    rows = await connection.fetch(OUTDATED, report_id, list(digests), list(numbers))
    return [(row["later_id"], row["earlier_id"]) for row in rows]


async def held_series(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, datetime]]:
    """The series of these reports and when each was received; until the transaction ends nobody joins or parts them."""
    held: set[UUID] = set()
    while True:
        rows = await connection.fetch(SERIES_OF, list(ids))
        unheld = {row["series"] for row in rows} - held
        if not unheld:
            return {row["report_id"]: (row["series"], row["received_at"]) for row in rows}
        await connection.execute(LOCK_SERIES, list(unheld))
        held |= unheld


async def members(connection: Connection, series: UUID) -> list[UUID]:
    """The reports of a series, in the order in which they came."""
    return [row["report_id"] for row in await connection.fetch(MEMBERS, series)]


async def edges(connection: Connection, series: UUID) -> list[Edge]:
    """The links of a series that hold."""
    return [(row["later_id"], row["earlier_id"]) for row in await connection.fetch(EDGES, series)]


async def part(
    connection: Connection, pairs: Sequence[Edge], at: datetime, by: str | None = None, why: str | None = None
) -> None:
    """These links hold no more. What a person parted is never linked again; what `by` nobody, where it is found again.

    The row stays: by it an erasure finds who may still name the other.
    """
    later, earlier = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    await connection.execute(PART, later, earlier, at, by, why)


async def rename(connection: Connection, ids: Sequence[UUID], series: UUID) -> None:
    """Put these reports into a series."""
    await connection.execute(RENAME, list(ids), series)
