from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.postgres import Postgres
from deploy.local.samples import DIRECTORY
from services.escalation import rules_in_force
from services.escalation.directory_file import read_directory
from services.escalation.domain.directory import Directory
from services.escalation.domain.people import Person, Role
from services.escalation.domain.rules import Covering
from services.escalation.handlers import cases, clients, directories, people
from services.escalation.handlers.cases import Arrived, Rules
from services.escalation.main import create_app
from services.escalation.routers.dependencies import COOKIE
from services.escalation.settings import MIGRATIONS, Settings
from services.escalation.tokens import Principal
from shared.database import Pool, create_pool, migrate
from shared.events import ReportClassified
from shared.outbox import Bell
from tests.builders import NOON

OURS = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form sent from our own page."""

TABLES = """cases, queue_item, delivery, agency_counter, outbox, client, directory_version, person, session, alert,
overridden, note, case_link, audit_entry, delivery_step, client_secret, webhook, case_review, case_review_report,
case_review_agency, case_review_action, erased_report, notice, set_aside, postcode_district"""


@pytest.fixture(scope="session")
def directory() -> Directory:
    return read_directory(DIRECTORY)


@pytest.fixture(scope="session")
def rules(directory: Directory) -> Rules:
    return Rules(directory, rules_in_force.grading(), rules_in_force.routing())


def as_they_are(rules: Rules) -> Covering:
    """These rules, whatever places are asked for: their directory's own table knows all."""

    async def covering(_: object) -> Rules:
        return rules

    return covering


@pytest.fixture(scope="session")
def escalation_url(postgres: Postgres) -> str:
    url = postgres.create_database("escalation_tests")
    migrate(url, MIGRATIONS)
    return url


@pytest.fixture
def guest_url(escalation_url: str, postgres: Postgres) -> str:
    return postgres.guest_url("escalation_tests")


@pytest.fixture
def settings(escalation_url: str, guest_url: str) -> Settings:
    return Settings(
        database=escalation_url,
        guest_database=guest_url,
        kafka="127.0.0.1:1",
        token_key="a key of thirty-two characters or more",
        audit_key="another key of thirty-two characters or more",
        environment="demo",
        demo_login=True,
    )


@pytest.fixture
async def pool(escalation_url: str) -> AsyncIterator[Pool]:
    async with create_pool(escalation_url, 20) as pool:
        await pool.execute("alter table audit_entry disable trigger audit_table_stays")
        await pool.execute(f"truncate {TABLES}")
        await pool.execute("alter table audit_entry enable trigger audit_table_stays")
        yield pool


@pytest.fixture
async def guests(guest_url: str, pool: Pool) -> AsyncIterator[Pool]:
    """Connections under the role that agencies' requests run as."""
    async with create_pool(guest_url, 20) as guests:
        yield guests


Escalate = Callable[..., Awaitable[None]]


@pytest.fixture
def escalate(pool: Pool, rules: Rules) -> Escalate:
    async def escalated(*events: ReportClassified, at: datetime = NOON) -> None:
        arrived = [Arrived(event, at, None) for event in events]
        await cases.escalate(arrived, pool, Bell(pool), rules, at)

    return escalated


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
async def client(app: FastAPI, pool: Pool, directory: Directory) -> AsyncIterator[httpx.AsyncClient]:
    await directories.load_directory(directory, pool, datetime.now(UTC))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://escalation") as client,
    ):
        yield client


SignIn = Callable[[str, str], Awaitable[dict[str, str]]]


@pytest.fixture
def sign_in(client: httpx.AsyncClient, pool: Pool) -> SignIn:
    """Authorization headers of a client with this role, acting for this agency or force."""

    async def signed_in(role: str, belongs_to: str) -> dict[str, str]:
        await clients.let_in(Principal(f"{belongs_to}-{role}", role, belongs_to), "secret", pool, NOON)
        form = {"grant_type": "client_credentials"}
        answer = await client.post("/oauth/token", data=form, auth=(f"{belongs_to}-{role}", "secret"))
        return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}

    return signed_in


SignInPage = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def sign_in_page(client: httpx.AsyncClient, pool: Pool) -> AsyncIterator[SignInPage]:
    """A browser of its own in which somebody with this role is signed in."""
    browsers = AsyncExitStack()

    async def signed_in(role: Role, name: str = "Sam", belongs_to: str = "northmoor-police") -> httpx.AsyncClient:
        await people.let_in(Person(name.lower(), name, role, belongs_to), pool, "a test", NOON)
        token = await people.sign_in(name.lower(), pool, datetime.now(UTC))
        browser = httpx.AsyncClient(transport=client._transport, base_url=client.base_url, cookies={COOKIE: token})
        return await browsers.enter_async_context(browser)

    async with browsers:
        yield signed_in
