"""What a recogniser cut apart: turns of one speaker that go on where the one before broke off, read as one stretch.

The report itself is read as it is. This only adds what stands across a cut, for a pause must not hide a threat, and
must not take away one either: a "no" before a pause is no part of the words after it.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.classifier.domain.lexical import lexical
from services.classifier.domain.proposals import LONGEST_QUOTE, Proposal
from services.classifier.domain.reading import Reading, Turn, read
from services.classifier.domain.rules import Rulebook
from shared.told import TRAILS_OFF, Speaker


@dataclass(frozen=True, slots=True)
class Joined:
    """Pieces of a report put together, with where each begins here and where it stands in the report."""

    reading: Reading
    begins: list[int]
    stands: list[int]

    def place(self, at: int) -> int:
        piece = self._piece(at)
        return self.stands[piece] + at - self.begins[piece]

    def cut(self, start: int, end: int) -> bool:
        """Whether words of one stretch are of two turns."""
        return self._piece(start) < self._piece(end - 1) and end <= self.reading.turn_at(start).end

    def _piece(self, at: int) -> int:
        return bisect_right(self.begins, at) - 1


def across_cuts(reading: Reading, rulebook: Rulebook) -> Iterator[Proposal]:
    """Every fact whose words are of several turns of one speaker, with its place in the report."""
    stretches = list(_stretches(reading))
    if not stretches:
        return
    joined = _joined(reading.original, stretches)
    for proposal in lexical(joined.reading, rulebook):
        if proposal.start is not None and proposal.end is not None and joined.cut(proposal.start, proposal.end):
            start, end = joined.place(proposal.start), joined.place(proposal.end - 1) + 1
            end = min(end, start + LONGEST_QUOTE)
            yield replace(proposal, start=start, end=end, quote=reading.original[start:end])


def _stretches(reading: Reading) -> Iterator[list[Turn]]:
    """The turns, trimmed, that are one stretch of speech: whoever else spoke meanwhile, but for an operator's own.

    What an operator asks after an answer is another question.
    """
    going_on: dict[Speaker, list[Turn]] = {}
    for turn in reading.turns:
        said = reading.original[turn.start : turn.end].rstrip()
        words = said.rstrip(TRAILS_OFF)
        if not words:
            continue
        stretch = going_on.setdefault(turn.speaker, [])
        stretch.append(replace(turn, end=turn.start + len(words)))
        if turn.speaker is not Speaker.operator and len(asked := going_on.pop(Speaker.operator, [])) > 1:
            yield asked
        if words[-1] in "!?" or said[len(words) :] == ".":  # a full stop alone ends a sentence
            del going_on[turn.speaker]
            if len(stretch) > 1:
                yield stretch
    yield from (stretch for stretch in going_on.values() if len(stretch) > 1)


def _joined(original: str, stretches: Sequence[Sequence[Turn]]) -> Joined:
    texts, turns, begins, stands, at = list[str](), list[Turn](), list[int](), list[int](), 0
    for stretch in stretches:
        pieces = [original[piece.start : piece.end] for piece in stretch]
        texts.append(" ".join(pieces))
        turns.append(replace(stretch[-1], start=at, end=at + len(texts[-1])))
        for piece, words in zip(stretch, pieces, strict=True):
            begins.append(at)
            stands.append(piece.start)
            at += len(words) + 1
    return Joined(read("\n".join(texts), tuple(turns)), begins, stands)
