"""Calls, as speaker turns. Only a known source (a telephone system, a call centre) may send them."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field, StringConstraints

from services.intake.handlers import reports
from services.intake.handlers.reports import Told
from services.intake.routers.dependencies import BellDep, IdempotencyKey, Now, PoolDep, SettingsDep, Source
from services.intake.routers.reports import AnswersGiven, Given, ReportAccepted, accepted, body_hash
from shared.events import Channel, Contact, Place, Speaker, Turn, written_out

router = APIRouter(prefix="/v1/transcripts", tags=["transcripts"])


class TurnGiven(Given):
    speaker: Speaker
    text: Annotated[str, StringConstraints(min_length=1)]
    start: float | None = Field(None, ge=0, description="seconds into the recording")
    end: float | None = Field(None, ge=0)


class TranscriptGiven(Given):
    turns: tuple[TurnGiven, ...] = Field(min_length=1, description="in the order spoken")
    answers: AnswersGiven = AnswersGiven()
    place: Place = Place()
    contact: Contact | None = Field(None, description="the caller")
    consent: tuple[str, ...] = ()


@router.post("", status_code=202)
async def tell(
    given: TranscriptGiven,
    response: Response,
    pool: PoolDep,
    bell: BellDep,
    settings: SettingsDep,
    source: Source,
    now: Now,
    idempotency_key: IdempotencyKey = None,
) -> ReportAccepted:
    """Keep a call. 202: it is on disk, and will reach somebody who can act."""
    turns = tuple(Turn.model_validate(turn.model_dump()) for turn in given.turns)
    told = Told(
        channel=Channel.phone,
        source=source,
        text=written_out(turns),
        turns=turns,
        answers=given.answers,
        place=given.place,
        contact=given.contact,
        consent=given.consent,
        idempotency_key=idempotency_key,
        body_hash=body_hash(given),
    )
    return accepted(await reports.accept(told, pool, bell, settings.secret.get_secret_value(), now), response)
