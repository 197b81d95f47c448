"""A report that cannot be read, whatever the reason, goes on unread: a person has it, and it is not lost."""

from collections.abc import Sequence

import pytest
from aiokafka import ConsumerRecord

from services.classifier import consumer
from services.classifier.consumer import Edge
from shared.cloudevents import Message, Unreadable, decode, encode
from shared.events import Lane, ReportClassified, ReportReceived
from shared.kafka import CLASSIFIED, MAX_VALUE, RECEIVED
from shared.telemetry import new_traceparent
from tests.builders import NOON, classified, report


class Published:
    """Keeps what would go to Kafka."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, messages: Sequence[Message]) -> None:
        self.messages += messages


def record(told: ReportReceived) -> "ConsumerRecord[bytes, bytes]":
    sent = encode(told, RECEIVED[told.lane], "intake", NOON, new_traceparent())
    return ConsumerRecord(sent.topic, 0, 0, 0, 0, sent.key, sent.value, None, 0, len(sent.value), sent.headers)


async def test_what_cannot_be_read_goes_on_unread_in_its_lane():
    tries = []

    def broken(told: ReportReceived) -> ReportClassified:
        tries.append(told.report_id)
        raise ZeroDivisionError

    published, told = Published(), report(lane=Lane.urgent)
    await consumer.received([record(told)], Edge(broken, published))
    (message,) = published.messages
    unread, _ = decode(ReportClassified, message.headers, message.value)
    assert (message.topic, unread.report, unread.assessment) == (CLASSIFIED[Lane.urgent], told, None)
    assert tries == [told.report_id] * 3


async def test_a_reading_too_large_to_be_sent_on_goes_on_unread():
    def wordy(told: ReportReceived) -> ReportClassified:
        return classified(told, notes=("x" * MAX_VALUE,))

    published, told = Published(), report(lane=Lane.urgent)
    await consumer.received([record(told)], Edge(wordy, published))
    (message,) = published.messages
    unread, _ = decode(ReportClassified, message.headers, message.value)
    assert (unread.report, unread.assessment) == (told, None)


async def test_a_report_too_large_to_be_sent_on_even_unread_is_set_aside():
    told = report(text="x" * MAX_VALUE)
    with pytest.raises(Unreadable, match="too large"):
        await consumer.received([record(told)], Edge(classified, Published()))
