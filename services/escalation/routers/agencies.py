"""What was routed to an agency: its own, all of it, and nothing else."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.escalation.handlers import feeds
from services.escalation.routers.dependencies import AgencyDep, PoolDep

router = APIRouter(prefix="/v1/agencies", tags=["agencies"])


class Delivered(BaseModel):
    """A report in the feed. What the agency's kind may not see is left out."""

    position: int
    report_id: UUID
    reference: str
    queue: str
    reason: str
    ground: str
    received_at: datetime
    delivered_at: datetime
    report: dict[str, Any] = Field(description="what this kind of agency may see of it")


class Feed(BaseModel):
    reports: tuple[Delivered, ...]
    next: int = Field(description="what to send as `after` the next time")


@router.get("/{agency_id}/reports")
async def feed(
    agency_id: str,
    agency: AgencyDep,
    pool: PoolDep,
    after: Annotated[int, Query(ge=0, description="the last position that you have")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Feed:
    """Positions are 1, 2, 3 … without a gap, so that you can prove that nothing is missing."""
    delivered = await feeds.feed(agency.belongs_to, after, limit, pool)
    reports = tuple(Delivered.model_validate(one, from_attributes=True) for one in delivered)
    return Feed(reports=reports, next=reports[-1].position if reports else after)
