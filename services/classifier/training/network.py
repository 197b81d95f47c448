"""The network of domain/deep.py for many reports at once, in JAX, and how wrong it is.

The lower half stays as it was found, so that its output can be kept; the upper half and the heads learn.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from services.classifier.domain.deep import HEADS, WIDTH
from services.classifier.training.base import LAYERS
from services.classifier.training.reports import ALONE, ONE_OF

FROZEN = 6
DROPPED = 0.1
SMOOTHED = 0.05
NOWHERE = -1e9
ALONE_WORTH = 1 / 8
ONE_OF_WORTH = (1.5, 1.0, 1.0)
"""What each choice of ONE_OF is worth in the loss: the primary label is what most depends on."""

Weights = Mapping[str, Any]
Drop = Callable[[Array, int], Array]


def learns(name: str) -> bool:
    """Whether the weight of this name is learned."""
    first = name.split(".")[0]
    return name.startswith("head") or (first.isdigit() and int(first) >= FROZEN)


def bottom(weights: Weights, ids: Array, mask: Array) -> Array:
    """The hidden state under the layers that learn, [reports, pieces, WIDTH]; `mask` is 1 where a piece is."""
    hidden = weights["words"][ids] + weights["places"][: ids.shape[1]]
    return _layers(weights, _normed(hidden, weights, "norm", 0), mask, range(FROZEN), lambda given, _: given)


def loss(weights: Weights, hidden: Array, mask: Array, gold: Array, labelled: Array, key: Array) -> Array:
    """The mean over reports; `gold` and `labelled` are [reports, COLUMNS]."""
    scores = _top(weights, hidden, mask, _dropping(key))
    count = len(ALONE)
    alone = jax.nn.softplus(scores[:, :count]) - scores[:, :count] * gold[:, :count]
    total = ALONE_WORTH * (alone * labelled[:, :count]).sum(-1)
    for choice, worth in zip(ONE_OF, ONE_OF_WORTH, strict=True):
        span = slice(count, count + len(choice))
        total += worth * _missed(scores[:, span], gold[:, span])
        count += len(choice)
    return total.mean()


def _missed(scores: Array, gold: Array) -> Array:
    """Cross-entropy against gold that is not quite sure of itself."""
    wanted = gold * (1 - SMOOTHED) + SMOOTHED / gold.shape[-1]
    return -(wanted * jax.nn.log_softmax(scores)).sum(-1)


def _top(weights: Weights, hidden: Array, mask: Array, drop: Drop) -> Array:
    hidden = _layers(weights, hidden, mask, range(FROZEN, LAYERS), drop)
    there = mask[..., None]
    average = (hidden * there).sum(1) / there.sum(1)
    peak = jnp.where(there > 0, hidden, NOWHERE).max(1)
    of_all = drop(jnp.concatenate([average, peak], -1), 10 * LAYERS) @ weights["heads"]
    hidden = drop(hidden, 10 * LAYERS + 1)
    regard = jax.nn.softmax(hidden @ weights["head_looks"] + (there - 1) * -NOWHERE, axis=1)
    return of_all + (regard * (hidden @ weights["head_says"])).sum(1) + weights["head_bias"]


def _layers(weights: Weights, hidden: Array, mask: Array, which: range, drop: Drop) -> Array:
    unseen = (1 - mask)[:, None, None, :] * NOWHERE
    for at in which:
        heard = _attended(weights, at, hidden, unseen, drop)
        hidden = _normed(hidden + drop(heard, 10 * at + 1), weights, f"{at}.norm", 0)
        wide = jax.nn.gelu(_linear(weights, f"{at}.widen", hidden), approximate=True)
        narrow = _linear(weights, f"{at}.narrow", wide)
        hidden = _normed(hidden + drop(narrow, 10 * at + 2), weights, f"{at}.norm", 2)
    return hidden


def _attended(weights: Weights, at: int, hidden: Array, unseen: Array, drop: Drop) -> Array:
    count, length, _ = hidden.shape
    three = _linear(weights, f"{at}.attend", hidden).reshape(count, length, 3, HEADS, WIDTH // HEADS)
    query, key, value = three.transpose(2, 0, 3, 1, 4)
    scores = query @ key.transpose(0, 1, 3, 2) / (WIDTH // HEADS) ** 0.5 + unseen
    together = drop(jax.nn.softmax(scores), 10 * at) @ value
    return _linear(weights, f"{at}.gather", together.transpose(0, 2, 1, 3).reshape(count, length, WIDTH))


def _linear(weights: Weights, name: str, given: Array) -> Array:
    return given @ weights[name].T + weights[f"{name}.bias"]


def _normed(hidden: Array, weights: Weights, name: str, first: int) -> Array:
    centred = hidden - hidden.mean(-1, keepdims=True)
    spread = jnp.sqrt((centred * centred).mean(-1, keepdims=True) + 1e-12)
    return centred / spread * weights[f"{name}.{first}"] + weights[f"{name}.{first + 1}"]


def _dropping(key: Array) -> Drop:
    def drop(given: Array, number: int) -> Array:
        kept = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - DROPPED, given.shape)
        return jnp.where(kept, given / (1 - DROPPED), 0)

    return drop
