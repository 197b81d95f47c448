"""A call as it goes on: which turns are still awaited, and what a new reading of it changed."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from shared.assessment import Assessment
from shared.codebook import DangerClass, Flag, Threat

WATCHED: Final = (
    "danger_class", "threat", "happening_now", "flags", "safe_contact", "primary", "labels", "repetition", "effect",
    "behaviours", "strands", "online", "impact", "reported_before",
)  # fmt: skip
"""What an operator is told of when it changes, the gravest first."""


ADDRESS: Final = "What is the address, and where are you in it?"
SAFETY: Final = "Where is the person now, and can you get away or lock yourself in?"
SELF_HARM: Final = "Who is with them, and what have they at hand?"


def to_ask(read: Assessment | None, screened: bool, placed: bool) -> str | None:
    """The one question to ask next: while a life is at risk never one about labels, and first of all where it is.

    `screened`: the last words, not read in time, seem to tell of a threat; `placed`: where it is was noted. A postcode
    among the caller's words is not enough: it may be somebody else's, and no report goes anywhere by it.
    """
    if not screened and (read is None or read.danger_class is not DangerClass.life_at_risk):
        return read.ask if read else None
    if not placed:
        return ADDRESS
    return SELF_HARM if read and read.threat is Threat.none and Flag.self_harm in read.flags else SAFETY


def awaited(numbers: Iterable[int]) -> tuple[int, ...]:
    """Turns that have not come although later ones have; the first of a call is 1."""
    come = set(numbers)
    return tuple(number for number in range(1, max(come, default=0)) if number not in come)


def learnt(known: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a call with what was learnt since: field by field, and what is not said again stays."""
    parts = {
        name: {**(known.get(name) or {}), **value} if isinstance(value, Mapping) else value
        for name, value in more.items()
    }
    return {**known, **parts}


def changes(before: Assessment | None, now: Assessment | None) -> tuple[str, ...]:
    """The names of what the newer reading says otherwise; the first reading changes all that it establishes."""
    if now is None:
        return ()
    old: dict[str, Any] = before.model_dump() if before else {name: f.default for name, f in _fields().items()}
    new = now.model_dump()
    return tuple(name for name in WATCHED if new[name] != old[name])


def _fields() -> dict[str, Any]:
    return {name: field for name, field in Assessment.model_fields.items() if name in WATCHED}
