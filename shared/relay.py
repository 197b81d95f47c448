"""The relay: publishes what the outbox holds, the urgent first.

It claims due rows by moving their time on (no lock or transaction is held while Kafka is called), publishes them, and
then settles them as its service sees fit: escalation deletes, intake waits for the receipt and publishes again
without it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiokafka.structs import RecordMetadata

from shared.cloudevents import Message
from shared.database import Connection, DatabaseUnavailable, Pool, statement, transaction
from shared.kafka import MAX_MESSAGE, KafkaUnavailable, Producer
from shared.outbox import hear

log = structlog.get_logger()

CLAIM: Final = 500  # rows at a time
BATCH: Final = 2 * MAX_MESSAGE  # bytes at a time, and the rest of one row
LEASE: Final = "15 seconds"  # longer than one publication may take
POLL: Final = 1.0  # seconds, where no notification came

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
    select id from outbox where not published and due_at <= now() and id = any(array(
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

POSTPONE: Final = "update outbox set due_at = now() + make_interval(secs => $2) where id = any($1::bigint[])"


@dataclass(frozen=True, slots=True)
class Sent:
    """A row that Kafka has acknowledged, and where it stands there."""

    id: int
    place: RecordMetadata


Settle = Callable[[Connection, Sequence[Sent]], Awaitable[None]]


async def delete_sent(connection: Connection, sent: Sequence[Sent]) -> None:
    await connection.execute("delete from outbox where id = any($1::bigint[])", [row.id for row in sent])


async def postpone(connection: Connection, ids: Sequence[int], seconds: float) -> None:
    await connection.execute(POSTPONE, ids, seconds)


@dataclass
class Relay:
    """Publishes what is due, urgent first, until `stop` is set. Several relays may run side by side."""

    pool: Pool
    producer: Producer
    settle: Settle
    stop: asyncio.Event
    monotonic: Callable[[], float] = time.monotonic
    _patient_until: float = 0.0

    async def run(self) -> None:
        """Woken by a notification, and at least once a second."""
        woken = asyncio.Event()
        listener = asyncio.create_task(hear(self.pool, woken.set))
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
        while not self.stop.is_set() and (rows := await self.publish_due()):
            if not rows[0]["urgent"] and len(rows) < CLAIM and sum(len(row["value"]) for row in rows) < BATCH:
                return

    async def publish_due(self) -> list[Any]:
        """One batch of rows never published, which it returns. Raises KafkaUnavailable, having put the rest back.

        Whoever takes turns has one at each: what takes none may never end.
        """
        rows = await self._sent(await self.claim(urgent=True, published=False, limit=CLAIM))
        rows += await self._sent(await self._claim_turns())
        return rows or await self._sent(await self.claim(urgent=False, published=False, limit=CLAIM))

    async def _sent(self, rows: list[Any]) -> list[Any]:
        if rows:
            await self.publish(rows)
        return rows

    async def _claim_turns(self) -> list[Any]:
        patience, now = PATIENCE, self.monotonic()
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
                await postpone(connection, left, 0.0)
            if refused:
                await postpone(connection, [rows[n]["id"] for n in refused], PUT_OFF)


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
