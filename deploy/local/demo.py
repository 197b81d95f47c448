"""`make demo`: everything on this machine, sample reports flowing through it, and what became of them."""

import asyncio
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.local import samples
from deploy.local.broker import Broker
from deploy.local.errors import LocalError
from deploy.local.postgres import Postgres
from deploy.local.samples import Sent
from deploy.local.stack import ROOT, TELEPHONY, Ports, Stack, started
from services.escalation.directory_file import read_directory
from services.escalation.domain.people import Role
from services.escalation.handlers import people
from services.escalation.handlers.clients import let_in
from services.escalation.handlers.directories import load_directory
from shared.command import said_plainly
from shared.database import create_pool
from shared.settings import DEMO_MARK

DATA: Final = ROOT / ".heard"
PATIENCE: Final = 90.0  # seconds for all receipts

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
console = Console(width=None if sys.stdout.isatty() else 140)
failures = Console(stderr=True, style="bold")


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="end once every report has its receipt")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh/--keep", help="from empty, or with what the last run left and no sample sent")
    ] = True,
    folder: Annotated[Path, typer.Option(help="where the demo keeps its data")] = DATA,
) -> None:
    """Run all of Heard here, send sample reports, and show where each went."""
    try:
        with _running(folder.absolute(), fresh) as (stack, broker):
            missing = _shown(stack) if fresh else []
            _pages(stack)
            if missing:
                failures.print(f"No receipt came for: {', '.join(missing)}")
            if once:
                raise typer.Exit(1 if missing else 0)
            _stay(stack, broker)
    except LocalError as error:
        failures.print(str(error), soft_wrap=True)
        raise typer.Exit(1) from error
    except httpx.HTTPError as error:
        what = str(error).partition("\n")[0] or type(error).__name__
        failures.print(f"{what}: the logs are in {folder.absolute() / 'logs'}", soft_wrap=True)
        raise typer.Exit(1) from error
    except OSError as error:
        failures.print(f"{error}: mend that, and run `make demo` again.", soft_wrap=True)
        raise typer.Exit(1) from error


@contextmanager
def _running(folder: Path, fresh: bool) -> Iterator[tuple[Stack, Broker]]:
    postgres, broker = Postgres(folder / "postgres", mark=DEMO_MARK), Broker(folder / "broker")
    if fresh:
        postgres.erase()
        (folder / "secrets.json").unlink(missing_ok=True)
    with console.status("Starting PostgreSQL, the broker and the services"):
        postgres.start()
        try:
            broker.start()
            stack = Stack(folder, broker.address, postgres)
            with started(stack):
                asyncio.run(let_everybody_in(stack))
                console.print("Running: intake on 8001, classifier on 8002, escalation on 8003")
                yield stack, broker
        finally:
            broker.stop()
            postgres.stop()
    console.print("Stopped.")


async def let_everybody_in(stack: Stack) -> None:
    """The sample directory, a client for each agency and each control room, and a person for each role."""
    directory, now = read_directory(samples.DIRECTORY), datetime.now(UTC)
    async with create_pool(stack.postgres.url("escalation"), 1) as pool:
        await load_directory(directory, pool, now)
        for client in samples.clients(directory):
            await let_in(client, stack.secrets.of(client.client), pool, now)
        for person in samples.people():
            await people.let_in(person, pool, "the demo", now, stack.secrets.of(person.id))


def _shown(stack: Stack) -> list[str]:
    """Send the samples, wait for their receipts, print the table; returns the references without one."""
    sent = asyncio.run(_sent_and_routed(stack))
    asyncio.run(samples.look_up(sent, stack))
    console.print(_table(sent))
    return [one.reference for one in sent if one.seconds is None]


async def _sent_and_routed(stack: Stack) -> list[Sent]:
    reports = samples.read(samples.DEMO / "reports.jsonl")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        sending = progress.add_task("sent    ", total=len(reports))
        receipts = progress.add_task("receipts", total=len(reports))
        sent = await samples.send(reports, stack, lambda: progress.advance(sending))
        await samples.await_receipts(sent, stack, PATIENCE, lambda: progress.advance(receipts))
    return sent


def _table(sent: list[Sent]) -> Table:
    table = Table(title="What became of them")
    for heading in ("reference", "channel", "labels", "threat", "grade", "where it went", "time taken"):
        table.add_column(heading, overflow="fold")
    for one in sent:
        seconds = "no receipt" if one.seconds is None else f"{one.seconds:.2f} s"
        table.add_row(one.reference, one.channel, ", ".join(one.labels), one.threat, one.grade, _places(one), seconds)
    return table


def _places(one: Sent) -> str:
    return "\n".join(f"{agency}: {', '.join(sorted(queues))}" for agency, queues in one.went_to.items())


def _pages(stack: Stack) -> None:
    ports: Ports = stack.ports
    console.print(f"""
Pages and programs
  the form    http://127.0.0.1:{ports.intake}/            for the public; by program: /openapi.json
  classifier  http://127.0.0.1:{ports.classifier}/openapi.json
  escalation  http://127.0.0.1:{ports.escalation}/openapi.json      GET /v1/queue, /v1/agencies/<id>/reports
  the board   http://127.0.0.1:{ports.escalation}/                  for the people below, one for each role
  the portal  http://127.0.0.1:{ports.escalation}/portal            for the agencies' people below, and the panel's

Demo credentials (they refuse to work outside the demo; all of them: {stack.folder / "secrets.json"})""")
    for client in samples.clients(read_directory(samples.DIRECTORY)):
        if client.client in samples.SHOWN:
            console.print(f"  {client.client:<32} {stack.secrets.of(client.client)}", soft_wrap=True)
    for person in samples.people():
        shown = person.belongs_to if person.role is Role.agency else person.role
        console.print(f"  {f'{person.id} ({shown})':<32} {stack.secrets.of(person.id)}", soft_wrap=True)
    console.print(f"  {'telephony':<32} {stack.secrets.of(TELEPHONY)}", soft_wrap=True)


def _stay(stack: Stack, broker: Broker) -> None:
    """Until Ctrl-C; a service that ends by itself is started again, and said.

    Raises a LocalError where PostgreSQL or the broker does.
    """
    ended = False

    def end(*_: object) -> None:
        nonlocal ended
        ended = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    console.print("\nPress Ctrl-C to stop.")
    while not ended:
        time.sleep(0.3)
        stack.postgres.require_running()
        broker.require_running()
        for service, role in stack.watch():
            console.print(f"{service} {role} ended and was started again: {stack.log(service, role)}")
    console.print("Stopping")


if __name__ == "__main__":
    with said_plainly():
        app(prog_name="make demo")
