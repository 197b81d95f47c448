"""A report read as speech: turns with their speaker, sentences, clauses, and each question with its short answer."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.events import ReportReceived
from shared.patterns import Normal, normalise
from shared.told import Channel, Speaker


class Answered(StrEnum):
    """What the caller's next words make of the operator's question."""

    yes = "yes"
    no = "no"
    open = "open"


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker's words; for an operator, what the next answer makes of them."""

    speaker: Speaker
    start: int
    end: int
    answered: Answered = Answered.open


@dataclass(frozen=True, slots=True)
class Reading:
    """The text made plain, with where turns, sentences and clauses begin. Offsets are characters of the original."""

    original: str
    normal: Normal
    turns: tuple[Turn, ...]
    turn_starts: list[int]
    sentences: list[int]
    clauses: list[int]

    @property
    def text(self) -> str:
        return self.normal.text

    @property
    def told(self) -> str:
        """All but what an operator says."""
        return "\n".join(self.text[t.start : t.end] for t in self.turns if t.speaker is not Speaker.operator)

    def turn_at(self, at: int) -> Turn:
        return self.turns[max(0, bisect_right(self.turn_starts, at) - 1)]

    def sentence_at(self, at: int) -> tuple[int, int]:
        return _around(self.sentences, at, len(self.text))

    def clause_at(self, at: int) -> tuple[int, int]:
        return _around(self.clauses, at, len(self.text))


def heard(report: ReportReceived) -> Reading:
    """Read a report. What is written has one turn: "Background:" begins many a careful account."""
    written = () if report.channel is Channel.phone else (Turn(Speaker.caller, 0, len(report.text)),)
    return read(report.text, written)


def read(text: str, turns: tuple[Turn, ...] = ()) -> Reading:
    """Read words, as those of a call unless their `turns` are known. Cost grows linearly with their length."""
    normal = normalise(text)
    turns = turns or _turns(normal.text)
    return Reading(text, normal, turns, [turn.start for turn in turns], *_edges(normal.text))


def _around(starts: list[int], at: int, end: int) -> tuple[int, int]:
    index = bisect_right(starts, at)
    return starts[index - 1], starts[index] if index < len(starts) else end


_SENTENCE_ENDS = frozenset(".!?\n")
_CLAUSE = re.compile(
    # What an edge begins with comes first and alone, so that all other characters are passed over at once.
    r"[.!?\n;:()\" ,](?:"
    r"(?<=[.!?])(?<![.!?]{2})[.!?]*+[\"')]*+(?=[ \n]|$)[ \n]*|(?<=\n)\n*|(?<=[;:()\"]) ?|(?<= )- ?"
    r"|(?<=,) (?!or\b|nor\b|in all\b)"
    r"|(?<= )(?=(?:but|and|so|because|cos|coz|cause|though|although|when|then|while|until|till|except|unless|whereas)"
    r"[ \n])|"
    # Who does not stop for breath: "help he's hit me", "I told nobody he came back".
    r"(?<= )(?=(?:he|she|they)(?:'?(?:s|d|ll|ve|re))?[ \n])(?:"
    + "|".join(
        rf"(?<=\b{word} )"
        for word in (
            "me",
            "us",
            "him",
            "her",
            "it",
            "them",
            "you",
            "help",
            "please",
            "anyone",
            "anybody",
            "nothing",
            "anything",
            "now",
            "yesterday",
            "today",
            "tonight",
            "here",
            "there",
        )
    )
    + r"))"
)


def _edges(text: str) -> tuple[list[int], list[int]]:
    """Where sentences begin, and where clauses do: whatever ends a sentence ends a clause."""
    sentences, clauses = [0], [0]
    for found in _CLAUSE.finditer(text):
        clauses.append(found.end())
        if text[found.start()] in _SENTENCE_ENDS:
            sentences.append(found.end())
    return sentences, clauses


_SPEAKER = re.compile(r"^(caller|operator|background): ?", re.MULTILINE)
_SPOKEN = ("caller:", "operator:", "background:")
_FILLERS = r"(?:(?:oh|well|um+|er+|erm|uh|god|ah|lord|ach|och)[ ,]+|(?:him|me)\? ){0,3}"
_YES = re.compile(
    _FILLERS + r"(?:yeah|yes|yep|yup|yea|aye|ay|ah huh|uh huh|mm+ ?hm+|mhm|correct|definitely|course|of course|"
    r"(?:(?:he|she|they|it) (?:has|have|is|are|did|do|does)|i (?:do|am|have|did))"
    r"(?=[.!?,\n]|$| (?:yeah|yes|aye|actually|before|twice|a few|loads|and|but|not (?:stopp|lett|leav)ing)\b)"
    r"(?!,? (?:never|nothing|nobody|none|hardly)\b)|i think so|too right|oh loads|loads|all the time|always|every|"
    r"plenty|once|twice|(?:a )?(?:few|couple(?: of)?|lot of|number of) times|sometimes|often|now and (?:then|again)|"
    r"most (?:days|nights)|when (?:he|she)(?:'?s| has| is| gets)? (?:drunk|drinking|angry|been drinking|had a drink)|"
    r"\(?(?:one )?tap|that's (?:it|right)|do i what|absolutely|very|terrified|petrified|scared)\b"
    r"(?!,? (?:no|but no|not)\b)"
)
_NO = re.compile(
    _FILLERS + r"(?:no+|nope|nah|naw|na|nay|never|not|none|nothing|nobody|negative|god no|i don'?t think so|"
    r"i wouldn'?t say|(?:he|she|it) hasn'?t|they haven'?t|\(?two taps)\b"
)


def _turns(text: str) -> tuple[Turn, ...]:
    marks = list(_SPEAKER.finditer(text)) if any(mark in text for mark in _SPOKEN) else []
    if not marks:
        return (Turn(Speaker.caller, 0, len(text)),)
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    turns = [Turn(Speaker(mark[1]), mark.end(), end) for mark, end in zip(marks, ends, strict=True)]
    if marks[0].start() > 0:
        turns.insert(0, Turn(Speaker.caller, 0, marks[0].start()))
    return tuple(reversed(tuple(_answered(text, reversed(turns)))))


def _answered(text: str, turns: Iterable[Turn]) -> Iterator[Turn]:
    """The turns, last first: an operator's last two before the caller's next get its answer, whoever spoke between."""
    answer, asked = Answered.open, 0
    for turn in turns:
        if turn.speaker is Speaker.caller:
            answer, asked = _answer(text, turn.start), 0
        if turn.speaker is Speaker.operator and (asked := asked + 1) <= 2:
            yield replace(turn, answered=answer)
        else:
            yield turn


def _answer(text: str, at: int) -> Answered:
    if _NO.match(text, at):
        return Answered.no
    return Answered.yes if _YES.match(text, at) else Answered.open
