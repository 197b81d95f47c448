"""Kafka: the topics, the groups that read them, and a producer that outlives its broker."""

import asyncio
import ssl
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.structs import RecordMetadata, TopicPartition

from shared.cloudevents import Message
from shared.events import Lane

log = structlog.get_logger()

ROUTED: Final = "reports.routed"
PROGRESSED: Final = "reports.progressed"
OVERRIDDEN: Final = "reports.overridden"
LINKED: Final = "reports.linked"
AMENDED: Final = "reports.amended"
ERASED: Final = "reports.erased"
DISPUTED: Final = "links.disputed"
GIVEN: Final = "files.given"
DEAD: Final = "reports.dead"
RECEIVED: Final = {Lane.ordinary: "reports.received", Lane.urgent: "reports.received.urgent"}
CLASSIFIED: Final = {Lane.ordinary: "reports.classified", Lane.urgent: "reports.classified.urgent"}
TOPICS: Final = (
    *RECEIVED.values(),
    *CLASSIFIED.values(),
    ROUTED,
    PROGRESSED,
    LINKED,
    AMENDED,
    ERASED,
    OVERRIDDEN,
    DISPUTED,
    GIVEN,
    DEAD,
)
READERS: Final = {
    **{topic: f"classifier.{lane}" for lane, topic in RECEIVED.items()},
    **{topic: f"escalation.{lane}" for lane, topic in CLASSIFIED.items()},
    ERASED: "escalation.erased",
}
"""The consumer group that must get through each topic that receipts are given for, for whoever asks how far it is."""

MAX_MESSAGE: Final = 8 * 2**20  # bytes: a report of 1 MiB, written twice, with its evidence
MAX_VALUE: Final = MAX_MESSAGE - 2**16  # bytes: the rest is for the headers, a dead letter's too
SEND_TIMEOUT: Final = 10.0  # seconds
TOPIC_TIMEOUT: Final = 2.0  # seconds, until a topic counts as not there
OWN_TOPIC_TIMEOUT: Final = 5.0  # seconds: one of ours is there, or is being made by a broker that came back empty
MISSING: Final = 10.0  # seconds, until it is looked for again


def client_options(brokers: str) -> dict[str, Any]:
    """How any client of ours reaches the brokers: `host:port,…`, or by name as `tls://name:password@host:port,…`.

    By name: over TLS, with SCRAM-SHA-512 and the password percent-encoded; the authorities that are trusted are the
    machine's, or those of `SSL_CERT_FILE`. Raises ValueError for any other way to write it.
    """
    if "://" not in brokers:
        return {"bootstrap_servers": brokers}
    address = urlsplit(brokers)
    if address.scheme != "tls" or not (address.username and address.password):
        raise ValueError("write Kafka's address as host:port,… or tls://name:password@host:port,…")
    return {
        "bootstrap_servers": address.netloc.rpartition("@")[2],
        "security_protocol": "SASL_SSL",
        "ssl_context": ssl.create_default_context(),
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": unquote(address.username),
        "sasl_plain_password": unquote(address.password),
    }


def agency_topic(agency: str) -> str:
    """Where an agency on Kafka is told of what is in its feed."""
    return f"agency.{agency}"


class KafkaUnavailable(Exception):
    """Not every message was acknowledged; `acknowledged` maps the places of those that were to where they stand.

    `refused` are the places of those that are too large, or whose topic the broker lacks, or does not let us write to.
    """

    def __init__(
        self, reason: str, acknowledged: dict[int, RecordMetadata], refused: frozenset[int] = frozenset()
    ) -> None:
        super().__init__(reason)
        self.acknowledged = acknowledged
        self.refused = refused


async def partitions(admin: AIOKafkaAdminClient, topics: list[str]) -> list[TopicPartition]:
    """Every partition that these topics have, as the broker says now."""
    described = await admin.describe_topics(topics)
    return [TopicPartition(topic["topic"], part["partition"]) for topic in described for part in topic["partitions"]]


async def _is_there(producer: AIOKafkaProducer, topic: str) -> bool:
    """Raises KafkaConnectionError where the broker does not answer, before it is asked or after: then nobody knows."""
    if producer.client.cluster.partitions_for_topic(topic):
        return True
    await _must_answer(producer)
    try:
        async with asyncio.timeout(OWN_TOPIC_TIMEOUT if topic in TOPICS else TOPIC_TIMEOUT):
            await producer.partitions_for(topic)
    except TopicAuthorizationFailedError:
        return False
    except (TimeoutError, UnknownTopicOrPartitionError):
        await _must_answer(producer)
        return False
    return True


async def _must_answer(producer: AIOKafkaProducer) -> None:
    answered = False
    with suppress(TimeoutError):
        async with asyncio.timeout(TOPIC_TIMEOUT):
            answered = await producer.client.force_metadata_update()
    if not answered:
        raise KafkaConnectionError("the broker does not say which topics it has")


TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
NEVER: Final = (*TOO_LARGE, TopicAuthorizationFailedError)
"""Failures of one message, which trying again does not mend."""


def _heard(acknowledgement: "asyncio.Future[RecordMetadata]") -> None:
    """So that asyncio does not log that nobody asked, of one that was given up."""
    if not acknowledgement.cancelled():
        acknowledgement.exception()


async def _sent(producer: AIOKafkaProducer, message: Message) -> "asyncio.Future[RecordMetadata] | None":
    """The acknowledgement to come; None where the message is larger than any may be."""
    try:
        acknowledgement: asyncio.Future[RecordMetadata] = await producer.send(
            message.topic, message.value, key=message.key, headers=list(message.headers)
        )
    except TOO_LARGE:
        return None
    acknowledgement.add_done_callback(_heard)
    return acknowledgement


class Producer:
    """`acks=all`, one request at a time to each broker, so in order; built anew after any failure.

    Not Kafka's idempotent producer: that one never gives up what it holds, and is known by a number that a broker which
    came back empty gives to another as well (docs/decisions/0036). What comes twice is known by its event's id.
    """

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._producer: AIOKafkaProducer | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._building = asyncio.Lock()
        self._missed: dict[str, float] = {}

    async def send(self, messages: Sequence[Message]) -> list[RecordMetadata]:
        """Publish and wait for every acknowledgement. Raises KafkaUnavailable naming those that were acknowledged."""
        try:
            producer = await self._started()
        except (KafkaError, OSError) as away:
            raise KafkaUnavailable(type(away).__name__, {}) from away
        try:
            missing = await self._missing(producer, {message.topic for message in messages})
            tried = {place: await _sent(producer, m) for place, m in enumerate(messages) if m.topic not in missing}
        except (KafkaError, OSError) as away:
            self._give_up(producer)
            raise KafkaUnavailable(type(away).__name__, {}) from away
        sent = {place: future for place, future in tried.items() if future}
        done, late = await asyncio.wait(sent.values(), timeout=SEND_TIMEOUT) if sent else (set(), set())
        failures = {place: error for place, future in sent.items() if future in done and (error := future.exception())}
        good = {place: future.result() for place, future in sent.items() if future in done and place not in failures}
        never = {place for place, failure in failures.items() if isinstance(failure, NEVER)}
        refused = frozenset(range(len(messages))) - set(sent) | never
        if late or failures:
            self._give_up(producer)
            reason = type(next(iter(failures.values()))).__name__ if failures else "Timeout"
            raise KafkaUnavailable(reason, good, refused)
        if refused:
            topics = ", ".join(sorted({messages[place].topic for place in refused}))
            raise KafkaUnavailable(f"cannot write to {topics}" if missing else f"too large for {topics}", good, refused)
        return [good[place] for place in range(len(messages))]

    async def _missing(self, producer: AIOKafkaProducer, topics: set[str]) -> set[str]:
        """Those topics that the broker lacks or keeps from us: one agency's must not hold up what is for the others."""
        now = time.monotonic()
        missing = {topic for topic in topics if now < self._missed.get(topic, -MISSING) + MISSING}
        asked = list(topics - missing)
        there = await asyncio.gather(*(_is_there(producer, topic) for topic in asked))
        gone = dict.fromkeys((topic for topic, found in zip(asked, there, strict=True) if not found), now)
        self._missed |= {topic: now for topic in gone if topic not in TOPICS}  # ours are there, whatever one look says
        return missing | set(gone)

    async def create_topics(self, topics: Iterable[str]) -> None:
        """Have the broker make the topics it lacks, where it makes them by itself; in production they are there."""
        for topic in topics:
            while True:
                try:
                    await (await self._started()).partitions_for(topic)
                    break
                except (KafkaError, OSError) as error:
                    log.warning("topic not there yet", topic=topic, reason=type(error).__name__)
                    await asyncio.sleep(1)

    async def close(self) -> None:
        if self._producer is not None:
            self._give_up(self._producer)
        if self._ending:
            await asyncio.wait(self._ending, timeout=2)

    def _give_up(self, producer: AIOKafkaProducer) -> None:
        """Whatever others still wait for goes on, for as long as a message lives: then it ends by itself."""
        if self._producer is producer:
            self._producer = None
        ending = asyncio.create_task(_end(producer))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _started(self) -> AIOKafkaProducer:
        async with self._building:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **client_options(self._brokers),
                    acks="all",
                    max_request_size=MAX_MESSAGE,
                    request_timeout_ms=int(SEND_TIMEOUT * 1000),
                    metadata_max_age_ms=10_000,
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


async def _end(producer: AIOKafkaProducer) -> None:
    try:
        await producer.stop()
    except (KafkaError, OSError) as error:
        log.warning("producer did not close", reason=type(error).__name__)
