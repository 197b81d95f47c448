"""A call as it goes on: which turns are still awaited, and what a new reading of it changed."""

from collections.abc import Iterable
from typing import Any, Final

from shared.events import Assessment

WATCHED: Final = (
    "danger_class", "threat", "happening_now", "flags", "safe_contact", "primary", "labels", "repetition", "effect",
    "behaviours", "strands", "online", "impact", "reported_before",
)  # fmt: skip
"""What an operator is told of when it changes, the gravest first."""


def awaited(numbers: Iterable[int]) -> tuple[int, ...]:
    """Turns that have not come although later ones have; the first of a call is 1."""
    come = set(numbers)
    return tuple(number for number in range(1, max(come, default=0)) if number not in come)


def changes(before: Assessment | None, now: Assessment | None) -> tuple[str, ...]:
    """The names of what the newer reading says otherwise; the first reading changes all that it establishes."""
    if now is None:
        return ()
    old: dict[str, Any] = before.model_dump() if before else {name: f.default for name, f in _fields().items()}
    new = now.model_dump()
    return tuple(name for name in WATCHED if new[name] != old[name])


def _fields() -> dict[str, Any]:
    return {name: field for name, field in Assessment.model_fields.items() if name in WATCHED}
