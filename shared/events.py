"""The contract on Kafka: what one service tells another.

Every event is frozen and tolerant of fields it does not know, so that a newer producer never stops an older consumer.
The words are the codebook's. Times are timezone-aware UTC. Spans count characters of `ReportReceived.text`.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID, uuid5

from pydantic import (
    AwareDatetime,
    Field,
)

from shared.assessment import Assessment
from shared.codebook import DangerClass, Label, Strand, Threat
from shared.contract import Contract, Number
from shared.told import Addition, Answers, Attachment, Call, Channel, Contact, History, LinkReason, Place, Turn


class Lane(StrEnum):
    """Urgent reports travel on their own topics and are drained first."""

    urgent = "urgent"
    ordinary = "ordinary"


class Event(Contract):
    """`type_` names and versions an event on the wire; `step` makes its id the same however often it is made."""

    type_: ClassVar[str]
    step: ClassVar[str]
    report_id: UUID
    revision: Number = 1

    @property
    def event_id(self) -> UUID:
        return uuid5(self.report_id, f"{self.step}/{self.revision}")


class ReportReceived(Event):
    """What somebody told us, exactly as given. On the phone `text` is `turns` written out, a line each."""

    type_ = "heard.report.received.v1"
    step = "received"
    reference: str
    channel: Channel
    source: str = Field(description="public, or the id of the partner that sent it")
    received_at: AwareDatetime
    lane: Lane
    screened: tuple[str, ...] = Field((), description="threat rules whose patterns fired without their scope tests")
    text: str
    turns: tuple[Turn, ...] = ()
    answers: Answers = Answers()
    place: Place = Place()
    contact: Contact | None = None
    consent: tuple[str, ...] = Field((), description="kinds of agency the reporter agreed to; unknown is no")
    history: History = History()
    call: Call | None = None
    additions: tuple[Addition, ...] = ()
    withdrawal_asked_at: AwareDatetime | None = Field(
        None, description="asked to withdraw, perhaps under pressure; it closes nothing"
    )
    case_review_asked_at: AwareDatetime | None = Field(
        None, description="asked for an ASB Case Review: by somebody with a name and a way to be reached, never else"
    )
    attachments: tuple[Attachment, ...] = ()
    low_trust: bool = Field(
        False, description="sent in a flood, or by what is hardly a person: a mark, and never a reason to leave it out"
    )


class ReportClassified(Event):
    """A report with its reading: escalation needs nothing else. `assessment` is None where it could not be read."""

    type_ = "heard.report.classified.v1"
    step = "classified"
    report: ReportReceived
    assessment: Assessment | None

    @property
    def event_id(self) -> UUID:
        version = self.assessment.rulebook if self.assessment else "unread"
        return uuid5(self.report_id, f"{self.step}/{self.revision}/{version}")


class Destination(Contract):
    """Where a report went, and on what ground."""

    agency: str
    queue: str
    reason: str
    ground: str


ERASED_GRADE: Final = "erased"
"""The grade in the receipt of an erasure."""


class ReportRouted(Event):
    """The receipt: it names where a report went, and closes intake's loop."""

    type_ = "heard.report.routed.v1"
    step = "routed"
    routed_at: AwareDatetime
    destinations: tuple[Destination, ...]
    danger_class: DangerClass
    grade: str
    responsible: tuple[str, ...] = Field((), description="bodies that are responsible for what is not ours, by name")
    labels: tuple[Label, ...] = Field((), description="what it was read as, for those told later of the same")
    strands: tuple[Strand, ...] = ()


class EntryKind(StrEnum):
    """What an entry in an agency's feed is: a report, or a notice about one that it has."""

    report = "report"
    corrected = "corrected"
    withdrawn = "withdrawn"
    erased = "erased"


class ReportDelivered(Event):
    """On an agency's own topic: there is something in its feed. Ids only; the feed itself is asked with a token."""

    type_ = "heard.report.delivered.v1"
    step = "delivered"
    agency: str
    position: int = Field(ge=1)
    kind: EntryKind

    @property
    def event_id(self) -> UUID:
        return uuid5(self.report_id, f"{self.step}/{self.agency}/{self.position}")


class Progress(StrEnum):
    """How far somebody has come with a report."""

    acknowledged = "acknowledged"
    under_way = "under_way"
    returned = "returned"
    closed = "closed"
    review_offered = "review_offered"
    review_asked = "review_asked"
    review_planned = "review_planned"
    review_closed = "review_closed"


class SafeWords(StrEnum):
    """What the reporter may be told, on a page that somebody else may see: chosen, never written (design.md 12)."""

    being_looked_at = "being_looked_at"
    please_get_in_touch = "please_get_in_touch"
    something_was_done = "something_was_done"
    nothing_more_will_be_done = "nothing_more_will_be_done"
    a_review_can_be_asked_for = "a_review_can_be_asked_for"
    a_review_was_asked_for = "a_review_was_asked_for"


