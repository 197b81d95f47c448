"""`heard intake …` and `heard audit`."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import httpx
import typer

from services.intake import main
from services.intake.domain.partners import Key, Partner, Scope
from services.intake.domain.transcripts.formats import Format
from services.intake.handlers import again, erasing, partners, transcripts
from services.intake.handlers.assessing import classifier_at
from services.intake.handlers.transcripts import AboutCall
from services.intake.repository import accounts
from services.intake.settings import MIGRATIONS, Settings
from shared.clock import time_of
from shared.command import settings_of
from shared.database import DatabaseUnavailable, Pool, create_pool, migrate, transaction
from shared.http import ServiceError, serve
from shared.outbox import Bell
from shared.told import Line, Place, Speaker

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="What people told us: accepting reports, and seeing that each is heard.",
)
key = typer.Typer(no_args_is_help=True, help="Keys of partners' programs.")
app.add_typer(key, name="key")

LISTED = 1000
LIMIT = 120
SAID_EVERY = 2.0  # seconds
Limit = Annotated[float, typer.Option(help="seconds that a report may stay without a receipt")]
T = TypeVar("T")


def _settings() -> Settings:
    return settings_of(Settings, "intake")


@app.command("serve")
def serve_http() -> None:
    """Take reports by HTTP."""
    settings = _settings()
    serve(main.create_app(settings), settings.host, settings.port)


@app.command()
def work() -> None:
    """Publish what was accepted, and hear the receipts."""
    asyncio.run(main.run_worker(_settings()))


@app.command("migrate")
def bring_up_to_date() -> None:
    """Bring intake's database up to date."""
    migrate(_settings().database.get_secret_value(), MIGRATIONS)


@app.command()
def partner(
    id: Annotated[str, typer.Argument(help="small letters, digits and dashes; it stands in the address")],
    name: Annotated[str, typer.Option(help="as people know it")],
    colour: Annotated[str, typer.Option(help="of the page's head, dark enough for white words")] = "#1d4f6f",
    origin: Annotated[list[str] | None, typer.Option(help="https://… that may frame the form; may be repeated")] = None,
    way_back: Annotated[str | None, typer.Option(help="https://… that a link back goes to")] = None,
) -> None:
    """Let an organisation link to the form or build it in: its people start at /with/ID/."""
    organisation = Partner(id, name, colour.lower(), tuple(origin or ()), way_back)
    _done(partial(partners.register, organisation, taken=_settings().keys))
    print(f"{id}: /with/{id}/")


@key.command("make")
def make_key(
    partner: str, scope: Annotated[list[Scope], typer.Option(help="what it is good for; may be repeated")]
) -> None:
    """Make a key for a partner's program. It is shown this once; only its hash is kept."""
    made, secret = _done(partial(_make_key, partner, scope))
    print(f"{made.id}\n{secret}")


async def _make_key(partner: str, scopes: list[Scope], pool: Pool) -> tuple[Key, str]:
    return await partners.make_key(partner, scopes, pool, await time_of(pool))


@key.command("revoke")
def revoke_key(id: UUID) -> None:
    """Make a key good for nothing, from now on."""
    if not _done(partial(_revoke, id)):
        raise typer.BadParameter(f"there is no key {id}: heard intake key list")


async def _revoke(id: UUID, pool: Pool) -> bool:
    return await partners.revoke(id, pool, await time_of(pool))


@key.command("list")
def list_keys() -> None:
    """Every key: its id, whose, what for, since when, until when."""
    for one in _done(partners.keys):
        until = f"revoked {one.revoked_at:%Y-%m-%d %H:%M}" if one.revoked_at else "good"
        print(f"{one.id}  {one.partner}  {','.join(one.scopes)}  {one.made_at:%Y-%m-%d %H:%M}  {until}")


def _done(work: Callable[[Pool], Awaitable[T]]) -> T:
    """What comes of work on the database."""
    return asyncio.run(_with_pool(work))


async def _with_pool(work: Callable[[Pool], Awaitable[T]]) -> T:
    async with create_pool(_settings().database.get_secret_value(), 2) as pool:
        return await work(pool)


@app.command("transcript")
def tell_transcripts(
    files: Annotated[list[Path], typer.Argument(help="turns, text, WebVTT, SRT, Whisper, Amazon Transcribe, vCon")],
    format: Annotated[Format | None, typer.Option(help="found in the content where it is not said")] = None,
    speaker: Annotated[
        list[str] | None, typer.Option(help="NAME=caller, operator or background; * for all not named")
    ] = None,
    source: Annotated[str, typer.Option(help="who sends it")] = "file",
    caller: Annotated[str | None, typer.Option(help="the number that rang")] = None,
    call_id: Annotated[
        str | None, typer.Option(help="a call sent twice is one report; without it, so is a file")
    ] = None,
    line: Annotated[Line | None, typer.Option(help="the number that was rung")] = None,
    started_at: Annotated[datetime | None, typer.Option(help="when the call began, UTC")] = None,
    postcode: Annotated[str | None, typer.Option()] = None,
    vcon_to: Annotated[Path | None, typer.Option(help="a folder for each vCon with our reading in it")] = None,
) -> None:
    """Keep calls from files, each a report; exit 1 where one could not be taken, with the place and the reason.

    Or where its vCon could not be written: no file that is there is written over.
    """
    started = started_at and started_at.replace(tzinfo=UTC)
    about = AboutCall(source, call_id, caller, line, started, Place(postcode=postcode))
    told = _who_is_who(speaker or [])
    raise typer.Exit(bool(_done(partial(_take, files, Asked(format, told, about, vcon_to), _settings()))))


