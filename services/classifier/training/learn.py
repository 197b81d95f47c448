"""Learning the upper half of the sentence model and the heads: Adam, warmed up, then slower and slower.

Seeds are fixed and reports sorted: the same reports, libraries and machine give the same weights.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from services.classifier.domain.deep import WIDTH
from services.classifier.domain.pieces import Cutter
from services.classifier.domain.reading import heard
from services.classifier.training import batches, network, reports
from services.classifier.training.base import Base, Weights
from services.classifier.training.pack import rounded
from services.classifier.training.reports import COLUMNS, Labelled

SEED = 20
RATE = 1e-4
HEADS_RATE = 10.0
"""How many times faster the heads learn: they start from nothing."""
WARM = 0.08
SLOWEST = 0.02
FORGET, FORGET_SQUARE, TINY = 0.9, 0.999, 1e-8
DECAY = 0.01
LONGEST_STEP = 1.0
FIRST_HEADS = 0.02

Arrays = dict[str, Array]
Pieces = Sequence[NDArray[np.int64]]


class Epoch(NamedTuple):
    """All reports seen once more: how wrong the model was of them on average, and its weights since."""

    number: int
    loss: float
    weights: Weights


class Moments(NamedTuple):
    """What Adam remembers of the slopes, and of their squares."""

    mean: Arrays
    square: Arrays


class Examples(NamedTuple):
    """Reports as the upper half sees them: what the lower half made of each, its gold, and what that speaks of."""

    hidden: Sequence[NDArray[np.float16]]
    gold: NDArray[np.float32]
    labelled: NDArray[np.float32]


def learn(learned_from: Sequence[Labelled], base: Base, epochs: int, fastest: float = RATE) -> Iterator[Epoch]:
    """The model after each epoch. Where `base` has heads, it has learned before, and goes on."""
    random = np.random.default_rng(SEED)
    frozen = {name: rounded(name, weight) for name, weight in base.weights.items() if not network.learns(name)}
    weights = {name: jnp.asarray(weight) for name, weight in _learning(base, random).items()}
    moments = Moments(*({name: jnp.zeros_like(weight) for name, weight in weights.items()} for _ in range(2)))
    examples = _examples(learned_from, base, frozen)
    plans = [batches.shuffled([len(row) for row in examples.hidden], random) for _ in range(epochs)]
    steps, done = sum(len(plan) for plan in plans), 0
    for number, plan in enumerate(plans, 1):
        total = 0.0
        for batch in plan:
            done += 1
            rate = fastest * min(1, done / (WARM * steps)) * max(SLOWEST, 1 - done / steps)
            weights, moments, wrong = _STEP(weights, moments, *_shown(examples, batch), rate, done)
            total += float(wrong)
        yield Epoch(number, total / len(plan), {**frozen, **{name: np.asarray(w) for name, w in weights.items()}})


def _learning(base: Base, random: np.random.Generator) -> Weights:
    def first(rows: int) -> NDArray[np.float32]:
        return random.normal(0, FIRST_HEADS, (rows, len(COLUMNS))).astype(np.float32)

    heads = {"heads": first(2 * WIDTH), "head_looks": first(WIDTH), "head_says": first(WIDTH)}
    found = {name: weight for name, weight in base.weights.items() if network.learns(name)}
    return {**heads, "head_bias": np.zeros(len(COLUMNS), np.float32), **found}


def _examples(learned_from: Sequence[Labelled], base: Base, frozen: Weights) -> Examples:
    gold = reports.gold(learned_from)[:, : len(COLUMNS)].astype(np.float32)
    labelled = reports.labelled(learned_from)[:, : len(COLUMNS)].astype(np.float32)
    return Examples(_below(_pieces(learned_from, base.vocabulary), frozen), gold, labelled)


def _pieces(learned_from: Sequence[Labelled], vocabulary: Sequence[str]) -> Pieces:
    cutter = Cutter({word: at for at, word in enumerate(vocabulary)})
    cut = (cutter.pieces(heard(one.report), one.report.answers) for one in learned_from)
    return [np.array([piece.id for piece in pieces]) for pieces in cut]


def _below(pieces: Pieces, frozen: Weights) -> list[NDArray[np.float16]]:
    """What the frozen half makes of every report, worked out once."""
    kept: dict[int, NDArray[np.float16]] = {}
    on_device = {name: jnp.asarray(weight) for name, weight in frozen.items()}
    for batch in batches.ordered([len(row) for row in pieces]):
        ids, mask = batches.padded([pieces[at] for at in batch.reports], batch.length)
        hidden = np.asarray(_BOTTOM(on_device, ids, mask))
        for row, at in zip(hidden, batch.reports, strict=False):
            kept[at] = row[: len(pieces[at])].astype(np.float16)
    return [kept[at] for at in range(len(pieces))]


def _shown(examples: Examples, batch: batches.Batch) -> tuple[Any, ...]:
    rows = list(batch.reports)
    hidden, mask = batches.padded([examples.hidden[at] for at in rows], batch.length)
    return hidden.astype(np.float32), mask, examples.gold[rows], examples.labelled[rows]


def _step(
    weights: Arrays, moments: Moments, hidden: Any, mask: Any, gold: Any, labelled: Any, rate: Any, done: Any
) -> tuple[Arrays, Moments, Array]:
    key = jax.random.fold_in(jax.random.PRNGKey(SEED), done)
    wrong, slopes = jax.value_and_grad(network.loss)(weights, hidden, mask, gold, labelled, key)
    moments = _moved(moments, _shortened(slopes))
    return {name: _better(name, weight, moments, rate, done) for name, weight in weights.items()}, moments, wrong


def _shortened(slopes: Mapping[str, Array]) -> Arrays:
    length = jnp.sqrt(sum((slope**2).sum() for slope in slopes.values()))
    return {name: slope * jnp.minimum(1, LONGEST_STEP / length) for name, slope in slopes.items()}


def _moved(moments: Moments, slopes: Arrays) -> Moments:
    return Moments(
        {name: FORGET * moments.mean[name] + (1 - FORGET) * slope for name, slope in slopes.items()},
        {name: FORGET_SQUARE * moments.square[name] + (1 - FORGET_SQUARE) * slope**2 for name, slope in slopes.items()},
    )


def _better(name: str, weight: Array, moments: Moments, rate: Any, done: Any) -> Array:
    mean = moments.mean[name] / (1 - FORGET**done)
    spread = jnp.sqrt(moments.square[name] / (1 - FORGET_SQUARE**done)) + TINY
    decay = DECAY * weight if weight.ndim > 1 else 0.0
    return weight - rate * (HEADS_RATE if name.startswith("head") else 1.0) * (mean / spread + decay)


_STEP = jax.jit(_step)
_BOTTOM = jax.jit(network.bottom)
