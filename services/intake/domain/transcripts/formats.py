"""Which format a file has, and its reading."""

import json
import re
from enum import StrEnum
from typing import Any, Final

from services.intake.domain.transcripts.captions import read_captions
from services.intake.domain.transcripts.lines import read_lines
from services.intake.domain.transcripts.spoken import Transcript, TranscriptFault, decoded, kept
from services.intake.domain.transcripts.structured import read_amazon, read_turns, read_whisper
from services.intake.domain.transcripts.vcon import read_vcon

LARGEST: Final = 2**20  # characters of what was said


class Format(StrEnum):
    turns = "turns"
    text = "text"
    webvtt = "webvtt"
    srt = "srt"
    whisper = "whisper"
    amazon = "amazon"
    vcon = "vcon"


def read(data: bytes, given: Format | None = None) -> Transcript:
    """A transcript from the bytes of a file. Raises TranscriptFault naming the place that is wrong."""
    text, notes = decoded(data)
    if not text.strip():
        raise TranscriptFault("line 1", "the file is empty.")
    found = given or _sniffed(text)
    if found is Format.text:
        transcript = read_lines(text, notes)
    elif found in (Format.webvtt, Format.srt):
        transcript = read_captions(text, "webvtt" if found is Format.webvtt else "srt", notes)
    else:
        transcript = _structured(_document(text), given)
    said = sum(len(spoken.text) for spoken in transcript.spoken)
    if said > LARGEST:
        raise TranscriptFault(f"character {LARGEST}", "a report holds 1 MiB of words. Send the call in parts.")
    return kept(transcript)


def _document(text: str) -> Any:
    """The JSON of a file. Raises TranscriptFault naming line and column."""
    try:
        return json.loads(text.lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or "Unterminated" in error.msg
        why = "the file ends here, in the middle. Send it again whole." if cut else "not JSON from here on. Mend it."
        raise TranscriptFault(f"line {error.lineno}, column {error.colno}", why) from error
    except ValueError as error:
        raise TranscriptFault("the document", "a number in it is too long to be a time.") from error
    except RecursionError as error:
        raise TranscriptFault("line 1", "nested too deep to be a transcript.") from error


def _sniffed(text: str) -> Format:
    head = text.lstrip("\ufeff \t\r\n")
    if head.startswith("WEBVTT"):
        return Format.webvtt
    if re.match(r"\{|\[\s*[\[{\]]", head):
        return Format.turns
    return Format.srt if re.search(r"^\s*\d[\d:.,]*\s*-->", head[:500], re.MULTILINE) else Format.text


def _structured(document: Any, given: Format | None) -> Transcript:
    reader = {
        Format.turns: read_turns,
        Format.whisper: read_whisper,
        Format.amazon: read_amazon,
        Format.vcon: read_vcon,
    }[given or _kind(document)]
    if not isinstance(document, dict) and reader is not read_turns:
        raise TranscriptFault("the document", "an object is wanted here.")
    return reader(document)


def _kind(document: Any) -> Format:
    keys = set(document) if isinstance(document, dict) else {"turns"}
    if keys & {"vcon", "dialog", "ciphertext", "payload"}:
        return Format.vcon
    if keys & {"results", "Transcript"}:
        return Format.amazon
    if keys & {"segments", "transcription"}:
        return Format.whisper
    if keys & {"turns"}:
        return Format.turns
    raise TranscriptFault("the document", "not a transcript that we know: turns, Whisper, Amazon Transcribe or vCon.")
