"""WebVTT and SRT, line by line, so that whatever is wrong is named by its line and no words are passed over."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from services.intake.domain.transcripts.lines import said_in, seconds
from services.intake.domain.transcripts.spoken import Spoken, Transcript, TranscriptFault

_TIME: Final = r"(?:\d+:)?\d{2}:\d{2}[.,]\d{3}"
_TIMING: Final = re.compile(rf"^\s*({_TIME})\s+-->\s+({_TIME})(?:\s.*)?$")
_CUT: Final = re.compile(r"^[\d:.,\s>-]*$")
_VOICE: Final = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]+)>")
_TAG: Final = re.compile(
    r"</?(?:c|i|b|u|s|v|ruby|rt|lang|font)(?:\.[^\s<>]*)?\s*>"
    r"|<lang(?:\.[^\s<>]*)?\s+[\w-]+\s*>|<font\s+\w+\s*=[^<>]*>|<\d[\d:.]*>"
)
_NO_LETTER: Final = re.compile(r"&#\d{8,};?")
_UNCLOSED: Final = re.compile(r"</?\w*(?:[.\s][^<>]*)?$")
BLANK_MISSING: Final = "an empty line is missing before this cue. Put one in."
_COMMENT: Final = re.compile(r"^(?:NOTE(?:\s|$)|(?:STYLE|REGION)\s*$)")


@dataclass
class Cue:
    """A cue as it stands in the file: the line of its times, and the lines of its words."""

    line: int
    start: float
    end: float
    words: list[str] = field(default_factory=list)


def read_captions(text: str, kind: Literal["webvtt", "srt"], notes: tuple[str, ...] = ()) -> Transcript:
    """The cues as turns. Raises TranscriptFault naming the line that is wrong."""
    lines = text.lstrip("\ufeff").splitlines()
    if kind == "webvtt" and not (lines and lines[0].startswith("WEBVTT")):
        raise TranscriptFault("line 1", "a WebVTT file begins with WEBVTT.")
    cues, untimed, unread = _cues(lines, kind)
    if not cues:
        raise TranscriptFault(f"line {max(len(lines), 1)}", "there is no cue in it: the file may have been cut.")
    said = [[one for one in _said(cue) if one.text] for cue in cues]
    last = cues[-1]
    if not said[-1] or _UNCLOSED.search(last.words[-1]):
        raise TranscriptFault(f"line {last.line + len(last.words)}", "the file ends in this cue: it may have been cut.")
    silent = said.count([])
    noted = [f"{silent} cues have no words"] if silent else []
    noted += [f"line {number}: words without a time, taken with the cue before" for number in untimed]
    noted += (
        [f"line {unread[0]}: what is written here as a comment was not read ({len(unread)} in all)"] if unread else []
    )
    return Transcript(tuple(one for cue in said for one in cue), (*notes, *noted))


def _cues(lines: list[str], kind: str) -> tuple[list[Cue], list[int], list[int]]:
    """The cues; the lines at which words begin that have no time of their own; those at which a comment does.

    A header or a comment goes no further than the next time: what is after that is said.
    """
    cues: list[Cue] = []
    untimed: list[int] = []
    unread: list[int] = []
    for first, block in _blocks(lines):
        at = next((n for n, line in enumerate(block) if "-->" in line), None)
        if kind == "webvtt" and (first == 1 or _COMMENT.match(block[0])):
            if len(block[:at]) > 1 if first == 1 else at != 1:
                unread.append(first)
        elif at is None:
            _go_on(cues, first, block, first + len(block) > len(lines))
            untimed.append(first)
        elif at > 1:
            raise TranscriptFault(f"line {first + at}", BLANK_MISSING)
        if at is not None:
            cues.append(_cue(first + at, block[at], block[at + 1 :]))
    return cues, untimed, unread


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines that are not empty, each with the number of its first."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _cue(number: int, timing: str, words: list[str]) -> Cue:
    found = _TIMING.match(timing)
    if not found:
        raise TranscriptFault(f"line {number}", "this is not a time as 00:01:02.500 --> 00:01:04.000. Mend the line.")
    for at, line in enumerate(words, 1):
        if _TIMING.match(line):
            raise TranscriptFault(f"line {number + at}", BLANK_MISSING)
    return Cue(number, seconds(found[1]), seconds(found[2]), words)


def _go_on(cues: list[Cue], first: int, block: list[str], last: bool) -> None:
    """Words after an empty line belong to the cue before; a bare number or half a time is where the file was cut."""
    if last and _CUT.match(block[-1]):
        raise TranscriptFault(f"line {first}", "the file ends here, in the middle of a cue. Send it again whole.")
    if not cues:
        raise TranscriptFault(f"line {first}", "words without a time. Put 00:01:02.500 --> 00:01:04.000 before them.")
    cues[-1].words += block


def _said(cue: Cue) -> Iterator[Spoken]:
    """What is said in one cue: by each of its voices, or by whoever is named before the words."""
    pieces = _VOICE.split("\n".join(cue.words))
    for said in said_in(_plain(pieces[0]).splitlines()):
        yield Spoken(said.speaker, said.text, cue.start, cue.end)
    for name, words in zip(pieces[1::2], pieces[2::2], strict=True):
        if plain := _plain(words):
            yield Spoken(name.strip(), plain, cue.start, cue.end)


def _plain(raw: str) -> str:
    return html.unescape(_NO_LETTER.sub("\ufffd", _TAG.sub("", raw))).strip()
