"""Calls that are over, as speaker turns or as files. Only a known source (a telephone system) may send them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.routing import APIRoute
from pydantic import AwareDatetime, BaseModel, Field, Json, StringConstraints

from services.intake.domain.partners import Scope
from services.intake.domain.transcripts.formats import Format
from services.intake.domain.transcripts.spoken import SpeakersUnknown, Spoken, Transcript, turns_of
from services.intake.handlers import transcripts
from services.intake.handlers.transcripts import AboutCall, Taken
from services.intake.routers.dependencies import (
    BellDep,
    ClassifierDep,
    IdempotencyKey,
    Now,
    PoolDep,
    RingDep,
    Source,
    key_holder,
)
from services.intake.routers.floods import AllowedWithKey
from services.intake.routers.reports import (
    AnswersGiven,
    Consent,
    ContactGiven,
    Given,
    PlaceGiven,
    ReportAccepted,
    Seconds,
    accepted,
)
from services.intake.routers.sessions import SourceOrDesk
from shared.keepable import Kept
from shared.told import Line, Place, Speaker


class KeyFirst(APIRoute):
    """Whose key it is is asked before the body is read, which FastAPI does first: it may be 64 MiB, from anybody."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def with_key(request: Request) -> Response:
            state, sent = request.app.state, request.headers.get("authorization")
            await key_holder(state.settings, state.pool, sent, Scope.reports)
            return await handle(request)

        return with_key


router = APIRouter(prefix="/v1/transcripts", tags=["transcripts"], route_class=KeyFirst)
reading = APIRouter(prefix="/v1/transcripts", tags=["transcripts"])
"""Apart, because an operator waits for it in the middle of a call: it is never told to come back."""

LARGEST_FILE: Final = 64 * 2**20  # bytes: ten hours, word by word, or a vCon with its recording in it


class TurnGiven(Given):
    speaker: Speaker
    text: Annotated[str, StringConstraints(min_length=1)]
    start: Seconds | None = Field(None, description="into the recording")
    end: Seconds | None = None


class TranscriptGiven(Given):
    turns: tuple[TurnGiven, ...] = Field(min_length=1, description="in the order spoken")
    call_id: str | None = Field(
        None,
        min_length=1,
        max_length=180,
        description="your id: a call sent twice is one report, and sent otherwise it is refused with 409. "
        "Without it the Idempotency-Key is the id; where both are sent, the id alone counts",
    )
    line: Line | None = None
    started_at: AwareDatetime | None = None
    answers: AnswersGiven = AnswersGiven()
    place: PlaceGiven = PlaceGiven()
    contact: ContactGiven | None = Field(None, description="the caller")
    consent: Consent = ()


class TranscriptAccepted(ReportAccepted):
    notes: tuple[str, ...] = Field((), description="what could not be read, or cannot be found in the recording")
    vcon: dict[str, Any] | None = Field(
        None, description="the vCon that was sent, with our reading as a `report`; null where it was not read in time"
    )


class Pasted(Given):
    text: str = Field(description="a transcript of any format that we know")
    speakers: dict[str, Speaker] = Field({}, description='a name in it -> who that is; "*" for all others')


class TurnRead(BaseModel):
    speaker: Speaker
    text: str
    start: float | None
    end: float | None


class TranscriptRead(BaseModel):
    turns: tuple[TurnRead, ...] = ()
    notes: tuple[str, ...] = ()
    ask: dict[str, int] = Field({}, description="speakers of whom it is not said who they are -> how often each speaks")


def answer(taken: Taken, response: Response, vcon: dict[str, Any] | None = None) -> TranscriptAccepted:
    told = accepted(taken.accepted, response)
    return TranscriptAccepted(**told.model_dump(), notes=taken.notes, vcon=vcon)


@router.post("", status_code=202)
async def tell(
    given: TranscriptGiven,
    response: Response,
    pool: PoolDep,
    bell: BellDep,
    ring: RingDep,
    source: Source,
    allowed: AllowedWithKey,
    now: Now,
    idempotency_key: IdempotencyKey = None,
) -> TranscriptAccepted:
    """Keep a call. 202: it is on disk, and will reach somebody who can act."""
    transcript = Transcript(tuple(Spoken(t.speaker, t.text, t.start, t.end) for t in given.turns))
    about = AboutCall(
        source=source,
        call_id=given.call_id or idempotency_key,
        line=given.line,
        started_at=given.started_at,
        place=given.place,
        answers=given.answers,
        contact=given.contact,
        consent=given.consent,
        turn=allowed.turn,
    )
    return answer(await transcripts.take(transcript, {}, about, pool, bell, ring, now), response)


@reading.post("/read")
async def read(given: Pasted, _: SourceOrDesk) -> TranscriptRead:
    """The turns of a transcript, which is not kept by this: for a desk, which then sends them as those of a call."""
    transcript = await asyncio.to_thread(transcripts.parsed, given.text.encode(), None)
    try:
        turns, notes = turns_of(transcript, given.speakers)
    except SpeakersUnknown as error:
        return TranscriptRead(notes=transcript.notes, ask=error.speakers)
    return TranscriptRead(turns=tuple(TurnRead(**turn.model_dump()) for turn in turns), notes=notes)


@router.post("/files", status_code=202, max_body_size=LARGEST_FILE)
async def tell_by_file(
    file: Annotated[UploadFile, File(description="turns, text, WebVTT, SRT, Whisper, Amazon Transcribe or vCon")],
    response: Response,
    pool: PoolDep,
    bell: BellDep,
    ring: RingDep,
    classifier: ClassifierDep,
    source: Source,
    allowed: AllowedWithKey,
    now: Now,
    format: Annotated[Format | None, Form(description="found in the content where it is not said")] = None,
    speakers: Annotated[
        Json[dict[Kept, Speaker]] | None,
        Form(
            description='JSON: a speaker as the file names them -> caller, operator or background; "*" for all others'
        ),
    ] = None,
    call_id: Annotated[
        Kept | None,
        Form(
            max_length=180,
            description="your id: a call sent twice is one report, and sent otherwise it is refused with 409. Without "
            "it the id in the file counts, or else the Idempotency-Key, or else the SHA-256 of the file, if a caller "
            "is heard in it",
        ),
    ] = None,
    caller: Annotated[Kept | None, Form(description="the number that rang")] = None,
    line: Annotated[Line | None, Form()] = None,
    started_at: Annotated[AwareDatetime | None, Form()] = None,
    postcode: Annotated[Kept | None, Form()] = None,
    idempotency_key: IdempotencyKey = None,
) -> TranscriptAccepted:
    """Keep a call from a file. Who is who comes from the file or from `speakers`: asked for, and never guessed."""
    transcript = await asyncio.to_thread(transcripts.parsed, await file.read(), format)
    about = AboutCall(
        source,
        call_id or transcript.call_id or idempotency_key,
        caller,
        line,
        started_at,
        Place(postcode=postcode),
        turn=allowed.turn,
    )
    taken = await transcripts.take(transcript, speakers or {}, about, pool, bell, ring, now)
    if transcript.vcon is None:
        return answer(taken, response)
    vcon = await transcripts.with_our_reading(transcript.vcon, taken, classifier, pool, now)
    return answer(taken, response, vcon)
