"""Letting a program in: its secret is made, or cannot be guessed, and whom it works for is in the directory."""

import httpx
import pytest

from services.escalation.settings import Settings
from shared.database import Pool
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


ROOM = "escalation", "client", "cad", "--role", "operator", "--belongs-to"
SAM = "escalation", "person", "sam", "--name", "Sam", "--belongs-to"


@pytest.mark.parametrize(
    ("arguments", "lacks"),
    [
        ((*ROOM, "northmoor-polcie"), "no police force with the id northmoor-polcie"),
        ((*ROOM, "northmoor-homes"), "no police force"),
        ((*LET_IN[:-1], "northmoor-enviromental-health"), "no agency"),
        ((*SAM, "Northmoor Police", "--role", "supervisor"), "no police force"),
        ((*SAM, "nobody", "--role", "agency"), "no agency"),
    ],
)
async def test_nobody_is_let_in_for_whom_the_directory_does_not_have(
    settings: Settings, client: httpx.AsyncClient, pool: Pool, arguments: tuple[str, ...], lacks: str
):
    status, printed = await heard(settings, *arguments)
    assert status == 2
    assert lacks in printed
    assert "Traceback" not in printed
    assert await pool.fetchval("select (select count(*) from client) + (select count(*) from person)") == 0


async def test_whom_an_auditor_belongs_to_changes_nothing(settings: Settings, client: httpx.AsyncClient):
    assert await heard(settings, *SAM, "the auditors", "--role", "auditor") == (0, "")


async def test_before_there_is_a_directory_there_is_nothing_to_look_into(settings: Settings, pool: Pool):
    status, _ = await heard(settings, *ROOM, "northmoor-police")
    assert status == 0
