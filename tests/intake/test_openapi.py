"""Whatever a program sends by the OpenAPI document, intake answers as the document says, and never that it broke."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.intake.domain.partners import Partner, Scope
from services.intake.handlers import partners
from services.intake.main import create_app
from services.intake.settings import Settings
from shared.database import create_pool
from shared.security import sha256
from tests.builders import NOON
from tests.intake.conftest import TELEPHONY_KEY


async def partners_key(url: str) -> str:
    async with create_pool(url, 1) as pool:
        await partners.register(Partner("everywhere", "Everywhere", "#1d4f6f"), pool)
        _, secret = await partners.make_key("everywhere", list(Scope), pool, NOON)
        return secret


@pytest.fixture(scope="module")
def served(intake_url: str) -> Iterator[tuple[str, str]]:
    """Its address, and a key that is good for everything: in a thread of its own, as schemathesis waits."""
    settings = Settings(
        database=intake_url,
        kafka="127.0.0.1:1",
        secret="a secret of thirty-two characters or more",
        keys={"telephony": sha256(TELEPHONY_KEY)},
    )
    with httpx.Client(timeout=30) as client:
        config = uvicorn.Config(create_app(settings), port=0, log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        assert client.get(f"{url}/readyz").status_code == 200
        done: list[str] = []
        making = threading.Thread(target=lambda: done.append(asyncio.run(partners_key(intake_url))))
        making.start()
        making.join()
        yield url, done[0]
        server.should_exit = True
        thread.join()


CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
EXAMPLES = examples(max_examples=40, derandomize=True, suppress_health_check=list(HealthCheck))


def attack(operation: Any, key: str) -> None:
    @EXAMPLES
    @given(case=operation.as_strategy())
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {key}"})

    holds()


def test_nothing_that_is_sent_breaks_it(served: tuple[str, str]):
    url, partners_own = served
    seen: list[str] = []
    for result in schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations():
        operation = result.ok()
        attack(operation, TELEPHONY_KEY if "transcripts" in operation.path else partners_own)
        seen.append(operation.label)
    assert "POST /v1/reports" in seen
    assert "POST /open311/v2/requests.json" in seen
