"""What more workers do: 1, 2 and 4 of the same, on topics of four partitions."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from shared.cloudevents import Message
from shared.events import ReportReceived
from shared.kafka import READERS, ROUTED
from tests.bench import telling
from tests.bench.figures import Found, Say, Scale, Table
from tests.bench.topics import Ends, fill, members
from tests.bench.worker import READ, WRITTEN, published, read_already
from tests.bench.world import World, watched, world

Made = Callable[[list[ReportReceived]], list[Message]]

SERVICES: Final[dict[str, tuple[Made, str, str]]] = {
    "escalation": (read_already, READERS[WRITTEN], ROUTED),
    "classifier": (published, READERS[READ], WRITTEN),
}
"""What they are given, the group that reads it, and where it goes; the first has gone when the second writes to it."""


def measured(scale: Scale, say: Say) -> Found:
    reports = telling.received(telling.calm(scale.readings // 2 * len(scale.workers), seed=7))
    with world() as here:
        rates = [list(_rates(here, service, reports, scale.workers, say)) for service in SERVICES]
    lines = [[str(many), *line] for many, *line in zip(scale.workers, *rates, strict=True)]
    note = "Messages a second of all of them together; these cores are shared with Kafka and PostgreSQL."
    return Found(tables=[Table("More workers", ("workers", *SERVICES), lines, note)])


def _rates(here: World, service: str, reports: list[ReportReceived], counts: Sequence[int], say: Say) -> Iterator[str]:
    made, group, to = SERVICES[service]
    messages = made(reports)
    each = len(messages) // len(counts)
    for place, many in enumerate(counts):
        say(f"{many} of {service}")
        _grow(here, service, group, many)
        before = Ends(here.kafka.address, to)()
        fill(here.kafka.address, messages[place * each : (place + 1) * each])
        yield f"{watched(Ends(here.kafka.address, to), before + each, before).rate:.0f}"
    for child in here.besides[:]:
        here.end(child)


def _grow(here: World, service: str, group: str, many: int) -> None:
    """Until so many have joined the group."""
    while len(here.besides) < many:
        here.beside("services", service, "work")
    watched(lambda: members(here.kafka.address, group), many)
