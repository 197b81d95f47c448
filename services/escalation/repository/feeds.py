"""The agencies' feeds: numbered without a gap in the order of commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self
from uuid import UUID

from shared.database import Connection, arrays
from shared.events import EntryKind

MAKE_COUNTERS: Final = """
insert into agency_counter (agency_id, position)
select distinct agency, 0 from unnest($1::text[]) as agency order by agency
on conflict do nothing
"""

APPEND: Final = """
with held as materialized (
    select agency_id, position from agency_counter
    where agency_id = any($1::text[]) order by agency_id for update
), fresh as (
    select new.*, row_number() over (partition by new.agency order by new.place) as nth
    from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
                $9::jsonb[], $10::timestamptz[], $11::bool[]) with ordinality
        as new(agency, report_id, queue, kind, reason, ground, reference, received_at, body, acknowledge_by, by_hand,
               place)
), counted as (
    update agency_counter set position = agency_counter.position + of_agency.many
    from (select agency, count(*) as many from fresh group by agency) as of_agency
    where agency_counter.agency_id = of_agency.agency
)
insert into delivery (agency_id, position, report_id, queue, kind, reason, ground, reference, received_at, body,
                      acknowledge_by, by_hand, delivered_at)
select agency, held.position + nth, report_id, queue, kind, reason, ground, reference, received_at,
       nullif(body, 'null'), acknowledge_by, by_hand, $12
from fresh join held on held.agency_id = fresh.agency
returning agency_id, position, report_id, queue, kind, reason, by_hand
"""

Begins = Literal["always", "if_closed", "no"]
"""Whether a delivery that is corrected is to be acknowledged again, and all that was done about it begins anew."""

PAGE: Final = 16 * 2**20  # bytes, and the rest of one report

MARK: Final = "(extract(epoch from delivered_at) * 1000000)::bigint::text"
"""What tells an entry from the one that had its position before the database was restored."""

FEED: Final = f"""
select here, page.* from (
    select (select {MARK} from delivery where agency_id = $1 and position = $2) as here
) as place
left join (
    select *, sum(octet_length(entry)) over (order by position rows between unbounded preceding and 1 preceding)
        as before
    from (
        select entry.position, entry.report_id, origin.state, {MARK} as mark, json_build_object(
            'position', position, 'kind', kind, 'report_id', report_id, 'reference', reference, 'queue', queue,
            'reason', reason, 'ground', ground, 'received_at', received_at, 'delivered_at', delivered_at,
            'acknowledge_by', acknowledge_by, 'report', body)::text as entry
        from (
            select agency_id, position, kind, report_id, reference, queue, reason, ground, received_at, delivered_at
            from delivery where agency_id = $1 and position > $2 order by position limit $3
        ) as entry
        cross join lateral (
            select body, state, acknowledge_by from delivery as origin
            where kind = 'report'
              and (agency_id, report_id, queue) = (entry.agency_id, entry.report_id, entry.queue)
            limit 1
        ) as origin
        offset 0
    ) as written
) as page on coalesce(before, 0) < {PAGE} order by position
"""  # noqa: S608 - constants only
"""The page first, then the body of each: joined before, it took seconds while nothing was known of a new table.

PostgreSQL writes the entries, once each (`offset 0`): they are JSON there, and go out as it writes them. Beside them
stands the mark of the entry that they follow, on a row of its own where there are none.
"""

SEEN: Final = """
update delivery set state = 'seen', seen_at = $3
where agency_id = $1 and kind = 'report' and state = 'queued' and report_id = any($2::uuid[])
"""

POSITIONS: Final = "select agency_id, position from agency_counter where agency_id = any($1::text[])"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry to be appended to a feed: a delivery, or a notice about one."""

    agency: str
    report_id: UUID
    queue: str
    kind: EntryKind
    reason: str
    ground: str
    reference: str | None
    received_at: datetime | None
    body: dict[str, Any] | None
    acknowledge_by: datetime | None
    by_hand: bool = False
    begins: Begins = "no"

    @classmethod
    def notice(cls, place: tuple[str, UUID, str], kind: EntryKind, words: str) -> Self:
        """That what was delivered there is no longer to be held."""
        return cls(*place, kind, words, "", None, None, None, None)

    @property
    def place(self) -> tuple[str, UUID, str]:
        """What it is about: one agency's queue, and one report."""
        return self.agency, self.report_id, self.queue


async def append(connection: Connection, entries: Sequence[Entry], now: datetime) -> list[Any]:
    """Number and keep the entries; returns agency, position, report and kind of each."""
    columns = arrays(
        (
            e.agency,
            e.report_id,
            e.queue,
            e.kind,
            e.reason,
            e.ground,
            e.reference,
            e.received_at,
            e.body,
            e.acknowledge_by,
            e.by_hand,
        )
        for e in entries
    )
    await connection.execute(MAKE_COUNTERS, columns[0])
    return await connection.fetch(APPEND, *columns, now)


async def feed(connection: Connection, agency: str, after: int, limit: int) -> tuple[str | None, list[Any]]:
    """The mark of the entry at a position, None where there is none; and the agency's entries behind it, without a gap.

    They are at most `limit`, and as many as fit on a page; each row is position, report_id, state, mark, and the entry
    as JSON.
    """
    rows = await connection.fetch(FEED, agency, after, limit)
    return rows[0]["here"], [row for row in rows if row["entry"] is not None]


async def seen(connection: Connection, agency: str, reports: Sequence[UUID], now: datetime) -> None:
    await connection.execute(SEEN, agency, list(reports), now)


async def positions(connection: Connection, agencies: Sequence[str]) -> dict[str, int]:
    """How far each feed goes."""
    return {row["agency_id"]: row["position"] for row in await connection.fetch(POSITIONS, list(agencies))}
