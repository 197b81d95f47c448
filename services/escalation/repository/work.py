"""What people add to a case: notes, links, overrides."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.overrides import Override
from shared.database import Connection
from shared.references import spellings

LINK: Final = """
insert into case_link (report_id, other_id, at, who, why) values ($1, $2, $3, $4, $5)
on conflict (report_id, other_id) do update set at = excluded.at, who = excluded.who, why = excluded.why,
    disputed_by = null, disputed_why = null
"""

DISPUTE: Final = """
insert into case_link (report_id, other_id, at, who, why, disputed_by, disputed_why)
values ($1, $2, $3, $4, 'linked by intake', $4, $5)
on conflict (report_id, other_id) do update set disputed_by = excluded.disputed_by, disputed_why = excluded.disputed_why
"""

LINKS: Final = """
select link.*, cases.report_id as to_id, cases.reference from case_link as link
join cases on cases.report_id = case when link.report_id = $1 then link.other_id else link.report_id end
where $1 in (link.report_id, link.other_id) order by link.at
"""

DISPUTED: Final = """
select exists (
    select from case_link join cases as one on one.report_id = case_link.report_id
    join cases as other on other.report_id = case_link.other_id
    where disputed_by is not null
      and (one.reference = any($1::text[]) and other.reference = any($2::text[])
           or one.reference = any($2::text[]) and other.reference = any($1::text[])))
"""

OVERRIDDEN: Final = """
insert into overridden (report_id, revision, at, who, why, override, before) values ($1, $2, $3, $4, $5, $6, $7)
"""

BY_REFERENCE: Final = """
select report_id from cases left join queue_item as item using (report_id)
where reference = any($2::text[]) and (item.force is null or item.force = $1)
"""

SEARCH: Final = r"""
with looked_through as (
    (select report_id from queue_item where force = $1 and opened_at > $3 order by opened_at desc limit $5)
    union
    (select report_id from queue_item where force is null and opened_at > $3 order by opened_at desc limit $5)
    union
    (select report_id from queue_item as item join cases using (report_id)
     where (force is null or force = $1) and reference = any($6::text[]))
)
select cases.report_id, cases.reference, cases.opened_at, cases.danger_class, cases.grade, item.state, item.holder_name
from looked_through join queue_item as item using (report_id) join cases using (report_id),
     lateral (select convert_from(cases.event, 'UTF8')::jsonb -> 'report' as told offset 0) as report
where (
    starts_with(cases.reference, upper($2)) or cases.reference = any($6::text[])
    or position(lower($2) in lower(told ->> 'text')) > 0
    or replace(lower(told #>> '{place,postcode}'), ' ', '') = replace(lower($2), ' ', '')
    or right(regexp_replace(told #>> '{contact,phone}', '\D', '', 'g'), 10)
       = nullif(right(regexp_replace($2, '\D', '', 'g'), 10), '')
    or lower(told #>> '{contact,email}') = lower($2) or position(lower($2) in lower(told #>> '{contact,name}')) > 0
    or position(lower($2) in lower(told #>> '{place,words}')) > 0
)
order by item.opened_at desc limit $4
"""
"""A telephone number by its last ten digits, however it is written: +44 1632 960001 is 01632 960001."""


async def note(connection: Connection, report_id: UUID, who: str, words: str, now: datetime) -> int:
    statement = "insert into note (report_id, at, who, words) values ($1, $2, $3, $4) returning id"
    return int(await connection.fetchval(statement, report_id, now, who, words))


async def notes(connection: Connection, report_id: UUID) -> list[Any]:
    return await connection.fetch("select * from note where report_id = $1 order by id", report_id)


def _pair(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one < other else (other, one)


async def link(connection: Connection, one: UUID, other: UUID, who: str, why: str, now: datetime) -> None:
    """Say that two cases belong together; an earlier dispute is settled by it."""
    await connection.execute(LINK, *_pair(one, other), now, who, why)


async def dispute(connection: Connection, one: UUID, other: UUID, who: str, why: str, now: datetime) -> None:
    """Say that two cases do not belong together, whoever linked them."""
    await connection.execute(DISPUTE, *_pair(one, other), now, who, why)


async def disputed(connection: Connection, some: Collection[str], others: Collection[str]) -> bool:
    """Whether somebody said that any of these reports does not belong with any of the others."""
    return bool(await connection.fetchval(DISPUTED, list(some), list(others)))


async def links(connection: Connection, report_id: UUID) -> list[Any]:
    return await connection.fetch(LINKS, report_id)


async def overridden(
    connection: Connection, report_id: UUID, revision: int, override: Override, before: dict[str, Any] | None
) -> None:
    """Keep what the rules had said, to judge them by."""
    said = override.model_dump(mode="json")
    await connection.execute(OVERRIDDEN, report_id, revision, override.at, override.who, override.why, said, before)


async def by_reference(connection: Connection, force: str, reference: str) -> UUID | None:
    """Of a reference as a person may type it."""
    found: UUID | None = await connection.fetchval(BY_REFERENCE, force, spellings(reference))
    return found


async def search(
    connection: Connection, force: str, words: str, since: datetime, limit: int, looked_through: int
) -> list[Any]:
    """Cases by reference, postcode, phone, email, name, place or words told, the newest first.

    Only so many of the newest are looked through; one whose whole reference is given is found among all.
    """
    return await connection.fetch(SEARCH, force, words, since, limit, looked_through, spellings(words))
