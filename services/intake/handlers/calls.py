"""A call while it goes on: every turn is kept first, then read; each reading is a revision of the one report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from pydantic import BaseModel

from services.intake.domain import reports as domain
from services.intake.domain.amendments import carried_over
from services.intake.domain.calls import awaited, changes, learnt, to_ask
from services.intake.domain.households import Keyring
from services.intake.domain.transcripts.formats import LARGEST
from services.intake.errors import CallKnown, CallTooLong, TooLong, UnknownCall
from services.intake.handlers.assessing import Classifier, assess
from services.intake.handlers.reports import Accepted, Told, first_told, fitting, received
from services.intake.handlers.revising import told_anew
from services.intake.repository import calls, reports
from services.intake.repository.calls import NumberedTurn, OpenCall
from shared.assessment import Assessment
from shared.database import Connection, DatabaseUnavailable, Pool, statement, transaction
from shared.events import ReportReceived, written_out
from shared.outbox import Bell
from shared.postcodes import postcode_of
from shared.told import Answers, Call, CallState, Channel, Contact, Line, Place, Speaker, Turn

log = structlog.get_logger()

MAX_ABOUT: Final = 2**20  # bytes, so that there is room for what is said
TOO_LONG: Final = "What was said before is kept. Open another call for what comes now."
OPENED_OTHERWISE: Final = (
    "It is open, and other things are known of it than come now: nothing of this was kept. "
    "Its turns go to /v1/calls/{0}/turns, and what is new by PATCH to /v1/calls/{0}."
)
TRANSCRIBED: Final = "The transcript of this call was sent before, and is kept. Give this call an id of its own."
NOTHING_HEARD: Final = (Turn(speaker=Speaker.background, text="(nothing was heard)"),)
PATIENCE: Final = 0.12  # seconds for the classifier; the operator is answered within 0.2


class CallGiven(BaseModel, frozen=True):
    """What is known of a call beside its words."""

    line: Line | None = None
    started_at: datetime | None = None
    answers: Answers = Answers()
    place: Place = Place()
    contact: Contact | None = None
    consent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """How a call stands after what was just said. `assessment` is the last there is; `fresh` whether it is of now."""

    call: OpenCall
    revision: int
    turns: dict[int, Turn]
    awaited: tuple[int, ...]
    assessment: Assessment | None
    fresh: bool
    changed: tuple[str, ...]
    ask: str | None


@dataclass(frozen=True, slots=True)
class Switchboard:
    """What live calls are handled with."""

    pool: Pool
    bell: Bell
    ring: Keyring
    classifier: Classifier | None


async def open_call(
    source: str, call_id: str, given: CallGiven, pool: Pool, ring: Keyring, now: datetime
) -> tuple[OpenCall, str]:
    """A call begins; returns it, and its reporter's secret. Sent again with the same id it is the same call.

    Raises TooLong; CallKnown where it says more than it did, or than is known by now, or where it came as a transcript.
    """
    reference = domain.new_reference()
    about = _about(given)
    async with transaction(pool) as connection:
        call = await calls.open_call(connection, uuid4(), reference, source, call_id, about, now)
        told = await reports.sent_before(connection, source, key_of(call_id))
        if told and told["id"] != call.report_id:
            raise CallKnown(TRANSCRIBED)
        kept = await reports.secret_hash(connection, call.report_id)
        opened_with = await calls.opened_with(connection, call.report_id)
    if about != opened_with and learnt(call.given, given.model_dump(mode="json", exclude_defaults=True)) != call.given:
        raise CallKnown(OPENED_OTHERWISE.format(call.report_id))
    return call, domain.secret_given(ring.reporters, call.report_id, kept)


async def hear(report_id: UUID, source: str, turns: Sequence[NumberedTurn], board: Switchboard, now: datetime) -> Heard:
    """Keep turns, in whatever order they come, and read the call anew; no turns say that the line is open.

    Raises UnknownCall, CallTooLong; CallKnown where its transcript came meanwhile.
    """
    async with transaction(board.pool) as connection:
        call = await _held(connection, report_id, source)
        new = await calls.set_turns(connection, report_id, turns) if turns else call.state is CallState.dropped
        if new and call.state is CallState.dropped:
            call = replace(call, state=CallState.live)
        report, spoken = await as_told(connection, call, new, board.ring, now)
        if new and report and not domain.fits(report):
            raise CallTooLong(TOO_LONG)
    board.bell.ring()
    return await _read(call, report, spoken, board)


async def end(report_id: UUID, source: str, state: CallState, board: Switchboard, now: datetime) -> Heard:
    """The call is over, or the line is dead: the same report is completed. Raises UnknownCall."""
    async with transaction(board.pool) as connection:
        before = await _held(connection, report_id, source)
        call = replace(before, state=state)
        report, spoken = await as_told(connection, call, call != before, board.ring, now)
    board.bell.ring()
    return await _read(call, report, spoken, board)


async def written(
    connection: Connection,
    source: str,
    call_id: str,
    turns: Sequence[Turn],
    given: CallGiven,
    ring: Keyring,
    now: datetime,
) -> Accepted | None:
    """A call was opened, and its words come all at once, as a transcript: they are its turns, and it is over.

    Where the same were heard live, what comes beside them is learnt. None where it was not opened, or others were.
    Raises TooLong, CallTooLong.
    """
    call = await calls.held_as(connection, source, call_id)
    spoken = await calls.turns(connection, call.report_id) if call else {}
    if call is None or (spoken and tuple(spoken.values()) != tuple(turns)):
        return None
    about = _about(CallGiven.model_validate(learnt(call.given, given.model_dump(mode="json", exclude_defaults=True))))
    await calls.set_given(connection, call.report_id, about)
    if not spoken:
        numbered = [NumberedTurn(number, 0, turn) for number, turn in enumerate(turns, 1)]
        await calls.set_turns(connection, call.report_id, numbered)
    new = not spoken or about != call.given or call.state is not CallState.ended
    report, _ = await as_told(connection, replace(call, given=about, state=CallState.ended), new, ring, now)
    if report:
        fitting(report)
    kept = await reports.secret_hash(connection, call.report_id)
    return Accepted(call.report_id, call.reference, domain.secret_given(ring.reporters, call.report_id, kept))


async def learn(report_id: UUID, source: str, more: Mapping[str, Any], board: Switchboard, now: datetime) -> Heard:
    """What is learnt beside the words, such as where it is or how to ring back: the report has it from now on.

    Raises UnknownCall, TooLong.
    """
    async with transaction(board.pool) as connection:
        call = await _held(connection, report_id, source)
        given = _about(CallGiven.model_validate(learnt(call.given, more)))
        await calls.set_given(connection, report_id, given)
        known = replace(call, given=given)
        report, spoken = await as_told(connection, known, given != call.given, board.ring, now)
        if report and given != call.given:
            fitting(report)
    board.bell.ring()
    return await _read(known, report, spoken, board)


async def standing(report_id: UUID, source: str, board: Switchboard) -> Heard:
    """How a call stands, for whoever follows it; read now, where it was not in time before. Raises UnknownCall.

    It holds nobody up. The report is looked at first: what is looked at after it is of its revision, or of a later one.
    """
    async with transaction(board.pool) as connection:
        report = await reports.told(connection, report_id)
        call = _of_source(await calls.one(connection, report_id), source)
        spoken = await calls.turns(connection, report_id)
    return await _read(call, report, spoken, board)


async def live(source: str, pool: Pool) -> list[OpenCall]:
    """The calls of this source that are going on, the newest first."""
    async with statement(pool) as connection:
        return await calls.live(connection, source)


def key_of(call_id: str) -> str:
    """What a call's report is known by, whether it is heard live or comes as a transcript."""
    return f"call:{call_id}"


