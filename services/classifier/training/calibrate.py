"""What the model's odds are worth beside the lexical reader's finds, and from which odds on a fact stands.

`python -m services.classifier.training.calibrate FILES… -w services/classifier/deep.npz` does it again for a model
that is trained already: after the rules have changed, say, which takes seconds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from services.classifier import rulebook
from services.classifier.domain import deep
from services.classifier.domain.facts import establish
from services.classifier.domain.lexical import lexical
from services.classifier.domain.reading import read
from services.classifier.training import reports
from services.classifier.training.pack import Packed, uncalibrated, write
from services.classifier.training.reports import FACTS, URGENT, Bools, Labelled

STEPS = 300
PULL = 1e-3
SURE = 30.0
LIKE_ALL = 20
"""A fact's own threshold counts as much as the common one where so many held-out reports show it."""
RECALL, PRECISION, OTHERWISE = 0.95, 0.85, -0.5
AT_URGENT = FACTS.index("F7.urgent")

Array = NDArray[np.float64]


class Seen(NamedTuple):
    """The held-out reports: odds of the model alone, what the lexical reader shows, gold, and what the gold speaks of.

    All are [reports, FACTS]; `must` and `may` say of which reports a reader must, and may, say that they are urgent.
    """

    odds: Array
    shows: Bools
    gold: Bools
    labelled: Bools
    must: Bools
    may: Bools


def look(file: Packed, held_out: Sequence[Labelled]) -> Seen:
    """Read the held-out reports with the model of the file, without its calibration: some seconds a hundred."""
    reader = deep.unpacked(file | uncalibrated())
    read_so = [_read(one, reader) for one in held_out]
    return Seen(
        odds=np.array([odds for odds, _ in read_so], np.float64),
        shows=np.array([shows for _, shows in read_so]),
        gold=reports.gold(held_out),
        labelled=reports.labelled(held_out),
        must=np.array([one.levels <= URGENT for one in held_out]),
        may=np.array([bool(one.levels & URGENT) for one in held_out]),
    )


def _read(one: Labelled, reader: deep.DeepReader) -> tuple[deep.Floats, Bools]:
    rules, reading = rulebook.load(), read(one.report.text)
    shown = establish(lexical(reading, rules), one.report.answers, one.report.history, rules).shown
    return reader.weigh(reading, one.report.answers, shown).odds, deep.shows(FACTS, shown)


def fitted(seen: Seen) -> Packed:
    """The calibration, as arrays of the weights file."""
    scale, trust, shift = weights(seen)
    odds = scale * seen.odds + trust * seen.shows - shift
    stands = thresholds(odds, seen)
    given = {"scale": np.full(len(FACTS), scale), "trust": np.full(len(FACTS), trust)}
    given |= {"shift": np.full(len(FACTS), shift), "propose": stands, "doubt": stands}
    return {name: array.astype(np.float32) for name, array in given.items()}


def weights(seen: Seen) -> tuple[float, float, float]:
    """a, b and c of a·odds + b·(the lexical reader shows it) − c, with the least log loss over all facts (Newton)."""
    spoken = seen.labelled
    design = np.stack([seen.odds[spoken], seen.shows[spoken], -np.ones(int(spoken.sum()))], 1)
    held, three, before = seen.gold[spoken], np.array([1.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ three, -SURE, SURE)))
        slope = design.T @ (chance - held) + PULL * (three - before)
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + PULL * np.eye(3)
        step = np.linalg.solve(curve, slope)
        three = three - step / max(1.0, float(np.abs(step).max()))
    return float(three[0]), float(three[1]), float(three[2])


def thresholds(odds: Array, seen: Seen) -> Array:
    """From which odds each fact stands: its best, drawn to the best of all the less it was seen."""
    common = best_f1(odds[seen.labelled], seen.gold[seen.labelled])
    found = np.full(len(FACTS), common)
    for at in range(len(FACTS)):
        spoken = seen.labelled[:, at]
        count = int(seen.gold[spoken, at].sum())
        if count:
            own = best_f1(odds[spoken, at], seen.gold[spoken, at])
            found[at] = (count * own + LIKE_ALL * common) / (count + LIKE_ALL)
    found[AT_URGENT] = urgent(odds[:, AT_URGENT], seen.must, seen.may)
    return found


def best_f1(odds: Array, held: Bools) -> float:
    """The threshold with the best F1, halfway to the next odds below it."""
    order = np.argsort(-odds, kind="stable")
    right = np.cumsum(held[order])
    at = int((2 * right / (np.arange(1, len(held) + 1) + held.sum())).argmax())
    below = odds[order[min(at + 1, len(order) - 1)]]
    return float((odds[order[at]] + below) / 2)


def urgent(odds: Array, must: Bools, may: Bools) -> float:
    """The highest threshold that finds RECALL of what must be found; OTHERWISE, where that is right too seldom."""
    wanted = np.sort(odds[must])
    if not len(wanted):
        return OTHERWISE
    threshold = float(wanted[int(len(wanted) * (1 - RECALL) + 1e-9)])
    precision = float(may[odds >= threshold].mean())
    return threshold - 1e-4 if precision >= PRECISION else OTHERWISE


def main(
    files: Annotated[list[Path], typer.Argument(help="labelled reports; those held out from training are used")],
    weights_file: Annotated[Path, typer.Option("-w", help="the weights file, which is written again")] = rulebook.DEEP,
    every: Annotated[bool, typer.Option("--every", help="use all of the files: none of it was trained on")] = False,
) -> None:
    """Calibrate a model that is trained already."""
    file = dict(np.load(weights_file, allow_pickle=False))
    held_out = [one for one in reports.load(files) if every or one.held_out]
    write(file | fitted(look(file, held_out)), weights_file)
    typer.echo(f"{weights_file}: calibrated on {len(held_out)} reports", err=True)


if __name__ == "__main__":
    typer.run(main)
