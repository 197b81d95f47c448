"""Calls while they go on. A telephone system opens one, sends turns as they are spoken, and ends it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request, Response, WebSocket, WebSocketDisconnect
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, ValidationError

from services.intake.domain.partners import Scope
from services.intake.errors import UnknownSource
from services.intake.handlers import calls
from services.intake.handlers.calls import CallGiven, Heard, Switchboard
from services.intake.repository.calls import NumberedTurn
from services.intake.routers.dependencies import Now, PoolDep, RingDep, classifier_of, key_holder
from services.intake.routers.reports import AnswersGiven, Consent, ContactGiven, Given, PlaceGiven, Seconds
from services.intake.routers.sessions import SourceOrDesk
from shared.assessment import Assessment
from shared.contract import Number
from shared.database import DatabaseUnavailable
from shared.http import ServiceError
from shared.told import CallState, Line, Speaker, Turn

router = APIRouter(prefix="/v1/calls", tags=["calls"])

log = structlog.get_logger()

REFUSED: Final = 1008
AWAY: Final = "We cannot take this just now"


class AboutCall(Given):
    line: Line | None = None
    started_at: AwareDatetime | None = None
    answers: AnswersGiven = AnswersGiven()
    place: PlaceGiven = PlaceGiven()
    contact: ContactGiven | None = Field(None, description="the caller")
    consent: Consent = ()


class CallOpened(AboutCall):
    call_id: str = Field(
        min_length=1,
        max_length=180,
        description="your id: sent again, it is the same call; with anything else said of it, it is refused with 409",
    )


class CallAnswered(BaseModel):
    """Where to send the turns; the secret is the caller's, for the status page (`/status`)."""

    report_id: UUID
    reference: str
    secret: str
    turns_url: str


class LiveTurn(Given):
    number: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="its place in the call, from 1; sent again, it is a correction. Left out: it comes after the last",
    )
    id: UUID | None = Field(
        None, description="where you have no number: sent again with it, it is the same turn, kept once"
    )
    version: Number = Field(1, description="a higher one replaces a lower, in whichever order they come")
    speaker: Speaker
    text: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    start: Seconds | None = Field(None, description="into the recording")
    end: Seconds | None = None


class TurnsGiven(Given):
    turns: tuple[LiveTurn, ...] = Field(max_length=1000, description="none: nothing is said, and the line is open")

    @property
    def any_unnumbered(self) -> bool:
        """Whoever left a number out is told what was said, with its numbers."""
        return any(turn.number is None for turn in self.turns)


class CallEnded(Given):
    state: Literal[CallState.ended, CallState.dropped] = Field(
        CallState.ended, description="`dropped` where the line went dead"
    )


class NumberedWords(BaseModel):
    number: int
    speaker: Speaker
    text: str
    start: float | None


class CallStanding(BaseModel):
    """What an operator needs at this moment of the call."""

    report_id: UUID
    reference: str
    revision: int
    state: CallState
    awaiting: tuple[int, ...] = Field((), description="turns that have not come although later ones have")
    read: bool = Field(description="false: the classifier did not answer in time, and the last reading is shown")
    established: Assessment | None = Field(description="what is established so far; None: nothing was read yet")
    changed: tuple[str, ...] = Field((), description="what this turn changed, by the names in `established`")
    ask: str | None = Field(None, description="the one question to ask next")
    turns: tuple[NumberedWords, ...] = ()
    about: CallGiven | None = Field(None, description="what is known beside the words, for whoever follows the call")


class LiveCall(BaseModel):
    report_id: UUID
    reference: str
    call_id: str


class LiveCalls(BaseModel):
    calls: tuple[LiveCall, ...]


async def _board(request: Request, pool: PoolDep, ring: RingDep) -> Switchboard:
    return Switchboard(pool, request.app.state.bell, ring, classifier_of(request))


BoardDep = Annotated[Switchboard, Depends(_board)]


def shown(heard: Heard, words: bool = False) -> CallStanding:
    """`words`: with the turns themselves and what is known beside them, for whoever follows the call."""
    return CallStanding(
        report_id=heard.call.report_id,
        reference=heard.call.reference,
        revision=heard.revision,
        state=heard.call.state,
        awaiting=heard.awaited,
        read=heard.fresh,
        established=heard.assessment,
        changed=heard.changed,
        ask=heard.ask,
        turns=tuple(
            NumberedWords(number=n, speaker=t.speaker, text=t.text, start=t.start)
            for n, t in heard.turns.items()
            if words
        ),
        about=CallGiven.model_validate(heard.call.given) if words else None,
    )


