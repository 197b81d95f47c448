"""The outbox on a real PostgreSQL, relayed to a real Kafka."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NotEnoughReplicasError
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.structs import RecordMetadata, TopicPartition

from deploy.local.kafka import Kafka
from shared.cloudevents import Message
from shared.database import Connection, Pool, transaction
from shared.kafka import MAX_MESSAGE, TOPIC_TIMEOUT, KafkaUnavailable, Producer
from shared.outbox import CHANNEL, Bell, Outgoing, hear, put
from shared.relay import BATCH, CLAIM, ROOM, Relay, Sent, delete_sent
from tests.infrastructure import running

NOWHERE = "127.0.0.1:1"


@pytest.fixture
async def topic(kafka: Kafka) -> str:
    """One that is there: a busy broker may take longer to make one than a relay waits for it."""
    name, producer = f"t-{uuid4()}", Producer(kafka.address)
    await producer.create_topics([name])
    await producer.close()
    return name


def outgoing(topic: str, value: bytes, urgent: bool = False) -> Outgoing:
    return Outgoing(uuid4(), uuid4(), 1, urgent, Message(topic, b"key", value, (("ce_id", b"1"),)))


async def wrote(pool: Pool, *messages: Outgoing) -> None:
    async with transaction(pool) as connection:
        await put(connection, messages)


def relay(pool: Pool, bootstrap: str) -> Relay:
    """Its time stands still, however slow the machine is."""
    return Relay(pool, Producer(bootstrap), delete_sent, asyncio.Event(), monotonic=lambda: 0.0)


async def waiting(pool: Pool) -> int:
    return int(await pool.fetchval("select count(*) from outbox where due_at <= now()"))


async def values(kafka: Kafka, topic: str, many: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka.address, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return [(await asyncio.wait_for(consumer.getone(), 30)).value for _ in range(many)]
    finally:
        await consumer.stop()


async def test_what_was_written_is_published_and_gone(pool: Pool, kafka: Kafka, topic: str):
    await wrote(pool, *(outgoing(topic, b"%d" % n) for n in range(5)))
    sender = relay(pool, kafka.address)
    assert len(await sender.publish_due()) == 5
    assert await values(kafka, topic, 5) == [b"0", b"1", b"2", b"3", b"4"]
    assert await pool.fetchval("select count(*) from outbox") == 0
    await sender.producer.close()


async def test_the_urgent_go_first(pool: Pool, kafka: Kafka, topic: str):
    await wrote(pool, outgoing(topic, b"ordinary"), outgoing(topic, b"urgent", urgent=True))
    sender = relay(pool, kafka.address)
    while await sender.publish_due():
        pass
    assert await values(kafka, topic, 2) == [b"urgent", b"ordinary"]
    await sender.producer.close()


async def await_answer(connection: Connection, sent: Sequence[Sent]) -> None:
    away = "update outbox set published = true, due_at = now() + interval '1 hour' where id = any($1::bigint[])"
    await connection.execute(away, [row.id for row in sent])


async def test_the_sources_of_a_flood_take_turns_and_keep_nobody_else_waiting(pool: Pool, kafka: Kafka, topic: str):
    await wrote(pool, outgoing(topic, b"ordinary, of a flood"))
    for turn, many in (("ordinary", 0), ("many", 100), ("few", 3)):
        await wrote(pool, *(outgoing(topic, turn.encode(), urgent=True) for _ in range(many)))
        await pool.execute("update outbox set turn = $1 where turn is null", turn)
    sender = replace(relay(pool, kafka.address), settle=await_answer)
    assert len(await sender.publish_due()) == ROOM
    assert Counter(await values(kafka, topic, ROOM)) == {b"many": ROOM - 3, b"few": 3}
    assert [len(await sender.publish_due()) for _ in range(2)] == [1, 0]
    await wrote(pool, outgoing(topic, b"another's", urgent=True), outgoing(topic, b"ordinary"))
    assert [len(await sender.publish_due()) for _ in range(3)] == [1, 1, 0]
    await pool.execute(
        "delete from outbox where id in (select id from outbox where published and turn is not null limit 5)"
    )
    assert len(await sender.publish_due()) == ROOM
    await pool.execute("update outbox set due_at = now() - interval '2 minutes' where not published")
    assert len(await sender.publish_due()) == ROOM
    await sender.producer.close()


async def test_whoever_takes_turns_has_one_though_what_takes_none_does_not_end(pool: Pool, kafka: Kafka, topic: str):
    await wrote(pool, outgoing(topic, b"a threat", urgent=True))
    await pool.execute("update outbox set turn = 'theirs'")
    await wrote(pool, outgoing(topic, b"another's", urgent=True))
    sender = replace(relay(pool, kafka.address), settle=await_answer)
    assert len(await sender.publish_due()) == 2
    assert await values(kafka, topic, 2) == [b"another's", b"a threat"]
    await sender.producer.close()


async def test_though_nobody_reads_a_flood_goes_on_a_few_at_a_time(pool: Pool, kafka: Kafka, topic: str):
    """With no room the longest waiting go, as many as there is room for, and no more in the same second."""
    await wrote(pool, *(outgoing(topic, b"a threat", urgent=True) for _ in range(4 * ROOM)))
    await pool.execute("update outbox set turn = 'theirs'")
    seconds = [0.0]
    sender = replace(relay(pool, kafka.address), settle=await_answer, monotonic=lambda: seconds[0])
    assert [len(await sender.publish_due()) for _ in range(2)] == [ROOM, 0]
    await pool.execute("update outbox set due_at = now() - interval '3 seconds' where not published")
    assert len(await sender.publish_due()) == 0
    seconds[0] = 1.0
    assert [len(await sender.publish_due()) for _ in range(2)] == [ROOM, 0]
    await sender.producer.close()


@pytest.mark.parametrize(("urgent", "turn"), [(False, None), (True, None), (True, "theirs")])
async def test_a_batch_is_no_larger_than_fits_however_many_are_due(
    pool: Pool, kafka: Kafka, topic: str, urgent: bool, turn: str | None
):
    nearly_half = bytes(BATCH // 2 - 1_000)
    await wrote(pool, *(outgoing(topic, nearly_half, urgent) for _ in range(4)))
    await pool.execute("update outbox set turn = $1", turn)
    sender = replace(relay(pool, kafka.address), settle=await_answer)
    assert [len(await sender.publish_due()) for _ in range(3)] == [3, 1, 0]
    await sender.producer.close()


async def test_what_is_ordinary_of_a_flood_waits_for_the_threats_of_its_source(pool: Pool, kafka: Kafka, topic: str):
    await wrote(pool, *(outgoing(topic, b"a threat", urgent=True) for _ in range(ROOM + 1)), outgoing(topic, b"theirs"))
    await pool.execute("update outbox set turn = 'theirs'")
    await wrote(pool, outgoing(topic, b"another's"))
    sender = replace(relay(pool, kafka.address), settle=await_answer)
    assert [len(await sender.publish_due()) for _ in range(3)] == [ROOM, 1, 0]
    assert (await values(kafka, topic, ROOM + 1))[-1] == b"another's"
    await pool.execute("delete from outbox where published")
    assert [len(await sender.publish_due()) for _ in range(3)] == [1, 1, 0]
    await sender.producer.close()


async def test_without_a_broker_nothing_is_lost_and_all_is_due_again(pool: Pool):
    await wrote(pool, outgoing("t", b"1"), outgoing("t", b"2"))
    with pytest.raises(KafkaUnavailable):
        await relay(pool, NOWHERE).publish_due()
    assert await waiting(pool) == 2


async def test_a_broker_that_went_away_lacks_no_topic(pool: Pool, folder: Path):
    """A producer that never heard of the topic cannot tell one that is missing from a broker that is."""
    await wrote(pool, outgoing("reports.received.urgent", b"a threat", urgent=True))
    with running(Kafka(folder)) as own:
        sender = relay(pool, own.address)
        await sender.producer.create_topics(["reports.routed"])
        await sender.producer.send([outgoing("reports.routed", b"0").message])
        own.kill()
        with pytest.raises(KafkaUnavailable) as away:
            await sender.publish_due()
    assert not away.value.refused
    assert await pool.fetchval("select count(*) from outbox where due_at <= now()") == 1
    await sender.producer.close()


async def test_two_senders_to_a_broker_that_came_back_empty_are_not_taken_for_each_other(folder: Path):
    """It counts its producers from the beginning again, and the first of each broker wears the same number."""
    with running(Kafka(folder)) as own:
        before, since = Producer(own.address), Producer(own.address)
        await before.create_topics(["t"])
        await before.send([outgoing("t", b"gone").message])
        own.kill()
        own.empty()
        await asyncio.to_thread(own.start)
        await since.create_topics(["t"])
        for value, sender in ((b"1", since), (b"2", before), (b"3", since), (b"4", before)):
            await sender.send([outgoing("t", value).message])
        assert await values(own, "t", 4) == [b"1", b"2", b"3", b"4"]
        await before.close()
        await since.close()


def sending() -> bool:
    """Whether any producer of aiokafka's is still at work."""
    return any("_sender_routine" in repr(task) for task in asyncio.all_tasks())


