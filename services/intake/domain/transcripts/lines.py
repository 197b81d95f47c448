"""Plain text: `CALLER: …`, a line for each turn, perhaps with a time before or after the name."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from services.intake.domain.transcripts.spoken import Spoken, Transcript, TranscriptFault

_NUMBER: Final = r"\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
_BULLET: Final = re.compile(r"^\s*(?:[-–*•>]+\s+)?")
_TIME: Final = re.compile(
    rf"^(?P<bracket>[\[(])?(?P<start>{_NUMBER})(?:\s*(?:-->|[-–])\s*(?P<end>{_NUMBER}))?[\])]?(?:\s*[-–]\s+|\s+|$)"
)
_HALF_A_TIME: Final = re.compile(r"^\s*[\[(][\d:.,\s>-]*$")
_NAME: Final = re.compile(
    r"^(?:\*\*|\[)?(?P<name>[^\W\d_][\w .'/-]{0,38}?(?: ?\([^\W\d_][\w .'/-]{0,20}\))?)(?:\*\*|\])?"
    rf"(?:(?:\s{{0,9}}[\[(]?(?P<time>{_NUMBER})[\])]?)?\s{{0,9}}:(?:\*\*)?(?=\s|$)"
    rf"|\s{{1,9}}[\[(]?(?P<alone>{_NUMBER})[\])]?\s*$)"
)
_SAYING: Final = re.compile(
    r" (?:said|says?|saying|goes|was like|asked|(?:shout|scream|yell)(?:ed|s)|wr(?:ote|ites)|text(?:ed|s))$"
    r"|(?: (?:is|was|are|were|keeps?|kept)|['’](?:s|re)) \w+ing$"
)
"""What is quoted after `he said:` is nobody's turn."""


def read_lines(text: str, notes: tuple[str, ...] = ()) -> Transcript:
    """Turns as lines; one without a name goes on with the turn before it. Raises TranscriptFault for no words."""
    lines = text.rstrip().splitlines()
    if lines and _HALF_A_TIME.match(lines[-1]):
        raise TranscriptFault(f"line {len(lines)}", "the file ends here, in the middle of a time. Send it again whole.")
    spoken = said_in(lines)
    if not any(said.text.strip() for said in spoken):
        raise TranscriptFault("line 1", "there are no words in it. Begin each turn as `CALLER: …` or `OPERATOR: …`.")
    silent = sum(not said.text.strip() for said in spoken)
    noted = (f"{silent} turns have no words",) if silent else ()
    return Transcript(tuple(said for said in spoken if said.text.strip()), (*notes, *noted))


def said_in(lines: Iterable[str]) -> list[Spoken]:
    """The turns of these lines. A time without a name begins a turn of nobody named: who goes on is not guessed."""
    turns: list[tuple[Spoken, list[str]]] = []
    for line in filter(str.strip, lines):
        begun = _begun(_BULLET.sub("", line, count=1))
        if begun is None and turns:
            turns[-1][1].append(line.strip())
        else:
            turns.append((begun or Spoken(None, line.strip()), []))
    return [replace(said, text="\n".join((said.text, *more)).strip()) for said, more in turns]


def _begun(line: str) -> Spoken | None:
    """The turn that a line begins; None where it only goes on with the one before."""
    timed = _TIME.match(line)
    start, end = (_seconds(timed["start"]), _seconds(timed["end"])) if timed else (None, None)
    words = line[timed.end() :] if timed else line
    named = _NAME.match(words)
    if named and not _SAYING.search(named["name"]):
        start = start if timed else _seconds(named["time"] or named["alone"])
        return Spoken(named["name"].strip(), words[named.end() :].strip(), start, end)
    return Spoken(None, words.strip(), start, end) if timed and timed["bracket"] else None


def _seconds(written: str | None) -> float | None:
    return None if written is None else seconds(written)


def seconds(written: str) -> float:
    """`1:02:03.5` or `02:03` as seconds."""
    total = 0.0
    for part in written.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total
