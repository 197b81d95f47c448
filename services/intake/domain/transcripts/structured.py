"""JSON as programs write it: our own turns, Whisper's segments, Amazon Transcribe's items."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.intake.domain.transcripts.spoken import Spoken, Transcript, TranscriptFault

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Part(BaseModel):
    """A part of somebody else's format: what we do not read is left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class Turns(Part):
    """Our own: turns with their speakers, and what is known of the call."""

    class Said(Part):
        speaker: str | None = None
        text: str
        start: Seconds | None = None
        end: Seconds | None = None

    turns: tuple[Said, ...] = Field(min_length=1)
    call_id: str | None = None
    caller: str | None = None
    started_at: AwareDatetime | None = None


class Whisper(Part):
    class Segment(Part):
        text: str
        start: Seconds | None = None
        end: Seconds | None = None
        speaker: str | None = None

    segments: tuple[Segment, ...] = Field(min_length=1)
    language: str | None = None


class WhisperCpp(Part):
    """As whisper.cpp writes it."""

    class Segment(Part):
        class Offsets(Part):
            begin: Seconds = Field(alias="from", description="thousandths of a second")
            end: Seconds = Field(alias="to", description="thousandths of a second")

        text: str
        offsets: Offsets
        speaker: str | None = None

    class Result(Part):
        language: str | None = None

    transcription: tuple[Segment, ...] = Field(min_length=1)
    result: Result = Result()


class AmazonItem(Part):
    class Alternative(Part):
        content: str

    type: str
    alternatives: tuple[Alternative, ...] = Field(min_length=1)
    start_time: Seconds | None = None
    end_time: Seconds | None = None
    speaker_label: str | None = None


class AmazonSegments(Part):
    class Segment(Part):
        speaker_label: str
        items: tuple["AmazonSegments.Place", ...] = ()

    class Place(Part):
        start_time: Seconds

    segments: tuple[Segment, ...] = ()


class AmazonChannels(Part):
    class Channel(Part):
        channel_label: str
        items: tuple[AmazonItem, ...] = ()

    channels: tuple[Channel, ...] = ()


class Amazon(Part):
    """A job's result; with speakers, with channels, or with neither."""

    class Results(Part):
        items: tuple[AmazonItem, ...] = Field(min_length=1)
        speaker_labels: AmazonSegments = AmazonSegments()
        channel_labels: AmazonChannels = AmazonChannels()

    status: str | None = None
    job: str | None = Field(None, alias="jobName")
    results: Results


class AmazonCall(Part):
    """A job of Call Analytics: turns with the part that somebody had in the call."""

    class Said(Part):
        role: str = Field(alias="ParticipantRole")
        content: str = Field(alias="Content")
        begin: Seconds = Field(alias="BeginOffsetMillis", description="thousandths of a second")
        end: Seconds = Field(alias="EndOffsetMillis", description="thousandths of a second")

    transcript: tuple[Said, ...] = Field(alias="Transcript", min_length=1)
    language: str | None = Field(None, alias="LanguageCode")


PartT = TypeVar("PartT", bound=Part)


def checked(kind: type[PartT], document: Any) -> PartT:
    """A document as one of these kinds. Raises TranscriptFault naming the field, without quoting it."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise TranscriptFault(place, f"{first['msg']}. Send the file as it was exported.") from error


def read_turns(document: Any) -> Transcript:
    """Our own JSON: an object with `turns`, or the turns alone."""
    found = checked(Turns, {"turns": document} if isinstance(document, list) else document)
    spoken = tuple(Spoken(said.speaker, said.text, said.start, said.end) for said in found.turns if said.text.strip())
    return _whole(spoken, len(found.turns), found.call_id, found.caller, found.started_at)


def read_whisper(document: Any) -> Transcript:
    """Whisper's segments; who speaks is there only where a diariser added it."""
    if "transcription" in document:
        return _whisper_cpp(checked(WhisperCpp, document))
    found = checked(Whisper, document)
    spoken = tuple(Spoken(s.speaker, s.text.strip(), s.start, s.end) for s in found.segments if s.text.strip())
    return _whole(spoken, len(found.segments), notes=_language(found.language))


def _whisper_cpp(found: WhisperCpp) -> Transcript:
    spoken = tuple(
        Spoken(s.speaker, s.text.strip(), s.offsets.begin / 1000, s.offsets.end / 1000)
        for s in found.transcription
        if s.text.strip()
    )
    return _whole(spoken, len(found.transcription), notes=_language(found.result.language))


def read_amazon(document: Any) -> Transcript:
    """Amazon Transcribe: words and their marks, put together to turns where the speaker changes."""
    if "Transcript" in document:
        return _amazon_call(checked(AmazonCall, document))
    found = checked(Amazon, document)
    if found.status not in (None, "COMPLETED"):
        raise TranscriptFault("status", f"the job is {found.status}. Send its result once it is COMPLETED.")
    spoken = tuple(_joined(_labelled(found.results)))
    return _whole(spoken, len(spoken), call_id=found.job)


def _amazon_call(found: AmazonCall) -> Transcript:
    spoken = tuple(
        Spoken(s.role, s.content, s.begin / 1000, s.end / 1000) for s in found.transcript if s.content.strip()
    )
    return _whole(spoken, len(found.transcript), notes=_language(found.language))


def _labelled(results: Amazon.Results) -> Iterator[tuple[str | None, AmazonItem]]:
    """Every item with its speaker or channel, in the order spoken."""
    if results.channel_labels.channels:
        every = [(c.channel_label, item) for c in results.channel_labels.channels for item in _with_marks(c.items)]
        yield from sorted(every, key=lambda pair: pair[1].start_time or 0.0)
        return
    by_time = {place.start_time: s.speaker_label for s in results.speaker_labels.segments for place in s.items}
    last: str | None = None
    for item in results.items:
        if item.start_time is not None:
            last = item.speaker_label or by_time.get(item.start_time)
        yield item.speaker_label or last, item


def _with_marks(items: Sequence[AmazonItem]) -> Iterator[AmazonItem]:
    """Punctuation has no time of its own: it stands where the word before it ended."""
    last = 0.0
    for item in items:
        if item.start_time is None:
            yield item.model_copy(update={"start_time": last})
        else:
            last = item.end_time or item.start_time
            yield item


def _joined(items: Iterator[tuple[str | None, AmazonItem]]) -> Iterator[Spoken]:
    for speaker, turn in groupby(items, key=itemgetter(0)):
        said = [item for _, item in turn]
        spaced = (f"{'' if item.type == 'punctuation' else ' '}{item.alternatives[0].content}" for item in said[1:])
        end = next((item.end_time for item in reversed(said) if item.end_time), said[0].end_time)
        yield Spoken(speaker, "".join((said[0].alternatives[0].content, *spaced)), said[0].start_time, end)


def _whole(
    spoken: tuple[Spoken, ...],
    given: int,
    call_id: str | None = None,
    caller: str | None = None,
    started_at: datetime | None = None,
    notes: tuple[str, ...] = (),
) -> Transcript:
    if not spoken:
        raise TranscriptFault("the document", "there are no words in it.")
    silent = given - len(spoken)
    noted = (f"{silent} turns have no words",) if silent else ()
    return Transcript(spoken, (*notes, *noted), call_id, caller, started_at)


def _language(named: str | None) -> tuple[str, ...]:
    return () if named is None or named.lower().startswith("en") else (f"the language is said to be {named}",)
