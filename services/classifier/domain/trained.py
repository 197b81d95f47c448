"""The second reader: a linear model over the caller's words, pairs of them and what the lexical reader found.

It proposes facts, never labels, each with the words that weighed most. The weights are whole numbers, so that adding
them up rounds nothing and the same report and model give the same bytes. How they are learned is no business of this
module: services/classifier/training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain import signals
from services.classifier.domain.reading import Reading
from services.classifier.domain.rules import Proposal
from shared.events import Answers

Floats = NDArray[np.float32]
Places = NDArray[np.int64]
Shown = Mapping[str, Sequence[Proposal]]

QUOTED = 160
RULE = "trained"


@dataclass(frozen=True, slots=True)
class Model:
    """Weights by row: an unknown word, each known word, each pair as in `keys`. The last column is a row's length."""

    facts: tuple[str, ...]
    words: Mapping[str, int]
    keys: Places
    table: Floats
    grams: Mapping[str, int]
    gram_table: Floats
    beside: Mapping[str, int]
    beside_table: Floats
    text_scale: Floats
    beside_scale: Floats
    bias: Floats
    propose: Floats
    doubt: Floats


class Weighed(NamedTuple):
    """One report under the model: log-odds by fact, its words as rows, its known pairs as rows, and where they end."""

    odds: Floats
    ids: Places
    pairs: Places
    ends: Places


class TrainedReader:
    """Proposes facts, and doubts some of the lexical reader's, by the odds that the model gives them."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.columns = {fact: at for at, fact in enumerate(model.facts)}

    def weigh(self, reading: Reading, answers: Answers, shown: Shown) -> Weighed:
        """Add up the weights. Linear in the text, and bounded: of a very long one only the first words are read."""
        model, said = self.model, signals.words(reading)
        ids = np.fromiter(map(model.words.get, said, repeat(0)), np.int64, len(said))
        pairs, ends = _pairs(ids, model)
        occurs = np.zeros(len(model.table), np.bool_)
        occurs[ids] = occurs[pairs] = True
        occurs[0] = False
        total = _sum(model.table, occurs.nonzero()[0])
        if unknown := {said[at] for at in (ids == 0).nonzero()[0]}:
            total += model.table[0] * np.float32(len(unknown)) + self._spelt(unknown)
        unit = model.text_scale / np.float32(max(float(total[-1]), 1.0) ** 0.5)
        beside = [*signals.beside(reading, answers), *signals.found(shown)]
        known = [row for name in beside if (row := model.beside.get(name)) is not None]
        odds = total[:-1] * unit + _sum(model.beside_table, known) * model.beside_scale + model.bias
        return Weighed(odds, ids, pairs, ends)

    def propose(self, reading: Reading, answers: Answers, shown: Shown) -> list[Proposal]:
        """The facts whose odds pass the model's threshold, with the words of the report that weighed most."""
        weighed = self.weigh(reading, answers, shown)
        over = [self.model.facts[at] for at in (weighed.odds >= self.model.propose).nonzero()[0]]
        return self.evidence(reading, weighed, [(fact, fact) for fact in over])

    def evidence(self, reading: Reading, weighed: Weighed, wanted: Sequence[tuple[str, str]]) -> list[Proposal]:
        """A proposal for each (column of the model, fact that it stands for), with the words that speak most for it."""
        if not wanted:
            return []
        columns = [self.columns[head] for head, _ in wanted]
        odds = weighed.odds[columns].astype(np.float64)
        sure = np.round(1 / (1 + np.exp(-odds.clip(-30, 30))), 3).tolist()
        return [
            Proposal(fact, f"{RULE}.{head}", start, end, "model", how_sure, reading.original[start:end])
            for (head, fact), how_sure, (start, end) in zip(
                wanted, sure, self._spans(reading, weighed, columns), strict=True
            )
        ]

    def _spelt(self, unknown: set[str]) -> Floats:
        grams = self.model.grams
        rows = [row for word in unknown for piece in signals.grams(word) if (row := grams.get(piece)) is not None]
        return _sum(self.model.gram_table, rows)

    def _spans(self, reading: Reading, weighed: Weighed, over: Sequence[int]) -> list[tuple[int | None, int | None]]:
        """For each fact the sentence that speaks most for it; of a long one, the part around its strongest word."""
        places = signals.placed(reading)
        if not places:
            return [(None, None)] * len(over)
        sentence = np.searchsorted(reading.sentences, np.array(places)[:, 0], side="right")
        rows = np.concatenate([weighed.ids, weighed.pairs])
        where = np.concatenate([sentence, sentence[weighed.ends]])
        told = np.unique(sentence)
        pulls = self.model.table.take(rows, 0)[:, over]
        best = told[((told[:, None] == where) @ pulls).argmax(0)]
        return [_span(pulls[: len(places), at], (sentence == best[at]).nonzero()[0], places) for at in range(len(over))]


