"""What the model's odds are worth beside the lexical reader's finds, and from which odds on a fact stands.

`python -m services.classifier.training.calibrate` does it again for a model that is trained already: after the rules
have changed, say. It takes some minutes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from services.classifier import rulebook
from services.classifier.domain import deep, labels
from services.classifier.domain.combine import with_labels
from services.classifier.domain.facts import establish
from services.classifier.domain.lexical import lexical
from services.classifier.domain.reading import heard
from services.classifier.training import reports
from services.classifier.training.pack import Packed, uncalibrated, write
from services.classifier.training.reports import FACTS, URGENT, Bools, Labelled

STEPS = 300
PULL = 1e-3
PULL_TO_ALL = 20.0
SURE = 30.0
SETTLED = 1e-6
LIKE_ALL = 20
"""A fact's own threshold counts as much as the common one where so many held-out reports show it."""
RECALL, PRECISION, OTHERWISE = 0.95, 0.85, -1.25
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
    rules, reading = rulebook.load(), heard(one.report)
    facts = establish(lexical(reading, rules), one.report.answers, one.report.history, rules)
    shown = with_labels(facts, labels.held(facts, rules))
    return reader.beside(reader.weigh(reading, one.report.answers), shown).odds, deep.shows(FACTS, shown)


def fitted(seen: Seen) -> Packed:
    """The calibration, as arrays of the weights file."""
    scale, trust, shift = weights(seen).T
    odds = scale * seen.odds + trust * seen.shows - shift
    stands = thresholds(odds, seen)
    given = {"scale": scale, "trust": trust, "shift": shift, "propose": stands, "doubt": stands}
    return {name: array.astype(np.float32) for name, array in given.items()}


def weights(seen: Seen) -> Array:
    """a, b and c of a·odds + b·(the rules show it) − c, [FACTS, 3]: each fact's own, drawn to those of all."""
    spoken = seen.labelled
    common = _least_loss(seen.odds[spoken], seen.shows[spoken], seen.gold[spoken], np.array([1.0, 0.0, 0.0]), PULL)

    def own(at: int) -> Array:
        rows = spoken[:, at]
        return _least_loss(seen.odds[rows, at], seen.shows[rows, at], seen.gold[rows, at], common, PULL_TO_ALL)

    return np.array([own(at) for at in range(len(FACTS))])


def _least_loss(odds: Array, shows: Bools, held: Bools, before: Array, pull: float) -> Array:
    """The three weights with the least log loss (Newton), drawn to `before`."""
    design, three = np.stack([odds, shows, -np.ones(len(odds))], 1), before
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ three, -SURE, SURE)))
        slope = design.T @ (chance - held) + pull * (three - before)
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + pull * np.eye(3)
        step = np.linalg.solve(curve, slope)
        three = three - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < SETTLED:
            break
    return three


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
    weights_file: Annotated[Path, typer.Option("-w", help="the weights file, which is written again")] = rulebook.DEEP,
) -> None:
    """Calibrate a model that is trained already."""
    file, held_out = dict(np.load(weights_file, allow_pickle=False)), reports.load(reports.HELD_OUT)
    write(file | fitted(look(file, held_out)), weights_file)
    typer.echo(f"{weights_file}: calibrated on {len(held_out)} reports", err=True)


if __name__ == "__main__":
    typer.run(main)
