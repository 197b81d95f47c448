"""What a run finds: rows held against a ceiling of the same run, tables of how cost grows, and how much is done."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Say = Callable[[str], None]
"""Tells whoever watches what is being done."""


@dataclass(frozen=True, slots=True)
class Row:
    """`value` over `ceiling` is the ratio; `wanted` is the least that it may be, or the most where `at_most`."""

    name: str
    unit: str
    value: float
    against: str
    ceiling: float
    wanted: float
    bound: str
    at_most: bool = False

    @property
    def ratio(self) -> float:
        """0 where there was nothing to hold it against."""
        return self.value / self.ceiling if self.ceiling else 0.0

    @property
    def held(self) -> bool:
        return bool(self.ceiling) and (self.ratio <= self.wanted if self.at_most else self.ratio >= self.wanted)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio, "held": self.held}


@dataclass(frozen=True, slots=True)
class Table:
    """Figures beside the rows. The first column names; `note` says what is to be seen."""

    title: str
    columns: Sequence[str]
    lines: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    rows: Sequence[Row] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True)
class Scale:
    """How many of each: the same rows, whether in an hour or in a few minutes."""

    posts: int
    readings: int
    cases: int
    path: int
    backlog: int
    threats: int
    pages: int
    texts: int
    slow_texts: int
    open_items: int
    household: int
    agencies: Sequence[int]
    workers: Sequence[int]
    calls: int


FULL = Scale(
    posts=20_000,
    readings=20_000,
    cases=20_000,
    path=20_000,
    backlog=100_000,
    threats=200,
    pages=3_000,
    texts=400,
    slow_texts=60,
    open_items=1_000_000,
    household=10_000,
    agencies=(10, 100, 1_000, 10_000),
    workers=(1, 2, 4),
    calls=12,
)
QUICK = Scale(
    posts=800,
    readings=800,
    cases=800,
    path=500,
    backlog=1_200,
    threats=20,
    pages=150,
    texts=60,
    slow_texts=10,
    open_items=10_000,
    household=200,
    agencies=(10, 100, 1_000),
    workers=(1, 2),
    calls=1,
)
