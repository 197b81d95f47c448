"""The outbox: what must be published is written in the transaction that makes it true; `relay.py` publishes it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared import telemetry
from shared.cloudevents import Message, encode
from shared.database import ANY_FAULT, Connection, Pool, arrays, end_if_told, statement
from shared.events import Event

log = structlog.get_logger()

CHANNEL: Final = "outbox"
ANEW: Final = 1.0  # seconds after a listener's connection was lost
ASKED: Final = 30.0  # seconds, between looks whether a connection that is only listened on is still there
ANSWERED: Final = 5.0  # seconds


class OutboxRow(SQLModel):
    """The columns of every service's `outbox` table."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    report_id: UUID = Field(index=True)
    event_id: UUID
    revision: int
    urgent: bool
    topic: str
    key: bytes
    headers: dict[str, str] = Field(sa_type=JSONB)
    value: bytes = Field(sa_type=LargeBinary)
    due_at: datetime = Field(
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"server_default": text("now()")},
    )
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    published: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    turn: str | None = Field(default=None, description="who takes turns with the others of a flood; None goes at once")
    partition: int | None = None
    position: int | None = Field(default=None, sa_type=BigInteger)


def due_index() -> Index:
    """The order in which a relay takes rows: the urgent ones, then the longest due."""
    return Index("outbox_due", "urgent", "published", "due_at")


INSERT_MANY: Final = """
insert into outbox (report_id, event_id, revision, urgent, topic, key, headers, value, turn)
select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::bool[], $5::text[], $6::bytea[], $7::jsonb[], $8::bytea[],
                     $9::text[])
"""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way out, and the report that it is about."""

    report_id: UUID
    event_id: UUID
    revision: int
    urgent: bool
    message: Message
    turn: str | None = None


def outgoing(
    event: Event,
    topic: str,
    source: str,
    now: datetime,
    urgent: bool = False,
    key: str | None = None,
    trace: str | None = None,
    turn: str | None = None,
) -> Outgoing:
    """An event of ours, ready for the outbox: under `trace`, the one of what it follows from, or the one at hand."""
    message = encode(event, topic, source, now, trace or telemetry.current_traceparent(), key)
    return Outgoing(event.report_id, event.event_id, event.revision, urgent, message, turn)


async def put(connection: Connection, outgoing: Sequence[Outgoing]) -> None:
    """Write messages into the outbox, inside the caller's transaction."""
    if outgoing:
        await connection.execute(INSERT_MANY, *arrays(map(columns, outgoing)))


def columns(out: Outgoing) -> tuple[Any, ...]:
    """An outgoing message as the outbox's columns, in the order of INSERT_MANY."""
    message = out.message
    headers = {name: value.decode() for name, value in message.headers}
    on_kafka = message.topic, message.key, headers, message.value
    return out.report_id, out.event_id, out.revision, out.urgent, *on_kafka, out.turn


class Bell:
    """Wakes the relays after a commit: rung often, it notifies at most every few milliseconds."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def notify(self) -> None:
        """At once, for whoever ends before `run` would. Raises DatabaseUnavailable."""
        async with statement(self._pool) as connection:
            await connection.execute(f"notify {CHANNEL}")

    async def run(self) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            try:
                await self.notify()
            except ANY_FAULT as error:
                end_if_told()
                log.warning("relay not woken", reason=type(error).__name__)
            await asyncio.sleep(0.003)


async def hear(pool: Pool, heard: Callable[[], object], channels: Sequence[str] = (CHANNEL,)) -> None:
    """Call `heard` at every ring of a bell, until cancelled; a connection that is lost is made anew."""
    while True:
        try:
            await _hear_on_one_connection(pool, heard, channels)
        except ANY_FAULT as error:
            end_if_told()
            log.warning("listener starts anew", reason=type(error).__name__)
        await asyncio.sleep(ANEW)


async def _hear_on_one_connection(pool: Pool, heard: Callable[[], object], channels: Sequence[str]) -> None:
    closed = asyncio.Event()

    def told(*_: object) -> None:
        heard()

    async with pool.acquire() as connection:
        connection.add_termination_listener(lambda _: closed.set())
        try:
            for channel in channels:
                await connection.add_listener(channel, told)
            while not closed.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(closed.wait(), ASKED)
                await connection.execute("select", timeout=ANSWERED)
        finally:
            if not closed.is_set():  # at once: a goodbye to a connection that is being lost may never end
                connection.terminate()