def _about(given: CallGiven) -> dict[str, Any]:
    """What is known, as it is kept. Raises TooLong."""
    if len(given.model_dump_json().encode()) > MAX_ABOUT:
        raise TooLong("Shorten what is said of the call beside its words: they have room of their own.")
    return given.model_dump(mode="json")


async def _held(connection: Connection, report_id: UUID, source: str) -> OpenCall:
    return _of_source(await calls.held(connection, report_id), source)


def _of_source(call: OpenCall | None, source: str) -> OpenCall:
    if call is None or source != call.source:
        raise UnknownCall("Open it first: POST /v1/calls.")
    return call


async def as_told(
    connection: Connection, call: OpenCall, new: bool, ring: Keyring, now: datetime
) -> tuple[ReportReceived | None, dict[int, Turn]]:
    """The report of the call as it stands now; where there is something `new`, kept and on its way.

    While nobody has spoken there is none. Over without a word it is one all the same: who cannot speak has rung too.
    """
    await calls.set_state(connection, call.report_id, call.state, now)
    spoken = await calls.turns(connection, call.report_id)
    before = await reports.held(connection, call.report_id)
    if not new or (not spoken and call.state is CallState.live):
        return before, spoken
    told = _telling(call, tuple(spoken.values()) or NOTHING_HEARD)
    return await _told(connection, told, call, before, ring, now), spoken


