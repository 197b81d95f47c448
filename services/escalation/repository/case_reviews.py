"""ASB Case Reviews, their reports, the agencies invited and their action plans."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.domain.local import day_of
from shared.database import Connection
from shared.events import ReportClassified

TOLD: Final = "coalesce(told, case when offered then array[report_id] else '{}' end)"
ASKED: Final = "coalesce(asked, case when offered and asked_by = 'reporter' then array[report_id] else '{}' end)"
"""The reports whose reporters hear of a review, and those that ask for it; an older process says it of one alone."""

HOLD: Final = "select pg_advisory_xact_lock(hashtextextended($1::text, 1))"

LOCK: Final = """
select pg_advisory_xact_lock(key) from
    (select distinct hashtextextended(reference, 2) as key from unnest($1::text[]) as reference order by 1) as keys
"""

OPEN_FOR: Final = """
select case_review.* from case_review join case_review_report on review_id = case_review.id
where case_review_report.reference = any($1::text[]) and state <> 'closed' and agency_id <> all($2::text[])
order by opened_at limit 1
"""

ADD: Final = """
insert into case_review (id, agency_id, report_id, reference, asked_by, offered, timeline, opened_at)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing returning id
"""

ASK: Final = f"""
update case_review set asked_by = 'reporter', offered = true, asked = array_append({ASKED}, $2),
    told = array_append(array_remove({TOLD}, $2), $2)
where id = $1 and $2 <> all({ASKED}) returning id
"""  # noqa: S608 - constants only

OFFER: Final = f"""
update case_review set offered = true, asked = {ASKED}, told = array_append({TOLD}, $2)
where id = $1 and $2 <> all({TOLD}) returning id
"""  # noqa: S608 - constants only

ADD_REPORTS: Final = """
insert into case_review_report (review_id, reference) select $1, unnest($2::text[]) on conflict do nothing
"""

UPDATE_TIMELINE: Final = """
update case_review set timeline = (
    select jsonb_agg(one order by (one ->> 'made_at')::timestamptz, one ->> 'reference')
    from (
        select one from jsonb_array_elements($2::jsonb) as new(one)
        union all
        select one from jsonb_array_elements(timeline) as old(one)
        where one ->> 'reference' not in (select one ->> 'reference' from jsonb_array_elements($2::jsonb) as new(one))
    ) as told)
where id = $1
"""

REFERENCES: Final = "select reference from case_review_report where review_id = $1 order by reference"

INVITE: Final = """
insert into case_review_agency (review_id, agency_id, panel, invited_at) values ($1, $2, $3, $4) on conflict do nothing
"""

UNINVITE: Final = """
delete from case_review_agency where review_id = $1 and agency_id = any($2::text[]) returning agency_id
"""

ABOUT: Final = """
select part.reference, id, agency_id, state, case_review.reference as began_with
from case_review_report as part join case_review on id = review_id where part.reference = any($1::text[])
"""

COLUMNS: Final = f"""
id, agency_id, report_id, reference, asked_by, offered, state, timeline, opened_at, review_on, outcome, closed_at,
{TOLD} as told, {ASKED} as asked
"""

REVIEWS: Final = f"""
with listed as (select {COLUMNS} from case_review)
(select * from listed where state <> 'closed' order by opened_at desc)
union all
(select * from listed where state = 'closed' order by closed_at desc limit 200)
"""  # noqa: S608 - constants only

REVIEW: Final = f"select {COLUMNS} from case_review where id = $1"  # noqa: S608 - constants only

INVITED: Final = "select agency_id from case_review_agency where review_id = $1 order by agency_id"

ACTIONS: Final = """
select id, action, owner, due_on, done_at, came_back_at from case_review_action where review_id = $1
order by due_on, id
"""

PLAN: Final = "update case_review set state = 'planned', review_on = $2 where id = $1"

ADD_ACTION: Final = """
insert into case_review_action (id, review_id, panel, action, owner, due_on) values ($1, $2, $3, $4, $5, $6)
on conflict (id) do nothing
"""

DONE: Final = "update case_review_action set done_at = $3 where id = $1 and review_id = $2 and done_at is null"

CLOSE: Final = "update case_review set state = 'closed', outcome = $2, closed_at = $3 where id = $1"

LATE: Final = """
case_review.id = late.review_id and case_review.state <> 'closed'
  and late.done_at is null and late.came_back_at is null and late.due_on < $1
