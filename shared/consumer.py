"""Reading a topic so that nothing is passed over: at least once, urgent first, and what cannot be read is set aside.

Offsets are committed by hand, after the work. A handler that fails because something is away (`RETRY`) is tried again
for as long as it takes; one that fails for any other reason is tried three times on that message alone, which is then
set aside in `reports.dead` with its bytes, its reason and its place, so that it never blocks its partition. What lies
there already is passed over where it lies: it would come back for ever, each time as if from there.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from prometheus_client import Counter

from shared import telemetry
from shared.cloudevents import Message, Unreadable
from shared.database import DatabaseUnavailable
from shared.kafka import DEAD, MAX_MESSAGE, MAX_VALUE, KafkaUnavailable, Producer, client_options
from shared.turnstile import Turnstile

log = structlog.get_logger()

Record: TypeAlias = "ConsumerRecord[bytes, bytes]"
Handle = Callable[[Sequence[Record]], Awaitable[None]]


class NotYet(Exception):
    """The handler lacks something that will come; the message is tried again until it has."""


RETRY: Final = (DatabaseUnavailable, KafkaUnavailable, NotYet)
TRIES: Final = 3
BACK_OFF: Final = 0.5  # seconds, between tries
IN_A_LANE: Final = 50  # milliseconds that a fetch waits: what comes meanwhile on another partition waits with it
BESIDES: Final = 250  # milliseconds, where a report's way does not wait for it: an idle reader costs a tenth
UNANSWERED: Final = 12_000  # milliseconds: a connection cut without a word is given up; longer than joining takes
WAITING: Final = 86_400_000  # milliseconds: whoever waits for a service with a batch in hand still holds its partitions
LATELY: Final = 1_000  # milliseconds since the broker last said how far a partition goes

SET_ASIDE: Final = Counter(
    "heard_messages_set_aside", "Messages that could not be read or dealt with, by topic and reader", ["topic", "group"]
)


@dataclass
class Held(ConsumerRebalanceListener):  # type: ignore[misc]
    """The partitions that this member holds; None while it holds none because the group is being put together.

    Until it is, asking for messages does not return: so it is said here that nobody reads the lane.
    """

    leads: Turnstile | None
    partitions: frozenset[TopicPartition] | None = None
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once what is held now is held no more; what is held next has another."""

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self.partitions = None
        self.lost.set()
        self._leave_anew()

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.partitions = frozenset(assigned)
        self.lost = asyncio.Event()
        self._leave_anew()

    def _leave_anew(self) -> None:
        if self.leads:
            self.leads.leave(anew=True)


