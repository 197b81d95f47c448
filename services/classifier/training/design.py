"""The training matrix: the signals of each report as numbers, under a vocabulary learned from the same reports."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from services.classifier.domain import signals
from services.classifier.domain.reading import Reading
from services.classifier.domain.rules import Proposal
from shared.events import Answers

WORD_SEEN, PAIR_SEEN, GRAM_SEEN, BESIDE_SEEN = 2, 3, 4, 4
PAIR_VALUE, GRAM_VALUE = 1.2, 1.0
BESIDE, LEXICAL = 0.12, 0.05
WEIGHT_STEPS = 16.0

Said = tuple[list[str], list[str]]


@dataclass(frozen=True)
class Vocabulary:
    """What the model knows by name, with the value that each signal has where it occurs."""

    words: list[str]
    word_value: NDArray[np.float64]
    keys: list[int]
    pair_value: NDArray[np.float64]
    grams: list[str]
    gram_value: NDArray[np.float64]
    beside: list[str]
    beside_value: NDArray[np.float64]
    unknown: float

    @property
    def weight(self) -> NDArray[np.int64]:
        """The share of each row in a report's length: nought for pairs, whole numbers so that sums are exact."""
        squares = np.concatenate([[self.unknown**2], self.word_value**2, np.zeros(len(self.keys))])
        rounded: NDArray[np.int64] = np.rint(squares * WEIGHT_STEPS).astype(np.int64)
        return rounded


def said(reading: Reading, answers: Answers, shown: Mapping[str, Sequence[Proposal]]) -> Said:
    """What the model may look at in one report."""
    return signals.words(reading), [*signals.beside(reading, answers), *signals.found(shown)]


def learn(reports: Sequence[Said]) -> Vocabulary:
    """The vocabulary of some reports: what occurs in enough of them, rarer signals being worth more."""
    words = _common((set(spoken) for spoken, _ in reports), WORD_SEEN)
    place = {word: at for at, word in enumerate(sorted(words), 1)}
    keys = _common((set(_pairs(spoken, place)) for spoken, _ in reports), PAIR_SEEN)
    grams = _common(({g for word in set(spoken) for g in signals.grams(word)} for spoken, _ in reports), GRAM_SEEN)
    beside = _common((set(names) for _, names in reports), BESIDE_SEEN)
    count = len(reports)
    return Vocabulary(
        words=sorted(words),
        word_value=_rarity(words, count),
        keys=sorted(keys),
        pair_value=_rarity(keys, count) * PAIR_VALUE,
        grams=sorted(grams),
        gram_value=_rarity(grams, count) * GRAM_VALUE,
        beside=sorted(beside),
        beside_value=np.array([LEXICAL if name.startswith(("fact=", "rule=")) else BESIDE for name in sorted(beside)]),
        unknown=float(np.log(count)),
    )


def _common(sets: Iterable[set[Any]], least: int) -> dict[Any, int]:
    counts: Counter[Any] = Counter()
    for found in sets:
        counts.update(found)
    return {name: counts[name] for name in sorted(counts) if counts[name] >= least}


def _rarity(counts: dict[Any, int], total: int) -> NDArray[np.float64]:
    return np.array([np.log(total / counts[name]) for name in sorted(counts)])


def _pairs(spoken: list[str], place: dict[str, int]) -> Iterable[int]:
    ids = [place.get(word, 0) for word in spoken]
    return (key for key in signals.pairs(ids, len(place) + 1))


def matrix(reports: Sequence[Said], known: Vocabulary) -> "sparse.csr_matrix":
    """One row a report, one column a signal: words, pairs, grams (all divided by the report's length), the others."""
    place = {word: at for at, word in enumerate(known.words, 1)}
    key_at = {key: at for at, key in enumerate(known.keys)}
    gram_at = {gram: at for at, gram in enumerate(known.grams)}
    beside_at = {name: at for at, name in enumerate(known.beside)}
    weight = known.weight
    starts = np.cumsum([0, len(place), len(key_at), len(gram_at)])
    rows: list[dict[int, float]] = []
    for spoken, names in reports:
        row: dict[int, float] = {}
        distinct = set(spoken)
        length = sum(int(weight[place.get(word, 0)]) for word in distinct)
        unit = 1 / max(length, 1) ** 0.5
        for word in distinct:
            if word in place:
                row[place[word] - 1] = known.word_value[place[word] - 1] * unit
            for gram in signals.grams(word):
                if gram in gram_at:
                    at = int(starts[2]) + gram_at[gram]
                    row[at] = row.get(at, 0.0) + known.gram_value[gram_at[gram]] * unit
        for key in set(_pairs(spoken, place)):
            if key in key_at:
                row[int(starts[1]) + key_at[key]] = known.pair_value[key_at[key]] * unit
        for name in set(names):
            if name in beside_at:
                row[int(starts[3]) + beside_at[name]] = float(known.beside_value[beside_at[name]])
        rows.append(row)
    return _sparse(rows, int(starts[3]) + len(beside_at))


def _sparse(rows: list[dict[int, float]], width: int) -> "sparse.csr_matrix":
    ends = np.cumsum([0, *(len(row) for row in rows)])
    columns = np.array([at for row in rows for at in sorted(row)], np.int64)
    values = np.array([row[at] for row in rows for at in sorted(row)])
    return sparse.csr_matrix((values, columns, ends), shape=(len(rows), width))
