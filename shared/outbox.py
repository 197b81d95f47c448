"""The outbox: what must be published is written in the transaction that makes it true, and relayed from there.

A relay claims due rows by moving their time on (no lock or transaction is held while Kafka is called), publishes them,
and then settles them as its service sees fit: escalation deletes, intake waits for the receipt and publishes again
without it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from aiokafka.structs import RecordMetadata
from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared import telemetry
from shared.cloudevents import Message, encode
from shared.database import UNAVAILABLE, Connection, DatabaseUnavailable, Pool, statement, transaction
from shared.events import Event
from shared.kafka import MAX_MESSAGE, KafkaUnavailable, Producer

log = structlog.get_logger()

CHANNEL: Final = "outbox"
CLAIM: Final = 500  # rows at a time
BATCH: Final = 2 * MAX_MESSAGE  # bytes at a time, and the rest of one row
LEASE: Final = "15 seconds"  # longer than one publication may take
POLL: Final = 1.0  # seconds, where no notification came


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


CLAIM_DUE: Final = f"""
with due as (
    select id, due_at, octet_length(value) as bytes from outbox
    where urgent = $1 and published = $2 and (published or not urgent or turn is null) and due_at <= now()
      and (published or turn is null or turn <> all(array(
          select turn from outbox where urgent and not published and turn is not null and due_at <= now())))
    order by due_at, id limit $3
    for update skip locked
), fitting as (
    select id from (select id, sum(bytes) over (order by due_at, id) - bytes as before from due) as due
    where before < {BATCH}
)
update outbox set due_at = now() + interval '{LEASE}' from fitting where outbox.id = fitting.id
returning outbox.*
"""  # noqa: S608 - constants only

ROOM: Final = 32
"""Urgent messages of floods that may be on their way at once, so that nobody else's waits behind more."""

CLAIM_TURNS: Final = f"""
with waiting as (
    select id, due_at, octet_length(value) as bytes, row_number() over (partition by turn order by due_at, id) as place
    from outbox
    where urgent and not published and turn is not null and due_at <= now()
), due as (
    select id from outbox where id = any(array(
        select id from (
            select id, sum(bytes) over (order by place, due_at, id) - bytes as before from waiting
            where due_at < now() - make_interval(secs => $2) or $1 > (
                select count(*)
                from (select from outbox where urgent and published and turn is not null limit $1) as away
            )
            order by place, due_at, id limit $1
        ) as next where before < {BATCH}
    ))
    for update skip locked
)
update outbox set due_at = now() + interval '{LEASE}' from due where outbox.id = due.id
returning outbox.*
"""  # noqa: S608 - constants only
"""Each source of a flood in its turn, while there is room, and whoever has waited for so many seconds."""

PATIENCE: Final = 60.0  # seconds that a message of a flood waits for room
LITTLE_PATIENCE: Final = 2.0  # seconds, at one look in each second: so ROOM of them go on though nobody reads any

PUT_OFF: Final = 30.0  # seconds, where a message is refused

RELEASE: Final = "update outbox set due_at = now() + make_interval(secs => $2) where id = any($1::bigint[])"

INSERT_MANY: Final = """
insert into outbox (report_id, event_id, revision, urgent, topic, key, headers, value)
select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::bool[], $5::text[], $6::bytea[], $7::jsonb[], $8::bytea[])
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
) -> Outgoing:
    """An event of ours, ready for the outbox: under `trace`, the one of what it follows from, or the one at hand."""
    message = encode(event, topic, source, now, trace or telemetry.current_traceparent(), key)
    return Outgoing(event.report_id, event.event_id, event.revision, urgent, message)


async def put(connection: Connection, outgoing: Sequence[Outgoing]) -> None:
    """Write messages into the outbox, inside the caller's transaction."""
    if outgoing:
        await connection.execute(INSERT_MANY, *map(list, zip(*map(columns, outgoing), strict=True)))


def columns(out: Outgoing) -> tuple[Any, ...]:
    """An outgoing message as the outbox's columns, in the order of INSERT_MANY."""
    message = out.message
    headers = {name: value.decode() for name, value in message.headers}
    return out.report_id, out.event_id, out.revision, out.urgent, message.topic, message.key, headers, message.value


@dataclass(frozen=True, slots=True)
class Sent:
    """A row that Kafka has acknowledged, and where it stands there."""

    id: int
    place: RecordMetadata


Settle = Callable[[Connection, Sequence[Sent]], Awaitable[None]]


async def delete_sent(connection: Connection, sent: Sequence[Sent]) -> None:
    await connection.execute("delete from outbox where id = any($1::bigint[])", [row.id for row in sent])


