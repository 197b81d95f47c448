"""What more workers do: 1, 2 and 4 of the same, on topics of as many partitions."""

from collections.abc import Sequence
from typing import Final

from shared.cloudevents import Message
from shared.kafka import ROUTED
from tests.bench import telling
from tests.bench.figures import Found, Say, Scale, Table
from tests.bench.topics import Ends, fill
from tests.bench.worker import WRITTEN, published, read_already
from tests.bench.world import watched, world

NEEDS: Final = {"classifier": WRITTEN, "escalation": ROUTED}
"""What tells how far the workers of a service are."""


def measured(scale: Scale, say: Say) -> Found:
    reports = telling.received(telling.calm(scale.readings // 2, seed=7))
    filled = {"classifier": published(reports), "escalation": read_already(reports)}
    lines = []
    for many in scale.workers:
        rates = []
        for service, messages in filled.items():
            say(f"{many} workers of {service}")
            rates.append(f"{_rate(service, many, messages):.0f}")
        lines.append([str(many), *rates])
    note = "Messages a second of all of them together; these cores are shared with Kafka and PostgreSQL."
    return Found(tables=[Table("More workers", ("workers", *filled), lines, note)])


def _rate(service: str, many: int, messages: Sequence[Message]) -> float:
    with world() as here:
        fill(here.kafka.address, messages)
        for _ in range(many):
            here.beside("services", service, "work")
        return watched(Ends(here.kafka.address, NEEDS[service]), len(messages)).rate
