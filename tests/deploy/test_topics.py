"""Who may do what on Kafka, as the script asks for it. Its tools are replaced by ones that note what they were told."""

import os
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from shared.events import Lane
from shared.kafka import (
    AMENDED,
    CLASSIFIED,
    DEAD,
    DISPUTED,
    ERASED,
    GIVEN,
    LINKED,
    OVERRIDDEN,
    PROGRESSED,
    READERS,
    RECEIVED,
    ROUTED,
    TOPICS,
)

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "kafka" / "topics.sh"
WRITES = {
    "intake": {*RECEIVED.values(), LINKED, AMENDED, ERASED, GIVEN, DEAD},
    "classifier": {*CLASSIFIED.values(), DEAD},
    "escalation": {ROUTED, PROGRESSED, OVERRIDDEN, DISPUTED, DEAD},
    "operator": {*TOPICS} - {DEAD},
}
READS = {
    "intake": {ROUTED, PROGRESSED, DISPUTED},
    "classifier": {*RECEIVED.values()},
    "escalation": {*CLASSIFIED.values(), RECEIVED[Lane.urgent], LINKED, AMENDED, ERASED, GIVEN, DEAD},
    "operator": {DEAD},
}

AGENCIES = {"agency.a-one", "agency.b-two"}
SETTINGS = {"BOOTSTRAP": "kafka:9092", "REPLICAS": "3", "ACLS": "1", "AGENCIES": "a-one b-two"}
TOOL = """#!/bin/sh
(printf "%s " "$(basename "$0")" "$@"; echo) >> "$KAFKA_BIN/asked"
case " $* " in *" --describe "*) cat "$KAFKA_BIN/there" ;; esac
"""


def described(topic: str, partitions: int) -> str:
    """A topic of three replicas, as Kafka's own tool shows it."""
    configs = "min.insync.replicas=2,retention.ms=604800000,max.message.bytes=8388608"
    return (
        f"Topic: {topic}\tTopicId: Lw\tPartitionCount: {partitions}\tReplicationFactor: 3\tConfigs: {configs}\n"
        f"\tTopic: {topic}\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: 1,2,3\tElr: \tLastKnownElr: \n"
    )


def run(tools: Path, command: Sequence[str] | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
    """The script, where all topics are there already, and one of an agency that is named no more."""
    for name in ("kafka-topics.sh", "kafka-acls.sh"):
        (tools / name).write_text(TOOL)
        (tools / name).chmod(0o755)
    there = [described(topic, 12) for topic in TOPICS] + [described(topic, 1) for topic in (*AGENCIES, "agency.gone")]
    (tools / "there").write_text("".join(there))
    environment = os.environ | SETTINGS | {"KAFKA_BIN": str(tools)} | settings
    return subprocess.run(command or ["bash", SCRIPT], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Every call of a Kafka tool, its arguments apart."""
    tools = tmp_path_factory.mktemp("tools")
    assert run(tools).returncode == 0
    return [line.split() for line in (tools / "asked").read_text().splitlines()]


def after(option: str, call: list[str]) -> set[str]:
    return {value for name, value in pairwise(call) if name == option}


def granted(asked: list[list[str]], service: str, right: tuple[str, ...]) -> set[str]:
    """Topics named in those calls for `service` that grant `right`, by their full names."""
    calls = [call for call in asked if f"User:{service}" in call and " ".join(right) in " ".join(call)]
    return {topic for call in calls if "prefixed" not in call for topic in after("--topic", call)}


@pytest.mark.parametrize("service", WRITES)
def test_each_writes_its_own_topics_and_no_others(asked: list[list[str]], service: str):
    assert granted(asked, service, ("--producer",)) == WRITES[service]


@pytest.mark.parametrize("service", READS)
def test_each_reads_what_it_must_and_no_more(asked: list[list[str]], service: str):
    assert granted(asked, service, ("--operation", "Read")) == READS[service]


def test_an_agency_reads_its_own_topic_and_no_other(asked: list[list[str]]):
    for agency in ("a-one", "b-two"):
        assert granted(asked, agency, ("--operation", "Read")) == {f"agency.{agency}"}
    writers = {call[call.index("--allow-principal") + 1] for call in asked if "Write" in call and "agency." in call}
    assert writers == {"User:escalation"}


def test_groups_are_called_after_the_service_that_may_read_in_them(asked: list[list[str]]):
    reading = {group for call in asked if "Read" in call for group in after("--group", call)}
    assert {group.split(".")[0] + "." for group in READERS.values()} <= reading


def test_every_topic_is_made_to_outlive_a_broker(asked: list[list[str]]):
    made = [call for call in asked if "--create" in call]
    assert {topic for call in made for topic in after("--topic", call)} == {*TOPICS, *AGENCIES}
    assert all(
        {"--replication-factor", "min.insync.replicas=2", "retention.ms=604800000"} <= set(call) for call in made
    )


@pytest.mark.parametrize(
    ("settings", "otherwise"),
    [
        ({"PARTITIONS": "14"}, "reports.received: not PartitionCount: 14, as asked for"),
        ({"REPLICAS": "1"}, "reports.received: not ReplicationFactor: 1, as asked for"),
    ],
)
def test_a_topic_that_is_otherwise_than_asked_is_named_and_keeps_no_worker_down(
    tmp_path: Path, settings: dict[str, str], otherwise: str
):
    done = run(tmp_path, **settings)
    assert done.returncode == 3
    assert otherwise in done.stderr
    assert "--remove" in (tmp_path / "asked").read_text()
    done = run(tmp_path, in_compose(), **settings)
    assert (done.returncode, otherwise in done.stderr) == (0, True)


def test_a_topic_that_is_not_there_is_a_failure(tmp_path: Path):
    for command in (None, in_compose()):
        done = run(tmp_path, command, AGENCIES="c-three")
        assert done.returncode == 1
        assert "agency.c-three: not PartitionCount: 1, as asked for" in done.stderr


def in_compose() -> list[str]:
    """What the container of the topics runs, where the script is here."""
    compose = yaml.safe_load((SCRIPT.parents[1] / "compose" / "compose.yml").read_text())
    command = compose["services"]["topics"]["command"]
    return [part.replace("$$", "$").replace("/topics.sh", str(SCRIPT)) for part in command]


def test_an_agency_that_is_named_no_more_reads_nothing_more(asked: list[list[str]]):
    topic, group = (call for call in asked if "--remove" in call)
    assert {"User:gone", "agency.gone", "Read", "Describe"} <= set(topic)
    assert {"User:gone", "gone.", "Read", "prefixed"} <= set(group)
