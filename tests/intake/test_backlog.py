"""Whether a report is merely waiting, and that it is published again where it is not: asked of a real Kafka."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from unittest.mock import AsyncMock
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import RecordMetadata

from deploy.local.kafka import Kafka
from services.intake.backlog import SHORT, Backlog
from services.intake.repository.reports import await_receipt
from services.intake.republisher import Republisher
from shared.cloudevents import Message
from shared.database import Pool
from shared.events import Lane
from shared.kafka import CLASSIFIED, READERS, RECEIVED, TOPICS, KafkaUnavailable, Producer
from shared.relay import Relay
from tests.faults import topics
from tests.infrastructure import running
from tests.intake.telling import tell


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
    await pass_by(kafka, place.partition, place.offset)
    assert not (await Backlog.read(kafka.address)).is_waiting(TOPIC, place.partition, place.offset)


async def test_passed_by_its_reader_and_without_a_receipt_it_is_published_again(kafka: Kafka, pool: Pool):
    producer = Producer(kafka.address)
    await producer.create_topics(TOPICS)
    relay = Relay(pool, producer, partial(await_receipt, seconds=0.0), asyncio.Event())
    again = Republisher(relay, kafka.address, batch=100, after=0.0, stop=relay.stop)
    await tell(pool, "Loud music again.")
    assert len(await relay.publish_due()) == 1
    await once_there_are_groups(kafka)
    assert await again.tick() == 0
    (row,) = await pool.fetch("select partition, position from outbox")
    await pass_by(kafka, row["partition"], row["position"])
    assert await again.tick() == 1
    assert await topics.many(kafka.address, [TOPIC]) == 2
    await producer.close()


class Broker(Producer):
    """One that acknowledges whatever is sent, and tells of which lanes it was."""

    def __init__(self) -> None:
        self.lanes: list[Lane] = []

    async def send(self, messages: Sequence[Message]) -> list[RecordMetadata]:
        self.lanes += [lane for one in messages for lane, topic in RECEIVED.items() if topic == one.topic]
        return [RecordMetadata(one.topic, 0, TopicPartition(one.topic, 0), 0, None, 0, 0) for one in messages]


async def test_the_urgent_ones_are_published_again_first_and_no_more_at_once_than_is_allowed(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    broker = Broker()
    relay = Relay(pool, broker, partial(await_receipt, seconds=60.0), asyncio.Event())
    again = Republisher(relay, "none:1", batch=3, after=60.0, stop=relay.stop)
    monkeypatch.setattr(Backlog, "read", AsyncMock(return_value=Backlog()))
    for text in ("Loud music.", "Bins again.", "A dog barks.", "He said he will kill me.", "She will stab me."):
        await tell(pool, text)
    assert [len(await relay.publish_due()) for _ in range(2)] == [2, 3]
    assert await again.tick() == 0
    await pool.execute("update outbox set due_at = now()")
    broker.lanes.clear()
    assert [await again.tick() for _ in range(3)] == [3, 2, 0]
    assert broker.lanes == [Lane.urgent] * 2 + [Lane.ordinary] * 3


async def pass_by(kafka: Kafka, partition: int, position: int) -> None:
    """As the classifier does once it has published its reading."""
    reader = AIOKafkaConsumer(bootstrap_servers=kafka.address, group_id=READERS[TOPIC], enable_auto_commit=False)
    await reader.start()
    reader.assign([TopicPartition(TOPIC, partition)])
    await reader.commit({TopicPartition(TOPIC, partition): position + 1})
    await reader.stop()


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
