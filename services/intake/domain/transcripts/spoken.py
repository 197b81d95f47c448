"""What every format is read into, and who of its speakers is the operator and who the caller: told, never guessed."""

import codecs
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from shared.keepable import keepable
from shared.told import Speaker, Turn

ANYBODY: Final = "*"
"""Names, when it is said who is who, every speaker not named otherwise."""

ROLES: Final[Mapping[str, Speaker]] = {
    **dict.fromkeys(("caller", "customer", "member of public", "informant", "victim"), Speaker.caller),
    **dict.fromkeys(("operator", "agent", "call handler", "call taker", "call-taker", "dispatcher"), Speaker.operator),
    **dict.fromkeys(("background", "background voice"), Speaker.background),
}
"""Names that say by themselves who is who."""


class TranscriptFault(Exception):
    """A transcript that cannot be taken: `place` says where in it, the message why and what to do; no word of it."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")


class SpeakersUnknown(Exception):
    """Nobody said who of `speakers` is the operator and who the caller; the message lists them."""

    def __init__(self, unknown: Sequence[str], spoken: Sequence["Spoken"]) -> None:
        times = Counter(said.speaker or "" for said in spoken)
        self.speakers = {name: times[name] for name in unknown}
        found = ", ".join(f"{name or 'nobody named'} ({many})" for name, many in self.speakers.items())
        super().__init__(
            f"It is not said who is the operator and who the caller. Speakers, with how often each speaks: {found}. "
            f'Say who each is, as caller, operator or background; "{ANYBODY}" stands for all that are not named.'
        )


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words with the name that the file gives their speaker (None: none), and seconds into the recording."""

    speaker: str | None
    text: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A call as a file tells it. `roles` are those that the file itself gives its speakers; `vcon` what it came in.

    `digest` is of the whole file.
    """

    spoken: tuple[Spoken, ...]
    notes: tuple[str, ...] = ()
    call_id: str | None = None
    caller: str | None = None
    started_at: datetime | None = None
    roles: Mapping[str, Speaker] = field(default_factory=dict)
    vcon: dict[str, Any] | None = None
    digest: str | None = None


def decoded(data: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of a file, with a note where its encoding had to be taken for another, or letters were lost."""
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _strictly(data, encoding), ()
    if b"\x00" in data:
        raise TranscriptFault(f"byte {data.index(0)}", "this is not text. Send the transcript, not the recording.")
    try:
        return data.decode(), ()
    except UnicodeDecodeError as error:
        return _broken(data, error.start)


def _broken(data: bytes, place: int) -> tuple[str, tuple[str, ...]]:
    """UTF-8 with a broken letter or two where most of it reads as that; otherwise what Windows writes."""
    text = data.decode(errors="replace")
    lost = text.count("\ufffd")
    if sum(letter > "\x7f" for letter in text) > 2 * lost:
        return text, (f"byte {place} is not UTF-8: {lost} letters could not be read",)
    note = f"not UTF-8 (byte {place}): read as Windows-1252, so some letters may be wrong"
    return data.decode("cp1252", errors="replace"), (note,)


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TranscriptFault(f"byte {error.start}", "the file ends or breaks here. Send it again whole.") from error


def kept(transcript: Transcript) -> Transcript:
    """The same call as it can be kept: a file brings escaped what its own bytes may not have."""
    return replace(
        transcript,
        spoken=tuple(Spoken(_kept(s.speaker), keepable(s.text), s.start, s.end) for s in transcript.spoken),
        notes=tuple(keepable(note) for note in transcript.notes),
        call_id=_kept(transcript.call_id),
        caller=_kept(transcript.caller),
        roles={keepable(name): role for name, role in transcript.roles.items()},
    )


def _kept(text: str | None) -> str | None:
    return None if text is None else keepable(text)


def turns_of(transcript: Transcript, told: Mapping[str, Speaker]) -> tuple[tuple[Turn, ...], tuple[str, ...]]:
    """The turns with who spoke them, and what is to be noted of them. Raises SpeakersUnknown where that is not said."""
    names = _names(transcript.spoken)
    roles = {name: told.get(name) or _role(name, transcript, told) for name in names}
    if unknown := [name for name, role in roles.items() if role is None]:
        raise SpeakersUnknown(unknown, transcript.spoken)
    turns = tuple(
        Turn(speaker=role, text=said.text, start=said.start, end=said.end)
        for said in transcript.spoken
        if (role := roles[said.speaker or ""])
    )
    absent = [f"nobody in it is called {name}" for name in told if name not in roles and name != ANYBODY]
    return turns, (*transcript.notes, *absent, *_noted(turns))


def _names(spoken: Sequence[Spoken]) -> list[str]:
    return list(dict.fromkeys(said.speaker or "" for said in spoken))


def _role(name: str, transcript: Transcript, told: Mapping[str, Speaker]) -> Speaker | None:
    return transcript.roles.get(name) or ROLES.get(re.sub(r"[\s_]+", " ", name).strip().lower()) or told.get(ANYBODY)


def _noted(turns: Sequence[Turn]) -> list[str]:
    notes = []
    untimed = sum(turn.start is None for turn in turns)
    if untimed:
        notes.append(f"{untimed} of {len(turns)} turns have no time: their words cannot be found in the recording")
    if all(turn.speaker is not Speaker.caller for turn in turns):
        notes.append("no words of a caller")
    return notes
