"""What the second reader adds: each writer's reports read by a model of the other writers, beside the lexical alone."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from services.classifier.domain import danger, labels
from services.classifier.domain.combine import combine
from services.classifier.domain.facts import Facts, establish
from services.classifier.domain.lexical import lexical
from services.classifier.domain.reading import read
from services.classifier.domain.rules import Rulebook
from services.classifier.domain.trained import TrainedReader, unpacked
from services.classifier.evaluation import Evaluation, evaluate
from services.classifier.training import train
from services.classifier.training.design import Said
from services.classifier.training.reports import BEHAVIOURS, Labelled
from shared.events import Effect, Flag, History, Strand

FOLDS = 8
SEED = 20


def table(reports: Sequence[Labelled], looked: Sequence[Said], rulebook: Rulebook) -> Iterator[str]:
    """A line for each measure: the lexical reader alone, both with a writer left out, both with random folds."""
    read_alone = [_said(report, _lexical(report, rulebook), rulebook) for report in reports]
    alone = _figures(evaluate(zip(read_alone, (report.gold for report in reports), strict=True)))
    writers = [report.writer for report in reports]
    folds = [str(number % FOLDS) for number in range(len(reports))]
    Random(SEED).shuffle(folds)  # noqa: S311
    by_writer = _figures(left_out(reports, looked, rulebook, writers))
    by_fold = _figures(left_out(reports, looked, rulebook, folds))
    size = f"{len(reports)} reports, {len(set(writers))} writers"
    yield f"| {size} | lexical alone | both, writer left out | both, {FOLDS} folds |"
    yield "|---|---|---|---|"
    for name, value in alone.items():
        yield f"| {name} | {value:.3f} | {by_writer[name]:.3f} | {by_fold[name]:.3f} |"


def left_out(
    reports: Sequence[Labelled], looked: Sequence[Said], rulebook: Rulebook, groups: Sequence[str]
) -> Evaluation:
    """Every report read by a model that has seen nothing of its group."""
    said: dict[int, dict[str, Any]] = {}
    for group in sorted(set(groups)):
        rest = [at for at, name in enumerate(groups) if name != group]
        learned = train.fit([reports[at] for at in rest], [looked[at] for at in rest])
        reader = TrainedReader(unpacked(train.pack(learned)))
        for at, name in enumerate(groups):
            if name == group:
                said[at] = _said(reports[at], _both(reports[at], rulebook, reader), rulebook)
    return evaluate([(said[at], report.gold) for at, report in enumerate(reports)])


def _lexical(report: Labelled, rulebook: Rulebook) -> Facts:
    return establish(lexical(read(report.text), rulebook), report.answers, History(), rulebook)


def _both(report: Labelled, rulebook: Rulebook, reader: TrainedReader) -> Facts:
    return combine(_lexical(report, rulebook), read(report.text), report.answers, reader)


def _said(report: Labelled, facts: Facts, rulebook: Rulebook) -> dict[str, Any]:
    given = [rule.label.value for rule in labels.held(facts, rulebook)]
    return {
        "id": report.id,
        "primary": given[0],
        "labels": given,
        "repetition": labels.repetition(facts, rulebook).value,
        "strands": [strand.value for strand in Strand if f"F5.{strand}" in facts.shown],
        "threat": danger.threat(facts).value,
        "online": "F6" in facts.shown,
        "effect": [effect.value for effect in Effect if f"F2.{effect}" in facts.shown],
        "behaviours": [fact for fact in BEHAVIOURS if fact in facts.shown],
        "happening_now": "F10" in facts.shown,
        "flags": [flag.value for flag in Flag if f"F12.{flag}" in facts.shown],
    }


def _figures(evaluation: Evaluation) -> dict[str, float]:
    by_label = {
        f"F1 {name}, {label}": value for name, scores in evaluation.f1.items() for label, value in scores.items()
    }
    return {**by_label, **{name: rate.share for name, rate in evaluation.rates.items()}}
