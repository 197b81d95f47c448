"""From labelled reports to a weights file: read, learn, calibrate on writers left out, round, pack."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain.facts import establish
from services.classifier.domain.lexical import lexical
from services.classifier.domain.reading import read
from services.classifier.domain.rules import Rulebook
from services.classifier.domain.signals import grams
from services.classifier.domain.trained import packed
from services.classifier.training import design, solve
from services.classifier.training.reports import FACTS, Labelled
from shared.events import History

STEPS = 127
URGENT_ODDS, URGENT_DOUBT = -1.0, -0.5
Packed = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Learned:
    """Weights by signal and fact, as log-odds, with what they stand on."""

    known: design.Vocabulary
    weights: solve.Array
    bias: solve.Array
    odds: solve.Array
    gold: solve.Array


def look(reports: Sequence[Labelled], rulebook: Rulebook) -> list[design.Said]:
    """What the model may look at, the lexical reader's facts among it."""
    return [_look(report, rulebook) for report in reports]


def _look(report: Labelled, rulebook: Rulebook) -> design.Said:
    reading = read(report.text)
    facts = establish(lexical(reading, rulebook), report.answers, History(), rulebook)
    return design.said(reading, report.answers, facts.shown)


def fit(reports: Sequence[Labelled], looked: Sequence[design.Said]) -> Learned:
    """Learn every fact from these reports, each calibrated on the writers that its own weights have not seen."""
    known = design.learn(looked)
    matrix = design.matrix(looked, known)
    gram = (matrix @ matrix.T).toarray()
    gold = np.array([[fact in report.holds for fact in FACTS] for report in reports], float)
    scores = solve.left_out(gram, gold, [report.writer for report in reports])
    slope, offset = solve.calibrate(scores, gold)
    coefficients, share = solve.dual(gram, gold)
    return Learned(known, (matrix.T @ coefficients) * slope, share * slope + offset, scores * slope + offset, gold)


def thresholds(learned: Learned) -> tuple[solve.Array, solve.Array]:
    """For each fact the odds above which it is proposed, and those below which a lexical reading is doubted.

    Urgency is asked recall first. A fact too rare to judge by is neither proposed nor doubted.
    """
    best = [solve.best_f1(odds, held) for odds, held in zip(learned.odds.T, learned.gold.T, strict=True)]
    propose = np.array(best)
    doubt = np.where(propose > solve.NEVER / 2, -solve.NEVER, propose)
    urgent = FACTS.index("F7.urgent")
    propose[urgent] = min(propose[urgent], URGENT_ODDS)
    doubt[urgent] = propose[urgent] + URGENT_DOUBT
    return propose, doubt


def pack(learned: Learned) -> Packed:
    """The weights file: whole numbers of seven bits with one scale for each fact."""
    known, weights = learned.known, learned.weights
    propose, doubt = thresholds(learned)
    ends = np.cumsum([len(known.words), len(known.keys), len(known.grams)])
    word, pair, gram, beside = np.split(weights, ends)
    gram = gram * known.gram_value[:, None]
    spelt = word * known.word_value[:, None] + _spelt(known, gram)
    text = np.concatenate([np.zeros((1, len(FACTS))), spelt, pair * known.pair_value[:, None]])
    beside = beside * known.beside_value[:, None]
    text_scale = np.maximum(np.abs(np.concatenate([text, gram])).max(0) / STEPS, 1e-9)
    beside_scale = np.maximum(np.abs(beside).max(0) / STEPS, 1e-9)
    return {
        "facts": packed(FACTS),
        "words": packed(known.words),
        "key_steps": np.diff(np.array(known.keys, np.int64), prepend=0),
        "table": np.rint(text / text_scale).astype(np.int8),
        "weight": known.weight.astype(np.uint16),
        "grams": packed(known.grams),
        "gram_table": np.rint(gram / text_scale).astype(np.int8),
        "beside": packed(known.beside),
        "beside_table": np.rint(beside / beside_scale).astype(np.int8),
        "text_scale": text_scale.astype(np.float32),
        "beside_scale": beside_scale.astype(np.float32),
        "bias": learned.bias.astype(np.float32),
        "propose": propose.astype(np.float32),
        "doubt": doubt.astype(np.float32),
    }


def _spelt(known: design.Vocabulary, gram: solve.Array) -> solve.Array:
    """What the pieces of each known word add to it, so that reading it is one look-up."""
    place = {name: at for at, name in enumerate(known.grams)}
    total = np.zeros((len(known.words), gram.shape[1]))
    for at, word in enumerate(known.words):
        rows = [place[piece] for piece in grams(word) if piece in place]
        total[at] = gram[rows].sum(0)
    return total


def write(file: Packed, path: Path) -> None:
    """Write the file; the same weights give the same bytes."""
    np.savez_compressed(path, allow_pickle=False, **file)