@dataclass(frozen=True)
class Asked:
    """What is said of all files at once."""

    format: Format | None
    speakers: dict[str, Speaker]
    about: AboutCall
    vcon_to: Path | None


def _who_is_who(given: list[str]) -> dict[str, Speaker]:
    try:
        return {name: Speaker(role) for name, _, role in (one.rpartition("=") for one in given)}
    except ValueError as error:
        raise typer.BadParameter("say NAME=caller, NAME=operator or NAME=background") from error


async def _take(files: list[Path], asked: Asked, settings: Settings, pool: Pool) -> int:
    """How many could not be taken, or written."""
    failed, bell = 0, Bell(pool)
    async with httpx.AsyncClient() as http:
        for file in files:
            try:
                reference, notes = await _take_one(file, asked, settings, pool, bell, http)
            except (NotWritten, ServiceError, DatabaseUnavailable, OSError) as error:
                failed += 1
                print(f"{file}: {error}", file=sys.stderr)
                continue
            print(f"{file}: {reference}", *(f"  note: {note}" for note in notes), sep="\n")
    await bell.notify()
    return failed


async def _take_one(
    file: Path, asked: Asked, settings: Settings, pool: Pool, bell: Bell, http: httpx.AsyncClient
) -> tuple[str, tuple[str, ...]]:
    """Its reference and what is to be noted. Raises ServiceError, DatabaseUnavailable, OSError, or NotWritten."""
    transcript = await asyncio.to_thread(lambda: transcripts.parsed(file.read_bytes(), asked.format))
    ring, now = main.keyring(settings), await time_of(pool)
    taken = await transcripts.take(transcript, asked.speakers, asked.about, pool, bell, ring, now)
    if transcript.vcon is None or asked.vcon_to is None:
        return taken.accepted.reference, taken.notes
    classifier = classifier_at(settings, http)
    vcon = await transcripts.with_our_reading(transcript.vcon, taken, classifier, pool, now)
    if vcon is None:
        return taken.accepted.reference, (*taken.notes, "not read in time: send it again to have our reading")
    try:
        await asyncio.to_thread(_write, asked.vcon_to / file.name, json.dumps(vcon, indent=1))
    except OSError as error:
        raise NotWritten(f"kept as {taken.accepted.reference}, but its vCon is not written: {error}") from error
    return taken.accepted.reference, taken.notes


class NotWritten(Exception):
    """A call that is kept, whose vCon cannot be put where it was asked for."""


def _write(file: Path, words: str) -> None:
    with file.open("x") as written:
        written.write(words)


@app.command("again")
def publish_again(
    since: Annotated[datetime, typer.Option(help="UTC, from before the backup was begun: an hour more does no harm")],
) -> None:
    """After escalation's database was restored: publish all erasures again, and each report received or routed since.

    Ends when the last is on its way; `heard audit` says when each has its receipt. Run it again where it was cut short.
    """
    _done(partial(_publish_again, since.replace(tzinfo=UTC)))


async def _publish_again(since: datetime, pool: Pool) -> None:
    far, said_at = again.Far(), time.monotonic()
    async for far in again.publish_again(since, pool):
        if time.monotonic() - said_at > SAID_EVERY:
            said_at = time.monotonic()
            print(f"{far.looked_at:4.0%} looked at, {far.reports} published again, {far.waiting} wait for a receipt")
    print(f"published again: {far.reports} reports, {far.erasures} erasures; {far.waiting} wait for a receipt")


def erase(
    reference: str,
    by: Annotated[str, typer.Option(help="who erases it, for the record")],
    why: Annotated[str, typer.Option(help="on what ground, for the record: not a word of the report")],
) -> None:
    """Erase a report for good: here at once, then in escalation, and in the feed of every agency that had it."""
    report_id = _done(partial(_erase, reference, by, why))
    print(f"{reference}: erased here; everybody who had it is told. `heard audit` says when that is done.")
    print(f"Who saw it stays in escalation's audit record, under {report_id}.")


async def _erase(reference: str, by: str, why: str, pool: Pool) -> UUID:
    bell = Bell(pool)
    report_id = await erasing.erase(reference, by, why, pool, bell, await time_of(pool))
    await bell.notify()
    return report_id


def audit(limit: Limit = LIMIT) -> None:
    """Account for every accepted report: accepted = routed + open. Exit 1 if one is open for longer than the limit.

    And where that is not so, where one is open and nothing publishes it, and where one is here that was erased: this
    database was restored.
    """
    account, open_ones, adrift, erased = _done(_account)
    neither = account["accepted"] - account["routed"] - account["open"]
    more = f" + neither {neither}" if neither else ""
    print(f"accepted {account['accepted']} = routed {account['routed']} + open {account['open']}{more}")
    for row in open_ones:
        lane, way = "urgent" if row["urgent"] else "ordinary", "" if row["on_its_way"] else ", and nothing publishes it"
        print(f"open {row['reference']} {lane} for {row['seconds']:.0f} s{way}")
    if account["open"] > len(open_ones):
        print(f"and {account['open'] - len(open_ones)} more")
    for reference in adrift:
        print(f"without a receipt for its newest words, and not open: {reference}")
    if account["erasing"]:
        print(f"erasures that escalation has not answered yet: {account['erasing']}")
    for reference in erased:
        print(f"erased before this database was restored, and here again: heard erase {reference}")
    if neither or erased or account["seconds"] > limit or not all(row["on_its_way"] for row in open_ones):
        sys.exit(1)


async def _account(pool: Pool) -> tuple[Any, list[Any], list[str], list[str]]:
    async with transaction(pool) as connection:
        return (
            await accounts.account(connection),
            await accounts.open_ones(connection, LISTED),
            await accounts.adrift(connection, LISTED),
            await accounts.erased_and_here(connection, LISTED),
        )
