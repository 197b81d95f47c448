"""A call while it goes on: every turn is kept first, then read; each reading is a revision of the one report."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from pydantic import BaseModel

from services.intake.domain import reports as domain
from services.intake.domain.calls import awaited, changes
from services.intake.domain.households import Keyring
from services.intake.errors import KeyReused, UnknownCall
from services.intake.handlers.assessing import Classifier, assess
from services.intake.handlers.reports import Told, first_told, received, told_anew
from services.intake.repository import calls, reports
from services.intake.repository.calls import NumberedTurn, OpenCall
from shared.database import Connection, Pool, transaction
from shared.events import (
    Answers,
    Assessment,
    Call,
    CallState,
    Channel,
    Contact,
    Line,
    Place,
    ReportReceived,
    Turn,
    written_out,
)
from shared.outbox import Bell

PATIENCE: Final = 0.12  # seconds for the classifier; the operator is answered within 0.2


class CallGiven(BaseModel, frozen=True):
    """What is known of a call when it is put through."""

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
    state: CallState
    revision: int
    turns: dict[int, Turn]
    awaited: tuple[int, ...]
    assessment: Assessment | None
    fresh: bool
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Switchboard:
    """What live calls are handled with."""

    pool: Pool
    bell: Bell
    ring: Keyring
    classifier: Classifier | None


async def open_call(source: str, call_id: str, given: CallGiven, pool: Pool, now: datetime) -> OpenCall:
    """A call begins. Sent again with the same id it is the same call."""
    reference = domain.new_reference(secrets.choice)
    about = given.model_dump(mode="json")
    async with transaction(pool) as connection:
        return await calls.open_call(connection, uuid4(), reference, source, call_id, about, now)


async def hear(report_id: UUID, source: str, turns: Sequence[NumberedTurn], board: Switchboard, now: datetime) -> Heard:
    """Keep turns, in whatever order they come, and read the call anew. Raises UnknownCall."""
    async with transaction(board.pool) as connection:
        call = await _held(connection, report_id, source)
        state = CallState.live if call.state is CallState.dropped else call.state
        if not await calls.set_turns(connection, report_id, turns):
            return await _as_it_stands(connection, call)
        report, spoken = await _told(connection, call, state, board.ring, now)
    board.bell.ring()
    return await _read(call, report, spoken, board)


async def end(report_id: UUID, source: str | None, state: CallState, board: Switchboard, now: datetime) -> Heard:
    """The call is over, or the line is dead: the same report is completed. Raises UnknownCall."""
    async with transaction(board.pool) as connection:
        call = await _held(connection, report_id, source)
        spoken = await calls.turns(connection, report_id)
        if call.state is state or not spoken:
            await calls.set_state(connection, report_id, state, now)
            return await _as_it_stands(connection, call)
        report, spoken = await _told(connection, call, state, board.ring, now)
    board.bell.ring()
    return await _read(call, report, spoken, board)


async def standing(report_id: UUID, source: str, pool: Pool) -> Heard:
    """How a call stands, for whoever follows it. Raises UnknownCall."""
    async with transaction(pool) as connection:
        return await _as_it_stands(connection, await _held(connection, report_id, source))


async def live(source: str, pool: Pool) -> list[OpenCall]:
    """The calls of this source that are going on, the newest first."""
    async with transaction(pool) as connection:
        return await calls.live(connection, source)


async def drop_silent(since: datetime, board: Switchboard, now: datetime) -> int:
    """Complete the calls in which nothing was heard since then; returns how many."""
    async with transaction(board.pool) as connection:
        silent = await calls.silent(connection, since)
    for report_id in silent:
        await end(report_id, None, CallState.dropped, board, now)
    return len(silent)


async def _held(connection: Connection, report_id: UUID, source: str | None) -> OpenCall:
    call = await calls.held(connection, report_id)
    if call is None or source not in (None, call.source):
        raise UnknownCall("Open it first: POST /v1/calls.")
    return call


async def _told(
    connection: Connection, call: OpenCall, state: CallState, ring: Keyring, now: datetime
) -> tuple[ReportReceived, dict[int, Turn]]:
    """The report of the call as it now stands, kept and on its way: the first turn makes it, every other revises it."""
    spoken = await calls.turns(connection, call.report_id)
    await calls.set_state(connection, call.report_id, state, now)
    told = _telling(call, state, tuple(spoken.values()))
    before = await reports.whole(connection, call.report_id)
    report = received(told, call.report_id, call.reference, before.received_at if before else now)
    if before:
        revised = report.model_copy(update={"revision": before.revision + 1})
        return await told_anew(connection, revised, ring, now), spoken
    kept = await first_told(connection, report, told, ring, now)
    if kept is None:
        raise KeyReused("The transcript of this call was sent before; give the call an id of its own.")
    return kept, spoken


def _telling(call: OpenCall, state: CallState, turns: tuple[Turn, ...]) -> Told:
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
        idempotency_key=f"call:{call.call_id}",
        body_hash="live",
        call=Call(id=call.call_id, line=given.line, started_at=given.started_at or call.opened_at, state=state),
    )


async def _as_it_stands(connection: Connection, call: OpenCall) -> Heard:
    spoken = await calls.turns(connection, call.report_id)
    report = await reports.whole(connection, call.report_id)
    revision = report.revision if report else 0
    return Heard(call, call.state, revision, spoken, awaited(spoken), call.assessment, True, ())


async def _read(call: OpenCall, report: ReportReceived, spoken: dict[int, Turn], board: Switchboard) -> Heard:
    """What the classifier makes of it now, and what that changes; nothing is held up where it does not answer."""
    fresh = await assess(report, board.classifier, PATIENCE, "first")
    changed = changes(call.assessment, fresh)
    if fresh and changed:
        async with transaction(board.pool) as connection:
            await calls.keep_assessment(connection, call.report_id, fresh)
    state = report.call.state if report.call else CallState.live
    latest = fresh or call.assessment
    return Heard(call, state, report.revision, spoken, awaited(spoken), latest, fresh is not None, changed)
