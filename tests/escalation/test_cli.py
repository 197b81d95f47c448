"""Letting a program in: its secret is made, or cannot be guessed, and whom it works for is in the directory."""

import socket

import httpx
import pytest

from deploy.local.samples import DIRECTORY
from services.escalation.domain.people import Person, Role
from services.escalation.errors import NotLetIn
from services.escalation.handlers import clients, people
from services.escalation.main import create_app
from services.escalation.settings import Settings
from services.escalation.tokens import Principal
from shared.database import Pool
from shared.settings import DEMO_MARK
from tests.builders import NOON
from tests.escalation.test_audit_command import heard
from tests.faults.acts.clocks import HOUR, wrong_by

LET_IN = ("escalation", "client", "one", "--role", "agency", "--belongs-to", "northmoor-environmental-health")
SAM = ("escalation", "person", "sam", "--name", "Sam", "--role", "auditor", "--belongs-to", "northmoor-police")
OF_THE_DEMO = f"{DEMO_MARK}a-secret-of-thirty-two-characters"


async def token(client: httpx.AsyncClient, secret: str) -> int:
    answer = await client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("one", secret))
    return answer.status_code


async def test_without_a_secret_one_is_made_and_shown_once(settings: Settings, client: httpx.AsyncClient):
    status, printed = await heard(settings, *LET_IN)
    assert status == 0
    assert len(printed.strip()) >= 32
    assert await token(client, printed.strip()) == 200


async def test_one_that_is_given_is_not_shown(settings: Settings, client: httpx.AsyncClient):
    assert await heard(settings, *LET_IN, HEARD_CLIENT_SECRET="g" * 32) == (0, "")
    assert await token(client, "g" * 32) == 200


async def test_one_that_could_be_guessed_is_refused(settings: Settings, client: httpx.AsyncClient):
    status, printed = await heard(settings, *LET_IN, HEARD_CLIENT_SECRET="g" * 31)
    assert status == 2
    assert "32 characters" in printed
    assert await token(client, "g" * 31) == 401


ROOM = "escalation", "client", "cad", "--role", "operator", "--belongs-to"
SOMEBODY = "escalation", "person", "sam", "--name", "Sam", "--belongs-to"


@pytest.mark.parametrize(
    ("arguments", "lacks"),
    [
        ((*ROOM, "northmoor-polcie"), "no police force with the id northmoor-polcie"),
        ((*ROOM, "northmoor-homes"), "no police force"),
        ((*LET_IN[:-1], "northmoor-enviromental-health"), "no agency"),
        ((*SOMEBODY, "Northmoor Police", "--role", "supervisor"), "no police force"),
        ((*SOMEBODY, "nobody", "--role", "agency"), "no agency"),
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
    assert await heard(settings, *SOMEBODY, "the auditors", "--role", "auditor") == (0, "")


async def test_before_there_is_a_directory_there_is_nothing_to_look_into(settings: Settings, pool: Pool):
    status, _ = await heard(settings, *ROOM, "northmoor-police")
    assert status == 0


@pytest.mark.parametrize("arguments", [(*LET_IN, "--secret", "g" * 32), (*SAM, "--password", "p")])
async def test_no_secret_is_said_where_every_process_sees_it(settings: Settings, arguments: tuple[str, ...]):
    status, printed = await heard(settings, *arguments)
    assert (status, "No such option" in printed) == (2, True)


async def test_whoever_is_not_known_is_named_and_a_directory_asked_for_where_there_is_none(
    settings: Settings, pool: Pool
):
    assert await heard(settings, "escalation", "shut-out", "typo") == (2, "No client is called typo.\n")
    status, printed = await heard(settings, "escalation", "webhook", "northmoor-homes", "https://hooks.example")
    assert (status, printed) == (2, "no directory is loaded: heard directory load FILE\n")


@pytest.mark.parametrize(("environment", "status"), [("demo", 200), ("production", 401)])
async def test_a_secret_of_the_demo_lets_nobody_in_outside_it(
    settings: Settings, pool: Pool, environment: str, status: int
):
    await clients.let_in(Principal("one", "agency", "northmoor-homes"), OF_THE_DEMO, pool, NOON)
    given = settings.model_dump() | {"environment": environment, "demo_login": False}
    other = create_app(Settings(**given))
    async with (
        other.router.lifespan_context(other),
        httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url="https://escalation") as client,
    ):
        assert await token(client, OF_THE_DEMO) == status


async def test_somebody_can_be_shut_out_before_they_come(settings: Settings, client: httpx.AsyncClient, pool: Pool):
    """A restored database does not know all who came since; their provider still does."""
    kit = Person("kit", "Kit", Role.supervisor, "northmoor-police")
    for _ in range(2):
        assert await heard(settings, "escalation", "shut-out", "--person", "kit") == (0, "")
        await people.let_in(kit, pool, "OpenID provider", NOON)
        with pytest.raises(NotLetIn):
            await people.sign_in("kit", pool, NOON)
    await people.let("kit", True, "an admin", pool, NOON)
    token = await people.sign_in("kit", pool, NOON)
    assert await heard(settings, "escalation", "shut-out", "--person", "kit") == (0, "")
    assert await people.who_is(token, pool, NOON) is None
    record = "select count(*) from audit_entry where action = 'shut out' and detail ->> 'person' = 'kit'"
    assert await pool.fetchval(record) == 3


@pytest.mark.parametrize(
    "arguments", [LET_IN, SAM, ("escalation", "shut-out", "--person", "sam"), ("directory", "load", str(DIRECTORY))]
)
async def test_a_command_goes_by_the_databases_clock(
    settings: Settings, client: httpx.AsyncClient, pool: Pool, arguments: tuple[str, ...]
):
    before = await pool.fetchval("select coalesce(max(id), 0) from audit_entry")
    status, printed = await heard(settings, *arguments, **wrong_by(-HOUR))
    assert status == 0, printed
    offsets = await pool.fetch(
        "select extract(epoch from now() - at)::float as off from audit_entry where id > $1", before
    )
    assert offsets
    assert all(0 <= row["off"] < 60 for row in offsets)


@pytest.mark.parametrize("demo", ["true", "false"])
async def test_a_process_that_nobody_can_sign_in_to_says_so(settings: Settings, demo: str):
    """Its port is taken, so that it ends."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = {"ENVIRONMENT": "demo", "DEMO_LOGIN": demo, "PORT": str(taken.getsockname()[1])}
        given = {f"HEARD_ESCALATION_{name}": value for name, value in told.items()}
        status, printed = await heard(settings, "escalation", "serve", **given)
    assert status != 0
    assert ("nobody can sign in" in printed) == (demo == "false")
    assert "Traceback" not in printed
