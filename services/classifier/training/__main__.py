"""`python -m services.classifier.training -o services/classifier/deep.npz`: learn the deep reader."""

from pathlib import Path
from time import monotonic
from typing import Annotated

import numpy as np
import typer

from services.classifier import rulebook
from services.classifier.domain import deep
from services.classifier.training import artifact, calibrate, measure, reports
from services.classifier.training.base import Base
from services.classifier.training.learn import RATE, learn
from services.classifier.training.pack import packed, weights, write

AGAIN = 4
"""Who learns on sees one in so many of the reports that it knows, so as not to forget them."""


def main(
    out: Annotated[Path, typer.Option("-o", help="the weights file, written after each epoch")] = rulebook.DEEP,
    epochs: Annotated[int, typer.Option(min=1, help="how often to go through the reports")] = 4,
    onward: Annotated[
        int, typer.Option(min=0, help="learn on from the weights that are there: so many of the newest files are new")
    ] = 0,
) -> None:
    """Learn from our own labelled reports; calibrate and score on those held out."""
    learned_from, held_out = reports.load(reports.LEARNED_FROM), reports.load(reports.HELD_OUT)
    started, found, fastest = monotonic(), artifact.load(), RATE
    if onward:
        new = reports.load(reports.LEARNED_FROM[-onward:])
        learned_from = new + reports.load(reports.LEARNED_FROM[:-onward])[::AGAIN]
        found = Base(weights(np.load(rulebook.DEEP)), found.vocabulary)
        fastest = RATE if onward >= len(reports.LEARNED_FROM) else RATE / 2
    _say(f"{len(learned_from)} reports to learn from, {len(held_out)} held out")
    for epoch in learn(learned_from, found, epochs, fastest):
        file = packed(epoch.weights, found.vocabulary)
        seen = calibrate.look(file, held_out)
        fitted = calibrate.fitted(seen)
        file |= fitted
        write(file, out)
        _say(
            f"epoch {epoch.number} of {epochs}, {monotonic() - started:.0f} s: loss {epoch.loss:.3f}, held out: "
            f"{measure.glance(seen, fitted, held_out)}"
        )
    _say(f"{out}: {out.stat().st_size} bytes. The held-out reports by rules and reader together:")
    for line in measure.with_rules(deep.unpacked(file), held_out):
        typer.echo(line)


def _say(line: str) -> None:
    typer.echo(line, err=True)


if __name__ == "__main__":
    typer.run(main)
