"""Taking cases on, for a control room's programs. A lease has a token, and lasts two minutes unless it is renewed."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field

from services.escalation.handlers import leases
from services.escalation.handlers.leases import Hold
from services.escalation.routers.dependencies import Now, PoolDep, ProgramDep

router = APIRouter(prefix="/v1/queue", tags=["control room"])

Key = Annotated[
    str | None, Header(alias="Idempotency-Key", max_length=200, description="sent again, it has the same answer")
]


class Next(BaseModel):
    queue: str | None = Field(None, description="of this queue alone")


class Claim(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    report_id: UUID
    token: UUID = Field(description="only who sends it may go on with the case")
    until: datetime = Field(description="renew it before")


class Token(BaseModel):
    token: UUID


class GivenBack(Token):
    why: str = Field("", max_length=2000)


class Holder(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    report_id: UUID
    reference: str
    danger_class: int
    holder: str
    holder_name: str
    claimed_at: datetime
    contacted_at: datetime | None
    lease_until: datetime


@router.post("/claims", status_code=201, response_model=Claim, responses={204: {"description": "nothing to take"}})
async def claim_next(wanted: Next, worker: ProgramDep, pool: PoolDep, now: Now, key: Key = None) -> Claim | Response:
    """Take the first that nobody holds."""
    taken = await leases.claim_next(worker, wanted.queue, key, pool, now)
    return Claim.model_validate(taken) if taken else Response(status_code=204)


@router.get("/claims")
async def holders(worker: ProgramDep, pool: PoolDep, now: Now) -> tuple[Holder, ...]:
    """Who holds what."""
    return tuple(Holder.model_validate(dict(row)) for row in await leases.holders(worker.force, pool, now))


@router.post("/{report_id}/claim", status_code=201)
async def claim(report_id: UUID, worker: ProgramDep, pool: PoolDep, now: Now, key: Key = None) -> Claim:
    """Take this case, where nobody holds it."""
    return Claim.model_validate(await leases.claim(report_id, worker, key, pool, now))


@router.post("/{report_id}/renew")
async def renew(report_id: UUID, held: Token, worker: ProgramDep, pool: PoolDep, now: Now) -> Claim:
    """Two minutes more, from now."""
    return Claim.model_validate(await leases.renew(Hold(report_id, held.token, worker), pool, now))


@router.post("/{report_id}/release", status_code=204)
async def release(report_id: UUID, held: GivenBack, worker: ProgramDep, pool: PoolDep, now: Now) -> None:
    """Give it back to the queue."""
    await leases.release(Hold(report_id, held.token, worker), held.why, pool, now)
