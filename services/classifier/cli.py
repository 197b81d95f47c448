"""`heard classify`, `heard evaluate` and `heard rulebook`: the classifier at the command line."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import NAMESPACE_URL, uuid5

import typer

from services.classifier import page
from services.classifier.checking import check
from services.classifier.domain.assess import assess
from services.classifier.domain.guide import Offence, SupportEntry
from services.classifier.domain.rules import Rulebook
from services.classifier.domain.support import due, stale
from services.classifier.evaluation import Evaluation, evaluate
from services.classifier.rulebook import DEFAULT, load, load_second
from shared.events import Answers, Channel, History, Lane, ReportReceived

app = typer.Typer(help="Read reports with the codebook.", no_args_is_help=True)
rulebook_app = typer.Typer(help="The rules themselves.", no_args_is_help=True)
app.add_typer(rulebook_app, name="rulebook")

File = Annotated[str, typer.Argument(help="reports, one JSON object a line; - for standard input")]
Rules = Annotated[Path, typer.Option("--rulebook", help="the folder of rules")]
First = Annotated[bool, typer.Option("--first", help="the first reading only: by the rules alone, in microseconds")]
UNTIMED = datetime(2000, 1, 1, tzinfo=UTC)


@app.command()
def classify(file: File, rulebook: Rules = DEFAULT, first: First = False) -> None:
    """Write one assessment a line, in the order of the reports."""
    rules = _rules(rulebook, first)
    for row in _rows(file):
        typer.echo(json.dumps(classified(row, rules), ensure_ascii=False))


@app.command("evaluate")
def evaluate_file(file: File, rulebook: Rules = DEFAULT, errors: bool = True, first: First = False) -> None:
    """Compare the classifier with the gold in a file, and show every error."""
    rules = _rules(rulebook, first)
    _show(evaluate((classified(row, rules), row["gold"]) for row in _rows(file)), errors)


@rulebook_app.command("check")
def rulebook_check(rulebook: Rules = DEFAULT) -> None:
    """Check the schema, the ids, the examples and that every rule can be reached. Exit 1 where something is wrong."""
    wrong = check(load(rulebook))
    for line in wrong:
        typer.echo(line)
    typer.echo(f"{load(rulebook).version}: {len(wrong)} wrong")
    raise typer.Exit(bool(wrong))


@rulebook_app.command("write")
def rulebook_write() -> None:
    """Write docs/rulebook.md anew from the rules."""
    page.DOCUMENT.write_text(page.markdown(load()))


@rulebook_app.command("due")
def rulebook_due(rulebook: Rules = DEFAULT) -> None:
    """List the support and the offences that a person must check. Exit 1 where one was checked too long ago."""
    guide, today = load(rulebook).guide, datetime.now(UTC).date()
    entries: tuple[SupportEntry | Offence, ...] = (*guide.support, *guide.offence)
    for name, why in due(entries, today):
        typer.echo(f"{name}: {why}")
    raise typer.Exit(any(stale(entry, today) for entry in entries))


def _rules(folder: Path, first: bool) -> Rulebook:
    return load(folder) if first else load_second(folder)


def classified(row: dict[str, Any], rulebook: Rulebook) -> dict[str, Any]:
    """A report in the format of dev.jsonl to the line written for it."""
    return {"id": row["id"], **assess(received(row), rulebook).model_dump(mode="json")}


def received(row: dict[str, Any]) -> ReportReceived:
    """A line of a file as the event that intake would have sent."""
    return ReportReceived(
        report_id=uuid5(NAMESPACE_URL, str(row["id"])),
        reference=str(row["id"]),
        channel=Channel(row.get("channel", "web")),
        source="file",
        received_at=UNTIMED,
        lane=Lane.ordinary,
        text=row["text"],
        answers=Answers.model_validate(row.get("answers") or {}),
        history=History.model_validate(row.get("history") or {}),
    )


def _rows(file: str) -> Iterator[dict[str, Any]]:
    lines = sys.stdin if file == "-" else Path(file).read_text().splitlines()
    return (json.loads(line) for line in lines if line.strip())


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