async def _told(
    connection: Connection, told: Told, call: OpenCall, before: ReportReceived | None, ring: Keyring, now: datetime
) -> ReportReceived | None:
    """The first turn makes the report, every other revises it. None where nothing was heard and its transcript came."""
    if len(told.text) > LARGEST:
        raise CallTooLong(TOO_LONG)
    report = received(told, call.report_id, call.reference, before.received_at if before else now)
    if before:
        return await told_anew(connection, carried_over(before, report), ring, now)
    kept = await first_told(connection, domain.in_its_lane(report), told, ring, now)
    if kept is None and told.turns is not NOTHING_HEARD:
        raise CallKnown(TRANSCRIBED)
    return kept


def _telling(call: OpenCall, turns: tuple[Turn, ...]) -> Told:
    given = CallGiven.model_validate(call.given)
    return Told(
        channel=Channel.phone,
        source=call.source,
        text=written_out(turns),
        turns=turns,
        answers=given.answers,
        place=given.place,
        contact=given.contact,
        consent=given.consent,
        idempotency_key=key_of(call.call_id),
        body_hash="live",
        call=Call(id=call.call_id, line=given.line, started_at=given.started_at or call.opened_at, state=call.state),
    )


async def _read(call: OpenCall, report: ReportReceived | None, spoken: dict[int, Turn], board: Switchboard) -> Heard:
    """What the classifier makes of it now, and what that changes; nothing is held up where it does not answer."""
    if report is None:
        return Heard(call, 0, spoken, awaited(spoken), None, True, (), None)
    known = report.revision == call.read_revision
    newest = None if known else await assess(report, board.classifier, PATIENCE, "first")
    if newest:
        await _keep(newest, report, board.pool)
    latest, fresh = newest or call.assessment, known or newest is not None
    ask = to_ask(latest, not fresh and bool(report.screened), bool(postcode_of(report.place) or report.place.words))
    changed = changes(call.assessment, newest)
    return Heard(call, report.revision, spoken, awaited(spoken), latest, fresh, changed, ask)


async def _keep(reading: Assessment, report: ReportReceived, pool: Pool) -> None:
    """Keep a reading where that can be done. The words are kept already, and without it they are read once more."""
    try:
        async with statement(pool) as connection:
            await calls.keep_assessment(connection, report.report_id, reading, report.revision)
    except DatabaseUnavailable as error:
        log.warning("a reading was not kept", report_id=str(report.report_id), reason=str(error))
