"""`heard escalation …` and `heard directory …`."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import httpx
import structlog
import typer

from services.escalation import main
from services.escalation.directory_file import read_directory
from services.escalation.domain.directory import Directory
from services.escalation.domain.people import Person, Role
from services.escalation.domain.rules import Rules
from services.escalation.errors import NotSo
from services.escalation.handlers import audit, clients, directories, people, webhooks
from services.escalation.handlers.audit import Proof
from services.escalation.main import coverage
from services.escalation.outward import Outward, Refused
from services.escalation.rules_in_force import FRESH, RulesInForce, covering, grading, routing
from services.escalation.settings import MIGRATIONS, Settings
from services.escalation.tokens import Principal
from shared.clock import time_of
from shared.command import AskedWrongly, settings_of
from shared.database import Pool, create_pool, migrate
from shared.http import serve
from shared.outbox import Bell

log = structlog.get_logger()

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="What is done about it: cases, the ranked queue, the agencies.",
)
directory = typer.Typer(no_args_is_help=True, help="Who acts where.")


def _settings() -> Settings:
    return settings_of(Settings, "escalation")


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[tuple[Pool, datetime]]:
    """For one command, with the time as the database has it."""
    async with create_pool(settings.database.get_secret_value(), 1) as pool:
        yield pool, await time_of(pool)


@app.command("serve")
def serve_http() -> None:
    """Show the queue to control rooms, and their reports to agencies."""
    settings = _settings()
    if not (settings.openid_issuer or settings.demo_login):
        log.warning("nobody can sign in to the pages: set OPENID_ISSUER")
    serve(main.create_app(settings), settings.host, settings.port)


@app.command()
def work() -> None:
    """Open cases, deliver them and give receipts."""
    asyncio.run(main.run_worker(_settings()))


@app.command("migrate")
def bring_up_to_date() -> None:
    """Bring escalation's database up to date."""
    migrate(_settings().database.get_secret_value(), MIGRATIONS)


@app.command("client")
def let_in(
    client_id: str,
    role: Annotated[Literal["agency", "operator"], typer.Option(help="what it may do")],
    belongs_to: Annotated[str, typer.Option(help="its agency, or the police force whose queue it works")],
    overlap: Annotated[float, typer.Option(help="hours for which the secrets that it had stay good")] = 24,
) -> None:
    """Let a program ask for tokens, or give it a new secret beside the one that it has.

    The secret is HEARD_CLIENT_SECRET, of 32 characters or more; without it one is made, and printed this once.
    """
    settings, given = _settings(), os.environ.get("HEARD_CLIENT_SECRET")
    secret = given or secrets.token_urlsafe(32)
    if settings.refuses(secret):
        raise AskedWrongly("HEARD_CLIENT_SECRET: a demo credential is refused outside the demo: make one of your own")
    if len(secret) < 32:
        raise AskedWrongly("HEARD_CLIENT_SECRET: a secret has 32 characters or more")
    asyncio.run(_let_in(Principal(client_id, role, belongs_to), secret, timedelta(hours=overlap), settings))
    if not given:
        print(secret)


async def _let_in(who: Principal, secret: str, overlap: timedelta, settings: Settings) -> None:
    async with _database(settings) as (pool, now):
        await clients.let_in(who, secret, pool, now, now + overlap)


@app.command("webhook")
def set_up_webhook(agency: str, url: str) -> None:
    """Tell an agency at this URL of what comes next. Prints the secret that it checks signatures with, this once."""
    print(asyncio.run(_set_up_webhook(agency, url, _settings())))


async def _set_up_webhook(agency: str, url: str, settings: Settings) -> str:
    async with _database(settings) as (pool, now), httpx.AsyncClient() as client:
        directory = (await RulesInForce(pool).current()).directory
        if directory.agency(agency) is None:
            raise NotSo(f"{agency}: the directory has no agency with this id")
        try:
            await Outward(client, settings.webhook_networks).checked(httpx.URL(url))
        except (Refused, httpx.InvalidURL) as error:
            raise NotSo(f"{url}: {error}") from error
        return (await webhooks.set_up(agency, url, pool, now)).secret