async def test_what_was_given_up_ends_and_is_not_published_later(
    kafka: Kafka, topic: str, monkeypatch: pytest.MonkeyPatch
):
    """Too few replicas are there to take it: the outbox sends it again, and nobody else may."""
    send, too_few = AIOKafkaClient.send, asyncio.Event()

    async def answered(client: AIOKafkaClient, node: int, request: Any, **how: Any) -> Any:
        if isinstance(request, ProduceRequest) and too_few.is_set():
            raise NotEnoughReplicasError
        return await send(client, node, request, **how)

    monkeypatch.setattr(AIOKafkaClient, "send", answered)
    monkeypatch.setattr("shared.kafka.SEND_TIMEOUT", 1.0)
    producer = Producer(kafka.address)
    await producer._started()
    assert sending()
    too_few.set()
    for _ in range(3):
        with pytest.raises(KafkaUnavailable):
            await producer.send([outgoing(topic, b"given up").message])
    async with asyncio.timeout(30):
        while sending():  # noqa: ASYNC110 - they tell nobody
            await asyncio.sleep(0.1)
    too_few.clear()
    monkeypatch.setattr("shared.kafka.SEND_TIMEOUT", 30.0)
    await producer.send([outgoing(topic, b"sent again").message])
    assert await values(kafka, topic, 1) == [b"sent again"]
    await producer.close()


