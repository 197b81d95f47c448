"""WebVTT and SRT, read by webvtt-py. What it would pass over in silence is found first and named by its line."""

import io
import re
from collections.abc import Iterator
from typing import Final, Literal

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from services.intake.domain.transcripts.lines import seconds
from services.intake.domain.transcripts.spoken import Spoken, Transcript, TranscriptFault

_TIME: Final = r"(?:\d{2,}:)?\d{2}:\d{2}[.,]\d{3}"
_TIMING: Final = re.compile(rf"^\s*{_TIME}\s+-->\s+{_TIME}(?:\s.*)?$")
_VOICE: Final = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG: Final = re.compile(r"<[^>]*>")
_NAMED: Final = re.compile(r"^\s*-?\s*([A-Z][A-Za-z_ ]{1,30}|SPEAKER_\d+|spk_\d+):\s+(.*)$", re.DOTALL)


def read_captions(text: str, kind: Literal["webvtt", "srt"], notes: tuple[str, ...] = ()) -> Transcript:
    """The cues as turns. Raises TranscriptFault naming the line that is wrong."""
    _check(text, kind)
    try:
        found = webvtt.from_buffer(io.StringIO(text), format="vtt" if kind == "webvtt" else "srt")
    except (MalformedCaptionError, MalformedFileError) as error:
        raise TranscriptFault("line 1", f"not readable as {kind}. Send it as it was exported.") from error
    spoken = tuple(said for cue in found.captions for said in _said(cue.raw_text, seconds(cue.start), seconds(cue.end)))
    if not spoken:
        raise TranscriptFault("line 1", "there are no words in it.")
    return Transcript(spoken, notes)


def _check(text: str, kind: str) -> None:
    lines = text.splitlines()
    if kind == "webvtt" and not (lines and lines[0].lstrip("\ufeff").startswith("WEBVTT")):
        raise TranscriptFault("line 1", "a WebVTT file begins with WEBVTT.")
    timings = [number for number, line in enumerate(lines, 1) if "-->" in line]
    if not timings:
        raise TranscriptFault(f"line {max(len(lines), 1)}", "there is no cue in it: the file may have been cut.")
    for number in timings:
        if not _TIMING.match(lines[number - 1]):
            raise TranscriptFault(
                f"line {number}", "this is not a time as 00:01:02.500 --> 00:01:04.000. Mend the line."
            )
        if number == len(lines) or not lines[number].strip():
            raise TranscriptFault(f"line {number}", "this cue has no words: the file may have been cut here.")


def _said(raw: str, start: float, end: float) -> Iterator[Spoken]:
    """What is said in one cue: by each of its voices, or by whoever is named before the words."""
    pieces = _VOICE.split(raw)
    if before := _plain(pieces[0]):
        named = _NAMED.match(before)
        yield Spoken(named[1].strip(), named[2], start, end) if named else Spoken(None, before, start, end)
    for name, words in zip(pieces[1::2], pieces[2::2], strict=True):
        if plain := _plain(words):
            yield Spoken(name.strip(), plain, start, end)


def _plain(raw: str) -> str:
    return _TAG.sub("", raw).strip()
