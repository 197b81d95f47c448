"""A call that is over, from its transcript."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from pydantic_core import to_json

from services.intake.domain.households import Keyring
from services.intake.domain.transcripts.formats import Format, read
from services.intake.domain.transcripts.spoken import SpeakersUnknown, Transcript, TranscriptFault, turns_of
from services.intake.domain.transcripts.vcon import written_back
from services.intake.errors import CallKnown, KeyReused, SpeakersUnnamed, TranscriptRefused
from services.intake.handlers import calls, reports
from services.intake.handlers.assessing import Classifier, assess
from services.intake.handlers.calls import CallGiven
from services.intake.handlers.reports import Accepted, Told
from shared.database import Pool, transaction
from shared.events import written_out
from shared.outbox import Bell
from shared.told import Answers, Call, Channel, Contact, Line, Place, Speaker, Turn

PATIENCE: Final = 1.0  # seconds that a sender of a vCon waits for our reading of it
SENT_BEFORE: Final = (
    "It came otherwise, and is kept as it came first: nothing of this was kept. If it was heard live, correct its "
    "turns, and send what else is known by PATCH; if not, send what is new, or another call, with an id of its own."
)
LONGEST_ID: Final = 200  # characters, as of an Idempotency-Key, which may stand for it
ID_TOO_LONG: Final = f"The call's id has more than {LONGEST_ID} characters: give it a shorter one."
NOWHERE: Final = Place()
NOTHING_ASKED: Final = Answers()


@dataclass(frozen=True, slots=True)
class AboutCall:
    """What is known of a call beside its words; what is None here is taken from the transcript, where it says so.

    `turn`: by whom it takes turns in a flood, in which it is marked.
    """

    source: str
    call_id: str | None = None
    caller: str | None = None
    line: Line | None = None
    started_at: datetime | None = None
    place: Place = NOWHERE
    answers: Answers = NOTHING_ASKED
    contact: Contact | None = None
    consent: tuple[str, ...] = ()
    turn: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A transcript that was kept, with what could not be read of it."""

    accepted: Accepted
    turns: tuple[Turn, ...]
    notes: tuple[str, ...]


def parsed(data: bytes, format: Format | None) -> Transcript:
    """Raises TranscriptRefused with the place and the reason."""
    try:
        return replace(read(data, format), digest=f"sha256:{hashlib.sha256(data).hexdigest()}")
    except TranscriptFault as error:
        raise TranscriptRefused(str(error)) from error


async def take(
    transcript: Transcript,
    speakers: Mapping[str, Speaker],
    about: AboutCall,
    pool: Pool,
    bell: Bell,
    ring: Keyring,
    now: datetime,
) -> Taken:
    """Keep a call as a report. A call sent twice is one report; without an id, the same file is the same call.

    Not where no caller is heard in it: of two silent calls the files may be alike.

    Raises SpeakersUnnamed; TranscriptRefused for an id that is too long; CallKnown where the same call came otherwise;
    CallTooLong, TooLong or DatabaseUnavailable.
    """
    try:
        turns, notes = turns_of(transcript, speakers)
    except SpeakersUnknown as error:
        raise SpeakersUnnamed(str(error)) from error
    heard = any(turn.speaker is Speaker.caller for turn in turns)
    call_id = about.call_id or transcript.call_id or (transcript.digest if heard else None)
    if call_id and len(call_id) > LONGEST_ID:
        raise TranscriptRefused(ID_TOO_LONG)
    contact = _contact(about, transcript)
    call = Call(id=call_id, line=about.line, started_at=about.started_at or transcript.started_at, notes=notes)
    given = CallGiven(
        line=call.line,
        started_at=call.started_at,
        answers=about.answers,
        place=about.place,
        contact=contact,
        consent=about.consent,
    )
    told = Told(
        channel=Channel.phone,
        source=about.source,
        text=written_out(turns),
        turns=turns,
        answers=about.answers,
        place=about.place,
        contact=contact,
        consent=about.consent,
        idempotency_key=calls.key_of(call_id) if call_id else None,
        body_hash=_body_hash(turns, given),
        call=call,
        low_trust=about.turn is not None,
        turn=about.turn,
    )
    try:
        async with transaction(pool) as connection:
            live = None
            if call_id:
                live = await calls.written(connection, about.source, call_id, turns, given, ring, now)
            accepted = live or await reports.taken(connection, told, ring, now)
    except KeyReused as error:
        raise CallKnown(SENT_BEFORE) from error
    bell.ring()
    return Taken(accepted, turns, notes)


def _body_hash(turns: Sequence[Turn], given: CallGiven) -> str:
    """Of what was said: the same after a release to which more can be said."""
    said = [part.model_dump(mode="json", exclude_defaults=True) for part in (*turns, given)]
    return hashlib.sha256(to_json(said)).hexdigest()


async def with_our_reading(
    vcon: dict[str, Any], taken: Taken, classifier: Classifier | None, pool: Pool, now: datetime
) -> dict[str, Any] | None:
    """The vCon that was taken, with our reading in it; None where the classifier did not answer in time."""
    report = await reports.told(taken.accepted.report_id, pool)
    assessment = await assess(report, classifier, PATIENCE)
    return written_back(vcon, report.reference, taken.turns, assessment, now) if assessment else None


def _contact(about: AboutCall, transcript: Transcript) -> Contact | None:
    given, number = about.contact or Contact(), about.caller or transcript.caller
    contact = Contact(**dict(given) | {"phone": given.phone or number})
    return contact if contact != Contact() else None
