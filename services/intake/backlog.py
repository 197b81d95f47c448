"""How far the readers have come, so that a report which is merely waiting its turn is not published again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.events import Lane
from shared.kafka import CLASSIFIED, READERS, RECEIVED, KafkaUnavailable, client_options, partitions

SHORT: Final = 500
"""Messages: behind by no more than this, a report already read cannot be said to be waiting."""

Offsets = dict[TopicPartition, int]


@dataclass(frozen=True)
class Backlog:
    """Where the report topics end, and how far their readers have committed, at one moment."""

    ends: Offsets = field(default_factory=dict)
    committed: Offsets = field(default_factory=dict)

    @classmethod
    async def read(cls, brokers: str) -> Self:
        """Ask the broker. Raises KafkaUnavailable where it does not answer."""
        consumer = AIOKafkaConsumer(**client_options(brokers))
        admin = AIOKafkaAdminClient(**client_options(brokers))
        try:
            await consumer.start()
            await admin.start()
            places = await partitions(admin, list(READERS))
            ends = dict(await consumer.end_offsets(places)) if places else {}
            committed: Offsets = {}
            for group in READERS.values():
                offsets = await admin.list_consumer_group_offsets(group)
                committed |= {place: meta.offset for place, meta in offsets.items()}
        except (KafkaError, OSError) as error:
            raise KafkaUnavailable(type(error).__name__, {}) from error
        finally:
            await consumer.stop()
            await admin.close()
        return cls(ends, committed)

    def is_waiting(self, topic: str, partition: int, position: int) -> bool:
        """Whether the report published at this place is still in front of its reader, or in a long queue behind it."""
        place = TopicPartition(topic, partition)
        unread = max(self.committed.get(place, 0), 0) <= position < self.ends.get(place, 0)
        return unread or self._behind(_after(topic)) > SHORT

    def _behind(self, topics: Iterable[str]) -> int:
        return sum(
            end - max(self.committed.get(place, 0), 0) for place, end in self.ends.items() if place.topic in topics
        )


def _after(topic: str) -> tuple[str, ...]:
    """The topic that a report goes to once read from this one."""
    return tuple(CLASSIFIED[lane] for lane in Lane if RECEIVED[lane] == topic)
