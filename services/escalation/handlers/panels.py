"""What a panel does with an ASB Case Review: it invites, plans, follows up and closes."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.escalation.domain.rules import Covering, Rules
from services.escalation.domain.sent_again import sent_as
from services.escalation.errors import NotNow, NotSo, NotYours, UnknownReport
from services.escalation.handlers.acts import ActingAgency
from services.escalation.handlers.sending import progressed
from services.escalation.repository import audit, case_reviews, cases
from services.escalation.repository.audit import Entry
from services.escalation.repository.isolation import as_agency
from shared.database import Connection, Pool, transaction
from shared.events import Progress, SafeWords
from shared.outbox import put


@dataclass(frozen=True, slots=True)
class NewAction:
    """What is to be done, by which agency, by when."""

    words: str
    owner: str
    due_on: date


@dataclass(frozen=True, slots=True)
class Review:
    """One review as its panel, and those invited, see it."""

    row: Any
    invited: list[str]
    actions: list[Any]


async def reviews(agency: ActingAgency) -> list[Any]:
    """Its own as a panel, and those that it is invited to; open ones first, all of them."""
    async with as_agency(agency.guests, agency.id) as connection:
        return await case_reviews.reviews(connection)


async def review(agency: ActingAgency, review_id: UUID) -> Review:
    """Raises UnknownReport where there is none, or it is somebody else's."""
    async with as_agency(agency.guests, agency.id) as connection:
        row = await _seen(connection, review_id)
        invited = await case_reviews.invited(connection, review_id)
        return Review(row, invited, await case_reviews.actions(connection, review_id))


async def invite(
    agency: ActingAgency, review_id: UUID, other: str, covering: Covering, pool: Pool, now: datetime
) -> None:
    """Raises NotSo for the body complained of: it hears nothing of it, here neither."""
    rules = await _rules(review_id, covering, pool)
    async with as_agency(agency.guests, agency.id, agency.who.client) as connection:
        await _may_join(connection, agency, review_id, other, rules, pool)
        await case_reviews.invite(connection, review_id, other, agency.id, now)


async def uninvite(agency: ActingAgency, review_id: UUID, other: str, pool: Pool, now: datetime) -> None:
    """Take an invitation back; what the plan has them do stays in it. Again: nothing more happens."""
    async with as_agency(agency.guests, agency.id) as connection:
        row = await _led(connection, agency, review_id)
        async with transaction(pool) as ours:
            if await case_reviews.uninvite(ours, review_id, [other]):
                detail = {"body": other, "review": str(review_id)}
                done = Entry(now, agency.who.client, "taken out of the case review", row["report_id"], detail=detail)
                await audit.record(ours, [done])


async def plan(agency: ActingAgency, review_id: UUID, review_on: date, now: datetime) -> None:
    """Say by when the plan is looked at again; reporters who were offered the review hear that there is one."""
    async with as_agency(agency.guests, agency.id, agency.who.client) as connection:
        row = await _led(connection, agency, review_id)
        await case_reviews.plan(connection, review_id, review_on)
        if row["state"] == "proposed":
            await _tell(connection, row, Progress.review_planned, SafeWords.being_looked_at, now)
    agency.bell.ring()


async def add_action(
    agency: ActingAgency,
    review_id: UUID,
    action: NewAction,
    covering: Covering,
    pool: Pool,
    now: datetime,
    key: str | None = None,
) -> UUID:
    """One line of the plan; who is to do it is invited, if they were not. Raises NotSo for the body complained of.

    With the same `key` again: it is the same line.
    """
    rules = await _rules(review_id, covering, pool)
    action_id, owner = sent_as(review_id, agency.who.client, key) or uuid4(), action.owner
    async with as_agency(agency.guests, agency.id, agency.who.client) as connection:
        await _may_join(connection, agency, review_id, owner, rules, pool)
        if owner != agency.id:
            await case_reviews.invite(connection, review_id, owner, agency.id, now)
        await case_reviews.add_action(connection, action_id, review_id, agency.id, action.words, owner, action.due_on)
    return action_id


async def done(agency: ActingAgency, review_id: UUID, action_id: UUID, now: datetime) -> None:
    """Whoever is to do it, or the panel, says that it is done. Again: nothing more happens."""
    async with as_agency(agency.guests, agency.id, agency.who.client) as connection:
        await _seen(connection, review_id)
        actions = {row["id"]: row for row in await case_reviews.actions(connection, review_id)}
        if action_id not in actions:
            raise UnknownReport("This review has no such action.")
        await case_reviews.done(connection, action_id, review_id, now)
        row = next(r for r in await case_reviews.actions(connection, review_id) if r["id"] == action_id)
        if row["done_at"] is None:
            raise NotYours(f"Only {row['owner']} or the panel says that it is done.")


async def close(agency: ActingAgency, review_id: UUID, outcome: str, safe: SafeWords, now: datetime) -> None:
    """Say what came of it; reporters who were offered the review are told in safe words."""
    async with as_agency(agency.guests, agency.id, agency.who.client) as connection:
        row = await _led(connection, agency, review_id)
        await case_reviews.close(connection, review_id, outcome, now)
        await _tell(connection, row, Progress.review_closed, safe, now)
    agency.bell.ring()


async def _rules(review_id: UUID, covering: Covering, pool: Pool) -> Rules:
    """With the areas of its complaints looked up: before anything is held."""
    async with transaction(pool) as connection:
        told = await cases.by_reference(connection, await case_reviews.references(connection, review_id))
    return await covering(event.report.place for event in told.values())


async def _tell(connection: Connection, review: Any, progress: Progress, words: SafeWords, now: datetime) -> None:
    """Each reporter who was offered the review or asked for it: there may be several of one address."""
    panel = review["agency_id"]
    await put(connection, [progressed(one, panel, progress, now, words) for one in review["told"]])


async def _may_join(
    connection: Connection, agency: ActingAgency, review_id: UUID, other: str, rules: Rules, pool: Pool
) -> None:
    """Raises NotSo for whoever is, or employs, the party complained of in any of the complaints, and for nobody.

    Whoever such a complaint comes from takes out, after this, whom this let in.
    """
    invited = rules.directory.agency(other)
    if invited is None:
        raise NotSo("No agency of the directory has this id.")
    await _led(connection, agency, review_id)
    async with transaction(pool) as ours:
        told = await cases.by_reference(ours, await case_reviews.references(ours, review_id))
    for event in told.values():
        if other in rules.complained_of(event.report):
            raise NotSo(f"{invited.name} is, or employs, the party complained of: choose another body.")


async def _seen(connection: Connection, review_id: UUID) -> Any:
    row = await case_reviews.review(connection, review_id)
    if row is None:
        raise UnknownReport("No case review of yours has this id.")
    return row


async def _led(connection: Connection, agency: ActingAgency, review_id: UUID) -> Any:
    """The review, which nobody else does anything about until the transaction ends."""
    await case_reviews.hold(connection, review_id)
    row = await _seen(connection, review_id)
    if row["agency_id"] != agency.id:
        raise NotYours("Only the panel does that.")
    if row["state"] == "closed":
        raise NotNow("This review is closed.")
    return row
