"""What was routed to an agency: its own, all of it, and nothing else; and what it does about it."""

import asyncio
import gzip
import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.escalation.handlers import acts, feeds
from services.escalation.routers.dependencies import (
    ActsDep,
    ArrivalsDep,
    GuestsDep,
    Now,
    ReadsReports,
    RulesDep,
)
from services.escalation.routers.leases import Key
from services.escalation.routers.texts import SAID
from shared.codebook import DangerClass, Flag, Label, Strand, Threat
from shared.events import EntryKind, SafeWords
from shared.told import Channel, Contact, Place, Times

router = APIRouter(prefix="/v1/agencies/{agency_id}", tags=["agencies"])

WORTH_PACKING: Final = 1_000  # bytes
LARGE: Final = 2**16
"""Characters. More takes longer to hash and pack than a thread to begin, and no board waits for one agency's page."""


class Described(BaseModel):
    """What is there only where there is something to say, or where your kind may see it: absent, not null."""

    model_config = ConfigDict(extra="allow")


class AnswersSeen(Described):
    times: Times | None = None
    feeling: list[str] | None = None
    when: str | None = None
    happening_now: bool | None = None
    reported_before: int | None = Field(None, description="how often they told somebody of it before")


class Application(Described):
    complaints: str | None = Field(None, description="whom they complained to before, when, under what reference")
    wanted: str | None = Field(None, description="what they would like to happen")


class ReportSeen(Described):
    """What your kind of agency may see of a report (the directory says which): all else is absent.

    Where it may not get in touch, `[withheld]` stands for names, numbers and addresses wherever somebody wrote them.
    """

    channel: Channel | None = None
    text: str | None = Field(None, description="the story, in their own words; a call has a line for each turn")
    answers: AnswersSeen | None = None
    labels: list[Label] | None = None
    behaviours: list[str] | None = Field(None, description="by the codebook's letters, as in the rulebook: A3")
    strands: list[Strand] | None = Field(None, description="of hate")
    threat: Threat | None = None
    danger_class: DangerClass | None = Field(None, description="1 is the gravest")
    flags: list[Flag] | None = None
    not_yet_read: bool | None = Field(None, description="true: nobody has read it as it is now; it comes corrected")
    withdrawal_asked: bool | None = Field(
        None, description="true: the reporter asked to withdraw, perhaps under pressure. It closes nothing"
    )
    party: str | None = Field(None, description="whom it complains of, as told")
    party_organisation: str | None = Field(None, description="the body that they are, or work for")
    place: Place | None = None
    application: Application | None = Field(None, description="for a panel, where an ASB Case Review is asked for")
    contact: Contact | None = None
    safe_contact: list[str] | None = Field(
        None,
        description="how, when and when not to get in touch. Show it wherever anybody may ring, write or knock: "
        "the wrong person may answer",
    )


class Entry(BaseModel):
    """An entry of the feed. `report` is what your kind of agency may see; None once it was withdrawn or erased."""

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
    report: ReportSeen | None


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
    report: ReportSeen | None
    deliveries: tuple[Standing, ...]
    steps: tuple[Step, ...]


class Seen(BaseModel):
    position: int | None = Field(
        None, ge=0, description="the newest that you have read about it: 409 `ToldSince` where it has changed since"
    )


class Return(Seen):
    reason: Annotated[str, SAID] = Field(min_length=1, max_length=2000)
    whose: str | None = Field(
        None, max_length=63, description="the id of the agency that it is for, where you know; another is 422"
    )


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

    A page of large reports is shorter than `limit`: only an empty one is the end. 409 `FeedRestored`: we restored the
    feed from a backup, and your place is not in it; read again from the beginning, and keep what you have.
    429 `TooOften`: `RateLimit` says when you may ask again, in each answer. 304 where your `If-None-Match` is the
    answer's `ETag`.
    """
    start = feeds.place(agency_id, after) if after else feeds.Place()
    rows = await feeds.page(agency_id, start, limit, wait, guests, arrivals, now)
    behind = feeds.cursor(agency_id, feeds.Place(rows[-1]["position"], rows[-1]["mark"]) if rows else start)
    entries = [row["entry"] for row in rows]
    answer = partial(_answer, entries, behind, dict(response.headers), if_none_match, accept_encoding)
    return answer() if sum(map(len, entries)) < LARGE else await asyncio.to_thread(answer)


def _answer(
    entries: Sequence[str], behind: str, headers: dict[str, str], if_none_match: str | None, accept_encoding: str
) -> Response:
    body = f'{{"reports":[{",".join(entries)}],"next":"{behind}"}}'.encode()
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers |= {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Accept-Encoding"}
    if if_none_match and tag in (given.strip() for given in if_none_match.split(",")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if "gzip" in accept_encoding and len(body) >= WORTH_PACKING:
        body, headers["Content-Encoding"] = gzip.compress(body, 5, mtime=0), "gzip"
    return Response(body, headers=headers, media_type="application/json")


@router.get("/reports/{report_id}", response_model_exclude_unset=True)
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
    """It has arrived, and it is yours. Sent again, nothing more happens.

    Here and below: 409 `ToldSince`, read it as it is now and send it again; 409 `NotNow`, it was withdrawn, given back
    or closed, and nothing more can be done about it.
    """
    await acts.acknowledge(agency, report_id, now, given.position if given else None)


@router.post("/reports/{report_id}/return", status_code=HTTPStatus.NO_CONTENT)
async def give_back(report_id: UUID, given: Return, agency: ActsDep, rules: RulesDep, now: Now) -> None:
    """It is not yours: it goes to whom you name, or to a person; to a person in any case the second time.

    Sent again, nothing more happens.
    """
    await acts.give_back(agency, report_id, given.whose, given.reason, rules.directory, now, given.position)


@router.post("/reports/{report_id}/progress", status_code=HTTPStatus.NO_CONTENT)
async def progress(report_id: UUID, given: Note, agency: ActsDep, now: Now, key: Key = None) -> None:
    """What you did or found; acknowledges it, too."""
    await acts.note(agency, report_id, given.note, given.tell_reporter, now, given.position, key)


@router.post("/reports/{report_id}/close", status_code=HTTPStatus.NO_CONTENT)
async def close(report_id: UUID, given: Outcome, agency: ActsDep, now: Now) -> None:
    """What came of it. Sent again, nothing more happens."""
    await acts.close(agency, report_id, given.outcome, given.tell_reporter, now, given.position)
