"""What an assessment has established, asked again: by conditions of the guide, over its evidence and its labels."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from services.classifier.domain.facts import Sets, holds
from services.classifier.domain.guide import EntryT, Way
from services.classifier.domain.rules import Rulebook
from shared.assessment import Assessment, Evidence

FEW: Final = "F9.few"
REVIEW_AT: Final = 3
"""Complaints that make an ASB Case Review due, where the area sets no other number (facts.md)."""


@dataclass(frozen=True, slots=True)
class Established:
    """Facts with their evidence. Labels and notes count as facts too (`label.stalking`), with no words of their own."""

    evidence: Mapping[str, Sequence[Evidence]]
    shown: AbstractSet[str]
    sets: Sets
    touched: AbstractSet[str]

    @classmethod
    def by(cls, assessment: Assessment, rulebook: Rulebook) -> "Established":
        evidence: dict[str, list[Evidence]] = {}
        for seen in assessment.evidence:
            evidence.setdefault(seen.fact, []).append(seen)
        beside = {*(f"label.{label}" for label in assessment.labels), *(f"note.{note}" for note in assessment.notes)}
        shown = evidence.keys() | beside | ({FEW} if _few(assessment, evidence.get("F9", ())) else set())
        touched = frozenset[str]().union(*(rulebook.touched[fact] for fact in shown if fact in rulebook.touched))
        return cls(evidence, shown, rulebook.sets, touched)

    def touches(self, entries: Iterable[EntryT]) -> Iterator[EntryT]:
        """The entries that may hold: the others need no closer look."""
        return (entry for entry in entries if entry.id in self.touched)

    def all_hold(self, way: Iterable[str]) -> bool:
        return all(holds(term, self.shown, self.sets) for term in way)

    def way(self, ways: Iterable[Way]) -> Way | None:
        """The first of some ways that holds."""
        return next((way for way in ways if self.all_hold(way)), None)

    def resting_on(self, way: Way) -> Iterator[str]:
        """The facts with evidence that a way which holds rests on, a set's in order of id."""
        for term in way:
            if "@" in term and not term.startswith("!"):
                yield from sorted(self.sets[term.split("@")[1]] & self.evidence.keys())
            elif term in self.evidence:
                yield term


def _few(assessment: Assessment, reported: Iterable[Evidence]) -> bool:
    """Whether it was said how often it was reported, and that is less than a review asks for; no count is not few."""
    counted = assessment.reported_before > 1 or any(seen.rule == "answer.reported_before" for seen in reported)
    return counted and assessment.reported_before < REVIEW_AT


def index(ways: Iterable[tuple[str, Way]], sets: Sets) -> Mapping[str, frozenset[str]]:
    """Each entry under the facts that its ways begin with. Raises ValueError for a way that begins with no fact."""
    found: dict[str, set[str]] = {}
    for entry, way in ways:
        if not way or way[0].startswith("!"):
            raise ValueError(f"{entry}: each way begins with a fact, or a set")
        for fact in sets[way[0].split("@")[1]] if "@" in way[0] else (way[0],):
            found.setdefault(fact, set()).add(entry)
    return {fact: frozenset(ids) for fact, ids in found.items()}
