"""`heard classifier …`: the service. `heard classify`, `evaluate`, `replay`: files. `heard rulebook …`: the rules."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from services.classifier import main, page
from services.classifier.checking import check
from services.classifier.domain.guide import Offence, SupportEntry
from services.classifier.domain.rules import Rulebook
from services.classifier.domain.support import due, stale
from services.classifier.evaluation import NEEDED, Evaluation, evaluate
from services.classifier.files import classified, received, rows
from services.classifier.replaying import replay
from services.classifier.rulebook import DEFAULT, load, load_second
from services.classifier.settings import Settings
from shared.command import AskedWrongly, settings_of
from shared.http import serve

service = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="What a report is, and why: facts, rules, labels.",
)
files = typer.Typer(help="Read reports in files with the codebook.")
rulebook = typer.Typer(no_args_is_help=True, help="The rules themselves.")

File = Annotated[str, typer.Argument(help="reports, one JSON object a line; - for standard input")]
Rules = Annotated[Path, typer.Option("--rulebook", exists=True, file_okay=False, help="the folder of rules")]
First = Annotated[bool, typer.Option("--first", help="the first reading only: by the rules alone, in milliseconds")]


def _settings() -> Settings:
    return settings_of(Settings, "classifier")


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


@files.command()
def classify(file: File, folder: Rules = DEFAULT, first: First = False) -> None:
    """Write one assessment a line, in the order of the reports."""
    rules = _rules(folder, first)
    for row in rows(file):
        typer.echo(json.dumps(classified(row, rules), ensure_ascii=False))


@files.command("evaluate")
def evaluate_file(file: File, folder: Rules = DEFAULT, errors: bool = True, first: First = False) -> None:
    """Compare the classifier with the gold in a file, and show every error."""
    rules = _rules(folder, first)
    golden = rows(file, *(f"gold.{key}" for key in NEEDED))
    read = [(classified(row, rules), row["gold"]) for row in golden]
    if not read:
        raise AskedWrongly(f"{file}: no reports in it")
    _show(evaluate(read), errors)


@files.command("replay")
def replay_file(file: File, folder: Rules, first: First = False) -> None:
    """Show what a changed rulebook would have said otherwise. Exit 1 where it would put a report later in the queue."""
    reports = [received(row) for row in rows(file)]
    changes = list(replay(reports, _rules(DEFAULT, first), _rules(folder, first)))
    for change in changes:
        mark = "LATER " if change.lowers else ""
        typer.echo(f"{mark}{change.report} {change.field}: {json.dumps(change.was)} -> {json.dumps(change.would_be)}")
    differing = len({change.report for change in changes})
    later = sum(change.lowers for change in changes)
    typer.echo(f"{differing} of {len(reports)} reports read otherwise, {later} put later in the queue")
    raise typer.Exit(bool(later))


def _rules(folder: Path, first: bool) -> Rulebook:
    try:
        return load(folder) if first else load_second(folder)
    except ValueError as error:
        raise AskedWrongly(f"{folder}: {error}") from error


def _show(result: Evaluation, errors: bool) -> None:
    for name, scores in result.f1.items():
        typer.echo(f"F1 {name}: " + ", ".join(f"{label} {score:.3f}" for label, score in scores.items()))
    for name, rate in result.rates.items():
        typer.echo(f"{name}: {rate}")
    typer.echo("confusion (gold, said):")
    for (gold, said), count in sorted(result.confusion.items()):
        typer.echo(f"  {gold:14} {said:14} {count}")
    for report, wrong in result.errors if errors else ():
        typer.echo(f"{report}: {wrong}")


@rulebook.command("check")
def check_rules(folder: Rules = DEFAULT) -> None:
    """Check the schema, the ids, the examples and that every rule can be reached. Exit 1 where something is wrong."""
    rules = _rules(folder, first=True)
    wrong = check(rules)
    for line in wrong:
        typer.echo(line)
    typer.echo(f"{rules.version}: {len(wrong)} wrong")
    raise typer.Exit(bool(wrong))


@rulebook.command("write")
def write_page() -> None:
    """Write docs/rulebook.md anew from the rules."""
    page.DOCUMENT.write_text(page.markdown(load()))


@rulebook.command("due")
def list_due(folder: Rules = DEFAULT) -> None:
    """List the support and the offences that a person must check. Exit 1 where one was checked too long ago."""
    guide, today = load(folder).guide, datetime.now(UTC).date()
    entries: tuple[SupportEntry | Offence, ...] = (*guide.support, *guide.offence)
    for name, why in due(entries, today):
        typer.echo(f"{name}: {why}")
    raise typer.Exit(any(stale(entry, today) for entry in entries))
