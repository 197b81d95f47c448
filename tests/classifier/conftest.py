from collections.abc import AsyncIterator

import httpx
import pytest

from services.classifier.domain.rules import Rulebook
from services.classifier.main import create_app
from services.classifier.rulebook import load
from services.classifier.settings import Settings
from shared.security import sha256

INTAKE_KEY = "the-key-of-intake"


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return load()


@pytest.fixture
async def stranger() -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a key."""
    app = create_app(Settings(kafka="127.0.0.1:1", keys={"intake": sha256(INTAKE_KEY)}))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://classifier") as client,
    ):
        yield client


@pytest.fixture
async def client(stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    """Intake, with its key."""
    stranger.headers["Authorization"] = f"Bearer {INTAKE_KEY}"
    return stranger
