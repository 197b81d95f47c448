from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.broker import Broker
from deploy.local.errors import PortInUse
from tests.deploy.traffic import publish, read
from tests.infrastructure import running


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
            # aiokafka leaks a connection that it is stopped in the middle of making: none is once this is answered
            await producer.client.force_metadata_update()


def test_a_port_in_use_is_told_in_one_line(broker: Broker, tmp_path: Path) -> None:
    with pytest.raises(PortInUse, match="wanted by the embedded broker, is in use"):
        Broker(tmp_path, port=broker.port).start()
