"""What was set aside in `reports.dead`: seen, and sent back where it came from once the fault is mended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from shared.cloudevents import Message
from shared.consumer import Record, headers_of
from shared.kafka import DEAD, MAX_MESSAGE, Producer, client_options, partitions

A_FEW: Final = 100


@dataclass(frozen=True, slots=True)
class Letter:
    """One message that was set aside. `place` is `partition/offset` in `reports.dead`."""

    place: str
    headers: dict[str, str]
    message: Message

    @property
    def came_from(self) -> str:
        return self.headers.get("dead_topic", "")

    @property
    def reason(self) -> str:
        return self.headers.get("dead_reason", "")


async def letters(brokers: str) -> list[Letter]:
    """Everything in `reports.dead`, the oldest first in each partition."""
    async with _reader(brokers) as (admin, consumer):
        places = await partitions(admin, [DEAD])
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found: list[Letter] = []
        for place in places:
            while await consumer.position(place) < ends[place]:
                batches = await consumer.getmany(place, timeout_ms=500)
                found += [_letter(record) for record in batches.get(place, ())]
        return found


@asynccontextmanager
async def _reader(brokers: str) -> AsyncIterator[tuple[AIOKafkaAdminClient, AIOKafkaConsumer]]:
    admin = AIOKafkaAdminClient(**client_options(brokers))
    consumer = AIOKafkaConsumer(
        **client_options(brokers), auto_offset_reset="earliest", max_partition_fetch_bytes=MAX_MESSAGE
    )
    try:
        await admin.start()
        await consumer.start()
        yield admin, consumer
    finally:
        await consumer.stop()
        await admin.close()


def _letter(record: Record) -> Letter:
    message = Message(record.topic, record.key or b"", record.value or b"", tuple(record.headers))
    return Letter(f"{record.partition}/{record.offset}", headers_of(record), message)


async def replay(chosen: list[Letter], brokers: str) -> AsyncIterator[int]:
    """Send letters back to the topics they came from, as they were; says how many went, a few at a time.

    Raises KafkaUnavailable where some of the next do not.
    """
    producer = Producer(brokers)
    try:
        for start in range(0, len(chosen), A_FEW):
            few = chosen[start : start + A_FEW]
            await producer.send([_as_it_was(letter) for letter in few])
            yield start + len(few)
    finally:
        await producer.close()


def _as_it_was(letter: Letter) -> Message:
    headers = tuple((name, value) for name, value in letter.message.headers if not name.startswith("dead_"))
    return Message(letter.came_from, letter.message.key, letter.message.value, headers)
