"""What stands on Kafka: put there before a run, and counted while it goes on."""

from collections.abc import Iterable
from typing import Final

from confluent_kafka import Consumer, ConsumerGroupState, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from shared.cloudevents import Message

LOOKED_FOR: Final = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}


def fill(kafka: str, messages: Iterable[Message]) -> None:
    """Publish all of them, and see that they were taken."""
    producer = Producer({"bootstrap.servers": kafka, "linger.ms": 5, "queue.buffering.max.kbytes": 2**20})
    for message in messages:
        producer.produce(message.topic, message.value, message.key, headers=list(message.headers))
        producer.poll(0)
    left = producer.flush(120)
    assert not left, f"{left} messages were not taken"


def members(kafka: str, group: str) -> int:
    """How many have joined the group, once it is settled; 0 before, and while its coordinator is being found."""
    client = AdminClient({"bootstrap.servers": kafka, "log_level": 0})
    try:
        described = client.describe_consumer_groups([group])[group].result(30)
    except KafkaException as error:
        if error.args[0].code() not in LOOKED_FOR:
            raise
        return 0
    return len(described.members) if described.state is ConsumerGroupState.STABLE else 0


class Ends:
    """How many messages a topic holds, asked often and cheaply."""

    def __init__(self, kafka: str, topic: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": kafka, "group.id": "bench.ends", "log_level": 0})
        self._topic = topic
        self._last = 0

    def __call__(self) -> int:
        """As many as it last held, while the broker cannot say: a topic that has just been made has no leader yet."""
        try:
            known = self._consumer.list_topics(self._topic, timeout=10).topics[self._topic]
            places = [TopicPartition(self._topic, number) for number in known.partitions]
            self._last = sum(self._consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
        except KafkaException as error:
            if not error.args[0].retriable() and error.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION:
                raise
        return self._last
