"""What reports are recognised by, the links between them, and the series that linked reports make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.intake.domain.households import HouseholdKey, KeyKind
from services.intake.domain.likeness import Marks
from shared.codebook import Label, Strand
from shared.database import Connection
from shared.events import LinkDisputed, ReportReceived
from shared.told import History, Link, LinkReason

LOCK: Final = """
select pg_advisory_xact_lock(key) from
    (select distinct ('x' || encode(substr(digest, 1, 8), 'hex'))::bit(64)::bigint as key
     from unnest($1::bytea[]) as digest order by 1) as keys
"""

LOCK_FREE: Final = """
select asking from unnest($1::uuid[], $2::bytea[]) as wanted(asking, digest)
group by asking
having bool_and(pg_try_advisory_xact_lock(('x' || encode(substr(digest, 1, 8), 'hex'))::bit(64)::bigint))
"""

CANDIDATES: Final = """
with found as (
    select asking, near.report_id, wanted.kind
    from unnest($1::uuid[], $2::bytea[], $3::text[], $4::int[]) as wanted(asking, digest, kind, most)
    cross join lateral (
        select report_id from household_key
        where household_key.digest = wanted.digest and received_at > $5 and report_id <> wanted.asking
        order by received_at desc limit wanted.most
    ) as near
)
select asking, known.report_id, known.reference, known.received_at, known.series, known.marks,
       array_agg(distinct kind) as kinds
from found join recognisable as known using (report_id) left join recognisable as own on own.report_id = asking
where own.report_id is null or known.series <> own.series or known.received_at < own.received_at
group by asking, known.report_id order by known.received_at desc
"""
"""One that came later is found too, where a place or a number is learnt after it came, unless they belong together."""

DISPUTED: Final = """
select later_id, earlier_id from link
where disputed_at is not null and later_id = any($1::uuid[]) and earlier_id = any($1::uuid[])
"""

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

REMEMBER: Final = """
with known as (
    insert into recognisable (report_id, reference, received_at, series, marks) values ($1, $2, $3, $5, $6)
    on conflict (report_id) do update set series = excluded.series, marks = excluded.marks
), joined as (
    update recognisable set series = $5 where series = any($7::uuid[]) and series <> $5 and report_id <> $1
), keyed as (
    insert into household_key (digest, report_id, kind, key_id, received_at)
    select digest, $1, kind, key_id, $3 from unnest($8::bytea[], $9::text[], $10::text[]) as new(digest, kind, key_id)
    on conflict do nothing
)
insert into link (later_id, earlier_id, reasons, words, linked_at)
select $1, earlier_id, reasons, words, $4
from jsonb_to_recordset($11) as new(earlier_id uuid, reasons jsonb, words jsonb)
on conflict do nothing
returning earlier_id
"""

KEYS_KNOWN: Final = """
select kind, key_id, digest from household_key where report_id = $1 order by kind <> 'place', kind, digest
"""

LINKS_OF: Final = """
select earlier_id, reference, received_at, reasons, words from link join recognisable on report_id = earlier_id
where later_id = $1 and disputed_at is null order by received_at desc limit 20
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

DISPUTE: Final = """
insert into link (later_id, earlier_id, reasons, words, linked_at, disputed_at, disputed_by, dispute_reason)
select later_id, earlier_id, '[]', '[]', $3, $3, $4, $5
from unnest($1::uuid[], $2::uuid[]) as new(later_id, earlier_id)
on conflict (later_id, earlier_id) do update set disputed_at = excluded.disputed_at,
    disputed_by = excluded.disputed_by, dispute_reason = excluded.dispute_reason
"""

RENAME: Final = "update recognisable set series = $2 where report_id = any($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An earlier report that shares a key with the one that is `asking`."""

    asking: UUID
    report_id: UUID
    reference: str
    received_at: datetime
    series: UUID
    marks: Marks
    kinds: frozenset[KeyKind]


Asking = Mapping[UUID, Sequence[HouseholdKey]]
"""Reports that ask what was told before, each with its keys."""

NOTHING_TOLD: Final = History()


@dataclass(frozen=True, slots=True)
class Series:
    """The reports of one or more series, without the one that asks; `labels` and `strands` of those linked directly."""

    reports: int
    first_at: datetime | None
    last_at: datetime | None
    references: tuple[str, ...]
    labels: tuple[Label, ...]
    strands: tuple[Strand, ...]


async def lock(connection: Connection, keys: Sequence[HouseholdKey]) -> None:
    """Until the transaction ends, whoever shares one of these keys waits. Taken in one order, so nobody deadlocks."""
    await connection.execute(LOCK, [key.digest for key in keys])


