"""vCon (IETF draft): a conversation in a container; and our assessment, put back into it."""

import base64
import binascii
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import AwareDatetime, Field

from services.intake.domain.transcripts.lines import read_lines
from services.intake.domain.transcripts.spoken import ROLES, Spoken, Transcript, TranscriptFault
from services.intake.domain.transcripts.structured import Part, checked, read_turns, read_whisper
from shared.events import Assessment, Speaker

VENDOR: Final = "heard"
TEXT: Final = ("text/plain", "text/plain;charset=utf-8", None)


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
    mediatype: str | None = None
    body: Any = None
    encoding: str | None = None


class Analysis(Part):
    type: str
    body: Any = None
    encoding: str | None = None
    vendor: str | None = None


class VCon(Part):
    uuid: str
    created_at: AwareDatetime | None = None
    parties: tuple[Party, ...] = ()
    dialog: tuple[Dialog, ...] = ()
    analysis: tuple[Analysis, ...] = ()


def read_vcon(document: Any) -> Transcript:
    """The text of its dialogs, or else a transcript among its analyses. Raises TranscriptFault for neither."""
    document, notes = _opened(document)
    found = checked(VCon, document)
    spoken = tuple(said for number, dialog in enumerate(found.dialog) for said in _text(dialog, number, found))
    if not spoken:
        spoken, more = _analysed(found)
        notes = (*notes, *more)
    passed = sum(dialog.type != "text" for dialog in found.dialog)
    if passed and found.dialog and any(dialog.type == "text" for dialog in found.dialog):
        notes = (*notes, f"{passed} dialogs are not text, and were not read")
    starts = [dialog.start for dialog in found.dialog if dialog.start]
    return Transcript(spoken, notes, found.uuid, _caller(found), min(starts, default=None), _roles(found), document)


def _opened(document: Any) -> tuple[Any, tuple[str, ...]]:
    """What is inside a signed one; an encrypted one is refused."""
    if "ciphertext" in document:
        raise TranscriptFault("ciphertext", "this vCon is encrypted. Decrypt it and send it again.")
    if "payload" not in document:
        return document, ()
    payload = str(document["payload"])
    try:
        inside = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error) as error:
        raise TranscriptFault("payload", "what was signed is not readable. Send the vCon again whole.") from error
    return inside, ("a signed vCon: its signature was not checked",)


def _text(dialog: Dialog, number: int, found: VCon) -> Iterator[Spoken]:
    if dialog.type != "text":
        return
    if dialog.mediatype not in TEXT:
        raise TranscriptFault(f"dialog.{number}.mediatype", "only text/plain can be read here.")
    words = _body(dialog.body, dialog.encoding, f"dialog.{number}.body")
    first = min((d.start for d in found.dialog if d.start), default=None)
    start = (dialog.start - first) / timedelta(seconds=1) if dialog.start and first else None
    end = start + dialog.duration if start is not None and dialog.duration is not None else None
    if str(words).strip():
        yield Spoken(_name(_speaker(dialog), found), str(words).strip(), start, end)


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


def _analysed(found: VCon) -> tuple[tuple[Spoken, ...], tuple[str, ...]]:
    for number, analysis in enumerate(found.analysis):
        if analysis.type == "transcript":
            inside = _transcript(_body(analysis.body, analysis.encoding, f"analysis.{number}.body"), number)
            spoken = tuple(_by_party(said, found) for said in inside.spoken)
            return spoken, inside.notes
    raise TranscriptFault(
        "dialog", "there is neither text nor a transcript in it. Have the recording transcribed first."
    )


def _transcript(body: Any, number: int) -> Transcript:
    if isinstance(body, str):
        return read_lines(body)
    if isinstance(body, dict) and "segments" in body:
        return read_whisper(body)
    if isinstance(body, list) or (isinstance(body, dict) and "turns" in body):
        return read_turns(body)
    raise TranscriptFault(f"analysis.{number}.body", "not a transcript that can be read: text, turns or segments.")


def _by_party(said: Spoken, found: VCon) -> Spoken:
    """A speaker given by the party's place is that party."""
    if said.speaker and said.speaker.isdigit():
        return Spoken(_name(int(said.speaker), found), said.text, said.start, said.end)
    return said


def _body(body: Any, encoding: str | None, place: str) -> Any:
    if encoding in (None, "none") or not isinstance(body, str):
        return body
    try:
        return (
            json.loads(body) if encoding == "json" else base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
        )
    except (ValueError, binascii.Error) as error:
        raise TranscriptFault(place, f"not readable as {encoding}: the file may have been cut.") from error


def written_back(document: dict[str, Any], reference: str, assessment: Assessment, now: datetime) -> dict[str, Any]:
    """The vCon with our assessment among its analyses; whatever else is in it stays as it was."""
    report = {
        "type": "report",
        "dialog": list(range(len(document.get("dialog", [])))),
        "vendor": VENDOR,
        "product": assessment.rulebook,
        "schema": "urn:heard:schema:assessment",
        "encoding": "json",
        "body": json.dumps({"reference": reference, "at": now.isoformat(), **assessment.model_dump(mode="json")}),
    }
    return document | {"analysis": [*document.get("analysis", []), report]}
