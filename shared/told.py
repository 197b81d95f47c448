"""What somebody told us: the words, the answers beside them, and what was told before. Times are timezone-aware UTC."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final
from uuid import UUID

from pydantic import (
    AwareDatetime,
    Field,
    NonNegativeInt,
    PositiveInt,
)

from shared.codebook import Impact, Label, Strand
from shared.contract import Contract

PUBLIC: Final = "public"
"""The source of a report that nobody answers for."""


class Channel(StrEnum):
    web = "web"
    phone = "phone"


class AgencyKind(StrEnum):
    """What an agency of the directory is: a report is shared by kind, on a legal ground or with consent."""

    police = "police"
    council_asb = "council_asb"
    environmental_health = "environmental_health"
    housing = "housing"
    school = "school"
    safeguarding = "safeguarding"
    stalking_advocacy = "stalking_advocacy"
    hate_crime_support = "hate_crime_support"
    emergency_service = "emergency_service"
    case_review = "case_review"


class Speaker(StrEnum):
    caller = "caller"
    operator = "operator"
    background = "background"


class Times(StrEnum):
    """The form's answer to "how often?"."""

    once = "once"
    two_to_five = "2-5"
    more = "more"
    unsure = "unsure"


class Turn(Contract):
    """One speaker's words in a call; `start` and `end` are seconds into the recording."""

    speaker: Speaker
    text: str
    start: float | None = None
    end: float | None = None


TRAILS_OFF: Final = " \n\t.\u2026-\u2013\u2014,"
"""What is written at the end of a turn where the words broke off, or only the speech did."""


class Answers(Contract):
    """What was answered beside the words. None or empty: not asked, or not answered."""

    times: Times | None = None
    feeling: tuple[str, ...] = ()
    reported_before: NonNegativeInt | None = None
    reported_to: str | None = Field(None, description="whom they told before, when, and under what reference")
    when: str | None = None
    happening_now: bool | None = None
    party: str | None = Field(None, description="who by: name, relation or description")
    party_organisation: str | None = Field(None, description="the body the party is, or works for")
    strands: tuple[Strand, ...] = ()
    online: bool | None = None
    impact: tuple[Impact, ...] = ()
    landlord: str | None = None
    safe_contact: str | None = Field(None, description="how, when and when not to get in touch (F11)")
    on_behalf: bool | None = Field(None, description="told by somebody other than the person it happened to")
    wanted: str | None = Field(None, description="what they would like to happen")


class Place(Contract):
    postcode: str | None = None
    words: str | None = None


def told_beside(answers: Answers, place: Place) -> Iterator[tuple[str, str]]:
    """All that was written beside the story, with the name of its field: any field of `answers` that holds words.

    A field that the model gets later is among them by itself. What was chosen from several is no words of theirs; of
    `feeling`, which holds both, all are given.
    """
    for name, given in (*answers, ("place", place.words)):
        for words in given if isinstance(given, tuple) else (given,):
            if type(words) is str and words:
                yield name, words


class Contact(Contract):
    name: str | None = None
    phone: str | None = None
    email: str | None = None

    @property
    def can_ask_for_a_review(self) -> bool:
        """An ASB Case Review is never for somebody anonymous: a name, and a way to be reached."""
        reached_at = f"{self.phone or ''}{self.email or ''}"
        return bool((self.name or "").strip() and reached_at.strip())


class LinkReason(StrEnum):
    """Why intake takes two reports to be about the same household or party."""

    address = "address"
    phone = "phone"
    email = "email"
    party = "party"
    told_again = "told_again"


class Link(Contract):
    """An earlier report and why it belongs with this one; `words` are those that both have, for staff to judge by."""

    report_id: UUID
    reference: str
    received_at: AwareDatetime
    reasons: tuple[LinkReason, ...]
    words: tuple[str, ...] = ()


class Attachment(Contract):
    """A file that came with a report: kept by intake, fetched there by its id, never carried on Kafka."""

    id: UUID
    name: str = Field(description="as the reporter's device called it")
    media_type: str = Field(description="found in the content, whatever the name says")
    size: PositiveInt = Field(description="bytes")
    sha256: str


class History(Contract):
    """Earlier reports linked to this one by intake. For staff only: never shown to a reporter.

    The counts, dates and references take in whatever those reports were linked to in their turn.
    """

    reports: NonNegativeInt = 0
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    references: tuple[str, ...] = Field((), description="the last 20, newest first")
    links: tuple[Link, ...] = Field((), description="those linked directly, the last 20, newest first")
    labels: tuple[Label, ...] = Field((), description="what any of those linked directly was read as")
    strands: tuple[Strand, ...] = Field((), description="the strands read in any of them")


class Line(StrEnum):
    """The number that was rung."""

    emergency = "999"
    non_emergency = "101"


class CallState(StrEnum):
    live = "live"
    ended = "ended"
    dropped = "dropped"


class Call(Contract):
    """The call behind a report; a live one grows, and each revision of its report holds all that was said so far."""

    id: str | None = Field(None, description="the source's own id: a call sent twice is one report")
    line: Line | None = None
    started_at: AwareDatetime | None = None
    state: CallState = CallState.ended
    notes: tuple[str, ...] = Field((), description="what could not be read of the transcript, and where")


class Addition(Contract):
    """Something told later: it stands at the end of `text` from `start` on, so that earlier spans still hold."""

    start: NonNegativeInt
    told_at: AwareDatetime
