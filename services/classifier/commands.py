"""`heard classifier …`: the service itself."""

import asyncio

import typer

from services.classifier import main
from services.classifier.settings import Settings
from shared.http import serve
from shared.telemetry import configure_logging

service = typer.Typer(no_args_is_help=True, help="What a report is, and why: facts, rules, labels.")


def _settings() -> Settings:
    settings = Settings()
    configure_logging("classifier", settings.log_level)
    return settings


@service.command("serve")
def serve_http() -> None:
    """Answer services and staff by HTTP."""
    settings = _settings()
    serve(main.create_app(settings), settings.host, settings.port)


@service.command()
def work() -> None:
    """The first reading of reports from Kafka, the urgent ones first."""
    asyncio.run(main.run_worker(_settings()))


@service.command()
def reread() -> None:
    """The second reading: slower and surer, and it stands over the first."""
    asyncio.run(main.run_second_reader(_settings()))