def _sum(table: Floats, rows: Sequence[int] | Places) -> Floats:
    total: Floats = np.ones(len(rows), np.float32) @ table.take(np.asarray(rows, np.int64), 0)
    return total


def _pairs(ids: Places, model: Model) -> tuple[Places, Places]:
    """The rows of the known pairs in the text, and the place of the word that ends each."""
    size = len(model.words) + 1
    reaches = range(1, min(signals.REACH, len(ids) - 1) + 1)
    if not reaches:
        return ids[:0], ids[:0]
    scaled = ids * size
    wanted = np.concatenate([scaled[:-reach] + (ids[reach:] + reach * size * size) for reach in reaches])
    at = model.keys.searchsorted(wanted)
    hit = (model.keys.take(at, mode="clip") == wanted).nonzero()[0]
    ends = np.concatenate([np.arange(reach, len(ids)) for reach in reaches])
    return at[hit] + size, ends[hit]


def _span(pull: Floats, inside: Places, places: list[tuple[int, int]]) -> tuple[int, int]:
    first, last = int(inside[0]), int(inside[-1])
    if places[last][1] - places[first][0] > QUOTED:
        middle = places[int(inside[pull[inside].argmax()])][0]
        near = [at for at in inside.tolist() if abs(places[at][0] - middle) <= QUOTED // 2]
        first, last = near[0], near[-1]
    return places[first][0], places[last][1]


@cache
def load(path: Path) -> TrainedReader:
    """The reader of a weights file. Raises OSError or KeyError where it is not one."""
    with np.load(path, allow_pickle=False) as file:
        return TrainedReader(unpacked(dict(file)))


def unpacked(file: Mapping[str, NDArray[Any]]) -> Model:
    """The model that a weights file holds."""
    names = {part: _names(file[part]) for part in ("facts", "words", "grams", "beside")}
    weight = np.zeros((len(file["table"]), 1), np.float32)
    weight[: len(file["weight"]), 0] = file["weight"]
    gram_table = file["gram_table"].astype(np.float32)
    return Model(
        facts=tuple(names["facts"]),
        words={word: at for at, word in enumerate(names["words"], 1)},
        keys=np.cumsum(file["key_steps"]),
        table=np.ascontiguousarray(np.hstack([file["table"].astype(np.float32), weight])),
        grams={gram: at for at, gram in enumerate(names["grams"])},
        gram_table=np.ascontiguousarray(np.hstack([gram_table, np.zeros((len(gram_table), 1), np.float32)])),
        beside={name: at for at, name in enumerate(names["beside"])},
        beside_table=np.ascontiguousarray(file["beside_table"], np.float32),
        text_scale=file["text_scale"],
        beside_scale=file["beside_scale"],
        bias=file["bias"],
        propose=file["propose"],
        doubt=file["doubt"],
    )


def _names(joined: NDArray[np.uint8]) -> list[str]:
    text = joined.tobytes().decode()
    return text.split("\n") if text else []


def packed(names: Sequence[str]) -> NDArray[np.uint8]:
    """Names as the weights file holds them."""
    return np.frombuffer("\n".join(names).encode(), np.uint8)
