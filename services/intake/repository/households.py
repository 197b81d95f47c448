"""What reports are recognised by, and those that they are recognised as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.intake.domain.households import HouseholdKey, KeyKind
from services.intake.domain.likeness import Marks
from shared.database import Connection
from shared.events import ReportReceived
from shared.told import History, Link

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
where disputed_by is not null and later_id = any($1::uuid[]) and earlier_id = any($1::uuid[])
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
insert into link as made (later_id, earlier_id, reasons, words, linked_at)
select $1, earlier_id, reasons, words, $4
from jsonb_to_recordset($11) as new(earlier_id uuid, reasons jsonb, words jsonb)
on conflict (later_id, earlier_id) do update
    set reasons = excluded.reasons, words = excluded.words, linked_at = excluded.linked_at, disputed_at = null
    where made.disputed_at is not null and made.disputed_by is null
returning earlier_id
"""

KEYS_KNOWN: Final = """
select kind, key_id, digest from household_key where report_id = $1
order by array_position(array['place', 'address', 'phone', 'email'], kind::text), digest
"""

FORGET: Final = "delete from household_key where report_id = $1 and digest = any($2::bytea[])"


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


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a report is recognised by, and what was told before. Of its `series` the first is the one that stays."""

    keys: tuple[HouseholdKey, ...]
    marks: Marks
    links: tuple[Link, ...] = ()
    series: tuple[UUID, ...] = ()
    history: History = NOTHING_TOLD

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


async def forget(connection: Connection, report_id: UUID, keys: Sequence[HouseholdKey]) -> None:
    """A report is not known by these any more."""
    await connection.execute(FORGET, report_id, [key.digest for key in keys])
