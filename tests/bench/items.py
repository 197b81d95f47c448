"""What a control room waits for when a million items are open, against a thousand."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

from deploy.local.samples import DIRECTORY
from services.classifier import handlers as classifier
from services.escalation import rules_in_force
from services.escalation.directory_file import read_directory
from services.escalation.domain.people import Worker
from services.escalation.domain.rules import Rules
from services.escalation.handlers import alerts, cases, leases, queue
from services.escalation.handlers.board import Board
from services.escalation.handlers.cases import Arrived
from services.escalation.settings import MIGRATIONS
from shared.database import Pool, create_pool
from shared.events import ReportClassified
from shared.outbox import Bell
from tests.bench import telling
from tests.bench.agencies import RULEBOOK
from tests.bench.figures import Found, Say, Scale, Table
from tests.bench.world import database

FORCE: Final = "northmoor-police"
FEW: Final = 1_000
TIMES: Final = 15
NOBODY_LATE: Final = timedelta(days=2)

Act = Callable[[], Awaitable[object]]


def measured(scale: Scale, say: Say) -> Found:
    with database("escalation", MIGRATIONS) as url:
        return asyncio.run(_both(url, scale.open_items, say))


async def _both(url: str, many: int, say: Say) -> Found:
    events = [classifier.classify(report, RULEBOOK) for report in telling.received(telling.calm(200, seed=6))]
    async with create_pool(url, 4) as pool:
        say(f"{FEW} open items")
        await _load(pool, events[0], FEW)
        few = await _acts(pool, events)
        say(f"{many} open items, by COPY")
        start = time.perf_counter()
        await _load(pool, events[0], many - FEW)
        loaded = time.perf_counter() - start
        say("the control room's acts among them")
        lots = await _acts(pool, events)
        size = await pool.fetchval("select pg_database_size(current_database())")
    lines = [[name, f"{few[name]:.1f}", f"{lots[name]:.1f}"] for name in few]
    note = f"Median ms. Loading them took {loaded:.0f} s; the database then has {size / 2**30:.1f} GiB."
    return Found(tables=[Table("Open items", ("what", f"{FEW:,} open", f"{many:,} open"), lines, note)])


async def _load(pool: Pool, event: ReportClassified, many: int) -> None:
    """Cases with their items, as escalation keeps them, past everything that makes them."""
    body, now, ids = event.model_dump_json().encode(), datetime.now(UTC), [uuid4() for _ in range(many)]
    async with pool.acquire() as connection:
        for table, columns, rows in (("cases", CASE, _cases(ids, body, now)), ("queue_item", ITEM, _items(ids, now))):
            await connection.copy_records_to_table(table, columns=columns.split(), records=rows, timeout=1800)
        await connection.execute("analyze cases", timeout=600)
        await connection.execute("analyze queue_item", timeout=600)


CASE: Final = "report_id reference revision reading rulebook assessed_at event danger_class grade reasons opened_at"
ITEM: Final = "report_id force queues danger_class grade_order target_at opened_at fold"


def _cases(ids: Sequence[UUID], body: bytes, now: datetime) -> Iterator[tuple[Any, ...]]:
    for number, one in enumerate(ids):
        yield one, str(one), 1, 1, "rules", now, body, 2 + number % 3, "scheduled", [], now


def _items(ids: Sequence[UUID], now: datetime) -> Iterator[tuple[Any, ...]]:
    for number, one in enumerate(ids):
        target = now + NOBODY_LATE + timedelta(seconds=number)
        yield one, FORCE, ["control_room"], 2 + number % 3, 2, target, now, one


async def _acts(pool: Pool, events: Sequence[ReportClassified]) -> dict[str, float]:
    """Median milliseconds of each."""
    rules = Rules(read_directory(DIRECTORY), rules_in_force.grading(), rules_in_force.routing())
    worker, board = Worker("sam", "Sam", FORCE), Board(FORCE)
    await board.standing(pool, datetime.now(UTC))
    acts: dict[str, Act] = {
        "the first page of the queue (50)": lambda: queue.ranked(
            FORCE, None, 50, pool, partial(rules_in_force.covering, rules, None)
        ),
        "claiming the next": lambda: leases.claim_next(worker, None, None, pool, datetime.now(UTC)),
        "a board opened for the first time (500 lines)": lambda: Board(FORCE).standing(pool, datetime.now(UTC)),
        "a board that is open, looked at again": lambda: board.standing(pool, datetime.now(UTC)),
        "the look for alerts, every 5 s": lambda: alerts.look(pool, datetime.now(UTC)),
        "routing a batch of 200 more": lambda: _more(events, rules, pool),
    }
    return {name: await _median(act) for name, act in acts.items()}


async def _median(act: Act) -> float:
    took = []
    for _ in range(TIMES):
        start = time.perf_counter()
        await act()
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


async def _more(events: Sequence[ReportClassified], rules: Rules, pool: Pool) -> None:
    arrived = [Arrived(_anew(event), datetime.now(UTC), None) for event in events]
    await cases.escalate(arrived, pool, Bell(pool), rules, datetime.now(UTC))


def _anew(event: ReportClassified) -> ReportClassified:
    new = uuid4()
    elsewhere = event.report.place.model_copy(update={"words": str(new)})  # else each would be a near-copy of the last
    told = event.report.model_copy(update={"report_id": new, "reference": str(new), "place": elsewhere})
    return event.model_copy(update={"report_id": new, "report": told})
