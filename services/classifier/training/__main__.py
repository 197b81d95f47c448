"""`python -m services.classifier.training FILES… -o services/classifier/reader.npz`: learn the second reader."""

from pathlib import Path
from typing import Annotated

import typer

from services.classifier import rulebook
from services.classifier.training import measure, reports, train

HERE = Path(__file__).parent
Files = Annotated[list[Path] | None, typer.Argument(help="labelled reports; by default those of training/reports")]


def main(
    files: Files = None,
    out: Annotated[Path, typer.Option("-o", help="the weights file")] = HERE.parent / "reader.npz",
    judge: Annotated[bool, typer.Option(help="first judge each writer by a model of the others")] = False,
) -> None:
    """Learn from labelled reports; the same files and rulebook give the same bytes."""
    rules = rulebook.load()
    labelled = reports.load(files or sorted((HERE / "reports").glob("*.jsonl")))
    looked = train.look(labelled, rules)
    if judge:
        for line in measure.table(labelled, looked, rules):
            typer.echo(line)
    train.write(train.pack(train.fit(labelled, looked)), out)
    typer.echo(f"{out}: {out.stat().st_size} bytes from {len(labelled)} reports")


if __name__ == "__main__":
    typer.run(main)