@dataclass
class Consumer:
    """One member of one group, reading `topics` in batches of at most `batch` messages until `stop` is set."""

    brokers: str
    topics: Sequence[str]
    group: str
    handle: Handle
    producer: Producer
    stop: asyncio.Event
    batch: int = 64
    leads: Turnstile | None = None
    follows: Turnstile | None = None
    _consumer: AIOKafkaConsumer = field(init=False)
    _held: Held = field(init=False)

    async def run(self) -> None:
        """Read until told to stop; a broker that goes away is joined again as soon as it is back."""
        try:
            while not self.stop.is_set():
                await self._joined_once()
        finally:
            if self.leads:
                self.leads.open()

    async def _joined_once(self) -> None:
        self._consumer, self._held = self._built(), Held(self.leads)
        self._consumer.subscribe(self.topics, listener=self._held)
        if self.leads:
            self.leads.leave()
        try:
            await self._consumer.start()
            await self._drain()
        except (KafkaError, OSError) as error:
            log.warning("consumer starts anew", group=self.group, reason=type(error).__name__)
            await asyncio.sleep(BACK_OFF)
        finally:
            await self._consumer.stop()

    def _built(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **client_options(self.brokers),
            group_id=self.group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=6_000,
            heartbeat_interval_ms=1_000,
            request_timeout_ms=UNANSWERED,
            fetch_max_wait_ms=IN_A_LANE if self.leads or self.follows else BESIDES,
            max_partition_fetch_bytes=MAX_MESSAGE,
            max_poll_records=self.batch,
            max_poll_interval_ms=WAITING,
            metadata_max_age_ms=3_000,
        )

    async def _drain(self) -> None:
        while not self.stop.is_set():
            records = await self._fetched()
            if not records:
                continue
            lost = self._held.lost
            if self.follows:
                await self.follows.passed()
            await self._handled(records)
            await self._committed({TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}, lost)

    async def _committed(self, ends: dict[TopicPartition, int], lost: asyncio.Event) -> None:
        """Not once the group is put together anew: it would pass over what a broker that came back empty has there by
        now. What was not committed is read again."""
        if lost.is_set():
            return
        tasks = asyncio.ensure_future(self._consumer.commit(ends)), asyncio.ensure_future(lost.wait())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done():
                tasks[0].result()
        finally:
            for task in tasks:
                task.cancel()

    async def _fetched(self) -> list[Record]:
        records = await self._polled(0)
        if not records and self.leads:
            if self._is_read():
                self.leads.open()
            else:
                self.leads.leave()
        if not records:
            records = await self._polled(500)
        if records and self.leads:
            self.leads.close()
        return records

    def _is_read(self) -> bool:
        """Whether the broker was heard from lately of every partition held: then nothing here is nothing there.

        A member holds nothing also where the group was put together before the broker had made the topic again.
        """
        held, since = self._consumer.assignment(), time.time() * 1000 - LATELY
        return (
            held == self._held.partitions
            and all(self._consumer.partitions_for_topic(topic) for topic in self.topics)
            and all((self._consumer.last_poll_timestamp(place) or 0) > since for place in held)
        )

    async def _polled(self, wait_ms: int) -> list[Record]:
        try:
            batches = await self._consumer.getmany(timeout_ms=wait_ms)
        except (NoOffsetForPartitionError, OffsetOutOfRangeError) as error:
            found = error.args[0]
            places = [found] if isinstance(found, TopicPartition) else list(found)
            log.warning("offsets not there: reading from the beginning", group=self.group, partitions=len(places))
            await self._consumer.seek_to_beginning(*places)
            return []
        return [record for records in batches.values() for record in records]

    async def _handled(self, records: Sequence[Record]) -> None:
        """The whole batch; where that fails, one message at a time, so that one bad message costs only itself."""
        try:
            await self._tried(records)
        except Exception as error:  # noqa: BLE001 - the batch is taken apart below, and the bad message set aside
            if len(records) == 1:
                await self._one(records[0], error)
                return
            for record in records:
                await self._handled([record])

    async def _tried(self, records: Sequence[Record]) -> None:
        while True:
            try:
                await self.handle(records)
                return
            except RETRY as error:
                log.warning("waiting", group=self.group, reason=str(error))
                await asyncio.sleep(BACK_OFF)

    async def _one(self, record: Record, failure: Exception) -> None:
        for _ in range(TRIES - 1):
            if isinstance(failure, Unreadable):
                break
            await asyncio.sleep(BACK_OFF)
            try:
                await self._tried([record])
                return
            except Exception as error:  # noqa: BLE001 - kept as the reason, and the message set aside
                failure = error
        await self._set_aside(record, failure)

    async def _set_aside(self, record: Record, failure: Exception) -> None:
        reason = failure.reason if isinstance(failure, Unreadable) else type(failure).__name__
        about = {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "reason": reason,
            "at": telemetry.place(failure),
            "correlation_id": telemetry.correlation_id(headers_of(record).get("ce_traceparent", "")),
        }
        if record.topic != DEAD:
            await self._written(dead_letter(record, self.group, reason, datetime.now(UTC)), about)
        SET_ASIDE.labels(record.topic, self.group).inc()
        log.error("passed over" if record.topic == DEAD else "set aside", **about)

    async def _written(self, letter: Message, about: Mapping[str, object]) -> None:
        while True:
            try:
                await self.producer.send([letter])
                return
            except KafkaUnavailable as error:
                log.error("cannot be set aside, and all behind it waits", **about, because=str(error))
                await asyncio.sleep(BACK_OFF)


def dead_letter(record: Record, group: str, reason: str, now: datetime) -> Message:
    """The message as it was, with where it stood, who could not read it, and why; cut where too large to send on."""
    place = {
        "dead_topic": record.topic,
        "dead_partition": str(record.partition),
        "dead_offset": str(record.offset),
        "dead_group": group,
        "dead_reason": reason,
        "dead_at": now.isoformat(),
    }
    kept = [(name, value) for name, value in record.headers if not name.startswith("dead_")]
    added = [(name, value.encode()) for name, value in place.items()]
    return Message(DEAD, record.key or b"", (record.value or b"")[:MAX_VALUE], (*kept, *added))


def headers_of(record: Record) -> dict[str, str]:
    """A message's headers as text, whatever bytes they are; one without a value is left out, as Kafka allows it."""
    return {name: value.decode(errors="replace") for name, value in record.headers if value is not None}
