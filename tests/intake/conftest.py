from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.postgres import Postgres
from services.intake.main import create_app
from services.intake.settings import MIGRATIONS, Settings
from shared.database import Pool, create_pool, migrate
from shared.security import sha256
from tests.intake.form import Form

TELEPHONY_KEY = "a-key-for-the-telephone-system"


@pytest.fixture(scope="session")
def intake_url(postgres: Postgres) -> str:
    url = postgres.create_database("intake_tests")
    migrate(url, MIGRATIONS)
    return url


@pytest.fixture
def settings(intake_url: str) -> Settings:
    return Settings(
        database=intake_url,
        kafka="127.0.0.1:1",
        secret="a secret of thirty-two characters or more",
        keys={"telephony": sha256(TELEPHONY_KEY)},
    )


@pytest.fixture
async def pool(intake_url: str) -> AsyncIterator[Pool]:
    async with create_pool(intake_url, 20) as pool:
        await pool.execute("truncate report, outbox, recognisable, household_key, link, call, call_turn cascade")
        await pool.execute("truncate sealed, evidence, contact, partner, message, erasure cascade")
        yield pool


@pytest.fixture
async def app(settings: Settings, pool: Pool) -> AsyncIterator[FastAPI]:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def person(app: FastAPI) -> AsyncIterator[Form]:
    """Somebody at the public form."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://intake") as client:
        yield Form(client)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://intake") as client:
        yield client
