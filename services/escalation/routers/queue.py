"""The control room's ranked queue."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.escalation.domain.grading import Grade
from services.escalation.domain.overrides import Override
from services.escalation.handlers.queue import given, ranked
from services.escalation.routers.dependencies import CoveringDep, Now, PoolDep, ProgramDep
from shared.assessment import Assessment
from shared.codebook import DangerClass
from shared.events import ReportReceived

router = APIRouter(prefix="/v1/queue", tags=["control room"])


class QueueItem(BaseModel):
    """One case, as the control room sees it. `assessment` is None while it is not yet read.

    It is noted `unread` where more was told since, that nobody has read.
    """

    report_id: UUID
    danger_class: DangerClass
    grade: Grade
    target_at: datetime
    opened_at: datetime
    queues: tuple[str, ...]
    reasons: tuple[str, ...]
    report: ReportReceived
    reading: int = Field(description="of this revision; 0: nobody has read it yet")
    assessment: Assessment | None
    override: Override | None = Field(description="what a person said in place of the rules; `assessment` has it")
    state: str = Field(description="open or closed")
    drill: bool
    holder_name: str | None = Field(description="who holds it, or held it last")
    lease_until: datetime | None
    claimed_at: datetime | None
    contacted_at: datetime | None
    outcome: str | None
    came_back: tuple[str, ...] = Field(description="why it came back, until contact is made or it is closed")
    copies: int = Field(description="open near-copies that stand behind it, counted and never hidden")


class Queue(BaseModel):
    items: tuple[QueueItem, ...] = Field(description="the first is to be taken first")
    more: bool = Field(description="more are open behind these: so many as `limit`, or as fit into an answer, are here")


@router.get("")
async def queue(
    worker: ProgramDep,
    pool: PoolDep,
    covering: CoveringDep,
    now: Now,
    name: Annotated[
        str | None, Query(alias="queue", description="control_room, harassment, hate_crime, neighbourhood, review")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Queue:
    """By danger class, then grade, then the time left to the grade's target.

    That you were given a report is recorded, once for each revision of it.
    """
    items, more = await ranked(worker.force, name, limit, pool, covering)
    await given(items, worker.id, pool, now)
    return Queue(items=tuple(QueueItem.model_validate(item, from_attributes=True) for item in items), more=more)