@dataclass
class Relay:
    """Publishes what is due, urgent first, until `stop` is set. Several relays may run side by side."""

    pool: Pool
    producer: Producer
    settle: Settle
    stop: asyncio.Event
    _patient_until: float = 0.0

    async def run(self) -> None:
        """Woken by a notification, and at least once a second."""
        woken = asyncio.Event()
        listener = asyncio.create_task(self._listen(woken))
        try:
            while not self.stop.is_set():
                try:
                    await self._publish_all()
                except (DatabaseUnavailable, KafkaUnavailable) as error:
                    log.warning("relay waits", reason=str(error))
                    await asyncio.sleep(POLL)
                await _either(woken, self.stop, POLL)
                woken.clear()
        finally:
            listener.cancel()

    async def _publish_all(self) -> None:
        """Until the ordinary rows are through, which are claimed last: whatever came since has rung."""
        while rows := await self.publish_due():
            if not rows[0]["urgent"] and len(rows) < CLAIM and sum(len(row["value"]) for row in rows) < BATCH:
                return

    async def publish_due(self) -> list[Any]:
        """One batch of rows never published, which it returns. Raises KafkaUnavailable, having put the rest back."""
        rows = await self.claim(urgent=True, published=False, limit=CLAIM) or await self._claim_turns()
        rows = rows or await self.claim(urgent=False, published=False, limit=CLAIM)
        if rows:
            await self.publish(rows)
        return rows

    async def _claim_turns(self) -> list[Any]:
        patience, now = PATIENCE, time.monotonic()
        if now >= self._patient_until:
            patience, self._patient_until = LITTLE_PATIENCE, now + 1
        async with statement(self.pool) as connection:
            return await connection.fetch(CLAIM_TURNS, ROOM, patience)

    async def claim(self, urgent: bool, published: bool, limit: int) -> list[Any]:
        async with statement(self.pool) as connection:
            rows = await connection.fetch(CLAIM_DUE, urgent, published, limit)
        return sorted(rows, key=lambda row: row["id"])

    async def publish(self, rows: Sequence[Any]) -> None:
        """Send claimed rows and settle what was acknowledged; the others are due again at once.

        Those that are refused, by their topic or for their size, are put off, and hold up nobody else.
        """
        try:
            places = dict(enumerate(await self.producer.send([_message(row) for row in rows])))
        except KafkaUnavailable as error:
            await self._settled(rows, error.acknowledged, error.refused)
            if not error.refused:
                raise
            log.error("put off: make its topic, let us write to it, or let it be larger", **_about(rows, error))
            return
        await self._settled(rows, places)

    async def _settled(
        self, rows: Sequence[Any], places: dict[int, RecordMetadata], refused: frozenset[int] = frozenset()
    ) -> None:
        sent = [Sent(rows[n]["id"], place) for n, place in places.items()]
        left = [row["id"] for n, row in enumerate(rows) if n not in places and n not in refused]
        async with transaction(self.pool) as connection:
            if sent:
                await self.settle(connection, sent)
            if left:
                await connection.execute(RELEASE, left, 0.0)
            if refused:
                await connection.execute(RELEASE, [rows[n]["id"] for n in refused], PUT_OFF)

    async def _listen(self, woken: asyncio.Event) -> None:
        while not self.stop.is_set():
            try:
                await self._listen_on_one_connection(woken)
            except UNAVAILABLE as error:
                log.warning("listener starts anew", reason=type(error).__name__)
                await asyncio.sleep(POLL)

    async def _listen_on_one_connection(self, woken: asyncio.Event) -> None:
        closed = asyncio.Event()

        def wake(*_: object) -> None:
            woken.set()

        async with self.pool.acquire() as connection:
            connection.add_termination_listener(lambda _: closed.set())
            await connection.add_listener(CHANNEL, wake)
            try:
                await closed.wait()
            finally:
                await connection.remove_listener(CHANNEL, wake)


def _about(rows: Sequence[Any], error: KafkaUnavailable) -> dict[str, Any]:
    reports = [str(rows[n]["report_id"]) for n in sorted(error.refused)]
    return {"reason": str(error), "waiting": len(reports), "reports": reports[:20]}


def _message(row: Any) -> Message:
    headers = tuple((name, value.encode()) for name, value in row["headers"].items())
    return Message(row["topic"], row["key"], row["value"], headers)


async def _either(one: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    waiting = [asyncio.create_task(one.wait()), asyncio.create_task(other.wait())]
    _, pending = await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()


class Bell:
    """Wakes the relays after a commit: rung often, it notifies at most every few milliseconds."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def run(self) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            try:
                await self._pool.execute(f"notify {CHANNEL}")
            except UNAVAILABLE as error:
                log.warning("relay not woken", reason=type(error).__name__)
            await asyncio.sleep(0.003)
