"""A report's own words, cut where evidence begins and ends, so that each piece can be marked with what it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.assessment import Evidence


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of the words, and the evidence that covers all of them; `ends` is what ends here."""

    words: str
    evidence: tuple[Evidence, ...] = ()
    ends: tuple[Evidence, ...] = ()


def pieces(text: str, evidence: Sequence[Evidence]) -> tuple[Piece, ...]:
    """The text whole and in order. Evidence outside it, such as an answer, marks nothing."""
    spans = [span for one in evidence if (span := _span(one, text))]
    cuts = sorted({0, len(text), *(start for start, _, _ in spans), *(end for _, end, _ in spans)})
    return tuple(
        Piece(
            text[start:end],
            tuple(one for low, high, one in spans if low <= start and end <= high),
            tuple(one for _, high, one in spans if high == end),
        )
        for start, end in pairwise(cuts)
    )


def _span(one: Evidence, text: str) -> tuple[int, int, Evidence] | None:
    if one.start is None or one.end is None or not one.start < one.end <= len(text):
        return None
    return one.start, one.end, one
