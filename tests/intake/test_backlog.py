"""Whether a report is merely waiting: asked of a real Kafka."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.kafka import Kafka
from services.intake.backlog import SHORT, Backlog
from shared.cloudevents import Message
from shared.events import Lane
from shared.kafka import CLASSIFIED, READERS, RECEIVED, TOPICS, KafkaUnavailable, Producer
from tests.infrastructure import running


@pytest.fixture
def kafka(folder: Path) -> Iterator[Kafka]:
    """One that nobody else reads: the groups here are those of the services."""
    with running(Kafka(folder)) as node:
        yield node


TOPIC = RECEIVED[Lane.ordinary]
NEXT = CLASSIFIED[Lane.ordinary]


async def test_a_report_waits_until_its_reader_has_passed_it(kafka: Kafka):
    producer = Producer(kafka.address)
    await producer.create_topics(TOPICS)
    (place,) = await producer.send([Message(TOPIC, uuid4().bytes, b"{}", ())])
    await producer.close()
    assert (await once_there_are_groups(kafka)).is_waiting(TOPIC, place.partition, place.offset)
    reader = AIOKafkaConsumer(bootstrap_servers=kafka.address, group_id=READERS[TOPIC], enable_auto_commit=False)
    await reader.start()
    reader.assign([TopicPartition(TOPIC, place.partition)])
    await reader.commit({TopicPartition(TOPIC, place.partition): place.offset + 1})
    await reader.stop()
    assert not (await Backlog.read(kafka.address)).is_waiting(TOPIC, place.partition, place.offset)


async def once_there_are_groups(kafka: Kafka) -> Backlog:
    """A Kafka that has just started makes its topic of offsets when it is first asked for a group."""
    for _ in range(50):
        try:
            return await Backlog.read(kafka.address)
        except KafkaUnavailable:
            await asyncio.sleep(0.2)
    return await Backlog.read(kafka.address)


async def test_without_a_broker_nobody_can_say():
    with pytest.raises(KafkaUnavailable):
        await Backlog.read("127.0.0.1:1")


HERE = TopicPartition(TOPIC, 0)
THERE = TopicPartition(NEXT, 0)


@pytest.mark.parametrize(
    ("backlog", "waiting"),
    [
        (Backlog({HERE: 10}, {HERE: 5}), True),
        (Backlog({HERE: 10}, {HERE: 8}), False),
        (Backlog({HERE: 10}, {HERE: -1}), True),
        (Backlog({HERE: 3}, {}), False),  # the broker came back empty
        (Backlog({}, {}), False),
        (Backlog({HERE: 10, THERE: SHORT + 1}, {HERE: 9, THERE: 0}), True),
        (Backlog({HERE: 10, THERE: SHORT}, {HERE: 9, THERE: 0}), False),
    ],
)
def test_at_offset_seven(backlog: Backlog, waiting: bool):
    assert backlog.is_waiting(TOPIC, 0, 7) is waiting
