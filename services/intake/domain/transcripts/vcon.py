"""vCon (IETF draft): a conversation in a container; and our assessment, put back into it."""

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from operator import itemgetter
from typing import Any, Final

from pydantic import AliasChoices, AwareDatetime, Field

from services.intake.domain.transcripts.lines import read_lines
from services.intake.domain.transcripts.spoken import ROLES, Spoken, Transcript, TranscriptFault
from services.intake.domain.transcripts.structured import Part, checked, read_turns, read_whisper
from shared.assessment import Assessment
from shared.events import turn_at
from shared.told import Speaker, Turn

VENDOR: Final = "heard"
PLAIN: Final = "text/plain"
SECOND: Final = "a second transcript, with the speakers of the first. Name the speakers of each, or leave one out."


class Party(Part):
    name: str | None = None
    tel: str | None = None
    role: str | None = None


class Dialog(Part):
    type: str
    start: AwareDatetime | None = None
    duration: float | None = Field(None, ge=0)
    parties: int | tuple[int, ...] | None = None
    originator: int | None = None
    mediatype: str = Field(PLAIN, validation_alias=AliasChoices("mediatype", "mimetype"))
    body: Any = None
    encoding: str | None = None


class Analysis(Part):
    type: str
    dialog: int | tuple[int, ...] = ()
    body: Any = None
    encoding: str | None = None
    vendor: str | None = None


class VCon(Part):
    uuid: str
    parties: tuple[Party, ...] = ()
    dialog: tuple[Dialog, ...] = ()
    analysis: tuple[Analysis, ...] = ()
    attachments: tuple[Any, ...] = ()

    @cached_property
    def began(self) -> datetime | None:
        return min((dialog.start for dialog in self.dialog if dialog.start), default=None)


def read_vcon(document: Any) -> Transcript:
    """The text of its dialogs, and the transcripts of those that are not text. Raises TranscriptFault for neither."""
    document, notes = _opened(document)
    found = checked(VCon, document)
    words = {n: tuple(_text(dialog, n, found)) for n, dialog in enumerate(found.dialog) if _is_text(dialog)}
    noted = [*notes, *_transcripts(found, words)]
    spoken = tuple(said for number in sorted(words) for said in words[number])
    if not spoken:
        raise TranscriptFault(
            "dialog", "there is neither text nor a transcript in it. Have the recording transcribed first."
        )
    noted += [f"dialog.{n} ({d.type}) was not read" for n, d in enumerate(found.dialog) if n not in words]
    noted += [f"{len(found.attachments)} attachments were not read"] if found.attachments else []
    return Transcript(spoken, tuple(noted), found.uuid, _caller(found), found.began, _roles(found), document)


def _is_text(dialog: Dialog) -> bool:
    return dialog.type == "text" and dialog.body is not None


def _into(dialog: Dialog, found: VCon) -> float | None:
    """Seconds from the beginning of the first dialog to that of this one."""
    return (dialog.start - found.began) / timedelta(seconds=1) if dialog.start and found.began else None


def _opened(document: Any) -> tuple[Any, tuple[str, ...]]:
    """What is inside a signed one; an encrypted one is refused."""
    if "ciphertext" in document:
        raise TranscriptFault("ciphertext", "this vCon is encrypted. Decrypt it and send it again.")
    if "payload" not in document:
        return document, ()
    try:
        inside = json.loads(_from_base64(str(document["payload"])))
    except (ValueError, RecursionError) as error:
        raise TranscriptFault("payload", "what was signed is not readable. Send the vCon again whole.") from error
    return inside, ("a signed vCon: its signature was not checked",)


def _text(dialog: Dialog, number: int, found: VCon) -> Iterator[Spoken]:
    if dialog.mediatype.partition(";")[0].strip().lower() != PLAIN:
        raise TranscriptFault(f"dialog.{number}.mediatype", f"only {PLAIN} can be read here.")
    words = _body(dialog.body, dialog.encoding, f"dialog.{number}.body")
    if not isinstance(words, str):
        raise TranscriptFault(f"dialog.{number}.body", "words are wanted here.")
    start = _into(dialog, found)
    end = start + dialog.duration if start is not None and dialog.duration is not None else None
    if words.strip():
        yield Spoken(_name(_speaker(dialog), found), words.strip(), start, end)


def _speaker(dialog: Dialog) -> int | None:
    if dialog.originator is not None:
        return dialog.originator
    return dialog.parties if isinstance(dialog.parties, int) else next(iter(dialog.parties or ()), None)


def _name(party: int | None, found: VCon) -> str | None:
    """How a party is named here: by its place too, since two may have one name."""
    if party is None or not 0 <= party < len(found.parties):
        return None
    known = found.parties[party]
    return f"{party} {known.role or known.name or known.tel or ''}".strip()


def _roles(found: VCon) -> dict[str, Speaker]:
    """The parts that the vCon itself gives its parties."""
    named = {
        _name(place, found) or "": (party.role or party.name or "").lower() for place, party in enumerate(found.parties)
    }
    return {name: ROLES[role] for name, role in named.items() if role in ROLES}