async def test_a_topic_that_is_not_there_holds_up_no_other(pool: Pool, kafka: Kafka, topic: str):
    await wrote(pool, outgoing("no topic is called so", b"1"), outgoing(topic, b"2"), outgoing("nor so", b"3"))
    sender = relay(pool, kafka.address)
    assert len(await sender.publish_due()) == 3
    assert await values(kafka, topic, 1) == [b"2"]
    assert await waiting(pool) == 0
    assert await pool.fetchval("select count(*) from outbox where due_at > now()") == 2
    await sender.producer.close()


async def test_many_topics_that_are_not_there_are_waited_for_together_and_not_again_at_once(
    pool: Pool, kafka: Kafka, topic: str
):
    sender = relay(pool, kafka.address)
    await sender.producer.send([outgoing(topic, b"0").message])
    for patience in (4 * TOPIC_TIMEOUT, TOPIC_TIMEOUT):
        await wrote(pool, outgoing(topic, b"1"), *(outgoing(f"no topic {n}", b"2") for n in range(8)))
        async with asyncio.timeout(patience):
            assert len(await sender.publish_due()) == 9
    await sender.producer.close()


async def test_a_message_too_large_to_be_sent_holds_up_no_other_nor_the_ordinary_lane(
    pool: Pool, kafka: Kafka, topic: str
):
    large = outgoing(topic, bytes(MAX_MESSAGE), urgent=True)
    await wrote(pool, large, outgoing(topic, b"urgent", urgent=True), outgoing(topic, b"ordinary"))
    sender = relay(pool, kafka.address)
    while await sender.publish_due():
        pass
    assert await values(kafka, topic, 2) == [b"urgent", b"ordinary"]
    assert await pool.fetchval("select report_id from outbox where due_at > now()") == large.report_id
    await sender.producer.close()


