"""What the account of all reports asks goes by an index: a statement that reads them all fails at a country's size.

PostgreSQL is asked how it would go about it, in a database that has 20,000 reports, and erased ten others.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from deploy.local.postgres import Postgres
from services.intake.repository import accounts
from services.intake.settings import MIGRATIONS
from shared import database
from shared.database import Connection, Pool, create_pool, migrate, statement
from shared.kafka import RECEIVED

EVER = """
insert into report (id, reference, source, received_at, urgent, revision, event, secret_hash, body_hash, receipt,
                    open_since)
select gen_random_uuid(), 'HRD-' || n, 'web', now(), false, 1, '{}', '', '', '{"revision": 1}', null
from generate_series(1, 20000) as n;
insert into erasure (report_id, event) select gen_random_uuid(), '{}' from generate_series(1, 10);
analyze
"""


@pytest.fixture(scope="module")
async def url(postgres: Postgres) -> str:
    url = postgres.create_database("intake_years")
    await asyncio.to_thread(migrate, url, MIGRATIONS)
    async with create_pool(url, 1) as pool:
        await pool.execute(EVER, timeout=120)
    return url


@pytest.fixture
async def years(url: str) -> AsyncIterator[Pool]:
    async with create_pool(url, 1) as pool:
        yield pool


@pytest.mark.parametrize(
    ("statement", "given"),
    [
        (accounts.ERASED_AND_HERE, (100,)),
        (accounts.WAITING, ()),
        (accounts.OPEN_ONES, (100, list(RECEIVED.values()))),
    ],
)
async def test_it_goes_by_an_index(years: Pool, statement: str, given: tuple[object, ...]):
    plan = "\n".join([row[0] for row in await years.fetch(f"explain {statement}", *given)])
    assert "Seq Scan on report" not in plan, plan


@pytest.mark.parametrize("asked", [accounts.account, lambda connection: accounts.adrift(connection, 100)])
async def test_what_reads_them_all_takes_as_long_as_it_takes(
    url: str, years: Pool, monkeypatch: pytest.MonkeyPatch, asked: Callable[[Connection], Awaitable[object]]
):
    monkeypatch.setattr(database, "STATEMENT_TIMEOUT", 2.0)  # enough to connect in, which it bounds too
    async with create_pool(url, 1) as pool, statement(pool) as connection:
        async with years.acquire() as other, other.transaction():
            await other.execute("lock table report")
            counting = asyncio.create_task(asked(connection))
            await asyncio.sleep(2.5)
        await counting
