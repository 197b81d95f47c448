"""`heard escalation …` and `heard directory …`."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from services.escalation import main
from services.escalation.domain.directory import Directory
from services.escalation.errors import DirectoryRefused
from services.escalation.handlers import clients, directories
from services.escalation.rules_in_force import read_directory
from services.escalation.settings import MIGRATIONS, Settings
from shared.database import create_pool, migrate
from shared.http import serve
from shared.telemetry import configure_logging

app = typer.Typer(no_args_is_help=True, help="What is done about it: cases, the ranked queue, the agencies.")
directory = typer.Typer(no_args_is_help=True, help="Who acts where.")


def _settings() -> Settings:
    settings = Settings()
    configure_logging("escalation", settings.log_level)
    return settings


@app.command("serve")
def serve_http() -> None:
    """Show the queue to control rooms, and their reports to agencies."""
    settings = _settings()
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
    secret: Annotated[str, typer.Option(envvar="HEARD_CLIENT_SECRET", help="from the environment")],
) -> None:
    """Let a program ask for tokens, or give it a new secret."""
    asyncio.run(_let_in(client_id, secret, role, belongs_to, _settings()))


async def _let_in(client_id: str, secret: str, role: str, belongs_to: str, settings: Settings) -> None:
    async with create_pool(settings.database.get_secret_value(), 1) as pool:
        await clients.let_in(client_id, secret, role, belongs_to, pool)


@directory.command("load")
def load(file: Path) -> None:
    """Put a directory in force, whole, or refuse it with the place and the reason."""
    try:
        read = read_directory(file)
    except DirectoryRefused as error:
        raise typer.BadParameter(str(error)) from error
    version = asyncio.run(_load(read, _settings()))
    print(f"directory version {version}: {len(read.agencies)} agencies in {len(read.areas)} areas")


async def _load(read: Directory, settings: Settings) -> int:
    async with create_pool(settings.database.get_secret_value(), 1) as pool:
        return await directories.load_directory(read, pool, datetime.now(UTC))
