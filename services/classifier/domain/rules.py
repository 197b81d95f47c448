"""What a rulebook is: patterns that propose facts, facts that follow from facts, and labels that follow from them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain.guide import Guide
from services.classifier.domain.reading import Reading
from shared.codebook import Label
from shared.finder import Finder
from shared.told import Answers

LONGEST_QUOTE: Final = 500  # characters: what is quoted is quoted many times over, and goes with the report
LONGEST_ANSWER: Final = 5_000  # characters: how to get in touch safely, whole as the form asks for it

Origin = Literal["text", "answer", "history", "model"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A fact that a reader believes it has seen, with the words (None: the whole report)."""

    fact: str
    rule: str
    start: int | None = None
    end: int | None = None
    origin: Origin = "text"
    quote: str = ""


class Thresholds(Protocol):
    """For each fact the log-odds from which it is proposed, and those below which it is doubted."""

    @property
    def facts(self) -> tuple[str, ...]: ...
    @property
    def propose(self) -> NDArray[np.float32]: ...
    @property
    def doubt(self) -> NDArray[np.float32]: ...


class Weighed(Protocol):
    """One report under a trained model: the log-odds of each of its facts."""

    @property
    def odds(self) -> NDArray[np.float32]: ...


class SecondReader(Protocol):
    """A trained reader. It proposes and doubts facts, and never labels."""

    @property
    def model(self) -> Thresholds: ...

    def weigh(self, reading: Reading, answers: Answers, shown: Mapping[str, Sequence[Proposal]]) -> Weighed:
        """The odds of every fact."""

    def evidence(self, reading: Reading, weighed: Any, wanted: Sequence[tuple[str, str]]) -> list[Proposal]:
        """A proposal for each (fact of the model, fact that it stands for), with the words that speak most for it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Patterns that show facts, the tests of scope that their hits must pass, and examples that prove it.

    At most so many hits are kept of one report.
    """

    id: str
    facts: tuple[str, ...]
    source: str
    why: str
    patterns: tuple[str, ...]
    hits: tuple[str, ...]
    misses: tuple[str, ...]
    scope: frozenset[str]
    most: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A test on facts alone. `terms` must all hold; a term is a fact, `@set` (any), `2@set` (two of it) or `!term`."""

    id: str
    terms: tuple[str, ...]
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Derivation(Condition):
    fact: str


@dataclass(frozen=True, slots=True)
class LabelRule(Condition):
    label: Label
    settles: bool


@dataclass(frozen=True, slots=True)
class NextStep(Condition):
    """What was missing for a label, in words for the reporter, and the question that would settle it, unless a fact
    says that it is answered.

    Without a label nothing was missing: it is what matters more, whatever the label.
    """

    label: Label | None
    fact: str
    words: str
    ask: str
    answered_by: str


@dataclass(frozen=True, slots=True)
class Scope:
    """One test of scope: a hit is dropped where `cue` occurs in what `where` names, once `unless` is taken out."""

    id: str
    why: str
    where: Literal["before", "clause", "around", "sentence", "near", "after", "through", "within", "passage"]
    cue: re.Pattern[str]
    unless: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Everything an assessment depends on; `version` is the hash of the content."""

    version: str
    rules: tuple[Rule, ...]
    lines: tuple[tuple[int, int], ...]
    """Which rule, and which of its patterns, each of the finder's patterns is."""
    finder: Finder
    tests: tuple[tuple[Scope, ...], ...]
    """The tests of scope of each rule, in order of id."""
    scopes: Mapping[str, Scope]
    sets: Mapping[str, frozenset[str]]
    derivations: tuple[Derivation, ...]
    labels: tuple[LabelRule, ...]
    steps: tuple[NextStep, ...]
    second: SecondReader | None = None
    """With it this is a second reading (docs/decisions/0005-a-second-reader.md)."""
    guide: Guide = field(default_factory=Guide)
    touched: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Each fact, with the entries of the guide that may hold where it is shown."""
