"""What the next report of a household costs when it has told of thousands: `accept`, one after another."""

import asyncio
import statistics
import time
from datetime import UTC, datetime
from typing import Final

from services.intake.domain.households import Keyring
from services.intake.handlers import reports
from services.intake.handlers.reports import Told
from services.intake.settings import MIGRATIONS
from shared.database import Pool, create_pool
from shared.outbox import Bell
from shared.told import Answers, Channel, Contact, Place
from tests.bench import telling
from tests.bench.figures import Found, Say, Scale, Table
from tests.bench.world import database

LAST: Final = 50  # reports that a figure is taken over
RING: Final = Keyring.of(("a secret of thirty-two characters or more",), {})


def measured(scale: Scale, say: Say) -> Found:
    marks = [mark for mark in (100, 300, 1_000, 3_000, 10_000) if mark <= scale.household]
    with database("intake", MIGRATIONS) as url:
        say(f"a household with {marks[-1]} reports")
        took = asyncio.run(_told(url, marks[-1]))
    lines = [[f"{mark:,}", f"{statistics.median(took[mark - LAST : mark]) * 1000:.1f}"] for mark in marks]
    note = "All from one address, about one neighbour; each carries the last 20 references and all counts."
    return Found(tables=[Table("The next report of one household", ("reports before it", "ms"), lines, note)])


async def _told(url: str, many: int) -> list[float]:
    took = []
    async with create_pool(url, 2) as pool:
        for text in telling.calm(many, seed=8):
            start = time.perf_counter()
            await _one(text, pool)
            took.append(time.perf_counter() - start)
    return took


async def _one(text: str, pool: Pool) -> None:
    told = Told(
        channel=Channel.web,
        source="public",
        text=text,
        answers=Answers(party="Mr Pocock from number 9"),
        place=Place(postcode="ZZ1 4AB", words="7 Mill Lane"),
        contact=Contact(phone="01632960001"),
        consent=(),
        idempotency_key=None,
        body_hash="",
    )
    await reports.accept(told, pool, Bell(pool), RING, datetime.now(UTC))
