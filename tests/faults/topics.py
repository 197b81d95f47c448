"""Kafka past every process of ours: what stands there, sent again, forgotten, or read from the beginning once more."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import OffsetAndMetadata

from shared.cloudevents import Message
from shared.kafka import MAX_MESSAGE, Producer, partitions


@asynccontextmanager
async def _reader(
    bootstrap: str, group: str | None = None
) -> AsyncIterator[tuple[AIOKafkaAdminClient, AIOKafkaConsumer]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MAX_MESSAGE,
    )
    try:
        await admin.start()
        await consumer.start()
        yield admin, consumer
    finally:
        await consumer.stop()
        await admin.close()


async def many(bootstrap: str, topics: Sequence[str]) -> int:
    """How many messages were ever published there, since the broker was last empty."""
    async with _reader(bootstrap) as (admin, consumer):
        return sum((await consumer.end_offsets(await partitions(admin, list(topics)))).values())


async def records(bootstrap: str, topics: Sequence[str]) -> list[ConsumerRecord[bytes, bytes]]:
    """Everything that stands there now."""
    async with _reader(bootstrap) as (admin, consumer):
        places = await partitions(admin, list(topics))
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends, found = await consumer.end_offsets(places), []
        for place in places:
            while await consumer.position(place) < ends[place]:
                found += (await consumer.getmany(place, timeout_ms=500)).get(place, [])
        return found


async def publish(bootstrap: str, messages: Sequence[Message], batch: int = 500) -> None:
    producer = Producer(bootstrap)
    try:
        for start in range(0, len(messages), batch):
            await producer.send(messages[start : start + batch])
    finally:
        await producer.close()


async def forget(bootstrap: str, topic: str) -> None:
    """The broker loses everything that was published there."""
    async with _reader(bootstrap) as (admin, _):
        places = await partitions(admin, [topic])
        await admin.delete_records({place: RecordsToDelete(before_offset=-1) for place in places})


async def rewind(bootstrap: str, readers: dict[str, str]) -> None:
    """Have each group, of which nobody may be reading, begin its topic anew."""
    for topic, group in readers.items():
        async with _reader(bootstrap, group) as (admin, consumer):
            places: list[TopicPartition] = await partitions(admin, [topic])
            consumer.assign(places)
            await consumer.commit({place: OffsetAndMetadata(0, "") for place in places})


async def caught_up(bootstrap: str, readers: dict[str, str]) -> bool:
    """Whether each group has come to the end of its topic."""
    async with _reader(bootstrap) as (admin, consumer):
        for topic, group in readers.items():
            ends = await consumer.end_offsets(await partitions(admin, [topic]))
            committed = await admin.list_consumer_group_offsets(group)
            if any(committed[place].offset < end for place, end in ends.items() if end and place in committed):
                return False
            if any(end and place not in committed for place, end in ends.items()):
                return False
    return True
