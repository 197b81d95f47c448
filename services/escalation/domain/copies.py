"""Near-copies: written reports that nothing tells apart but a few words (docs/decisions/0010)."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Final
from uuid import UUID
from zlib import crc32

from services.escalation.domain.salvaged import BROKEN
from shared.events import ReportReceived
from shared.told import Channel

ENOUGH: Final = 12  # words: what is shorter, such as a cry for help, is never taken for a copy
KEPT: Final = 64  # hashes of a sketch
ALIKE: Final = 0.6  # of 1: the pairs of words that two reports share, of all that they have
COMPARED: Final = 5_000  # characters of two texts, to see whether they are alike
WITHIN: Final = timedelta(days=1)
"""How far apart the first report and its near-copies may come."""


@dataclass(frozen=True, slots=True)
class Fold:
    """What a report is folded by. Whoever has the same `id` is a near-copy; only the first keeps its likeness."""

    id: UUID
    told_by: str | None = None
    sketch: frozenset[int] = frozenset()


def as_first(report: ReportReceived) -> Fold:
    """The report as the first of its kind. Calls are never folded: each has somebody at the other end.

    Nor is what cannot be read: it has neither place nor contact, and two events of one form share most of their words.
    """
    words = _words(report.text)
    if report.channel is Channel.phone or report.source == BROKEN or len(words) < ENOUGH:
        return Fold(report.report_id)
    return Fold(report.report_id, _told_by(report), _sketch(words))


def folded(own: Fold, firsts: Iterable[Fold]) -> Fold:
    """A report, given as a first, under the first of those that it is a near-copy of, or as the first that it is."""
    same = (one for one in firsts if own.told_by and one.told_by == own.told_by and _near(own.sketch, one.sketch))
    first = next(same, None)
    return Fold(first.id) if first else own


def alike(one: str, other: str) -> bool:
    """Whether two tellings are nearly the same words."""
    return _near(*(_sketch(_words(text[:COMPARED])) for text in (one, other)))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _told_by(report: ReportReceived) -> str:
    """One source, one place, one way to reach them: whatever differs here may be another person in danger."""
    contact = report.contact.model_dump() if report.contact else {}
    told = (report.source, *report.place.model_dump().values(), *contact.values(), report.answers.safe_contact)
    plain = [" ".join(str(part).casefold().split()) for part in told if part]
    return sha256(json.dumps(plain).encode()).hexdigest()


def _sketch(words: list[str]) -> frozenset[int]:
    """The smallest checksums of its pairs of words: of a short report, all of them."""
    pairs = {f"{one} {other}" for one, other in pairwise(words)}
    return frozenset(sorted([crc32(pair.encode()) for pair in pairs])[:KEPT])


def _near(one: frozenset[int], other: frozenset[int]) -> bool:
    return bool(one) and len(one & other) >= ALIKE * len(one | other)
