"""All of Heard on a Kafka that asks who comes: each under its own name, with what topics.sh lets it do and no more."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import pairwise, product
from pathlib import Path
from typing import Final

import httpx
import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.local import samples
from deploy.local.demo import let_everybody_in
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.process import LOOPBACK, free_port
from deploy.local.stack import ROOT, SERVICES, Ports, Stack, started
from shared.cloudevents import Message
from shared.database import create_pool
from shared.events import Lane
from shared.kafka import RECEIVED, ROUTED, KafkaUnavailable, Producer, client_options
from tests.e2e.conftest import eventually, nothing
from tests.infrastructure import open_folder, running

COUNCIL: Final = "northmoor-council-asb"
NAMES: Final = (*SERVICES, "operator", COUNCIL)
PASSWORD: Final = "p/ss@+word"
"""With what a URL must have encoded."""
WRITTEN: Final = "p%2Fss%40%2Bword"
ASKS_WHO: Final = """
listeners=PLAINTEXT://127.0.0.1:{{port}},CONTROLLER://127.0.0.1:{{controller}},NAMED://127.0.0.1:{named}
advertised.listeners=PLAINTEXT://127.0.0.1:{{port}},NAMED://127.0.0.1:{named}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,NAMED:SASL_SSL
listener.name.named.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.named.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.named.ssl.keystore.type=PEM
listener.name.named.ssl.keystore.location={certificate}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
auto.create.topics.enable=false
"""


def certificate(folder: Path) -> Path:
    """A key, and a certificate for 127.0.0.1 that it signed itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LOOPBACK)])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = folder / "kafka.pem"
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + signed.public_bytes(pem))
    return file


TOOL = """#!/bin/sh
(printf "%s " "$(basename "$0")" "$@"; echo) >> "$KAFKA_BIN/asked"
case " $* " in *" --describe "*) ;; *) exit ;; esac
awk '/--create/ {
  configs = ""
  for (i = 1; i < NF; i++) { given[$i] = $(i + 1); if ($i == "--config") configs = configs $(i + 1) "," }
  printf "Topic: %s\\tPartitionCount: %s\\t", given["--topic"], given["--partitions"]
  printf "ReplicationFactor: %s\\tConfigs: %s\\n", given["--replication-factor"], configs
}' "$KAFKA_BIN/asked"
"""
"""One of Kafka's own: it notes what it is asked, and describes the topics that it was asked to make."""


def asked(folder: Path) -> list[list[str]]:
    """What topics.sh asks of Kafka's own tools."""
    for name in ("kafka-topics.sh", "kafka-acls.sh"):
        (folder / name).write_text(TOOL)
        (folder / name).chmod(0o755)
    settings = {"KAFKA_BIN": str(folder), "BOOTSTRAP": "x", "REPLICAS": "1", "PARTITIONS": "4", "ACLS": "1"}
    script = ["bash", ROOT / "deploy" / "kafka" / "topics.sh"]
    subprocess.run(script, env=os.environ | settings | {"AGENCIES": COUNCIL}, check=True)
    return [line.split() for line in (folder / "asked").read_text().splitlines()]


def given(option: str, call: list[str]) -> list[str]:
    return [value for name, value in pairwise(call) if name == option]


def rights(call: list[str]) -> Iterator[AclBinding]:
    """One call of kafka-acls.sh, as what it adds."""
    operations = [AclOperation[name.upper()] for name in given("--operation", call)]
    if "--producer" in call:
        operations += [AclOperation.WRITE, AclOperation.DESCRIBE]
    how = ResourcePatternType.PREFIXED if "prefixed" in call else ResourcePatternType.LITERAL
    on = [(ResourceType.TOPIC, name) for name in given("--topic", call)]
    on += [(ResourceType.GROUP, name) for name in given("--group", call)]
    whom = given("--allow-principal", call)
    for who, (kind, name), operation in product(whom, on, operations):
        yield AclBinding(kind, name, how, who, "*", operation, AclPermissionType.ALLOW)


