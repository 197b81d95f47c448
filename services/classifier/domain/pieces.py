"""What the deep reader is given of a report: a few of the form's answers, then the words, as the same number of pieces
at most however long it is. One place for it, so that training and reading see the same.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from services.classifier.domain.reading import Reading, Turn
from services.classifier.domain.wordpiece import Piece, WordPiece
from shared.told import Answers, Speaker

LONGEST: Final = 320  # pieces; of a longer report the first two thirds and the end are read
FIRST: Final = LONGEST * 2 // 3 - 1
SPOKEN: Final = LONGEST - 2
ENOUGH: Final = LONGEST * 8  # characters at either end of a turn that can matter
NO_PLACE: Final = -1
ASKED: Final = ("times", "feeling", "reported_before", "when")
CALLED: Final = {Speaker.operator: "police", Speaker.caller: "caller", Speaker.background: "background"}


class Cutter:
    """Cuts a report into the pieces of one vocabulary."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._words = WordPiece(vocabulary)
        self._begin = Piece(vocabulary["[CLS]"], NO_PLACE, NO_PLACE)
        self._end = Piece(vocabulary["[SEP]"], NO_PLACE, NO_PLACE)

    def pieces(self, reading: Reading, answers: Answers) -> tuple[Piece, ...]:
        """At most LONGEST pieces; those that are no words of the report have NO_PLACE."""
        spoken = [*self._beside(reading, answers), *self._said(reading)]
        if len(spoken) > SPOKEN:
            spoken = [*spoken[:FIRST], *spoken[FIRST - SPOKEN :]]
        return (self._begin, *spoken, self._end)

    def _beside(self, reading: Reading, answers: Answers) -> Iterable[Piece]:
        told = ["phone" if len(reading.turns) > 1 else "web"]
        for name in ASKED:
            if given := getattr(answers, name):
                told.append(f"{name} {' '.join(given) if isinstance(given, tuple) else given}")
        return self._placeless(" ; ".join(told) + " :")

    def _placeless(self, text: str) -> Iterable[Piece]:
        return (Piece(piece.id, NO_PLACE, NO_PLACE) for piece in self._words.pieces(text[: 2 * ENOUGH]))

    def _said(self, reading: Reading) -> Iterable[Piece]:
        for turn in _at_either_end(reading.turns):
            if len(reading.turns) > 1:
                yield from self._placeless(f"{CALLED[turn.speaker]}:")
            if turn.end - turn.start <= 2 * ENOUGH:
                yield from self._words.pieces(reading.original, turn.start, turn.end)
            else:
                yield from self._words.pieces(reading.original, turn.start, turn.start + ENOUGH)
                yield from self._words.pieces(reading.original, turn.end - ENOUGH, turn.end)


def _at_either_end(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The turns that can matter: each is a piece at least, so of very many those in the middle are cut anyway."""
    return turns if len(turns) <= 2 * LONGEST else (*turns[:LONGEST], *turns[-LONGEST:])
