"""Calls as they go on, and their turns."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.assessment import Assessment
from shared.database import Connection
from shared.told import CallState, Turn

OPEN: Final = """
with opened as (
    insert into call (report_id, source, call_id, reference, given, state, opened_at, heard_at)
    values ($1, $2, $3, $4, $5, 'live', $6, $6) on conflict (source, call_id) do nothing returning report_id, given
)
insert into call_opening (report_id, given) select report_id, given from opened
"""

OPENED_WITH: Final = "select given from call_opening where report_id = $1"

KNOWN: Final = "select * from call where source = $1 and call_id = $2"

ONE: Final = "select * from call where report_id = $1"

SET_TURNS: Final = """
with kept as (
    insert into call_turn (report_id, number, version, id, turn)
    select $1, number, version, id, turn
    from jsonb_to_recordset($2) as new(number int, version int, id uuid, turn jsonb)
    on conflict (report_id, number) do update set version = excluded.version, turn = excluded.turn
    where excluded.version > call_turn.version
       or excluded.version = call_turn.version and excluded.turn <> call_turn.turn
    returning number, turn
)
select kept.number from kept left join call_turn as before on before.report_id = $1 and before.number = kept.number
where before.turn is distinct from kept.turn
"""
"""What a statement reads is as it was before it: a higher version that says the same is kept, and nothing new."""

TURNS: Final = "select number, turn from call_turn where report_id = $1 order by number"

NUMBERS: Final = "select id, number from call_turn where report_id = $1 and id = any($2)"

LAST: Final = "select coalesce(max(number), 0) from call_turn where report_id = $1"

SET_GIVEN: Final = "update call set given = $2 where report_id = $1"

SET_STATE: Final = "update call set state = $2, heard_at = $3 where report_id = $1"

KEEP_ASSESSMENT: Final = """
update call set assessment = $2, read_revision = $3 where report_id = $1 and read_revision < $3
"""

SILENT: Final = """
select report_id from call where state = 'live' and heard_at < $1 order by heard_at limit 100
"""


LIVE: Final = """
select * from call where state = 'live' and source = $1 order by opened_at desc limit 100
"""


@dataclass(frozen=True, slots=True)
class OpenCall:
    """What is known of a call: what was told beside its words, and the last reading, of `read_revision`."""

    report_id: UUID
    source: str
    call_id: str
    reference: str
    given: dict[str, Any]
    state: CallState
    opened_at: datetime
    heard_at: datetime
    assessment: Assessment | None
    read_revision: int


@dataclass(frozen=True, slots=True)
class NumberedTurn:
    """A turn with its place in the call; of two with one number the higher version holds, or else the later.

    Without a number it comes after the last, whoever said that; with an `id` only once, however often it is sent.
    """

    number: int | None
    version: int
    turn: Turn
    id: UUID | None = None


def _open_call(row: Any) -> OpenCall:
    columns = dict(row)
    assessment = columns.pop("assessment")
    state = CallState(columns.pop("state"))
    return OpenCall(**columns, state=state, assessment=Assessment.model_validate(assessment) if assessment else None)


async def open_call(
    connection: Connection,
    report_id: UUID,
    reference: str,
    source: str,
    call_id: str,
    given: dict[str, Any],
    now: datetime,
) -> OpenCall:
    """Open a call; one whose id this source has used is the call that was opened then."""
    await connection.execute(OPEN, report_id, source, call_id, reference, given, now)
    return _open_call(await connection.fetchrow(KNOWN, source, call_id))


async def opened_with(connection: Connection, report_id: UUID) -> dict[str, Any] | None:
    """What came with a call when it was opened; None for one of before that was kept."""
    given: dict[str, Any] | None = await connection.fetchval(OPENED_WITH, report_id)
    return given


async def one(connection: Connection, report_id: UUID) -> OpenCall | None:
    row = await connection.fetchrow(ONE, report_id)
    return _open_call(row) if row else None


async def held(connection: Connection, report_id: UUID) -> OpenCall | None:
    """A call, which nobody else adds to until the transaction ends."""
    row = await connection.fetchrow(ONE + " for update", report_id)
    return _open_call(row) if row else None


async def held_as(connection: Connection, source: str, call_id: str) -> OpenCall | None:
    """As `held`, by the id that its source gave it."""
    row = await connection.fetchrow(KNOWN + " for update", source, call_id)
    return _open_call(row) if row else None


async def set_turns(connection: Connection, report_id: UUID, turns: Sequence[NumberedTurn]) -> bool:
    """Keep turns of a call that is held, as spoken or as corrected; False where all of them were known already."""
    if any(turn.number is None for turn in turns):
        turns = await _with_numbers(connection, report_id, turns)
    newest = {turn.number: turn for turn in sorted(turns, key=lambda turn: turn.version)}
    rows = [
        {
            "number": number,
            "version": turn.version,
            "id": str(turn.id) if turn.id else None,
            "turn": turn.turn.model_dump(mode="json"),
        }
        for number, turn in newest.items()
    ]
    return bool(await connection.fetch(SET_TURNS, report_id, rows))


async def _with_numbers(connection: Connection, report_id: UUID, turns: Sequence[NumberedTurn]) -> list[NumberedTurn]:
    """Each with a number: of an id that is kept, that one; of any other, one after the last."""
    known = await connection.fetch(NUMBERS, report_id, [turn.id for turn in turns if turn.id])
    number_of = {row["id"]: row["number"] for row in known}
    last = max([await connection.fetchval(LAST, report_id), *(turn.number or 0 for turn in turns)])
    following, placed = itertools.count(last + 1), []
    for turn in turns:
        number = turn.number or number_of.get(turn.id) or next(following)
        if turn.id:
            number_of[turn.id] = number
        placed.append(replace(turn, number=number))
    return placed


async def turns(connection: Connection, report_id: UUID) -> dict[int, Turn]:
    """The turns of a call by their numbers, in order."""
    rows = await connection.fetch(TURNS, report_id)
    return {row["number"]: Turn.model_validate(row["turn"]) for row in rows}


async def set_given(connection: Connection, report_id: UUID, given: dict[str, Any]) -> None:
    """Keep what is known of a call beside its words."""
    await connection.execute(SET_GIVEN, report_id, given)


async def set_state(connection: Connection, report_id: UUID, state: CallState, now: datetime) -> None:
    await connection.execute(SET_STATE, report_id, state, now)


async def keep_assessment(connection: Connection, report_id: UUID, assessment: Assessment, revision: int) -> None:
    """Keep the reading of a revision, where none of a later one is kept."""
    await connection.execute(KEEP_ASSESSMENT, report_id, assessment.model_dump(mode="json"), revision)


async def silent(connection: Connection, since: datetime) -> list[UUID]:
    """Live calls in which nothing was heard since then."""
    return [row["report_id"] for row in await connection.fetch(SILENT, since)]


async def live(connection: Connection, source: str) -> list[OpenCall]:
    """The newest live calls of a source."""
    return [_open_call(row) for row in await connection.fetch(LIVE, source)]