def _caller(found: VCon) -> str | None:
    roles = _roles(found)
    callers = [p.tel for n, p in enumerate(found.parties) if roles.get(_name(n, found) or "") is Speaker.caller]
    return next((tel.removeprefix("tel:") for tel in callers if tel), None)


def _transcripts(found: VCon, words: dict[int, tuple[Spoken, ...]]) -> list[str]:
    """Put the transcripts of the dialogs without words to `words`; returns what is to be noted.

    A second one by another vendor is of the same words, and not read. By the same vendor it is of another channel.
    """
    notes: list[str] = []
    kept_at: dict[int, int] = {}
    read: dict[int, tuple[str | None, list[Spoken], set[str | None]]] = {}
    left = set(range(max(len(found.dialog), 1))) - set(words)
    for number, analysis in enumerate(found.analysis):
        if analysis.type != "transcript":
            continue
        said_of = (analysis.dialog,) if isinstance(analysis.dialog, int) else analysis.dialog
        of = {n for n in said_of if n not in words and n not in kept_at} if said_of else left - set(kept_at)
        at = min(of) if of else next((kept_at[n] for n in said_of or kept_at if n in kept_at), None)
        if at is None or (at in read and read[at][0] != analysis.vendor):
            notes.append(f"analysis.{number}: a second transcript of the same words was not read")
            continue
        body = _body(analysis.body, analysis.encoding, f"analysis.{number}.body")
        if _is_empty(body):
            notes.append(f"analysis.{number}: a transcript without words")
            continue
        inside = _transcript(body, number)
        dialog = found.dialog[at] if 0 <= at < len(found.dialog) else None
        later = (_into(dialog, found) if dialog else None) or 0.0
        said = [_by_party(one, found, later) for one in inside.spoken]
        _, before, speakers = read.setdefault(at, (analysis.vendor, [], set()))
        if not speakers.isdisjoint(one.speaker for one in said):
            raise TranscriptFault(f"analysis.{number}", SECOND)
        before += said
        speakers |= {one.speaker for one in said}
        kept_at |= dict.fromkeys(of, at)
        notes += inside.notes
    words |= dict.fromkeys(kept_at, ()) | {at: _in_order(said) for at, (_, said, _) in read.items()}
    return notes


def _is_empty(body: Any) -> bool:
    within = body.get("segments", body.get("turns")) if isinstance(body, dict) else body
    return within == [] or (isinstance(within, str) and not within.strip())


def _in_order(said: list[Spoken]) -> tuple[Spoken, ...]:
    """As spoken, where every time is known."""
    timed = [(one.start, one) for one in said if one.start is not None]
    return tuple(one for _, one in sorted(timed, key=itemgetter(0))) if len(timed) == len(said) else tuple(said)


def _transcript(body: Any, number: int) -> Transcript:
    if isinstance(body, str):
        return read_lines(body)
    if isinstance(body, dict) and "segments" in body:
        return read_whisper(body)
    if isinstance(body, list) or (isinstance(body, dict) and "turns" in body):
        return read_turns(body)
    raise TranscriptFault(f"analysis.{number}.body", "not a transcript that can be read: text, turns or segments.")


def _by_party(said: Spoken, found: VCon, later: float) -> Spoken:
    """A speaker given by the party's place is that party; times count from the beginning of the whole."""
    name = _name(int(said.speaker), found) if said.speaker and said.speaker.isdecimal() else said.speaker
    start, end = (None if at is None else at + later for at in (said.start, said.end))
    return Spoken(name, said.text, start, end)


def _body(body: Any, encoding: str | None, place: str) -> Any:
    if encoding in (None, "none") or not isinstance(body, str):
        return body
    try:
        return json.loads(body) if encoding == "json" else _from_base64(body).decode()
    except (ValueError, RecursionError) as error:
        raise TranscriptFault(place, f"not readable as {encoding}: the file may have been cut.") from error


def _from_base64(written: str) -> bytes:
    return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))


def written_back(
    document: dict[str, Any], reference: str, turns: Sequence[Turn], assessment: Assessment, now: datetime
) -> dict[str, Any]:
    """The vCon with our assessment among its analyses; whatever else is in it stays as it was."""
    reading = assessment.model_dump(mode="json")
    for shown in reading["evidence"]:
        turn = None if shown["start"] is None else turn_at(turns, shown["start"])
        shown["seconds"] = None if turn is None else turns[turn].start
    report = {
        "type": "report",
        "dialog": list(range(len(document.get("dialog", [])))),
        "vendor": VENDOR,
        "product": assessment.rulebook,
        "schema": "urn:heard:schema:assessment",
        "mediatype": "application/json",
        "encoding": "json",
        "body": json.dumps({"reference": reference, "at": now.isoformat(), **reading}),
    }
    return document | {"analysis": [*document.get("analysis", []), report]}
