"""Reports as they come from Kafka, and their readings as they go back, each in its own lane."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from prometheus_client import Counter

from services.classifier import handlers
from shared import telemetry
from shared.cloudevents import Message, Unreadable, decode, encode
from shared.consumer import Record
from shared.events import ReportClassified, ReportReceived
from shared.kafka import CLASSIFIED, MAX_VALUE, Producer
from shared.turns import in_turn

log = structlog.get_logger()

SOURCE: Final = "classifier"
TRIES: Final = 3
UNREAD = Counter("heard_reports_unread_total", "Reports that could not be read, and went to a person")

Classify = Callable[[ReportReceived], ReportClassified]


@dataclass(frozen=True, slots=True)
class Edge:
    """What the reader works with."""

    classify: Classify
    producer: Producer


async def received(records: Sequence[Record], edge: Edge) -> None:
    """Read each report and publish its reading; done once every reading is acknowledged."""
    await edge.producer.send([_read(record, edge.classify) async for record in in_turn(records)])


async def received_again(records: Sequence[Record], edge: Edge) -> None:
    """The second reading: in a thread, for it takes a fifth of a second and the group must see us alive."""
    await edge.producer.send([await asyncio.to_thread(_read, record, edge.classify) for record in records])


def _read(record: Record, classify: Classify) -> Message:
    report, about = decode(ReportReceived, record.headers, record.value)
    trace = about.traceparent or telemetry.new_traceparent()
    key = (record.key or b"").decode(errors="replace")
    for event in _readings(report, classify):
        message = encode(event, CLASSIFIED[report.lane], SOURCE, datetime.now(UTC), trace, key)
        if len(message.value) <= MAX_VALUE:
            return message
        log.error("too large to be sent on", report_id=str(report.report_id), bytes=len(message.value))
    raise Unreadable("too large to be sent on, even unread")


def _readings(report: ReportReceived, classify: Classify) -> Iterator[ReportClassified]:
    """The reading, and what goes on in its place where it is larger than a message may be."""
    yield _classified(report, classify)
    UNREAD.inc()
    yield handlers.give_up(report)


def _classified(report: ReportReceived, classify: Classify) -> ReportClassified:
    """Three tries; then it goes on unread, so that a person reads it and it is not lost (design.md 3)."""
    for _ in range(TRIES):
        try:
            return classify(report)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here, the report goes to a person
            log.error(
                "could not be read",
                report_id=str(report.report_id),
                reason=type(error).__name__,
                at=telemetry.place(error),
            )
    UNREAD.inc()
    return handlers.give_up(report)
