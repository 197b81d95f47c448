"""ASB Case Reviews, for their panels and for the agencies invited; and an operator asks for one."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.escalation.handlers import case_reviews, panels
from services.escalation.routers.dependencies import (
    BellDep,
    CoveringDep,
    Now,
    OperatorDep,
    PoolDep,
    ReviewsDep,
    RulesForDep,
)
from services.escalation.routers.leases import Key
from services.escalation.routers.texts import SAID
from shared.events import SafeWords

router = APIRouter(tags=["case reviews"])
BASE = "/v1/agencies/{agency_id}/case-reviews"


class Complaint(BaseModel):
    """One complaint of the timeline: whether it counts towards the threshold, and why."""

    reference: str
    made_at: datetime
    why: str
    same_as: str | None


class Summary(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    reference: str
    asked_by: str
    offered: bool
    state: str
    opened_at: datetime
    review_on: date | None
    outcome: str | None


class Action(BaseModel):
    id: UUID
    action: str
    owner: str
    due_on: date
    done_at: datetime | None


class Review(Summary):
    timeline: tuple[Complaint, ...]
    invited: tuple[str, ...]
    actions: tuple[Action, ...]


class Invitation(BaseModel):
    agency: str


class NewAction(BaseModel):
    action: Annotated[str, SAID] = Field(min_length=1, max_length=2000)
    owner: str = Field(description="the agency that does it; it is invited")
    due_on: date


class Plan(BaseModel):
    review_on: date


class Outcome(BaseModel):
    outcome: Annotated[str, SAID] = Field(min_length=1, max_length=2000)
    tell_reporter: SafeWords


class Added(BaseModel):
    id: UUID


@router.get(BASE)
async def reviews(agency: ReviewsDep) -> tuple[Summary, ...]:
    """Yours as a panel, and those that you are invited to: all that are open, then the 200 that were closed last."""
    return tuple(Summary.model_validate(dict(row)) for row in await panels.reviews(agency))


@router.get(BASE + "/{review_id}")
async def review(review_id: UUID, agency: ReviewsDep) -> Review:
    """The whole timeline, each complaint with why it counts or does not, and the plan."""
    found = await panels.review(agency, review_id)
    shown: dict[str, Any] = dict(found.row) | {"invited": found.invited, "actions": [dict(a) for a in found.actions]}
    return Review.model_validate(shown)


@router.post(BASE + "/{review_id}/invitations", status_code=HTTPStatus.NO_CONTENT)
async def invite(
    review_id: UUID, given: Invitation, agency: ReviewsDep, covering: CoveringDep, pool: PoolDep, now: Now
) -> None:
    """Anybody but the body complained of."""
    await panels.invite(agency, review_id, given.agency, covering, pool, now)


@router.delete(BASE + "/{review_id}/invitations/{invited}", status_code=HTTPStatus.NO_CONTENT)
async def uninvite(review_id: UUID, invited: str, agency: ReviewsDep, pool: PoolDep, now: Now) -> None:
    """They see no more of it from now on. Sent again, nothing more happens."""
    await panels.uninvite(agency, review_id, invited, pool, now)


@router.post(BASE + "/{review_id}/actions", status_code=HTTPStatus.CREATED)
async def add_action(
    review_id: UUID,
    given: NewAction,
    agency: ReviewsDep,
    covering: CoveringDep,
    pool: PoolDep,
    now: Now,
    key: Key = None,
) -> Added:
    """One line of the action plan."""
    action = panels.NewAction(given.action, given.owner, given.due_on)
    return Added(id=await panels.add_action(agency, review_id, action, covering, pool, now, key))


@router.post(BASE + "/{review_id}/actions/{action_id}/done", status_code=HTTPStatus.NO_CONTENT)
async def done(review_id: UUID, action_id: UUID, agency: ReviewsDep, now: Now) -> None:
    await panels.done(agency, review_id, action_id, now)


@router.post(BASE + "/{review_id}/plan", status_code=HTTPStatus.NO_CONTENT)
async def plan(review_id: UUID, given: Plan, agency: ReviewsDep, now: Now) -> None:
    """When the plan is looked at again."""
    await panels.plan(agency, review_id, given.review_on, now)


@router.post(BASE + "/{review_id}/close", status_code=HTTPStatus.NO_CONTENT)
async def close(review_id: UUID, given: Outcome, agency: ReviewsDep, now: Now) -> None:
    """What came of it; the reporter is told in the words chosen."""
    await panels.close(agency, review_id, given.outcome, given.tell_reporter, now)


@router.post("/v1/reports/{report_id}/case-review", status_code=HTTPStatus.CREATED)
async def ask(report_id: UUID, who: OperatorDep, rules: RulesForDep, pool: PoolDep, bell: BellDep, now: Now) -> Added:
    """An operator asks the area's panel, whatever the count."""
    return Added(id=await case_reviews.ask(report_id, who.belongs_to, who.client, rules, pool, bell, now))
