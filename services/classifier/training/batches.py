"""Reports put together by length, so that little is spent on what is no piece of any of them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain.pieces import LONGEST

LENGTHS = (64, 112, 160, 224, LONGEST)
SIZE = 16
TOGETHER = 4

Floats = NDArray[np.float32]


class Batch(NamedTuple):
    """Which reports, all of them at most `length` pieces long."""

    length: int
    reports: tuple[int, ...]


def ordered(lengths: Sequence[int]) -> Iterator[Batch]:
    """Every report once, as they come; the last batch of each length may be smaller than SIZE."""
    for length, rows in _by_length(lengths).items():
        for first in range(0, len(rows), SIZE):
            yield Batch(length, tuple(rows[first : first + SIZE]))


def shuffled(lengths: Sequence[int], random: np.random.Generator) -> list[Batch]:
    """Every report at least once, in batches of exactly SIZE and in no order, but each with its neighbours.

    Neighbours are near twins, written one after the other: side by side they teach what tells them apart.
    """
    found = []
    for length, rows in _by_length(lengths).items():
        rows = rows + random.choice(rows, -len(rows) % SIZE).tolist()
        full = random.permutation(np.reshape(rows, (-1, TOGETHER))).reshape(-1, SIZE)
        found += [Batch(length, tuple(row)) for row in full.tolist()]
    return [found[at] for at in random.permutation(len(found))]


def padded(rows: Sequence[NDArray[Any]], length: int) -> tuple[NDArray[Any], Floats]:
    """Rows of pieces, or of hidden states, made one array [SIZE, length, …], and the mask that says what is real.

    Where rows are missing there is one piece of nothing, so that an average over it exists.
    """
    together = np.zeros((SIZE, length, *rows[0].shape[1:]), np.promote_types(rows[0].dtype, np.int32))
    mask = np.zeros((SIZE, length), np.float32)
    mask[len(rows) :, 0] = 1
    for at, row in enumerate(rows):
        together[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return together, mask


def _by_length(lengths: Sequence[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for at, own in enumerate(lengths):
        found.setdefault(next(length for length in LENGTHS if own <= length), []).append(at)
    return dict(sorted(found.items()))
