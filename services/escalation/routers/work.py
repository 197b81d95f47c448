"""What a control room's programs do about a case, and what was done about it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.escalation.domain.outcomes import Outcome
from services.escalation.domain.overrides import Said
from services.escalation.domain.people import Worker
from services.escalation.handlers import overriding, queue, rerouting, work
from services.escalation.handlers.leases import Hold, Shown
from services.escalation.handlers.recounting import recount
from services.escalation.routers.dependencies import BellDep, CoveringDep, Now, PoolDep, ProgramDep, RulesForDep
from services.escalation.routers.leases import Key, Token
from services.escalation.routers.queue import QueueItem
from services.escalation.routers.texts import LONGEST, SAID

router = APIRouter(prefix="/v1/queue", tags=["control room"])

Words = Annotated[str, Field(min_length=1, max_length=LONGEST), SAID]


class Note(BaseModel):
    words: Words


class Acted(Token):
    """Refused (409) where the case has moved on from what is given here of it."""

    revision: int | None = Field(None, description="of the report that you acted on")
    reading: int | None = Field(None, description="of the item that you acted on")
    danger_class: int | None = Field(None, description="of the item that you acted on")
    came_back: int | None = Field(None, ge=0, description="how many reasons `came_back` of that item had")

    def under(self, worker: Worker, report_id: UUID) -> Hold:
        shown = Shown(self.revision, self.reading, self.danger_class, self.came_back)
        return Hold(report_id, self.token, worker, shown)


class Contacted(Acted):
    how: str = Field("", max_length=LONGEST)


class SeenCopy(BaseModel):
    report_id: UUID
    version: int = Field(ge=1, lt=2**63)


class Closed(Acted):
    outcome: Outcome
    why: str = Field("", max_length=LONGEST)
    with_copies: bool = Field(False, description="its near-copies too, save graver ones and those that others hold")
    copies: tuple[SeenCopy, ...] | None = Field(
        None, description="of its near-copies these alone, where they are as they were; nothing: all that there are"
    )

    @property
    def ended_with_it(self) -> dict[UUID, int] | None:
        if not self.with_copies:
            return {}
        return None if self.copies is None else {one.report_id: one.version for one in self.copies}


class Overridden(Acted, Said):
    """What is None stays as the rules have it."""


class Rerouted(Acted):
    agency: str
    queue: str | None = Field(None, description="one that its kind has; None: where such reports go there")
    why: Words


class Linked(BaseModel):
    reference: str
    why: Words


class Entry(BaseModel):
    """One thing that was done about a case."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    who: str
    action: str
    why: str = Field(description="of what an agency did, what it wrote")
    detail: dict[str, Any]


class Written(BaseModel):
    at: datetime
    who: str
    words: str


class Link(BaseModel):
    reference: str
    why: str
    who: str
    disputed_by: str | None
    disputed_why: str | None


class Copy(BaseModel):
    """A near-copy: a case of its own, that stands behind this one on the queue."""

    report_id: UUID
    reference: str
    danger_class: int
    opened_at: datetime
    version: int = Field(description="another one once anything about it has changed")


class Sent(BaseModel):
    """Where a case went, and how it stands there."""

    agency_id: str
    queue: str
    reason: str
    ground: str
    state: str
    delivered_at: datetime
    acknowledge_by: datetime | None
    returned_for: str | None = Field(description="of what was given back: the agency that it is for, they say")
    outcome: str | None


class Case(BaseModel):
    item: QueueItem
    entries: tuple[Entry, ...]
    notes: tuple[Written, ...]
    links: tuple[Link, ...]
    deliveries: tuple[Sent, ...]
    copies: tuple[Copy, ...] = Field(description="its open near-copies, the gravest first")


class Sought(BaseModel):
    q: str = Field(min_length=2, max_length=200)


class Found(BaseModel):
    report_id: UUID
    reference: str
    opened_at: datetime
    danger_class: int
    grade: str
    state: str
    holder_name: str | None


