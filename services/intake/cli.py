"""`heard intake …` and `heard audit`."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from services.intake import main
from services.intake.repository import reports
from services.intake.settings import MIGRATIONS, Settings
from shared.database import create_pool, migrate, transaction
from shared.http import serve
from shared.telemetry import configure_logging

app = typer.Typer(no_args_is_help=True, help="What people told us: accepting reports, and seeing that each is heard.")

LISTED = 1000
LIMIT = 120
Limit = Annotated[float, typer.Option(help="seconds that a report may stay without a receipt")]


def _settings() -> Settings:
    settings = Settings()
    configure_logging("intake", settings.log_level)
    return settings


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


def audit(limit: Limit = LIMIT) -> None:
    """Account for every accepted report: accepted = routed + open. Exit 1 if one is open for longer than the limit."""
    account, open_ones = asyncio.run(_account(_settings()))
    print(f"accepted {account['accepted']} = routed {account['routed']} + open {account['open']}")
    now = datetime.now(UTC)
    for row in open_ones:
        waited = (now - row["received_at"]).total_seconds()
        print(f"open {row['reference']} {'urgent' if row['urgent'] else 'ordinary'} for {waited:.0f} s")
    if account["open"] > len(open_ones):
        print(f"and {account['open'] - len(open_ones)} more")
    if account["oldest"] and now - account["oldest"] > timedelta(seconds=limit):
        sys.exit(1)


async def _account(settings: Settings) -> tuple[Any, list[Any]]:
    async with (
        create_pool(settings.database.get_secret_value(), 1) as pool,
        transaction(pool) as connection,
    ):
        return await reports.account(connection), await reports.open_ones(connection, LISTED)
