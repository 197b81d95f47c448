import asyncio
import subprocess
import zipfile
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import kafka as local
from deploy.local.errors import PartMissing
from deploy.local.kafka import Kafka
from tests.deploy.traffic import publish, read
from tests.infrastructure import running

MACHINE = Path(__file__).parents[2] / "deploy" / "test-machine.sh"


def test_it_is_kafka_4_3_1() -> None:
    with zipfile.ZipFile(next(local.resolve().glob("kafka-clients-*.jar"))) as jar:
        assert b"version=4.3.1" in jar.read("kafka/kafka-version.properties").split()


async def test_what_is_published_is_read_by_a_group(kafka: Kafka) -> None:
    await publish(kafka.address, "deploy.told", b"1", b"2", b"3")
    assert await read(kafka.address, "deploy.told", 3) == [b"1", b"2", b"3"]


async def test_topics_can_be_created(kafka: Kafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic("deploy.made", num_partitions=12, replication_factor=1)])
    for _ in range(200):
        if "deploy.made" in await admin.list_topics():
            break
        await asyncio.sleep(0.05)
    else:
        pytest.fail("not among the topics after 10 s")
    await admin.close()


async def test_stopped_or_killed_it_keeps_what_it_held_and_emptied_it_does_not(tmp_path: Path) -> None:
    with running(Kafka(tmp_path)) as node:
        before = node.address
        await publish(before, "told", b"1")
        for end in (node.stop, node.kill):
            end()
            assert not node.running
            node.start()
        assert await read(before, "told", 1) == [b"1"]
        node.kill()
        node.empty()
        node.start()
        await publish(before, "told", b"2")
        assert await read(before, "told", 2) == [b"2"]


@pytest.mark.parametrize("version", ["1.8", "11", "16"])
def test_a_machine_whose_java_is_too_old_is_told_so(tmp_path: Path, version: str) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho '    java.specification.version = {version}' >&2\n")
    java.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(["bash", MACHINE], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "java is older than 17" in done.stderr) == (1, True)


def test_a_machine_without_java_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PartMissing, match="java is missing: install"):
        Kafka(tmp_path).start()
