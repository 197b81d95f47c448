"""A web process that is there before its database is well once it has it, all of it."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from deploy.local.postgres import Postgres
from services.escalation.main import create_app
from services.escalation.settings import MIGRATIONS, Settings
from services.intake import main as intake
from services.intake.settings import MIGRATIONS as INTAKES
from services.intake.settings import Settings as IntakeSettings
from shared.database import create_pool, migrate


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not so():  # noqa: ASYNC110 - nothing says it
            await asyncio.sleep(0.05)


async def once_its_database_came(app: FastAPI, create: Callable[[], None], url: str) -> None:
    """Until the clock is the database's, after a second in which there was none."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://early") as client:
        await asyncio.sleep(1)
        assert (await client.get("/readyz")).status_code == 503
        await asyncio.to_thread(create)
        await until(lambda: app.state.clock._seen is not None)
        assert (await client.get("/readyz")).status_code == 200
        await as_an_older_release_left_it(url, lambda: client.get("/readyz"))


async def as_an_older_release_left_it(url: str, ask: Callable[[], Awaitable[httpx.Response]]) -> None:
    async with create_pool(url, 1) as pool:
        newest = await pool.fetchval("select version_num from alembic_version")
        for revision, status in (("0001", 503), (newest, 200)):
            await pool.execute("update alembic_version set version_num = $1", revision)
            assert (await ask()).status_code == status


async def test_escalation(postgres: Postgres, settings: Settings):
    url = postgres.url("escalation_late")
    app = create_app(settings.model_copy(update={"database": SecretStr(url), "guest_database": SecretStr(url)}))

    def create() -> None:
        postgres.create_database("escalation_late")
        migrate(url, MIGRATIONS)

    async with app.router.lifespan_context(app):
        app.state.bell.ring()
        await once_its_database_came(app, create, url)
        async with create_pool(url, 1) as pool, asyncio.timeout(30):
            listening = "select count(*) from pg_stat_activity where datname = $1 and query like 'LISTEN%'"
            while await pool.fetchval(listening, "escalation_late") < 2:  # noqa: ASYNC110 - nothing says it
                await asyncio.sleep(0.05)
        moment = app.state.watch.moment
        app.state.bell.ring()
        await until(moment.is_set)


async def test_intake(postgres: Postgres):
    url = postgres.url("intake_late")
    app = intake.create_app(IntakeSettings(database=url, kafka="127.0.0.1:1", secret="s" * 32))

    def create() -> None:
        postgres.create_database("intake_late")
        migrate(url, INTAKES)

    async with app.router.lifespan_context(app):
        await once_its_database_came(app, create, url)
