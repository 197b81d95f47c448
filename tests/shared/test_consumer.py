"""Readers on a real Kafka: batches, bad messages, and the urgent lane first."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from deploy.local.kafka import Kafka
from shared.cloudevents import Message, Unreadable
from shared.consumer import Consumer, Held, NotYet, Record
from shared.dead import letters
from shared.kafka import DEAD, MAX_MESSAGE, MAX_VALUE, KafkaUnavailable, Producer
from shared.turnstile import Turnstile
from tests.infrastructure import running


@pytest.fixture
def topic() -> str:
    return f"t-{uuid4()}"


class Reading:
    """A consumer whose handler keeps what it was given, and fails as told."""

    def __init__(self, kafka: Kafka, topic: str, fails: dict[bytes, list[Exception]] | None = None, **how: Any) -> None:
        self.seen: list[bytes] = []
        self.enough = asyncio.Event()
        self.wanted = 0
        self.fails = fails or {}
        self.stop = asyncio.Event()
        self.producer = Producer(kafka.address)
        group = f"g-{topic}"
        self.consumer = Consumer(kafka.address, [topic], group, self.handle, self.producer, self.stop, **how)

    async def handle(self, records: Sequence[Record]) -> None:
        for record in records:
            if self.fails.get(record.value):
                raise self.fails[record.value].pop(0)
        self.seen += [record.value for record in records]
        if len(self.seen) >= self.wanted:
            self.enough.set()

    async def until(self, many: int) -> list[bytes]:
        self.wanted = many
        task = asyncio.create_task(self.consumer.run())
        try:
            await asyncio.wait_for(self.enough.wait(), 60)
        finally:
            self.stop.set()
            await task
            await self.producer.close()
        return self.seen


async def publish(kafka: Kafka, topic: str, *values: bytes) -> None:
    producer = Producer(kafka.address)
    await producer.create_topics([topic])
    await producer.send([Message(topic, b"key", value, (("ce_subject", value),)) for value in values])
    await producer.close()


async def test_what_was_committed_is_not_read_again(kafka: Kafka, topic: str):
    await publish(kafka, topic, b"1", b"2")
    assert await Reading(kafka, topic).until(2) == [b"1", b"2"]
    await publish(kafka, topic, b"3")
    assert await Reading(kafka, topic).until(1) == [b"3"]


async def test_what_was_in_hand_of_a_reader_that_ends_is_read_again(kafka: Kafka, topic: str):
    await publish(kafka, topic, b"1")
    ended = Reading(kafka, topic)
    in_hand = asyncio.Event()

    async def never_done(_: Sequence[Record]) -> None:
        in_hand.set()
        await asyncio.Event().wait()

    ended.consumer.handle = never_done
    reading = asyncio.create_task(ended.consumer.run())
    await asyncio.wait_for(in_hand.wait(), 60)
    reading.cancel()
    await asyncio.wait([reading])
    await ended.producer.close()
    assert await Reading(kafka, topic).until(1) == [b"1"]


async def test_a_message_that_always_fails_is_set_aside_and_the_others_go_on(kafka: Kafka, topic: str):
    await publish(kafka, topic, b"1", b"bad", b"3")
    reading = Reading(kafka, topic, {b"bad": [RuntimeError()] * 9})
    assert await reading.until(2) == [b"1", b"3"]
    (letter,) = [one for one in await letters(kafka.address) if one.came_from == topic]
    assert letter.message.value == b"bad"
    assert letter.reason == "RuntimeError"
    assert letter.headers["ce_subject"] == "bad"
    assert REGISTRY.get_sample_value("heard_messages_set_aside_total", {"topic": topic, "group": f"g-{topic}"}) == 1


async def test_what_is_too_large_to_be_set_aside_whole_is_cut_and_the_others_go_on(kafka: Kafka, topic: str):
    large = b"x" * (MAX_MESSAGE - 250)
    producer = Producer(kafka.address)
    await producer.create_topics([topic])
    await producer.send([Message(topic, b"key", value, ()) for value in (large, b"2")])
    await producer.close()
    assert await Reading(kafka, topic, {large: [RuntimeError()] * 9}).until(1) == [b"2"]
    (letter,) = [one for one in await letters(kafka.address) if one.came_from == topic]
    assert letter.message.value == large[:MAX_VALUE]


async def test_a_header_without_a_value_is_left_out_of_what_was_set_aside(kafka: Kafka, topic: str):
    producer = Producer(kafka.address)
    await producer.create_topics([topic])
    await producer.send([Message(topic, b"key", b"bad", (("theirs", None), ("ce_subject", b"bad")))])
    await producer.send([Message(topic, b"key", b"2", ())])
    await producer.close()
    assert await Reading(kafka, topic, {b"bad": [RuntimeError()] * 9}).until(1) == [b"2"]
    (letter,) = [one for one in await letters(kafka.address) if one.came_from == topic]
    assert (letter.headers["ce_subject"], "theirs" in letter.headers) == ("bad", False)


async def test_an_unreadable_message_is_set_aside_at_once(kafka: Kafka, topic: str):
    await publish(kafka, topic, b"bad", b"2")
    reading = Reading(kafka, topic, {b"bad": [Unreadable("text: missing")] * 2})
    assert await reading.until(1) == [b"2"]
    (letter,) = [one for one in await letters(kafka.address) if one.came_from == topic]
    assert letter.reason == "text: missing"


async def test_a_letter_that_always_fails_is_passed_over_where_it_lies_and_that_is_told(kafka: Kafka, topic: str):
    bad, good = (f"{topic} {how}".encode() for how in ("bad", "good"))
    await publish(kafka, DEAD, bad, good)
    (place,) = [one.place for one in await letters(kafka.address) if one.message.value == bad]
    reading = Reading(kafka, DEAD, {bad: [RuntimeError()] * 9})
    with capture_logs() as logs:
        assert good in await reading.until(len(await letters(kafka.address)) - 1)
    assert [one.place for one in await letters(kafka.address) if one.message.value == bad] == [place]
    (told,) = [line for line in logs if line["event"] == "passed over"]
    assert (told["log_level"], f"{told['partition']}/{told['offset']}") == ("error", place)


class Refuses:
    """A producer that may not write to `reports.dead` at first."""

    def __init__(self) -> None:
        self.refusals, self.sent = 2, list[Message]()

    async def send(self, messages: Sequence[Message]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise KafkaUnavailable("cannot write to reports.dead", {})
        self.sent += messages


async def test_what_cannot_be_set_aside_says_so_and_is_said_to_be_once_it_is(kafka: Kafka, topic: str):
    reading = Reading(kafka, topic).consumer
    reading.producer = Refuses()
    with capture_logs() as logs:
        await reading._set_aside(ConsumerRecord(topic, 0, 7, 0, 0, b"", b"bad", None, 0, 3, ()), Unreadable("not JSON"))
    cannot = "cannot be set aside, and all behind it waits"
    assert [line["event"] for line in logs] == [cannot, cannot, "set aside"]
    assert [message.value for message in reading.producer.sent] == [b"bad"]


async def test_a_message_that_fails_twice_is_read_the_third_time(kafka: Kafka, topic: str):
    await publish(kafka, topic, b"1")
    assert await Reading(kafka, topic, {b"1": [RuntimeError(), RuntimeError()]}).until(1) == [b"1"]


async def test_what_is_merely_away_is_waited_for(kafka: Kafka, topic: str):
    await publish(kafka, topic, b"1")
    assert await Reading(kafka, topic, {b"1": [NotYet("soon")] * 5}).until(1) == [b"1"]


async def test_every_reader_drains_the_urgent_lane_first(kafka: Kafka, topic: str):
    turnstile = Turnstile()
    urgent = Reading(kafka, f"{topic}.urgent", leads=turnstile, batch=1)
    ordinary = Reading(kafka, topic, follows=turnstile)
    ordinary.seen = urgent.seen
    await publish(kafka, topic, b"ordinary")
    await publish(kafka, f"{topic}.urgent", b"1", b"2", b"3")
    turnstile.leave()
    waiting = asyncio.create_task(ordinary.until(4))
    async with asyncio.timeout(60):
        while not (held := getattr(ordinary.consumer, "_held", None)) or not held.partitions:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    assert not ordinary.seen
    await urgent.until(3)
    assert await waiting == [b"1", b"2", b"3", b"ordinary"]


async def test_a_lane_that_the_broker_does_not_speak_of_is_not_an_empty_one(folder: Path, topic: str):
    turnstile = Turnstile()
    with running(Kafka(folder)) as own:
        urgent = Reading(own, topic, leads=turnstile)
        reading = asyncio.create_task(urgent.until(2))
        await publish(own, topic, b"1")
        async with asyncio.timeout(60):
            while not urgent.seen:  # noqa: ASYNC110 - the consumer tells nobody
                await asyncio.sleep(0.1)
        await asyncio.wait_for(turnstile.passed(), 60)
        own.kill()
        await asyncio.sleep(3)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(turnstile.passed(), 1)
        await asyncio.to_thread(own.start)
        await asyncio.wait_for(turnstile.passed(), 60)
        await publish(own, topic, b"2")
        assert await reading == [b"1", b"2"]


async def made(kafka: Kafka, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()


async def test_what_a_broker_that_came_back_empty_has_is_not_passed_over(folder: Path, topic: str):
    """A batch is in hand when its broker is killed, and committed to for as long as that takes; the group is put
    together anew before somebody makes the topic anew."""
    with running(Kafka(folder, properties="auto.create.topics.enable=false")) as own:
        await made(own, topic)
        await publish(own, topic, b"1", b"2")
        reading = Reading(own, topic)
        handle = reading.consumer.handle

        async def cut_off(records: Sequence[Record]) -> None:
            if not reading.seen:
                own.kill()
            await handle(records)

        reading.consumer.handle = cut_off
        both = asyncio.create_task(reading.until(4))
        async with asyncio.timeout(60):
            while not reading.seen:  # noqa: ASYNC110 - the consumer tells nobody
                await asyncio.sleep(0.1)
        own.empty()
        await asyncio.to_thread(own.start)
        async with asyncio.timeout(60):
            while reading.consumer._held.partitions != frozenset():  # noqa: ASYNC110 - nor what it holds
                await asyncio.sleep(0.1)
        await made(own, topic)
        await publish(own, topic, b"3", b"4")
        assert (await both)[-2:] == [b"3", b"4"]


async def test_a_commit_is_tried_until_the_group_is_put_together_anew(kafka: Kafka, topic: str):

    class Away:
        given_up = False

        async def commit(self, _: object) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                self.given_up = True

    reader, broker, place = Reading(kafka, topic).consumer, Away(), TopicPartition(topic, 0)
    reader._consumer, reader._held = broker, Held(None, frozenset({place}))  # type: ignore[assignment]
    committing = asyncio.create_task(reader._committed({place: 4}, reader._held.lost))
    await asyncio.sleep(0.1)
    assert not committing.done()
    reader._held.on_partitions_revoked({place})
    await asyncio.wait_for(committing, 30)
    await asyncio.sleep(0)
    assert broker.given_up


async def test_the_ordinary_lane_waits_while_the_urgent_one_has_work():
    turnstile = Turnstile()
    turnstile.close()
    passing = asyncio.create_task(turnstile.passed())
    await asyncio.sleep(0.05)
    assert not passing.done()
    turnstile.open()
    await asyncio.wait_for(passing, 30)


PATIENCE = 1.0  # seconds: more than this machine may stand still between two steps


async def test_an_urgent_lane_that_nobody_reads_is_waited_for_but_not_for_ever():
    turnstile = Turnstile(patience=PATIENCE)
    turnstile.leave()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(turnstile.passed(), 0.1)
    await asyncio.wait_for(turnstile.passed(), 30)
    turnstile.leave()
    turnstile.close()  # it is read again, and there is something
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(turnstile.passed(), 2 * PATIENCE)
    turnstile.open()
    await asyncio.wait_for(turnstile.passed(), 30)


async def test_an_urgent_lane_that_is_being_joined_again_is_waited_for_again():
    turnstile = Turnstile(patience=PATIENCE)
    turnstile.leave()
    await asyncio.wait_for(turnstile.passed(), 30)
    turnstile.leave()
    await asyncio.wait_for(turnstile.passed(), 0.1)
    turnstile.leave(anew=True)  # the broker was gone for longer than anybody waits, and is back
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(turnstile.passed(), 0.2)
    await asyncio.wait_for(turnstile.passed(), 30)
