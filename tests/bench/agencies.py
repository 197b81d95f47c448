"""How the cost of routing grows with the directory: 10 to 10,000 agencies."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count, islice, product
from typing import Final
from uuid import uuid4

from deploy.local.samples import DIRECTORY
from services.classifier import handlers as classifier
from services.classifier import rulebook
from services.escalation import rules_in_force
from services.escalation.directory_file import read_directory
from services.escalation.domain.directory import Agency, Area, Directory, Kind
from services.escalation.domain.rules import Rules
from services.escalation.handlers import cases
from services.escalation.handlers.cases import Arrived
from services.escalation.settings import MIGRATIONS
from shared.database import Pool, create_pool
from shared.events import ReportClassified
from shared.outbox import Bell
from shared.told import Place
from tests.bench import telling
from tests.bench.figures import Found, Say, Scale, Table
from tests.bench.world import database

BATCHES: Final = 4
BATCH: Final = 200


def measured(scale: Scale, say: Say) -> Found:
    events = [classifier.classify(r, RULEBOOK) for r in telling.received(telling.calm(BATCH, seed=3))]
    with database("escalation", MIGRATIONS) as url:
        lines = asyncio.run(_each(url, events, scale.agencies, say))
    columns = ("agencies", "areas", "reports/s", "µs of our processor a report")
    return Found(tables=[Table("Routing, by the size of the directory", columns, lines, f"Batches of {BATCH}.")])


RULEBOOK: Final = rulebook.load()


async def _each(url: str, events: Sequence[ReportClassified], sizes: Sequence[int], say: Say) -> list[list[str]]:
    async with create_pool(url, 2) as pool:
        await _routed(events, directory(sizes[0]), pool)
        found = []
        for size in sizes:
            say(f"{size} agencies")
            found.append([f"{size:,}", f"{size // len(Kind):,}", *await _routed(events, directory(size), pool)])
    return found


async def _routed(events: Sequence[ReportClassified], within: Directory, pool: Pool) -> list[str]:
    rules = Rules(within, rules_in_force.grading(), rules_in_force.routing())
    batches = [list(_elsewhere(events, within)) for _ in range(BATCHES)]
    start, used = time.perf_counter(), time.process_time()
    for batch in batches:
        await cases.escalate(batch, pool, Bell(pool), rules, datetime.now(UTC))
    many = BATCHES * len(events)
    wall, own = time.perf_counter() - start, time.process_time() - used
    return [f"{many / wall:.0f}", f"{own / many * 1e6:.0f}"]


def _elsewhere(events: Sequence[ReportClassified], within: Directory) -> Iterator[Arrived]:
    """The same words, told anew in one area after another."""
    for number, event in enumerate(events):
        area, new = within.areas[number % len(within.areas)], uuid4()
        place = Place(postcode=f"{area.outward[0]} 1AA")
        told = event.report.model_copy(update={"report_id": new, "reference": str(new), "place": place})
        yield Arrived(event.model_copy(update={"report_id": new, "report": told}), datetime.now(UTC), None)


def directory(agencies: int) -> Directory:
    """An agency of each kind in every area, as many areas as that makes."""
    kinds = read_directory(DIRECTORY).kinds
    areas = [
        Area(id=f"area-{n}", name=f"Area {n}", outward=(code,))
        for n, code in enumerate(islice(_codes(), max(1, agencies // len(Kind))))
    ]
    return Directory(
        areas=areas,
        kinds=kinds,
        agencies=[
            Agency(id=f"{area.id}-{kind}".replace("_", "-"), name=f"{_name(n)} {kind}", kind=kind, areas=(area.id,))
            for n, area in enumerate(areas)
            for kind in Kind
        ],
    )


def _codes() -> Iterator[str]:
    for number in count(1):
        yield from (f"{first}{second}{number}" for first, second in product(telling.LETTERS, repeat=2))


def _name(number: int) -> str:
    """Like a town's: a word of its own."""
    letters = telling.LETTERS
    return "".join(letters[number // len(letters) ** place % len(letters)] for place in range(4)).capitalize() + "ford"
