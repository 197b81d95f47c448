"""`heard`: one command, with those of each service."""

import asyncio
import logging
from typing import Annotated

import typer

from services import contract as contracts
from services.classifier import cli as classifier
from services.escalation import cli as escalation
from services.intake import cli as intake
from shared import dead as dead_letters
from shared.kafka import client_options

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, help="Heard, by somebody who can act."
)
contract = typer.Typer(no_args_is_help=True, help="The contracts as documents, in docs/contract.")
dead = typer.Typer(no_args_is_help=True, help="What could not be read: seen, and sent back once the fault is mended.")

audit = typer.Typer(invoke_without_command=True, help="What was promised, and what was done, proved.")
audit.command("receipts")(intake.audit)
audit.command()(escalation.verify)

app.add_typer(intake.app, name="intake")
app.add_typer(classifier.service, name="classifier")
app.add_typer(classifier.files)
app.add_typer(classifier.rulebook, name="rulebook")
app.add_typer(escalation.app, name="escalation")
app.add_typer(escalation.directory, name="directory")
app.add_typer(contract, name="contract")
app.add_typer(dead, name="dead")
app.add_typer(audit, name="audit")
app.command()(intake.erase)


def _brokers(given: str) -> str:
    try:
        client_options(given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return given


Kafka = Annotated[str, typer.Option(envvar="HEARD_KAFKA", callback=_brokers, help="brokers, as in HEARD_INTAKE_KAFKA")]


@audit.callback()
def account(context: typer.Context, limit: intake.Limit = intake.LIMIT) -> None:
    """Account for every receipt, as `receipts` does, where nothing else is asked for."""
    if context.invoked_subcommand is None:
        intake.audit(limit)


@dead.callback()
def _quietly() -> None:
    """What aiokafka would say of a broker that is away is said in a line, once."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@dead.command("list")
def list_dead(kafka: Kafka) -> None:
    """One line for each: its place, where it came from, when, and why. Never a word of it."""
    for letter in asyncio.run(dead_letters.letters(kafka)):
        subject = letter.headers.get("ce_subject", "-")
        print(f"{letter.place}  {letter.came_from}  {letter.headers.get('dead_at')}  {subject}  {letter.reason}")


@dead.command()
def show(place: str, kafka: Kafka) -> None:
    """One of them whole: its headers and its bytes."""
    (letter,) = _chosen([place], kafka)
    for name, value in letter.headers.items():
        print(f"{name}: {value}")
    print()
    print(letter.message.value.decode(errors="backslashreplace"))


@dead.command()
def replay(
    kafka: Kafka,
    places: Annotated[list[str] | None, typer.Argument(help="PARTITION/OFFSET, as `list` shows them")] = None,
    everything: Annotated[bool, typer.Option("--all", help="all of them")] = False,
) -> None:
    """Send them back to the topics they came from."""
    chosen = asyncio.run(dead_letters.letters(kafka)) if everything else _chosen(places or [], kafka)
    asyncio.run(_sent_back(chosen, kafka))


async def _sent_back(chosen: list[dead_letters.Letter], kafka: str) -> None:
    if not chosen:
        print("0 sent back of 0")
    async for sent in dead_letters.replay(chosen, kafka):
        print(f"{sent} sent back of {len(chosen)}")


def _chosen(places: list[str], kafka: str) -> list[dead_letters.Letter]:
    found = {letter.place: letter for letter in asyncio.run(dead_letters.letters(kafka))}
    if unknown := [place for place in places if place not in found]:
        raise typer.BadParameter(f"nothing at {', '.join(unknown)}: heard dead list")
    return [found[place] for place in places]


@contract.command("write")
def write_contract() -> None:
    """Write the documents anew from the code."""
    contracts.write()


@contract.command("check")
def check_contract() -> None:
    """Exit 1 where a document no longer says what the code says."""
    if old := contracts.out_of_date():
        print(f"out of date: {', '.join(old)}: run `heard contract write`")
        raise typer.Exit(1)