def numbered(given: TurnsGiven) -> list[NumberedTurn]:
    return [
        NumberedTurn(
            turn.number,
            turn.version,
            Turn.model_validate(turn.model_dump(exclude={"number", "version", "id"})),
            turn.id,
        )
        for turn in given.turns
    ]


@router.post("", status_code=201)
async def open_call(
    given: CallOpened, response: Response, pool: PoolDep, ring: RingDep, source: SourceOrDesk, now: Now
) -> CallAnswered:
    """A call begins; its report exists from the first turn on."""
    about = CallGiven.model_validate(given.model_dump(exclude={"call_id"}))
    call, secret = await calls.open_call(source, given.call_id, about, pool, ring, now)
    url = f"/v1/calls/{call.report_id}/turns"
    response.headers["Location"] = f"/v1/calls/{call.report_id}"
    return CallAnswered(report_id=call.report_id, reference=call.reference, secret=secret, turns_url=url)


@router.post("/{report_id}/turns")
async def hear(report_id: UUID, given: TurnsGiven, board: BoardDep, source: SourceOrDesk, now: Now) -> CallStanding:
    """Turns as they are spoken: on disk before the answer, whatever becomes of the reading."""
    return shown(await calls.hear(report_id, source, numbered(given), board, now), words=given.any_unnumbered)


@router.post("/{report_id}/end")
async def end(report_id: UUID, given: CallEnded, board: BoardDep, source: SourceOrDesk, now: Now) -> CallStanding:
    """The call is over, or the line is dead: the same report is completed."""
    return shown(await calls.end(report_id, source, given.state, board, now))


@router.patch("/{report_id}")
async def learn(report_id: UUID, given: AboutCall, board: BoardDep, source: SourceOrDesk, now: Now) -> CallStanding:
    """What is learnt in the middle of the call, such as where it is: only what is sent is changed."""
    return shown(await calls.learn(report_id, source, given.model_dump(mode="json", exclude_unset=True), board, now))


@router.get("")
async def live(pool: PoolDep, source: SourceOrDesk) -> LiveCalls:
    """The calls of this source that are going on."""
    found = await calls.live(source, pool)
    return LiveCalls(
        calls=tuple(LiveCall(report_id=c.report_id, reference=c.reference, call_id=c.call_id) for c in found)
    )


@router.get("/{report_id}")
async def follow(report_id: UUID, board: BoardDep, source: SourceOrDesk) -> CallStanding:
    """How the call stands, with its words."""
    return shown(await calls.standing(report_id, source, board), words=True)


@router.websocket("/{report_id}/turns")
async def hear_as_spoken(websocket: WebSocket, report_id: UUID) -> None:
    """The same over one connection: `{"turns": […]}` for each message, its answer a standing or a problem.

    Closed with 1008 where its key is nobody's, or is revoked by the time of a message, which is not kept then.
    """
    state = websocket.app.state
    key = websocket.headers.get("authorization")
    source = partial(key_holder, state.settings, state.pool, key, Scope.reports)
    board = Switchboard(state.pool, state.bell, state.ring, classifier_of(websocket))
    with suppress(WebSocketDisconnect):
        try:
            await source()
            await websocket.accept()
            async for message in _messages(websocket):
                await websocket.send_json(await _answered(message, report_id, source, board, state.clock.now()))
        except UnknownSource as error:
            await websocket.close(REFUSED, error.title)


async def _messages(websocket: WebSocket) -> AsyncIterator[str | bytes]:
    """What comes over the line, as text or as bytes, until it is closed."""
    while (message := await websocket.receive())["type"] == "websocket.receive":
        yield message.get("text") or message.get("bytes") or ""


async def _answered(
    message: str | bytes, report_id: UUID, source: Callable[[], Awaitable[str]], board: Switchboard, now: datetime
) -> dict[str, Any]:
    """One message, one answer: a mistake in one costs only itself. Raises UnknownSource."""
    try:
        whose = await source()
        given = TurnsGiven.model_validate_json(message)
        heard = await calls.hear(report_id, whose, numbered(given), board, now)
        return shown(heard, words=given.any_unnumbered).model_dump(mode="json")
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        fields = [{"field": ".".join(map(str, fault["loc"])), "message": fault["msg"]} for fault in faults]
        return {"type": "about:blank", "status": 422, "title": "Some fields need another look", "errors": fields}
    except UnknownSource:
        raise
    except ServiceError as error:
        return {"type": error.type, "status": error.status, "title": error.title, "detail": str(error)}
    except DatabaseUnavailable as error:
        log.error("database unavailable", reason=str(error))
        return {
            "type": "about:blank",
            "status": 503,
            "title": AWAY,
            "detail": "It may not have been kept: send it again.",
        }