class ReportProgressed(Event):
    """Somebody got further with a report. `agency` and `at` are for staff; `words` alone are for the reporter."""

    type_ = "heard.report.progressed.v1"
    step = "progressed"
    agency: str
    progress: Progress
    at: AwareDatetime
    words: SafeWords | None = None

    @property
    def event_id(self) -> UUID:
        return uuid5(self.report_id, f"{self.step}/{self.agency}/{self.progress}/{self.at.isoformat()}")


class ReportOverridden(Event):
    """A person changed what the rules said of a report: what it is now, by whom and why."""

    type_ = "heard.report.overridden.v1"
    step = "overridden"
    overridden_at: AwareDatetime
    by: str
    reason: str
    labels: tuple[Label, ...] | None = Field(None, description="None: as the rules have them")
    threat: Threat | None = Field(None, description="None: as the rules have it")
    grade: str
    danger_class: DangerClass

    @property
    def event_id(self) -> UUID:
        return uuid5(self.report_id, f"{self.step}/{self.revision}/{self.overridden_at.isoformat()}")


class ReportLinked(Event):
    """A later report was taken to be about the same household or party as this one: for the timeline of its case.

    On `reports.linked`, keyed by this, the earlier, report. A notice that nothing depends on: the later report's own
    `history.links` says the same, and is published until its receipt comes. For staff only.
    """

    type_ = "heard.report.linked.v1"
    step = "linked"
    later_id: UUID
    later_reference: str
    linked_at: AwareDatetime
    reasons: tuple[LinkReason, ...]
    words: tuple[str, ...] = ()

    @property
    def event_id(self) -> UUID:
        return uuid5(self.report_id, f"{self.step}/{self.later_id}")


class Amendment(StrEnum):
    more_told = "more_told"
    withdrawal_asked = "withdrawal_asked"
    case_review_asked = "case_review_asked"


class ReportAmended(Event):
    """The reporter told more, or asked for something: for the timeline of the case, which nothing of this closes.

    On `reports.amended`. A notice: revision `revision` of the report itself, with the words at its end (`additions`),
    `withdrawal_asked_at` or `case_review_asked_at`, goes out beside it on the received lanes, is read anew, and waits
    for its receipt.
    """

    type_ = "heard.report.amended.v1"
    step = "amended"
    kind: Amendment
    amended_at: AwareDatetime
    text: str | None = Field(None, description="what was added, exactly as given")


class ReportErased(Event):
    """A report is forgotten: whoever has anything of it keeps its id alone, and its places in the feeds, empty.

    On `reports.erased`, published until escalation's receipt, which names no destination. Intake has forgotten all but
    this event by then; escalation keeps the id, so that nothing that is still on its way brings the report back.
    """

    type_ = "heard.report.erased.v1"
    step = "erased"
    erased_at: AwareDatetime
    by: str
    reason: str = Field(description="the ground that it is erased on, for the record: not a word of the report")


class FileGiven(Event):
    """Somebody was given a file that came with a report: for the record of its case, which an auditor looks up.

    On `files.given`. Who was given what stays on record where the report is erased: nothing of the report is in it.
    """

    type_ = "heard.file.given.v1"
    step = "given"
    file: UUID
    given_at: AwareDatetime
    to: str = Field(description="the partner whose key it was")
    key: UUID = Field(description="the key's id, as `heard intake key list` shows it")

    @property
    def event_id(self) -> UUID:
        return uuid5(self.report_id, f"{self.step}/{self.file}/{self.key}/{self.given_at.isoformat()}")


class LinkDisputed(Event):
    """Somebody said that two reports do not belong together: intake forgets that it linked them."""

    type_ = "heard.link.disputed.v1"
    step = "disputed"
    other_id: UUID
    disputed_at: AwareDatetime
    by: str
    reason: str

    @property
    def event_id(self) -> UUID:
        return uuid5(self.report_id, f"{self.step}/{self.other_id}/{self.disputed_at.isoformat()}")


def written_out(turns: tuple[Turn, ...]) -> str:
    """The text of a call: a line for each turn, `CALLER: …`, in the order spoken."""
    return "\n".join(f"{turn.speaker.upper()}: {turn.text}" for turn in turns)


def turn_at(turns: Sequence[Turn], place: int) -> int | None:
    """Which turn, from 0, the character at `place` of `written_out` is in; None where in nobody's words."""
    begins = 0
    for number, turn in enumerate(turns):
        begins += len(turn.speaker) + 2
        if begins <= place < begins + len(turn.text):
            return number
        begins += len(turn.text) + 1
    return None
