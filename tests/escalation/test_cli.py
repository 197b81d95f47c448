"""Letting a program in: its secret is made, or is one that cannot be guessed."""

import httpx

from services.escalation.settings import Settings
from tests.escalation.test_audit_command import heard

LET_IN = ("escalation", "client", "one", "--role", "agency", "--belongs-to", "northmoor-environmental-health")


async def token(client: httpx.AsyncClient, secret: str) -> int:
    answer = await client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("one", secret))
    return answer.status_code


async def test_without_a_secret_one_is_made_and_shown_once(settings: Settings, client: httpx.AsyncClient):
    status, printed = await heard(settings, *LET_IN)
    assert status == 0
    assert len(printed.strip()) >= 32
    assert await token(client, printed.strip()) == 200


async def test_one_that_is_given_is_not_shown(settings: Settings, client: httpx.AsyncClient):
    assert await heard(settings, *LET_IN, "--secret", "g" * 32) == (0, "")
    assert await token(client, "g" * 32) == 200


async def test_one_that_could_be_guessed_is_refused(settings: Settings, client: httpx.AsyncClient):
    status, printed = await heard(settings, *LET_IN, "--secret", "g" * 31)
    assert status == 2
    assert "32 characters" in printed
    assert await token(client, "g" * 31) == 401