@app.command("shut-out")
def shut_out(
    id: str,
    person: Annotated[bool, typer.Option("--person", help="it is somebody who signs in, here or not")] = False,
) -> None:
    """Take a program's secrets away, or end somebody's sessions and let them in no more."""
    asyncio.run(_shut_out(id, people.shut_out if person else clients.shut_out, _settings()))


async def _shut_out(id: str, out: Callable[[str, Pool, datetime], Awaitable[None]], settings: Settings) -> None:
    async with _database(settings) as (pool, now):
        await out(id, pool, now)


@app.command("person")
def let_somebody_in(
    person_id: str,
    role: Annotated[Role, typer.Option(help="what they may do")],
    belongs_to: Annotated[str, typer.Option(help="the police force whose queue they work, or their agency")],
    name: Annotated[str, typer.Option(help="what others see")],
) -> None:
    """Let somebody sign in to the pages."""
    asyncio.run(_let_somebody_in(Person(person_id, name, role, belongs_to), _settings()))


async def _let_somebody_in(person: Person, settings: Settings) -> None:
    async with _database(settings) as (pool, now):
        await people.let_in(person, pool, "heard escalation person", now)


def verify(
    head: Annotated[str | None, typer.Option(help="a head noted earlier, which must still be in the chain")] = None,
) -> None:
    """Prove that the audit record is whole and as it was written. Exit 1 where it is not."""
    proof = asyncio.run(_proof(head, _settings()))
    print(f"{proof.entries} entries; head {proof.head}")
    for fault in proof.faults:
        print(fault)
    if proof.faults:
        raise typer.Exit(1)


async def _proof(head: str | None, settings: Settings) -> Proof:
    async with _database(settings) as (pool, now):
        return await audit.verify(pool, settings.audit_key.get_secret_value(), head, now)


@directory.command("load")
def load(
    file: Path,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only show which open reports would move")] = False,
) -> None:
    """Put a directory in force, whole, and move the open reports that it places elsewhere; or refuse it, saying why.

    What an agency may see no more is taken from what it has, and from what it had.
    """
    asyncio.run(_load(read_directory(file), dry_run, _settings()))


async def _load(read: Directory, dry_run: bool, settings: Settings) -> None:
    tried = Rules(read, grading(), routing())
    async with create_pool(settings.database.get_secret_value(), 2) as pool, coverage(settings, pool) as districts:
        places = partial(covering, tried, districts)
        found = await directories.moves(places, pool)
        for move in found:
            to, no_longer_to = ", ".join(move.to) or "-", ", ".join(move.no_longer_to) or "-"
            print(f"{move.reference}: to {to}; no longer to {no_longer_to}")
        otherwise = await directories.seeing_otherwise(read, pool)
        for agency in otherwise:
            print(f"{agency}: sees other parts of what it has, and of what it had, or nothing of it")
        if dry_run:
            print(f"{len(found)} open reports would move; nothing was loaded")
            return
        first = not await directories.is_there(pool)
        await directories.show_anew(otherwise, read, pool, Bell(pool), await time_of(pool))
        version = await directories.load_directory(read, pool, await time_of(pool))
        await directories.move(found, places, pool, Bell(pool), await time_of(pool))
        if not first:  # until all look it up, what comes is still routed by the one before
            await asyncio.sleep(FRESH + 1)
            await directories.move(await directories.moves(places, pool), places, pool, Bell(pool), await time_of(pool))
            await directories.show_anew(otherwise, read, pool, Bell(pool), await time_of(pool))
            await directories.take_back(otherwise, read, pool, Bell(pool), await time_of(pool))
    print(f"directory version {version}: {len(read.agencies)} agencies in {len(read.areas)} areas")
