"""What was routed to an agency: its own, all of it, and nothing else; and what it does about it."""

import gzip
import hashlib
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from services.escalation.handlers import acts, feeds
from services.escalation.routers.dependencies import (
    ActsDep,
    ArrivalsDep,
    GuestsDep,
    Now,
    ReadsReports,
)
from services.escalation.routers.leases import Key
from services.escalation.routers.texts import SAID
from shared.events import EntryKind, SafeWords

router = APIRouter(prefix="/v1/agencies/{agency_id}", tags=["agencies"])

WORTH_PACKING: Final = 1_000  # bytes


class Entry(BaseModel):
    """An entry of the feed. `report` is what your kind of agency may see; None once it was withdrawn or erased.

    `withdrawal_asked` in it: the reporter asked to withdraw, perhaps under pressure. It closes nothing.
    """

    position: int
    kind: EntryKind = Field(
        description="`corrected`: as it is now, where it may have come anew, so acknowledge it too; again does nothing"
    )
    report_id: UUID
    reference: str | None
    queue: str
    reason: str
    ground: str
    received_at: datetime | None
    delivered_at: datetime
    acknowledge_by: datetime | None = Field(description="stays as it was once you have acknowledged it")
    report: dict[str, Any] | None


class Feed(BaseModel):
    """What a page of the feed is, as `repository.feeds.FEED` writes it."""

    reports: tuple[Entry, ...]
    next: str = Field(description="what to send as `after` the next time")


class Step(BaseModel):
    step: str
    note: str | None
    by: str
    at: datetime


class Standing(BaseModel):
    """How a delivery stands."""

    queue: str
    reason: str
    ground: str
    state: str
    delivered_at: datetime
    seen_at: datetime | None
    acknowledge_by: datetime | None
    acknowledged_at: datetime | None
    closed_at: datetime | None
    returned_for: str | None
    outcome: str | None


class Held(BaseModel):
    report_id: UUID
    reference: str | None
    received_at: datetime | None
    position: int = Field(description="of the newest entry that brought you something of it")
    report: dict[str, Any] | None
    deliveries: tuple[Standing, ...]
    steps: tuple[Step, ...]


class Seen(BaseModel):
    position: int | None = Field(
        None, ge=0, description="the newest that you have read about it: refused (409) where it has changed since"
    )


class Return(Seen):
    reason: Annotated[str, SAID] = Field(min_length=1, max_length=2000)
    whose: str | None = Field(None, max_length=63, description="the id of the agency that it is for, where you know")


class Note(Seen):
    note: Annotated[str, SAID] = Field(min_length=1, max_length=10_000, description="for you and for staff")
    tell_reporter: SafeWords | None = Field(None, description="what the reporter may be told")


class Outcome(Seen):
    outcome: Annotated[str, SAID] = Field(min_length=1, max_length=2000)
    tell_reporter: SafeWords | None = None


@router.get("/reports", response_model=Feed)
async def feed(
    agency_id: str,
    _: ReadsReports,
    guests: GuestsDep,
    arrivals: ArrivalsDep,
    now: Now,
    response: Response,
    after: Annotated[str | None, Query(description="`next` of the last answer; nothing: from the beginning")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    wait: Annotated[float, Query(ge=0, le=30, description="seconds to wait for an entry where there is none")] = 0,
    if_none_match: Annotated[str | None, Header()] = None,
    accept_encoding: Annotated[str, Header()] = "",
) -> Response:
    """Positions are 1, 2, 3 … without a gap, so that you can prove that nothing is missing.

    A page of large reports is shorter than `limit`: only an empty one is the end. 409: we restored the feed from a
    backup, and your place is not in it; read again from the beginning, and keep what you have.
    """
    start = feeds.place(agency_id, after) if after else feeds.Place()
    rows = await feeds.page(agency_id, start, limit, wait, guests, arrivals, now)
    behind = feeds.cursor(agency_id, feeds.Place(rows[-1]["position"], rows[-1]["mark"]) if rows else start)
    body = f'{{"reports":[{",".join(row["entry"] for row in rows)}],"next":"{behind}"}}'
    return _answer(body.encode(), dict(response.headers), if_none_match, accept_encoding)


def _answer(body: bytes, headers: dict[str, str], if_none_match: str | None, accept_encoding: str) -> Response:
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers |= {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Accept-Encoding"}
    if if_none_match and tag in (given.strip() for given in if_none_match.split(",")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if "gzip" in accept_encoding and len(body) >= WORTH_PACKING:
        body, headers["Content-Encoding"] = gzip.compress(body, 5, mtime=0), "gzip"
    return Response(body, headers=headers, media_type="application/json")


@router.get("/reports/{report_id}")
async def one(agency_id: str, report_id: UUID, _: ReadsReports, guests: GuestsDep) -> Held:
    """One report, how its deliveries to you stand, and what you did about it."""
    rows, steps = await feeds.held(agency_id, report_id, guests)
    return Held(
        report_id=report_id,
        reference=rows[0]["reference"],
        received_at=rows[0]["received_at"],
        position=rows[0]["newest"],
        report=rows[0]["body"],
        deliveries=tuple(Standing.model_validate(dict(row)) for row in rows),
        steps=tuple(Step.model_validate(dict(step)) for step in steps),
    )


@router.post("/reports/{report_id}/acknowledge", status_code=HTTPStatus.NO_CONTENT)
async def acknowledge(report_id: UUID, agency: ActsDep, now: Now, given: Seen | None = None) -> None:
    """It has arrived, and it is yours. Sent again, nothing more happens."""
    await acts.acknowledge(agency, report_id, now, given.position if given else None)


@router.post("/reports/{report_id}/return", status_code=HTTPStatus.NO_CONTENT)
async def give_back(report_id: UUID, given: Return, agency: ActsDep, now: Now) -> None:
    """It is not yours: it goes to whom you name, or to a person; to a person in any case the second time.

    Sent again, nothing more happens.
    """
    await acts.give_back(agency, report_id, given.whose, given.reason, now, given.position)


@router.post("/reports/{report_id}/progress", status_code=HTTPStatus.NO_CONTENT)
async def progress(report_id: UUID, given: Note, agency: ActsDep, now: Now, key: Key = None) -> None:
    """What you did or found; acknowledges it, too."""
    await acts.note(agency, report_id, given.note, given.tell_reporter, now, given.position, key)


@router.post("/reports/{report_id}/close", status_code=HTTPStatus.NO_CONTENT)
async def close(report_id: UUID, given: Outcome, agency: ActsDep, now: Now) -> None:
    """What came of it. Sent again, nothing more happens."""
    await acts.close(agency, report_id, given.outcome, given.tell_reporter, now, given.position)
