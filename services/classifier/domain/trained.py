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
    """Weights by row: an unknown word, each known word, each pair as in `keys`."""

    facts: tuple[str, ...]
    words: Mapping[str, int]
    keys: Places
    table: NDArray[np.int8]
    length: Floats
    grams: Mapping[str, int]
    gram_table: NDArray[np.int8]
    beside: Mapping[str, int]
    beside_table: NDArray[np.int8]
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
        rows = occurs.nonzero()[0]
        total, length = _sum(model.table, rows), float(model.length.take(rows).sum())
        if unknown := {said[at] for at in (ids == 0).nonzero()[0].tolist()}:
            total += self._spelt(unknown)
            length += len(unknown) * float(model.length[0])
        unit = model.text_scale / np.float32(max(length, 1.0) ** 0.5)
        beside = [*signals.beside(reading, answers), *signals.found(shown)]
        known = [row for name in beside if (row := model.beside.get(name)) is not None]
        odds = total * unit + _sum(model.beside_table, known) * model.beside_scale + model.bias
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
        starts = signals.starts(reading)
        if not starts:
            return [(None, None)] * len(over)
        bounds = [*reading.sentences, len(reading.text)]
        sentence = np.searchsorted(bounds, starts, side="right") - 1
        firsts = [0, *((sentence[1:] != sentence[:-1]).nonzero()[0] + 1).tolist()]
        told = sentence[firsts]
        pulls = self.model.table[np.concatenate([weighed.ids, weighed.pairs])[:, None], over].astype(np.float32)
        where = np.concatenate([sentence, sentence[weighed.ends]])
        best = ((told[:, None] == where).astype(np.float32) @ pulls).argmax(0).tolist()
        ends = [*firsts, len(starts)]
        return [
            _span(reading, pulls[:, fact], starts, ends[b], ends[b + 1], bounds[told[b] + 1])
            for fact, b in enumerate(best)
        ]


def _sum(table: NDArray[np.int8], rows: Sequence[int] | Places) -> Floats:
    total: Floats = np.ones(len(rows), np.float32) @ table.take(np.asarray(rows, np.int64), 0).astype(np.float32)
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


def _span(reading: Reading, pull: Floats, starts: list[int], first: int, last: int, end: int) -> tuple[int, int]:
    """From the first of these words to the sentence's end, without what is no word there."""
    start = starts[first]
    if end - start > QUOTED:
        middle = starts[first + int(pull[first:last].argmax())]
        near = [at for at in range(first, last) if abs(starts[at] - middle) <= QUOTED // 2]
        start, after = starts[near[0]], near[-1] + 1
        end = min(starts[after] if after < last else end, start + 2 * QUOTED)
    return start, start + len(reading.text[start:end].rstrip())


@cache
def load(path: Path) -> TrainedReader:
    """The reader of a weights file. Raises OSError or KeyError where it is not one."""
    with np.load(path, allow_pickle=False) as file:
        return TrainedReader(unpacked(dict(file)))


def unpacked(file: Mapping[str, NDArray[Any]]) -> Model:
    """The model that a weights file holds."""
    names = {part: _names(file[part]) for part in ("facts", "words", "grams", "beside")}
    length = np.zeros(len(file["table"]), np.float32)
    length[: len(file["weight"])] = file["weight"]
    return Model(
        facts=tuple(names["facts"]),
        words={word: at for at, word in enumerate(names["words"], 1)},
        keys=np.cumsum(file["key_steps"]),
        table=np.ascontiguousarray(file["table"]),
        length=length,
        grams={gram: at for at, gram in enumerate(names["grams"])},
        gram_table=np.ascontiguousarray(file["gram_table"]),
        beside={name: at for at, name in enumerate(names["beside"])},
        beside_table=np.ascontiguousarray(file["beside_table"]),
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
