"""How well the classifier reads: its answers against gold, by label, fact and report."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.codebook import Label, Threat

LABELS = tuple(label.value for label in Label)
URGENT = {Threat.explicit.value, Threat.imminent.value}
Said = dict[str, Any]
Gold = dict[str, Any]
Check = Callable[[Said, Gold], bool]
Sets = Callable[[Said, Gold], tuple[set[str], set[str]]]


@dataclass(frozen=True, slots=True)
class Rate:
    """A share, with its 95% Wilson interval."""

    right: int
    total: int

    @property
    def share(self) -> float:
        return self.right / self.total if self.total else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        if not self.total:
            return 0.0, 1.0
        z, n, p = 1.96, self.total, self.share
        middle, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.share:.3f} ({self.right}/{self.total}; {low:.3f} to {high:.3f})"


@dataclass(slots=True)
class Evaluation:
    """Every figure, and every error with the fact that went wrong."""

    rates: dict[str, Rate] = field(default_factory=dict)
    f1: dict[str, dict[str, float]] = field(default_factory=dict)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    errors: list[tuple[str, str]] = field(default_factory=list)


def evaluate(pairs: Iterable[tuple[Said, Gold]]) -> Evaluation:
    """Compare what was said with gold; both in the shapes of `heard classify` and of dev.jsonl."""
    both = list(pairs)
    result = Evaluation()
    result.f1["primary strict"] = _by_label(both, _sets("primary"))
    result.f1["primary fair"] = _by_label(both, _primary_or_acceptable)
    result.f1["label sets"] = _by_label(both, _sets("labels"))
    result.f1 |= {name: {"micro": _f1(both, _sets(name))} for name in ("strands", "behaviours")}
    for name, right in CHECKS.items():
        result.rates[name] = Rate(sum(right(said, gold) for said, gold in both), len(both))
    result.rates |= _urgent(both)
    if any("pair" in gold for _, gold in both):
        result.rates["pairs"] = _pairs(both)
    result.confusion = Counter((gold["primary"], said["primary"]) for said, gold in both)
    result.errors = [(str(said["id"]), wrong) for said, gold in both for wrong in _wrong(said, gold)]
    return result


def _acceptable(gold: Gold, name: str) -> set[str]:
    return {gold[name], *(gold.get(f"acceptable_{name}") or ())}


def _fair(name: str) -> Check:
    return lambda said, gold: said[name] in _acceptable(gold, name)


def _same(name: str, of: Callable[[Any], object] = lambda told: told) -> Check:
    return lambda said, gold: of(said[name]) == of(gold[name])


CHECKS: Final[dict[str, Check]] = {
    "primary strict": _same("primary"),
    "primary fair": _fair("primary"),
    "label set exact": _same("labels", set),
    "repetition": _same("repetition"),
    "strands exact": _same("strands", set),
    "threat level fair": _fair("threat"),
    "online": _same("online"),
    "effect": _same("effect", bool),
    "happening now": _same("happening_now"),
}
NEEDED = ("primary", "labels", "repetition", "strands", "threat", "online", "effect", "behaviours", "happening_now")
SHOWN: Final = {
    "primary fair": "primary",
    "repetition": "repetition",
    "strands exact": "strands",
    "threat level fair": "threat",
    "online": "online",
    "effect": "effect",
    "happening now": "happening_now",
}
"""The checks that are shown where they fail, with what they are of."""


def _sets(name: str) -> Sets:
    """What is said and what is gold, as sets; a primary is a set of one."""
    return lambda said, gold: (_as_set(said[name]), _as_set(gold[name]))


def _as_set(told: str | Sequence[str]) -> set[str]:
    return {told} if isinstance(told, str) else set(told)


def _primary_or_acceptable(said: Said, gold: Gold) -> tuple[set[str], set[str]]:
    return {said["primary"]}, {(said if CHECKS["primary fair"](said, gold) else gold)["primary"]}


def _by_label(both: list[tuple[Said, Gold]], sets: Sets) -> dict[str, float]:
    scores = {
        label: _f1(both, lambda said, gold, label=label: tuple(part & {label} for part in sets(said, gold)))
        for label in LABELS
    }
    return {**scores, "macro": sum(scores.values()) / len(scores)}


def _f1(both: list[tuple[Said, Gold]], sets: Callable[..., Any]) -> float:
    hit = said_only = gold_only = 0
    for said, gold in both:
        ours, theirs = sets(said, gold)
        hit += len(ours & theirs)
        said_only += len(ours - theirs)
        gold_only += len(theirs - ours)
    return 2 * hit / (2 * hit + said_only + gold_only) if hit + said_only + gold_only else 1.0


def _urgent(both: list[tuple[Said, Gold]]) -> dict[str, Rate]:
    """Recall over reports that nobody could call less than urgent; precision forgives where gold accepts urgent."""
    must = [said for said, gold in both if gold["threat"] in URGENT and _acceptable(gold, "threat") <= URGENT]
    called = [gold for said, gold in both if said["threat"] in URGENT]
    return {
        "urgent recall": Rate(sum(said["threat"] in URGENT for said in must), len(must)),
        "urgent precision": Rate(sum(bool(_acceptable(g, "threat") & URGENT) for g in called), len(called)),
    }


PAIRED = ("primary fair", "repetition", "strands exact", "threat level fair")


def _pairs(both: list[tuple[Said, Gold]]) -> Rate:
    """Reports whose gold names the same `pair` differ in one fact: a pair is right where each of them is, by PAIRED."""
    right: dict[str, bool] = {}
    for said, gold in both:
        if pair := gold.get("pair"):
            right[pair] = right.get(pair, True) and all(CHECKS[name](said, gold) for name in PAIRED)
    return Rate(sum(right.values()), len(right))


def _wrong(said: Said, gold: Gold) -> Iterator[str]:
    for name, key in SHOWN.items():
        if not CHECKS[name](said, gold):
            yield f"{key}: gold {gold[key]}, said {said[key]}"
