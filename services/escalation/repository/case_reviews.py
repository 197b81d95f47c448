"""ASB Case Reviews, their reports, the agencies invited and their action plans."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.escalation.repository.cases import override_of
from shared.database import Connection
from shared.events import ReportClassified

HOLD: Final = "select pg_advisory_xact_lock(hashtextextended($1::text, 1))"

LINKED: Final = "select reference, event, override from cases where reference = any($1::text[])"

OPEN_FOR: Final = """
select case_review.* from case_review join case_review_report on review_id = case_review.id
where case_review_report.reference = any($1::text[]) and state <> 'closed' and agency_id <> all($2::text[])
order by opened_at limit 1
"""

ADD: Final = """
insert into case_review (id, agency_id, report_id, reference, asked_by, offered, timeline, opened_at)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing returning id
"""

ASKED_BY_REPORTER: Final = """
update case_review set asked_by = 'reporter', offered = true, report_id = $2, reference = $3
where id = $1 and asked_by <> 'reporter' returning id
"""

OFFER: Final = """
update case_review set offered = true, report_id = $2, reference = $3 where id = $1 and not offered returning id
"""

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
select distinct review_id from case_review_report join case_review on case_review.id = review_id
where case_review_report.reference = $1 and state <> 'closed'
"""

IN_REVIEWS: Final = "select distinct reference from case_review_report where reference = any($1::text[])"

REVIEWS: Final = """
with listed as (
    select id, agency_id, report_id, reference, asked_by, offered, state, timeline, opened_at, review_on, outcome,
           closed_at
    from case_review
)
(select * from listed where state <> 'closed' order by opened_at desc)
union all
(select * from listed where state = 'closed' order by closed_at desc limit 200)
"""

REVIEW: Final = "select * from case_review where id = $1"

INVITED: Final = "select agency_id from case_review_agency where review_id = $1 order by agency_id"

ACTIONS: Final = """
select id, action, owner, due_on, done_at, came_back_at from case_review_action where review_id = $1
order by due_on, id
"""

PLAN: Final = "update case_review set state = 'planned', review_on = $2 where id = $1 and state <> 'closed'"

ADD_ACTION: Final = """
insert into case_review_action (id, review_id, panel, action, owner, due_on) values ($1, $2, $3, $4, $5, $6)
on conflict (id) do nothing
"""

DONE: Final = """
update case_review_action set done_at = $3 where id = $1 and review_id = $2 and done_at is null returning id
"""

CLOSE: Final = """
update case_review set state = 'closed', outcome = $2, closed_at = $3 where id = $1 and state <> 'closed' returning id
"""

LATE: Final = """
case_review.id = late.review_id and case_review.state <> 'closed'
  and late.done_at is null and late.came_back_at is null and late.due_on < $1
"""

DUE: Final = f"select distinct report_id from case_review_action as late, case_review where {LATE}"  # noqa: S608 - constants only

OVERDUE: Final = f"""
update case_review_action as late set came_back_at = $2
from case_review where {LATE} and case_review.report_id = any($3::uuid[])
returning late.id, late.review_id, late.owner, late.panel, case_review.report_id
"""  # noqa: S608 - constants only


FORGET: Final = (
    """
update case_review set timeline = coalesce((
    select jsonb_agg(case when one ->> 'same_as' = $1::text then one || '{"same_as": null}' else one end order by nth)
    from jsonb_array_elements(timeline) with ordinality as told(one, nth) where one ->> 'reference' <> $1::text), '[]')
where id in (select review_id from case_review_report where reference = $1::text)
  and ($2::text[] is null or agency_id = any($2))
""",
    """
update case_review set report_id = left_over.report_id, reference = left_over.reference, offered = false
from (
    select distinct on (case_review.id) case_review.id, cases.report_id, cases.reference
    from case_review cross join jsonb_array_elements(timeline) with ordinality as told(one, nth)
    join cases on cases.reference = one ->> 'reference'
    where case_review.reference = $1::text and ($2::text[] is null or agency_id = any($2))
    order by case_review.id, nth desc
) as left_over
where left_over.id = case_review.id
""",
)


async def forget(connection: Connection, report_id: UUID, panels: Collection[str] | None = None) -> None:
    """No review, or none of these panels', names this report any more.

    One that began with it is about the newest of the others, unoffered: that one's reporter may be somebody else.
    """
    reference = await connection.fetchval("select reference from cases where report_id = $1", report_id)
    for statement in FORGET:
        await connection.execute(statement, reference, panels if panels is None else list(panels))


async def hold(connection: Connection, review_id: UUID) -> None:
    """Until the transaction ends nobody else is invited to this review, or taken out of it."""
    await connection.execute(HOLD, str(review_id))


async def linked(connection: Connection, references: Sequence[str]) -> dict[str, ReportClassified]:
    """The earlier complaints that are cases here, each with what a person says of it in place of its reading."""
    rows = await connection.fetch(LINKED, list(references))
    return {row["reference"]: _as_said(row) for row in rows}


def _as_said(row: Any) -> ReportClassified:
    event = ReportClassified.model_validate_json(row["event"])
    override = override_of(row)
    return override.applied_to(event) if override else event


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


async def asked_by_reporter(connection: Connection, review_id: UUID, report_id: UUID, reference: str) -> bool:
    """A reporter asks for the review, and is the one to be told of it; False where one did before."""
    return await connection.fetchval(ASKED_BY_REPORTER, review_id, report_id, reference) is not None


async def offer(connection: Connection, review_id: UUID, report_id: UUID, reference: str) -> bool:
    """This reporter can ask for the review, and is the one to be told of it; False where one could before."""
    return await connection.fetchval(OFFER, review_id, report_id, reference) is not None


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


async def about(connection: Connection, reference: str) -> list[UUID]:
    """The reviews under way that this report is part of."""
    return [row["review_id"] for row in await connection.fetch(ABOUT, reference)]


async def in_reviews(connection: Connection, references: Sequence[str]) -> set[str]:
    """Those of these reports that are part of a review, or were part of one that is closed."""
    return {row["reference"] for row in await connection.fetch(IN_REVIEWS, list(references))}


async def plan(connection: Connection, review_id: UUID, review_on: date) -> None:
    await connection.execute(PLAN, review_id, review_on)


async def add_action(
    connection: Connection, action_id: UUID, review_id: UUID, panel: str, action: str, owner: str, due_on: date
) -> None:
    await connection.execute(ADD_ACTION, action_id, review_id, panel, action, owner, due_on)


async def done(connection: Connection, action_id: UUID, review_id: UUID, now: datetime) -> bool:
    return await connection.fetchval(DONE, action_id, review_id, now) is not None


async def close(connection: Connection, review_id: UUID, outcome: str, now: datetime) -> bool:
    return await connection.fetchval(CLOSE, review_id, outcome, now) is not None


async def due(connection: Connection, now: datetime) -> list[UUID]:
    """The reports of those reviews that have an action whose day is over and that is not done."""
    return [row["report_id"] for row in await connection.fetch(DUE, now.date())]


async def overdue(connection: Connection, now: datetime, ids: Sequence[UUID]) -> list[Any]:
    """Those actions of these reports' reviews, each once."""
    return await connection.fetch(OVERDUE, now.date(), now, list(ids))