@router.post("/search")
async def search(sought: Sought, worker: ProgramDep, pool: PoolDep, now: Now) -> tuple[Found, ...]:
    """By reference, postcode, phone, email, name, place or words told: the newest 50 of the last half year."""
    found, _ = await work.search(worker, sought.q, pool, now)
    return tuple(Found.model_validate(dict(row)) for row in found)


@router.get("/search", deprecated=True)
async def search_by_address(
    q: Annotated[str, Query(min_length=2, max_length=200)], worker: ProgramDep, pool: PoolDep, now: Now
) -> tuple[Found, ...]:
    """As by POST. What is searched for stands in the address, which proxies log: a person's name or number."""
    return await search(Sought(q=q), worker, pool, now)


@router.get("/{report_id}")
async def case(report_id: UUID, worker: ProgramDep, pool: PoolDep, covering: CoveringDep, now: Now) -> Case:
    """One case, with everything that was done about it."""
    found = await queue.whole(report_id, worker.force, pool, covering, now)
    await queue.seen(report_id, worker.id, pool, now)
    return Case(
        item=QueueItem.model_validate(found.item, from_attributes=True),
        entries=tuple(Entry.model_validate(dict(row)) for row in found.entries),
        notes=tuple(Written.model_validate(dict(row)) for row in found.notes),
        links=tuple(Link.model_validate(dict(row)) for row in found.links),
        deliveries=tuple(Sent.model_validate(dict(row)) for row in found.deliveries),
        copies=tuple(Copy.model_validate(dict(row)) for row in found.copies),
    )


@router.post("/{report_id}/notes", status_code=201)
async def note(report_id: UUID, written: Note, worker: ProgramDep, pool: PoolDep, now: Now, key: Key = None) -> None:
    await work.note(report_id, worker, written.words, pool, now, key)


@router.post("/{report_id}/contact", status_code=204)
async def contacted(report_id: UUID, made: Contacted, worker: ProgramDep, pool: PoolDep, now: Now) -> None:
    """Somebody spoke to the reporter, or got there."""
    await work.contacted(made.under(worker, report_id), made.how, pool, now)


@router.post("/{report_id}/override", status_code=204)
async def override(
    report_id: UUID,
    said: Overridden,
    worker: ProgramDep,
    pool: PoolDep,
    bell: BellDep,
    rules: RulesForDep,
    covering: CoveringDep,
    now: Now,
) -> None:
    """Labels, threat level or grade as a person has them; the case is graded and routed anew."""
    given = Said.model_validate(said.model_dump(include=set(Said.model_fields)))
    await overriding.override_case(said.under(worker, report_id), given, pool, bell, rules, now)
    await recount([report_id], covering, pool, bell, now)


@router.post("/{report_id}/route", status_code=204)
async def reroute(
    report_id: UUID, wanted: Rerouted, worker: ProgramDep, pool: PoolDep, bell: BellDep, rules: RulesForDep, now: Now
) -> None:
    """To another agency too, on its ground; to another police force altogether."""
    hold = wanted.under(worker, report_id)
    await rerouting.reroute(hold, wanted.agency, wanted.queue, wanted.why, pool, bell, rules, now)


@router.post("/{report_id}/links", status_code=201)
async def link(report_id: UUID, other: Linked, worker: ProgramDep, pool: PoolDep, now: Now) -> None:
    """Sent again, it is the same link."""
    await work.link(report_id, other.reference, worker, other.why, pool, now)


@router.post("/{report_id}/links/dispute", status_code=204)
async def dispute(report_id: UUID, other: Linked, worker: ProgramDep, pool: PoolDep, bell: BellDep, now: Now) -> None:
    """This and the other do not belong together, whoever linked them."""
    await work.dispute(report_id, other.reference, worker, other.why, pool, bell, now)


@router.post("/{report_id}/close", status_code=204)
async def close(report_id: UUID, end: Closed, worker: ProgramDep, pool: PoolDep, now: Now) -> None:
    await work.close(end.under(worker, report_id), end.outcome, end.why, pool, now, end.ended_with_it)
