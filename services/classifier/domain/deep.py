"""The deep reader: a small sentence model (BGE small, twelve layers) tuned on our own reports, run on numpy alone.

It gives the odds of facts, never labels, in a fifth of a second, and the sentence that spoke most for each. Its
weights are whole numbers with a scale for each row. How they are learned: services/classifier/training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain.pieces import NO_PLACE, Cutter
from services.classifier.domain.proposals import LONGEST_QUOTE, Proposal
from services.classifier.domain.reading import Reading
from services.classifier.domain.wordpiece import Piece
from shared.told import Answers

Floats = NDArray[np.float32]
Shown = Mapping[str, Sequence[Proposal]]
Held = Mapping[str, NDArray[Any]]

RULE: Final = "deep"
HEADS: Final = 12
WIDTH: Final = 384
EFFECTS: Final = ("F2.scared", "F2.distressed", "F2.threatened")
URGENT: Final = ("F7.imminent", "F7.explicit")
SHOWN_BY: Final = {"F2": EFFECTS, "F7.urgent": URGENT}


class Thresholds(NamedTuple):
    """For each fact the odds from which it is proposed, and those below which it is doubted."""

    facts: tuple[str, ...]
    propose: Floats
    doubt: Floats


class Calibration(NamedTuple):
    """How odds are corrected, by fact: times `scale`, plus `trust` where the lexical reader shows it, less `shift`."""

    scale: Floats
    trust: Floats
    shift: Floats

    def of(self, odds: Floats, shows: NDArray[np.bool_]) -> Floats:
        """The odds to go by; `shows` says what the lexical reader found."""
        corrected: Floats = odds * self.scale + np.where(shows, self.trust, np.float32(0)) - self.shift
        return corrected


class Weighed(NamedTuple):
    """One report under the model: log-odds by fact, its pieces, and what each piece adds to the odds."""

    odds: Floats
    pieces: tuple[Piece, ...]
    pulls: Floats


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's weights, as rows to multiply with from the right; `norms` are scale and shift, twice."""

    attend: Floats
    attend_bias: Floats
    gather: Floats
    gather_bias: Floats
    widen: Floats
    widen_bias: Floats
    narrow: Floats
    narrow_bias: Floats
    norms: tuple[Floats, Floats, Floats, Floats]


@dataclass(frozen=True, slots=True)
class Model:
    words: Floats
    places: Floats
    norm: tuple[Floats, Floats]
    layers: tuple[Layer, ...]
    heads: Floats
    looks: Floats
    says: Floats
    """Each fact's own: how much regard a piece gets, and what a piece that gets it says."""
    head_bias: Floats
    choices: tuple[tuple[int, int], ...]
    """Columns that exclude each other (the threat levels, say), from and to."""
    unions: tuple[tuple[int, int], ...]
    """Further facts, behind the others: that one of these columns holds (an urgent threat: imminent or explicit)."""


class DeepReader:
    """Proposes and doubts facts by the odds that the sentence model gives them and what the lexical reader found."""

    def __init__(self, model: Thresholds, network: Model, calibration: Calibration, cutter: Cutter) -> None:
        self.model = model
        self.columns = {fact: at for at, fact in enumerate(model.facts)}
        self._network = network
        self._calibration = calibration
        self._cutter = cutter

    def weigh(self, reading: Reading, answers: Answers) -> Weighed:
        """The odds of every fact, by the report alone: a fifth of a second, and bounded however long it is."""
        pieces = self._cutter.pieces(reading, answers)
        hidden = _forward(self._network, np.array([piece.id for piece in pieces]))
        odds, pulls = _judged(self._network, hidden)
        return Weighed(odds, pieces, pulls)

    def beside(self, weighed: Weighed, shown: Shown) -> Weighed:
        """The same, corrected by what the lexical reader, the form and earlier reports show."""
        return weighed._replace(odds=self._calibration.of(weighed.odds, shows(self.model.facts, shown)))

    def evidence(self, reading: Reading, weighed: Weighed, wanted: Sequence[tuple[str, str]]) -> list[Proposal]:
        """A proposal for each (column, fact that it stands for), with the sentence that speaks most for it."""
        return [self._proposal(reading, weighed, head, fact) for head, fact in wanted]

    def _proposal(self, reading: Reading, weighed: Weighed, head: str, fact: str) -> Proposal:
        pull = weighed.pulls[:, self.columns[head]]
        by_sentence: dict[tuple[int, int], float] = {}
        for piece, worth in zip(weighed.pieces, pull.tolist(), strict=True):
            if piece.start != NO_PLACE:
                sentence = reading.sentence_at(piece.start)
                by_sentence[sentence] = by_sentence.get(sentence, 0.0) + worth
        if not by_sentence:
            return Proposal(fact, f"{RULE}.{head}", origin="model")
        start, end = max(by_sentence, key=lambda sentence: (round(by_sentence[sentence], 3), -sentence[0]))
        words = reading.original[start:end][:LONGEST_QUOTE].rstrip()
        return Proposal(fact, f"{RULE}.{head}", start, start + len(words), "model", quote=words)


def shows(facts: Sequence[str], shown: Shown) -> NDArray[np.bool_]:
    """Which of the model's facts the lexical reader, the form or earlier reports show."""
    return np.array([any(name in shown for name in SHOWN_BY.get(fact, (fact,))) for fact in facts])


