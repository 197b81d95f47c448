"""Reading reports from Kafka: one classifier worker against the barest loops that read and write the same bytes."""

from datetime import UTC, datetime
from typing import Final

from services.classifier import handlers, rulebook
from shared.cloudevents import Message, encode
from shared.events import Lane, ReportReceived
from shared.kafka import CLASSIFIED, RECEIVED
from shared.telemetry import new_traceparent
from tests.bench import telling
from tests.bench.figures import Found, Row, Say, Scale
from tests.bench.topics import Ends, fill
from tests.bench.world import Progress, World, said, watched, without_databases

READ: Final = RECEIVED[Lane.ordinary]
WRITTEN: Final = CLASSIFIED[Lane.ordinary]


def published(reports: list[ReportReceived]) -> list[Message]:
    """As intake publishes them."""
    now = datetime.now(UTC)
    return [encode(report, READ, "intake", now, new_traceparent(), report.place.postcode) for report in reports]


def read_already(reports: list[ReportReceived]) -> list[Message]:
    """As the classifier publishes them, after its first reading."""
    rules, now = rulebook.load(), datetime.now(UTC)
    return [
        encode(handlers.classify(report, rules), WRITTEN, "classifier", now, new_traceparent(), report.place.postcode)
        for report in reports
    ]


def measured(scale: Scale, say: Say) -> Found:
    with without_databases() as here:
        fill(here.kafka.address, published(telling.received(telling.calm(scale.readings))))
        say("the barest loops")
        batched = _loop(here, "batches", scale.readings)
        singly = _loop(here, "singly", scale.readings // 10)
        say("the classifier's worker")
        here.run(("classifier", "work"))
        pids = {"the worker": here.pid("classifier", "work"), "Kafka": here.kafka.pid}
        ours = watched(Ends(here.kafka.address, WRITTEN), scale.readings, **pids)
    bound = f"the reading itself, in one thread: {said(ours.cores)}"
    return Found(
        rows=[
            Row("classifier, one worker", "messages/s", ours.rate, "a loop in batches", batched.rate, 0.5, bound),
            Row("the same", "messages/s", ours.rate, "the barest loop, one by one", singly.rate, 0.5, bound),
        ],
    )


def _loop(here: World, how: str, until: int) -> Progress:
    child = here.beside("tests.bench.barest", how, READ, f"bench.{how}")
    progress = watched(Ends(here.kafka.address, f"bench.{how}"), until)
    here.end(child)
    return progress
