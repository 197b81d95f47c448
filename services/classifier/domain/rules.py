"""What a rulebook is: patterns that propose facts, facts that follow from facts, and labels that follow from them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from services.classifier.domain.deep import DeepReader
from services.classifier.domain.guide import Entry, Guide, Way
from shared.codebook import Label
from shared.finder import Finder

Where = Literal["before", "clause", "around", "sentence", "near", "after", "through", "within", "passage"]
"""What part of the words around a hit a test of scope looks at."""


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


class Condition(Entry):
    """A test on facts alone: all of `when` must hold. A term is a fact, `@set` (any), `2@set` (two) or `!term`."""

    when: Way
    source: str


class Derivation(Condition):
    fact: str
    why: str


class LabelRule(Condition):
    label: Label
    why: str
    settles: bool = False


class NextStep(Condition):
    """What was missing for a label, in words for the reporter, and the question that would settle it, unless a fact
    says that it is answered.

    Without a label nothing was missing: it is what matters more, whatever the label.
    """

    label: Label | None = None
    fact: str
    words: str
    ask: str
    answered_by: str = ""
    source: str = "ours"


class Scope(Entry):
    """One test of scope: a hit is dropped where `cue` occurs in what `where` names, once `unless` is taken out."""

    why: str
    where: Where
    cue: re.Pattern[str]
    unless: re.Pattern[str] | None = None


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
    second: DeepReader | None = None
    """With it this is a second reading (docs/decisions/0005-a-second-reader.md)."""
    guide: Guide = field(default_factory=Guide)
    touched: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Each fact, with the entries of the guide that may hold where it is shown."""