"""

DUE: Final = f"select distinct report_id from case_review_action as late, case_review where {LATE}"  # noqa: S608 - constants only

OVERDUE: Final = f"""
update case_review_action as late set came_back_at = $2
from case_review where {LATE} and case_review.report_id = any($3::uuid[])
returning late.owner, case_review.report_id
"""  # noqa: S608 - constants only

WITHOUT: Final = "array(select unnest({}) except select report_id from cases where reference = any($1::text[]))"

FORGET: Final = (
    f"""
update case_review
set timeline = coalesce((
        select jsonb_agg(case when one ->> 'same_as' = any($1::text[]) then one || '{{"same_as": null}}' else one end
                         order by nth)
        from jsonb_array_elements(timeline) with ordinality as listed(one, nth)
        where one ->> 'reference' <> all($1::text[])), '[]'),
    told = {WITHOUT.format(TOLD)}, offered = {WITHOUT.format(TOLD)} <> '{{}}', asked = {WITHOUT.format(ASKED)},
    asked_by = case when asked_by = 'reporter' and {WITHOUT.format(ASKED)} = '{{}}' then 'threshold' else asked_by end
where id = any($2::uuid[])
""",  # noqa: S608 - constants only
    """
update case_review set report_id = left_over.report_id, reference = left_over.reference
from (
    select distinct on (case_review.id) case_review.id, cases.report_id, cases.reference
    from case_review cross join jsonb_array_elements(timeline) with ordinality as listed(one, nth)
    join cases on cases.reference = one ->> 'reference'
    where case_review.reference = any($1::text[]) and case_review.id = any($2::uuid[])
    order by case_review.id, nth desc
) as left_over
where left_over.id = case_review.id
""",
)

LEAVE: Final = "delete from case_review_report where reference = any($1::text[]) and review_id = any($2::uuid[])"

HISTORIES: Final = """
select report_id, event from cases where report_id = any($1::uuid[]) and exists (
    select from case_review_report join case_review on case_review.id = review_id
    where case_review_report.reference = cases.reference and state <> 'closed')
"""


async def forget(connection: Connection, references: Collection[str], reviews: Collection[UUID]) -> None:
    """None of these reviews names these reports any more, nor tells their reporters of anything.

    One that began with one of them is about the newest of the others.
    """
    for statement in FORGET:
        await connection.execute(statement, list(references), list(reviews))


async def leave(connection: Connection, references: Collection[str], reviews: Collection[UUID]) -> None:
    """These reports are no part of these reviews any more."""
    await forget(connection, references, reviews)
    await connection.execute(LEAVE, list(references), list(reviews))


async def histories(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """Which earlier reports those of these that are in a review under way named when they were last judged."""
    rows = await connection.fetch(HISTORIES, list(ids))
    events = (ReportClassified.model_validate_json(row["event"]) for row in rows)
    return {event.report_id: set(event.report.history.references) for event in events}


async def lock(connection: Connection, references: Collection[str]) -> None:
    """Until the transaction ends nobody else proposes a review of any of these reports. Taken before any review is."""
    await connection.execute(LOCK, list(references))


async def hold(connection: Connection, review_id: UUID) -> None:
    """Until the transaction ends nobody else is invited to this review, or taken out of it."""
    await connection.execute(HOLD, str(review_id))


async def open_for(connection: Connection, references: Sequence[str], but: Collection[str]) -> Any:
    """The review under way that is about any of these reports, and not with any of these panels."""
    return await connection.fetchrow(OPEN_FOR, list(references), list(but))


async def add(
    connection: Connection,
    review_id: UUID,
    panel: str,
    report_id: UUID,
    reference: str,
    asked_by: str,
    offered: bool,
    timeline: list[dict[str, Any]],
    now: datetime,
) -> bool:
    """False where this very review was there before, and closed."""
    told = report_id, reference, asked_by, offered, timeline, now
    return await connection.fetchval(ADD, review_id, panel, *told) is not None


async def ask(connection: Connection, review_id: UUID, report_id: UUID) -> bool:
    """This report's reporter asks for the review, and is told of it; False where they did before."""
    return await connection.fetchval(ASK, review_id, report_id) is not None


