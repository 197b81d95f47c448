"""Calls that are over, as speaker turns or as files. Only a known source (a telephone system) may send them."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import AwareDatetime, Field, Json, StringConstraints

from services.intake.domain.transcripts.formats import Format
from services.intake.domain.transcripts.spoken import Spoken, Transcript
from services.intake.domain.transcripts.vcon import written_back
from services.intake.handlers import reports, transcripts
from services.intake.handlers.assessing import Classifier, assess
from services.intake.handlers.transcripts import AboutCall, Taken
from services.intake.routers.dependencies import BellDep, ClassifierDep, IdempotencyKey, Now, PoolDep, RingDep, Source
from services.intake.routers.reports import AnswersGiven, Given, ReportAccepted, accepted
from shared.database import Pool
from shared.events import Contact, Line, Place, Speaker

router = APIRouter(prefix="/v1/transcripts", tags=["transcripts"])

PATIENCE: Final = 1.0  # seconds that a sender of a vCon waits for our reading of it


class TurnGiven(Given):
    speaker: Speaker
    text: Annotated[str, StringConstraints(min_length=1)]
    start: float | None = Field(None, ge=0, description="seconds into the recording")
    end: float | None = Field(None, ge=0)


class TranscriptGiven(Given):
    turns: tuple[TurnGiven, ...] = Field(min_length=1, description="in the order spoken")
    call_id: str | None = Field(
        None, min_length=1, max_length=180, description="your id: a call sent twice is one report"
    )
    line: Line | None = None
    started_at: AwareDatetime | None = None
    answers: AnswersGiven = AnswersGiven()
    place: Place = Place()
    contact: Contact | None = Field(None, description="the caller")
    consent: tuple[str, ...] = ()


class TranscriptAccepted(ReportAccepted):
    notes: tuple[str, ...] = Field((), description="what could not be read, or cannot be found in the recording")
    vcon: dict[str, Any] | None = Field(None, description="the vCon that was sent, with our reading as a `report`")


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
    )
    return answer(await transcripts.take(transcript, {}, about, pool, bell, ring, now), response)


@router.post("/files", status_code=202)
async def tell_by_file(
    file: Annotated[UploadFile, File(description="turns, text, WebVTT, SRT, Whisper, Amazon Transcribe or vCon")],
    response: Response,
    pool: PoolDep,
    bell: BellDep,
    ring: RingDep,
    classifier: ClassifierDep,
    source: Source,
    now: Now,
    format: Annotated[Format | None, Form(description="found in the content where it is not said")] = None,
    speakers: Annotated[
        Json[dict[str, Speaker]] | None,
        Form(
            description='JSON: a speaker as the file names them -> caller, operator or background; "*" for all others'
        ),
    ] = None,
    call_id: Annotated[str | None, Form(max_length=180)] = None,
    caller: Annotated[str | None, Form(description="the number that rang")] = None,
    line: Annotated[Line | None, Form()] = None,
    started_at: Annotated[datetime | None, Form()] = None,
    postcode: Annotated[str | None, Form()] = None,
) -> TranscriptAccepted:
    """Keep a call from a file. Who is who comes from the file or from `speakers`: asked for, and never guessed."""
    transcript = transcripts.parsed(await file.read(), format)
    about = AboutCall(source, call_id, caller, line, started_at, Place(postcode=postcode))
    taken = await transcripts.take(transcript, speakers or {}, about, pool, bell, ring, now)
    vcon = await _written_back(transcript.vcon, taken, classifier, pool, now) if transcript.vcon else None
    return answer(taken, response, vcon)


async def _written_back(
    vcon: dict[str, Any], taken: Taken, classifier: Classifier | None, pool: Pool, now: datetime
) -> dict[str, Any] | None:
    report = await reports.told(taken.accepted.report_id, pool)
    assessment = await assess(report, classifier, PATIENCE)
    return written_back(vcon, report.reference, assessment, now) if assessment else None