async def test_what_the_broker_finds_too_large_holds_up_no_other(pool: Pool, kafka: Kafka):
    topic = f"t-{uuid4()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": "1000"})])
    await admin.close()
    large = outgoing(topic, bytes(20_000))
    await wrote(pool, outgoing(topic, b"1"), large, outgoing(topic, b"3"))
    sender = relay(pool, kafka.address)
    while await sender.publish_due():
        pass
    assert sorted(await values(kafka, topic, 2)) == [b"1", b"3"]
    assert await pool.fetchval("select report_id from outbox") == large.report_id
    await sender.producer.close()


async def test_two_relays_never_take_the_same_row(pool: Pool):
    await wrote(pool, *(outgoing("t", b"%d" % n) for n in range(40)))
    one, other = relay(pool, NOWHERE), relay(pool, NOWHERE)
    taken = await asyncio.gather(one.claim(False, False, 20), other.claim(False, False, 20))
    assert len({row["id"] for rows in taken for row in rows}) == 40
    assert await one.claim(False, False, 20) == []


async def test_told_to_stop_a_relay_claims_no_more(pool: Pool):
    class Last(Producer):
        async def send(self, messages: Sequence[Message]) -> list[RecordMetadata]:
            sender.stop.set()
            return [RecordMetadata("t", 0, TopicPartition("t", 0), n, None, None, None) for n in range(len(messages))]

    await wrote(pool, *(outgoing("t", b"1") for _ in range(CLAIM + 100)))
    sender = Relay(pool, Last(NOWHERE), delete_sent, asyncio.Event())
    await sender.run()
    assert await waiting(pool) == 100


async def test_a_listener_that_was_cut_off_without_a_word_is_missed(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shared.outbox.ASKED", 0.2)
    monkeypatch.setattr("shared.outbox.ANSWERED", 0.5)
    woken = asyncio.Event()
    listener = asyncio.create_task(hear(pool, woken.set))
    first = await _listening(pool, but=0)
    os.kill(first, signal.SIGSTOP)  # a backend that answers nothing, as where the way to it is gone
    try:
        await _listening(pool, but=first)
        async with asyncio.timeout(30):
            while not woken.is_set():
                await pool.execute(f"notify {CHANNEL}")
                await asyncio.sleep(0.1)
    finally:
        os.kill(first, signal.SIGCONT)
        listener.cancel()
        await asyncio.wait([listener])


async def _listening(pool: Pool, but: int) -> int:
    async with asyncio.timeout(30):
        while not (found := await pool.fetchval(LISTENING, but)):  # noqa: ASYNC110 - PostgreSQL tells nobody
            await asyncio.sleep(0.05)
    return int(found)


LISTENING = (
    "select pid from pg_stat_activity where datname = current_database()"
    " and (query ilike 'listen%' or query = 'select') and pid <> $1"
)


async def test_nothing_is_put_by_a_transaction_that_fails(pool: Pool):
    async def put_and_fail() -> None:
        async with transaction(pool) as connection:
            await put(connection, [outgoing("t", b"1")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await put_and_fail()
    assert await waiting(pool) == 0


async def test_a_relay_is_woken_by_the_bell(pool: Pool, kafka: Kafka, topic: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shared.relay.POLL", 600.0)
    sender = relay(pool, kafka.address)
    bell = Bell(pool)
    tasks = [asyncio.create_task(loop) for loop in (sender.run(), bell.run())]
    await _listening(pool, but=0)
    await wrote(pool, outgoing(topic, b"rung"))
    bell.ring()
    assert await values(kafka, topic, 1) == [b"rung"]
    sender.stop.set()
    await asyncio.wait(tasks[:1], timeout=5)
    tasks[1].cancel()
    await sender.producer.close()
