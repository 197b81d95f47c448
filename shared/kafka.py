"""Kafka: the topics, the groups that read them, and a producer that outlives its broker."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
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
    DEAD,
)
READERS: Final = {
    **{topic: f"classifier.{lane}" for lane, topic in RECEIVED.items()},
    **{topic: f"escalation.{lane}" for lane, topic in CLASSIFIED.items()},
    ERASED: "escalation.erased",
}
"""The consumer group that must get through each topic that receipts are given for, for whoever asks how far it is."""

MAX_MESSAGE: Final = 8 * 2**20  # bytes: a report of 1 MiB, written twice, with its evidence
SEND_TIMEOUT: Final = 10.0  # seconds


def agency_topic(agency: str) -> str:
    """Where an agency on Kafka is told of what is in its feed."""
    return f"agency.{agency}"


class KafkaUnavailable(Exception):
    """Not every message was acknowledged; `acknowledged` maps the places of those that were to where they stand."""

    def __init__(self, reason: str, acknowledged: dict[int, RecordMetadata]) -> None:
        super().__init__(reason)
        self.acknowledged = acknowledged


async def partitions(admin: AIOKafkaAdminClient, topics: list[str]) -> list[TopicPartition]:
    """Every partition that these topics have, as the broker says now."""
    described = await admin.describe_topics(topics)
    return [TopicPartition(topic["topic"], part["partition"]) for topic in described for part in topic["partitions"]]


class Producer:
    """Idempotent, `acks=all`; built anew after any failure, for a broker that came back may know nothing of it."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None
        self._building = asyncio.Lock()

    async def send(self, messages: Sequence[Message]) -> list[RecordMetadata]:
        """Publish and wait for every acknowledgement. Raises KafkaUnavailable naming those that were acknowledged."""
        try:
            producer = await self._started()
            sent = [await producer.send(m.topic, m.value, key=m.key, headers=list(m.headers)) for m in messages]
        except (KafkaError, OSError) as error:
            await self.close()
            raise KafkaUnavailable(type(error).__name__, {}) from error
        done, late = await asyncio.wait(sent, timeout=SEND_TIMEOUT) if sent else (set(), set())
        failures = {future for future in done if future.exception()}
        if late or failures:
            await self.close()
            reason = type(next(iter(failures)).exception()).__name__ if failures else "Timeout"
            good = {place: future.result() for place, future in enumerate(sent) if future in done - set(failures)}
            raise KafkaUnavailable(reason, good)
        return [future.result() for future in sent]

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
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            await asyncio.wait_for(producer.stop(), timeout=2)
        except (KafkaError, TimeoutError, OSError) as error:
            log.warning("producer did not close", reason=type(error).__name__)

    async def _started(self) -> AIOKafkaProducer:
        async with self._building:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    enable_idempotence=True,
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
