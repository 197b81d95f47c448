from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local.broker import Broker
from deploy.local.errors import PortInUse
from tests.infrastructure import running


async def publish(address: str, topic: str, *bodies: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address, enable_idempotence=True, acks="all") as producer:
        for body in bodies:
            await producer.send_and_wait(topic, body, key=body, headers=[("ce_id", body)])


async def read(address: str, topic: str, count: int) -> list[bytes]:
    """`count` of them as a member of a group, committed; fewer if no more come for a second."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=address,
        group_id="readers",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=3000,
    )
    found: list[bytes] = []
    async with consumer:
        while len(found) < count:
            batches = await consumer.getmany(timeout_ms=1000)
            if not batches:
                break
            found += [record.headers[0][1] for records in batches.values() for record in records]
        await consumer.commit()
    return sorted(found)


async def test_what_is_published_is_read_by_a_group(broker: Broker) -> None:
    await publish(broker.address, "told", b"1", b"2", b"3")
    assert await read(broker.address, "told", 3) == [b"1", b"2", b"3"]


async def test_killed_and_started_again_it_has_the_same_address_and_nothing_else(tmp_path: Path) -> None:
    with running(Broker(tmp_path)) as broker:
        before = broker.address
        await publish(before, "told", b"1", b"2")
        broker.kill()
        broker.start()
        assert broker.address == before
        await publish(before, "told", b"3")
        assert await read(before, "told", 2) == [b"3"]


async def test_a_producer_reconnects_by_itself(tmp_path: Path) -> None:
    with running(Broker(tmp_path)) as broker:
        async with AIOKafkaProducer(bootstrap_servers=broker.address, retry_backoff_ms=50) as producer:
            await producer.send_and_wait("told", b"1")
            broker.kill()
            broker.start()
            await producer.send_and_wait("told", b"2")


def test_a_port_in_use_is_told_in_one_line(broker: Broker, tmp_path: Path) -> None:
    with pytest.raises(PortInUse, match="wanted by the embedded broker, is in use"):
        Broker(tmp_path, port=broker.port).start()
