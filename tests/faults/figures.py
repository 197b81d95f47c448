"""What a fault is measured by: figures, each with what it may be at most."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeVar

T = TypeVar("T")
SEED: Final = 9


class Scale(IntEnum):
    """How much of a fault is done: as the promise says, in minutes, or in seconds."""

    full = 0
    quick = 1
    brief = 2

    def of(self, full: T, quick: T, brief: T) -> T:
        return (full, quick, brief)[self]


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: float
    at_most: float
    unit: str = ""

    @property
    def held(self) -> bool:
        return self.value <= self.at_most

    @property
    def wanted(self) -> str:
        return f"at most {written(self.at_most)} {self.unit}".rstrip() if self.at_most else "0"

    @property
    def shown(self) -> str:
        return f"{written(self.value)} {self.unit}".rstrip()


def written(value: float) -> str:
    return "never" if math.isinf(value) else f"{value:.2f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Row:
    """One fault: what was done, the figures of its own, and those that are always looked at."""

    fault: str
    done: str
    own: tuple[Figure, ...]
    always: tuple[Figure, ...]
    seconds: float

    @property
    def figures(self) -> tuple[Figure, ...]:
        return self.own + self.always

    @property
    def held(self) -> bool:
        return all(figure.held for figure in self.figures)


def p99(values: Sequence[float]) -> float:
    """The 99th in a hundred; of fewer, the worst. Nothing measured is never."""
    ordered = sorted(values)
    return ordered[math.ceil(0.99 * len(ordered)) - 1] if ordered else math.inf