def set_up(kafka: Kafka, tools: Path) -> None:
    """Topics and rights as the script asks, and a password for each name."""
    admin, calls = AdminClient({"bootstrap.servers": kafka.address, "log_level": 0}), asked(tools)
    topics = [
        NewTopic(topic, int(given("--partitions", call)[0]), 1) for call in calls for topic in given("--topic", call)
        if "--create" in call
    ]  # fmt: skip
    wanted = [right for call in calls if call[0] == "kafka-acls.sh" for right in rights(call)]
    strong = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    users = [UserScramCredentialUpsertion(name, strong, PASSWORD.encode()) for name in NAMES]
    for answers in (
        admin.create_topics(topics),
        admin.create_acls(list(dict.fromkeys(wanted))),
        admin.alter_user_scram_credentials(users),
    ):
        for answer in answers.values():
            answer.result(30)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    ports, named = Ports(*(free_port() for _ in range(3))), free_port()
    with open_folder() as folder:
        pem = certificate(folder)
        kafka = Kafka(folder / "kafka", properties=ASKS_WHO.format(named=named, certificate=pem))
        with running(kafka), running(Postgres(folder / "postgres")) as postgres:
            set_up(kafka, tmp_path_factory.mktemp("tools"))
            settings = {f"HEARD_{one.upper()}_KAFKA": f"tls://{one}:{WRITTEN}@127.0.0.1:{named}" for one in SERVICES}
            settings |= {"HEARD_KAFKA": f"tls://operator:{WRITTEN}@127.0.0.1:{named}", "SSL_CERT_FILE": str(pem)}
            with started(Stack(folder, kafka.address, postgres, ports, settings)) as together:
                asyncio.run(let_everybody_in(together))
                yield together


async def test_each_does_its_work_with_its_own_rights(stack: Stack):
    drunk = "Twenty drunk lads fighting and smashing bottles in the street outside the pub last night, just the once."
    threat = "He is outside my door with a knife now, he says he will kill me."
    reports = [{"channel": "web", "text": words, "place": {"postcode": "ZZ1 4AB"}} for words in (drunk, threat)]
    sent = await samples.send(reports, stack, nothing)
    await samples.await_receipts(sent, stack, 60, nothing)
    assert all(one.seconds is not None for one in sent)
    await progress(stack)
    async with create_pool(stack.postgres.url("intake"), 1) as intake:

        async def said() -> bool:
            return bool(await intake.fetchval("select count(*) from message"))

        await eventually(said)
    assert not stack.heard("dead", "list")
    stack.heard("erase", sent[0].reference, "--by", "kim", "--why", "asked for by the person it is about")

    async def answered() -> bool:
        return "erasures" not in stack.heard("audit")

    await eventually(answered)
    refused = [log.name for log in (stack.folder / "logs").glob("*.log") if "uthorization" in log.read_text()]
    assert not refused


async def progress(stack: Stack) -> None:
    """The council says what it did, which its own topic and the reporter are told."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{stack.ports.escalation}", timeout=30) as escalation:
        form = {"grant_type": "client_credentials"}
        token = (await escalation.post("/oauth/token", data=form, auth=(COUNCIL, stack.secrets.of(COUNCIL)))).json()
        headers, reports = {"Authorization": f"Bearer {token['access_token']}"}, f"/v1/agencies/{COUNCIL}/reports"
        (entry, *_) = (await escalation.get(reports, headers=headers)).json()["reports"]
        done = {"note": "spoke to them", "tell_reporter": "something_was_done"}
        path = f"{reports}/{entry['report_id']}/progress"
        assert (await escalation.post(path, json=done, headers=headers)).status_code == 204


@pytest.mark.parametrize(
    ("who", "topic"), [("classifier", ROUTED), ("intake", ROUTED), (COUNCIL, RECEIVED[Lane.urgent])]
)
async def test_nobody_writes_what_is_not_theirs(stack: Stack, monkeypatch: pytest.MonkeyPatch, who: str, topic: str):
    monkeypatch.setenv("SSL_CERT_FILE", stack.settings["SSL_CERT_FILE"])
    producer = Producer(stack.settings["HEARD_INTAKE_KAFKA"].replace("//intake:", f"//{who}:"))
    with pytest.raises(KafkaUnavailable) as unavailable:
        await producer.send([Message(topic, b"key", b"{}", ())])
    assert unavailable.value.refused == {0}
    await producer.close()


async def test_a_wrong_password_is_refused(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_FILE", stack.settings["SSL_CERT_FILE"])
    producer = Producer(stack.settings["HEARD_INTAKE_KAFKA"].replace(WRITTEN, "another"))
    with pytest.raises(KafkaUnavailable) as unavailable:
        await producer.send([Message(ROUTED, b"key", b"{}", ())])
    assert not unavailable.value.refused


def test_an_address_written_otherwise_is_refused():
    assert client_options("one:9092,two:9092") == {"bootstrap_servers": "one:9092,two:9092"}
    assert client_options("tls://intake:a%40b@one:9093,two:9093")["bootstrap_servers"] == "one:9093,two:9093"
    for wrong in ("kafka://one:9092", "tls://one:9093", "tls://intake@one:9093"):
        with pytest.raises(ValueError, match="host:port"):
            client_options(wrong)
