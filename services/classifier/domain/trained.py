"""The second reader: a linear model over the caller's words, pairs of them and what the lexical reader found.

It proposes facts, never labels, each with the words that weighed most. The weights are whole numbers added up in any
order without rounding, so the same report and model give the same bytes. Nothing here knows how they were learned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain import signals
from services.classifier.domain.reading import Reading
from services.classifier.domain.rules import Proposal
from shared.events import Answers

Floats = NDArray[np.float32]
Shown = Mapping[str, Sequence[Proposal]]

QUOTED = 160
RULE = "trained"


@dataclass(frozen=True, slots=True)
class Model:
    """Weights by row: each known word (0: unknown), then pairs in the order of `keys`; `grams` and `beside` apart."""

    facts: tuple[str, ...]
    words: Mapping[str, int]
    keys: NDArray[np.int64]
    table: Floats
    weight: Floats
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
    """One report under the model: log-odds by fact, the caller's words as rows, and the pairs' rows where they end."""

    odds: Floats
    ids: NDArray[np.int64]
    pairs: NDArray[np.int64]
    ends: NDArray[np.int64]


class TrainedReader:
    """Proposes facts, and doubts some of the lexical reader's, by the odds that the model gives them."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._column = {fact: at for at, fact in enumerate(model.facts)}

    def governs(self, fact: str) -> bool:
        return fact in self._column

    def weigh(self, reading: Reading, answers: Answers, shown: Shown) -> Weighed:
        """Add up the weights. Linear in the text, and bounded: only the first words of a very long one are looked at."""
        model, said = self.model, signals.words(reading)
        ids = np.fromiter(map(model.words.get, said, _NOUGHTS), np.int64, len(said))
        pairs, ends = _pairs(ids, model)
        rows = np.fromiter({*ids.tolist(), *(pairs + len(model.words) + 1).tolist()} - {0}, np.int64)
        unknown = {word for word in said if word not in model.words}
        total = model.table[rows].sum(0)
        norm = float(model.weight[rows].sum()) + float(model.weight[0]) * len(unknown)
        if spelt := [row for word in unknown for g in signals.grams(word) if (row := model.grams.get(g)) is not None]:
            total = total + model.gram_table[spelt].sum(0)
        odds = total * (model.text_scale / np.float32(max(norm, 1.0) ** 0.5)) + model.bias
        beside = [*signals.beside(reading, answers), *signals.found(shown)]
        if known := [row for name in beside if (row := model.beside.get(name)) is not None]:
            odds = odds + model.beside_table[known].sum(0) * model.beside_scale
        return Weighed(odds, ids, pairs, ends)

    def propose(self, reading: Reading, answers: Answers, shown: Shown) -> list[Proposal]:
        """The facts whose odds pass the model's threshold, with the words of the report that weighed most."""
        return self.proposals(reading, self.weigh(reading, answers, shown))

    def proposals(self, reading: Reading, weighed: Weighed) -> list[Proposal]:
        """The same, of a report already weighed."""
        over = np.flatnonzero(weighed.odds >= self.model.propose)
        places = list(signals.placed(reading)) if len(over) else []
        return [self._proposal(reading, weighed, int(column), places) for column in over]

    def doubted(self, odds: Floats) -> frozenset[str]:
        """The facts that a lexical reading alone does not establish here."""
        return frozenset(self.model.facts[at] for at in np.flatnonzero(odds < self.model.doubt))

    def _proposal(self, reading: Reading, weighed: Weighed, at: int, places: list[tuple[int, int, str]]) -> Proposal:
        fact = self.model.facts[at]
        sure = round(1 / (1 + float(np.exp(-weighed.odds[at]))), 3)
        if not places:
            return Proposal(fact, f"{RULE}.{fact}", None, None, "model", sure)
        start, end = _span(reading, self._pull(weighed, at), places)
        return Proposal(fact, f"{RULE}.{fact}", start, end, "model", sure, reading.original[start:end])

    def _pull(self, weighed: Weighed, at: int) -> Floats:
        """How much each word, with the pairs that it ends, speaks for the fact."""
        pull = self.model.table[weighed.ids, at].copy()
        np.add.at(pull, weighed.ends, self.model.table[weighed.pairs + len(self.model.words) + 1, at])
        return pull


def _pairs(ids: NDArray[np.int64], model: Model) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The known pairs in the text, as indices into the keys, and the place of the word that ends each."""
    size = len(model.words) + 1
    keys = [(reach * size + ids[:-reach]) * size + ids[reach:] for reach in range(1, signals.REACH + 1)]
    wanted = np.concatenate(keys)
    if not len(wanted) or not len(model.keys):
        return wanted[:0], wanted[:0]
    at = np.searchsorted(model.keys, wanted)
    at[at == len(model.keys)] = 0
    hit = np.flatnonzero(model.keys[at] == wanted)
    lengths = np.cumsum([0, *(len(key) for key in keys)])
    reach = np.searchsorted(lengths, hit, side="right")
    return at[hit], hit - lengths[reach - 1] + reach


def _span(reading: Reading, pull: Floats, places: list[tuple[int, int, str]]) -> tuple[int, int]:
    """The sentence that speaks most for a fact; of a long one, the part around its strongest word."""
    totals: dict[tuple[int, int], float] = {}
    for (start, _, _), weight in zip(places, pull.tolist(), strict=True):
        sentence = reading.sentence_at(start)
        totals[sentence] = totals.get(sentence, 0.0) + weight
    first, last = max(totals, key=lambda s: (totals[s], -s[0]))
    inside = [at for at, (start, _, _) in enumerate(places) if first <= start < last]
    if places[inside[-1]][1] - places[inside[0]][0] <= QUOTED:
        return places[inside[0]][0], places[inside[-1]][1]
    middle = places[max(inside, key=lambda at: (float(pull[at]), -at))][0]
    near = [at for at in inside if abs(places[at][0] - middle) <= QUOTED // 2]
    return places[near[0]][0], places[near[-1]][1]


class _Noughts:
    """As many noughts as asked for: the row of an unknown word."""

    def __iter__(self) -> "_Noughts":
        return self

    def __next__(self) -> int:
        return 0


_NOUGHTS = _Noughts()


@cache
def load(path: Path) -> TrainedReader:
    """The reader of a weights file. Raises OSError or KeyError where it is not one."""
    with np.load(path, allow_pickle=False) as file:
        return TrainedReader(_model(dict(file)))


def _model(file: dict[str, Any]) -> Model:
    words, facts = _names(file["words"]), _names(file["facts"])
    return Model(
        facts=tuple(facts),
        words={word: at for at, word in enumerate(words, 1)},
        keys=np.cumsum(file["key_steps"].astype(np.int64)),
        table=file["table"].astype(np.float32),
        weight=file["weight"].astype(np.float32),
        grams={gram: at for at, gram in enumerate(_names(file["grams"]))},
        gram_table=file["gram_table"].astype(np.float32),
        beside={name: at for at, name in enumerate(_names(file["beside"]))},
        beside_table=file["beside_table"].astype(np.float32),
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