async def lock_free(connection: Connection, asking: Asking) -> set[UUID]:
    """The same without waiting: returns those reports of whose keys nobody else held one."""
    reports, keys = _flat(asking)
    return {row["asking"] for row in await connection.fetch(LOCK_FREE, reports, [key.digest for key in keys])}


async def candidates(
    connection: Connection, asking: Asking, most: Mapping[KeyKind, int], since: datetime
) -> list[Candidate]:
    """The newest earlier reports for each key of each report that asks, at most so many of a kind, newest first."""
    reports, keys = _flat(asking)
    digests, kinds, limits = [key.digest for key in keys], [key.kind for key in keys], [most[key.kind] for key in keys]
    rows = await connection.fetch(CANDIDATES, reports, digests, kinds, limits, since)
    return [
        Candidate(
            row["asking"],
            row["report_id"],
            row["reference"],
            row["received_at"],
            row["series"],
            Marks.model_validate(row["marks"]),
            frozenset(map(KeyKind, row["kinds"])),
        )
        for row in rows
    ]


def _flat(asking: Asking) -> tuple[list[UUID], list[HouseholdKey]]:
    """Each key and whose it is, as two columns."""
    pairs = [(report_id, key) for report_id, keys in asking.items() for key in keys]
    return [report_id for report_id, _ in pairs], [key for _, key in pairs]


async def disputed(connection: Connection, ids: Sequence[UUID]) -> set[frozenset[UUID]]:
    """The pairs among these reports of which somebody said that they do not belong together."""
    rows = await connection.fetch(DISPUTED, list(ids))
    return {frozenset((row["later_id"], row["earlier_id"])) for row in rows}


async def of_series(
    connection: Connection, series: Sequence[UUID], but: UUID, until: datetime | None, linked: Sequence[UUID]
) -> Series:
    """The reports of these series, `but` one, and none received after `until`; what those `linked` were read as."""
    row: Any = await connection.fetchrow(OF_SERIES, list(series), but, until, list(linked))
    return Series(
        row["reports"],
        row["first_at"],
        row["last_at"],
        tuple(row["refs"] or ()),
        tuple(label for label in Label if label in (row["labels"] or ())),
        tuple(strand for strand in Strand if strand in (row["strands"] or ())),
    )


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a report is recognised by, and what was told before. Of its `series` the first is the one that stays."""

    keys: tuple[HouseholdKey, ...]
    marks: Marks
    links: tuple[Link, ...] = ()
    series: tuple[UUID, ...] = ()
    history: History = NOTHING_TOLD

    def key_of(self, report_id: UUID) -> str:
        """The household's key, or else the report's: what keeps its events in order on Kafka."""
        return self.keys[0].digest.hex() if self.keys else str(report_id)

    def columns(self) -> tuple[Any, ...]:
        """The series that stays (None: nothing to be recognised by), marks, all series, the keys' columns, links."""
        return (
            self.series[0] if self.keys else None,
            self.marks,
            list(self.series),
            [key.digest for key in self.keys],
            [key.kind for key in self.keys],
            [key.key_id for key in self.keys],
            [{"earlier_id": str(link.report_id), "reasons": link.reasons, "words": link.words} for link in self.links],
        )


async def remember(connection: Connection, report: ReportReceived, recognised: Recognised, now: datetime) -> set[UUID]:
    """Keep what a revision is recognised by besides; returns the newly linked. `reports.ACCEPT` keeps a first one."""
    about = report.report_id, report.reference, report.received_at
    rows = await connection.fetch(REMEMBER, *about, now, *recognised.columns())
    return {row["earlier_id"] for row in rows}


async def keys_known(connection: Connection, report_id: UUID) -> tuple[HouseholdKey, ...]:
    """The keys that a report is known by, that of its place first."""
    rows = await connection.fetch(KEYS_KNOWN, report_id)
    return tuple(HouseholdKey(KeyKind(row["kind"]), row["key_id"], row["digest"]) for row in rows)


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


async def edges(connection: Connection, series: UUID) -> list[tuple[UUID, UUID]]:
    """The undisputed links of a series, each as (later, earlier)."""
    return [(row["later_id"], row["earlier_id"]) for row in await connection.fetch(EDGES, series)]


async def dispute(connection: Connection, pairs: Sequence[tuple[UUID, UUID]], event: LinkDisputed) -> None:
    """Mark these links, (later, earlier), as disputed, so that they are not made again."""
    later, earlier = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    await connection.execute(DISPUTE, later, earlier, event.disputed_at, event.by, event.reason)


async def rename(connection: Connection, ids: Sequence[UUID], series: UUID) -> None:
    """Put these reports into a series."""
    await connection.execute(RENAME, list(ids), series)