def _forward(model: Model, ids: NDArray[np.int64]) -> Floats:
    """The hidden state of every piece, [pieces, WIDTH]."""
    hidden = _normed(model.words[ids] + model.places[: len(ids)], *model.norm)
    for layer in model.layers:
        scale, shift, last_scale, last_shift = layer.norms
        hidden = _normed(hidden + _attended(layer, hidden), scale, shift)
        wide = _gelu(hidden @ layer.widen + layer.widen_bias)
        hidden = _normed(hidden + wide @ layer.narrow + layer.narrow_bias, last_scale, last_shift)
    return hidden


def _attended(layer: Layer, hidden: Floats) -> Floats:
    count = len(hidden)
    three = (hidden @ layer.attend + layer.attend_bias).reshape(count, 3, HEADS, WIDTH // HEADS)
    query, key, value = three.transpose(1, 2, 0, 3)
    scores = query @ key.transpose(0, 2, 1) / np.float32((WIDTH // HEADS) ** 0.5)
    together: Floats = (_softmax(scores, -1) @ value).transpose(1, 0, 2).reshape(count, WIDTH)
    return together @ layer.gather + layer.gather_bias


def _softmax(scores: NDArray[Any], axis: int) -> Floats:
    weights: Floats = np.exp(scores - scores.max(axis, keepdims=True))
    weights /= weights.sum(axis, keepdims=True)
    return weights


def _normed(hidden: Floats, scale: Floats, shift: Floats) -> Floats:
    centred = hidden - hidden.mean(-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(1e-12))
    normed: Floats = centred / spread * scale + shift
    return normed


def _gelu(wide: Floats) -> Floats:
    bent: Floats = np.tanh(np.float32(0.7978845608) * (wide + np.float32(0.044715) * wide * wide * wide))
    return np.float32(0.5) * wide * (1 + bent)


def _judged(model: Model, hidden: Floats) -> tuple[Floats, Floats]:
    """The odds of each fact, and what each piece adds: to the mean, by the peaks that are its own, by its regard."""
    average, peak = model.heads[:WIDTH], model.heads[WIDTH:]
    at = hidden.argmax(0)
    pulls = hidden @ average / np.float32(len(hidden))
    np.add.at(pulls, at, hidden[at, np.arange(WIDTH)][:, None] * peak)
    pulls += _softmax(hidden @ model.looks, 0) * (hidden @ model.says)
    odds = pulls.sum(0) + model.head_bias
    for first, last in model.choices:
        odds[first:last] = _against_the_others(odds[first:last])
    return np.append(odds, [_either(odds[first:last]) for first, last in model.unions]).astype(np.float32), pulls


def _against_the_others(scores: Floats) -> Floats:
    """The log-odds of each of several that exclude each other."""
    chance = np.exp(scores - scores.max())
    chance /= chance.sum()
    odds: Floats = np.log(chance.clip(1e-6)) - np.log((1 - chance).clip(1e-6))
    return odds


def _either(odds: Floats) -> np.float32:
    """The log-odds that one of several holds, of which at most one can."""
    chance = (1 / (1 + np.exp(-odds))).sum().clip(1e-6, 1 - 1e-6)
    either: np.float32 = np.log(chance / (1 - chance))
    return either


@cache
def load(path: Path) -> DeepReader:
    """The reader of a weights file. Raises OSError or KeyError where it is not one."""
    with np.load(path, allow_pickle=False) as file:
        return unpacked(dict(file))


def unpacked(held: Held) -> DeepReader:
    """The reader of what a weights file holds."""
    vocabulary = {word: at for at, word in enumerate(names(held["vocabulary"]))}
    thresholds = Thresholds(tuple(names(held["facts"])), held["propose"], held["doubt"])
    calibration = Calibration(held["scale"], held["trust"], held["shift"])
    return DeepReader(thresholds, _network(held), calibration, Cutter(vocabulary))


def _network(held: Held) -> Model:
    def rows(name: str) -> Floats:
        found: Floats = held[name].astype(np.float32) * held[f"{name}.scale"][:, None]
        return found

    def layer(at: int) -> Layer:
        def of(name: str) -> Floats:
            return np.ascontiguousarray(rows(f"{at}.{name}").T)

        biases = {name: held[f"{at}.{name}.bias"] for name in ("attend", "gather", "widen", "narrow")}
        norms = tuple(held[f"{at}.norm.{number}"] for number in range(4))
        return Layer(
            attend=of("attend"), attend_bias=biases["attend"], gather=of("gather"), gather_bias=biases["gather"],
            widen=of("widen"), widen_bias=biases["widen"], narrow=of("narrow"), narrow_bias=biases["narrow"],
            norms=(norms[0], norms[1], norms[2], norms[3]),
        )  # fmt: skip

    return Model(
        words=rows("words"),
        places=held["places"],
        norm=(held["norm.0"], held["norm.1"]),
        layers=tuple(layer(at) for at in range(int(held["depth"]))),
        heads=held["heads"],
        looks=held["head_looks"],
        says=held["head_says"],
        head_bias=held["head_bias"],
        choices=_spans(held["choices"]),
        unions=_spans(held["unions"]),
    )


def _spans(pairs: NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    return tuple((int(first), int(last)) for first, last in pairs)


def names(joined: NDArray[np.uint8]) -> list[str]:
    """Names as the weights file holds them, a line each."""
    return joined.tobytes().decode().split("\n")