async def offer(connection: Connection, review_id: UUID, report_id: UUID) -> bool:
    """This report's reporter can ask for the review, and is told of it; False where they could before."""
    return await connection.fetchval(OFFER, review_id, report_id) is not None


async def add_reports(connection: Connection, review_id: UUID, references: Sequence[str]) -> None:
    await connection.execute(ADD_REPORTS, review_id, list(references))


async def references(connection: Connection, review_id: UUID) -> list[str]:
    """Every report that the review is about, with those that its panel may not know of."""
    return [row["reference"] for row in await connection.fetch(REFERENCES, review_id)]


async def update_timeline(connection: Connection, review_id: UUID, timeline: list[dict[str, Any]]) -> None:
    """These lines as they are now, beside those of the complaints that whoever counted them did not know of."""
    await connection.execute(UPDATE_TIMELINE, review_id, timeline)


async def reviews(connection: Connection) -> list[Any]:
    """Those that the caller may see: its own panel's, and those that it is invited to."""
    return await connection.fetch(REVIEWS)


async def review(connection: Connection, review_id: UUID) -> Any:
    return await connection.fetchrow(REVIEW, review_id)


async def invited(connection: Connection, review_id: UUID) -> list[str]:
    return [row["agency_id"] for row in await connection.fetch(INVITED, review_id)]


async def actions(connection: Connection, review_id: UUID) -> list[Any]:
    return await connection.fetch(ACTIONS, review_id)


async def invite(connection: Connection, review_id: UUID, agency: str, panel: str, now: datetime) -> None:
    await connection.execute(INVITE, review_id, agency, panel, now)


async def uninvite(connection: Connection, review_id: UUID, agencies: Collection[str]) -> list[str]:
    """Who of these had been invited, and is no longer."""
    return [row["agency_id"] for row in await connection.fetch(UNINVITE, review_id, list(agencies))]


async def about(connection: Connection, references: Collection[str]) -> list[Any]:
    """The reviews, closed ones too, that each of these reports is part of: panel, state and what it began with."""
    return await connection.fetch(ABOUT, list(references))


async def plan(connection: Connection, review_id: UUID, review_on: date) -> None:
    await connection.execute(PLAN, review_id, review_on)


async def add_action(
    connection: Connection, action_id: UUID, review_id: UUID, panel: str, action: str, owner: str, due_on: date
) -> None:
    await connection.execute(ADD_ACTION, action_id, review_id, panel, action, owner, due_on)


async def done(connection: Connection, action_id: UUID, review_id: UUID, now: datetime) -> None:
    await connection.execute(DONE, action_id, review_id, now)


async def close(connection: Connection, review_id: UUID, outcome: str, now: datetime) -> None:
    await connection.execute(CLOSE, review_id, outcome, now)


async def due(connection: Connection, now: datetime) -> list[UUID]:
    """The reports of those reviews that have an action whose day is over and that is not done."""
    return [row["report_id"] for row in await connection.fetch(DUE, day_of(now))]


async def overdue(connection: Connection, now: datetime, ids: Sequence[UUID]) -> list[Any]:
    """Those actions of these reports' reviews, each once."""
    return await connection.fetch(OVERDUE, day_of(now), now, list(ids))
