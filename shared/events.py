"""The contract on Kafka: what one service tells another.

Every event is frozen and tolerant of fields it does not know, so that a newer producer never stops an older consumer.
The words are the codebook's. Times are timezone-aware UTC. Spans count characters of `ReportReceived.text`.
"""

from collections.abc import Sequence
from datetime import date
from enum import IntEnum, StrEnum
from typing import ClassVar, Literal
from uuid import UUID, uuid5

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
)


class Channel(StrEnum):
    web = "web"
    phone = "phone"


class Lane(StrEnum):
    """Urgent reports travel on their own topics and are drained first."""

    urgent = "urgent"
    ordinary = "ordinary"


class Label(StrEnum):
    """Codebook §2, the most specific first: the order decides which is primary."""

    stalking = "stalking"
    hate_incident = "hate_incident"
    harassment = "harassment"
    asb = "asb"
    other = "other"


class Repetition(StrEnum):
    once = "once"
    repeated = "repeated"
    unclear = "unclear"


class Threat(StrEnum):
    """Codebook §4, the gravest first."""

    imminent = "imminent"
    explicit = "explicit"
    implied = "implied"
    none = "none"


class Strand(StrEnum):
    race = "race"
    religion = "religion"
    gender = "gender"
    sexual_orientation = "sexual_orientation"
    age = "age"
    disability = "disability"


class Effect(StrEnum):
    scared = "scared"
    distressed = "distressed"
    threatened = "threatened"


class Impact(StrEnum):
    mental_health = "mental_health"
    physical_health = "physical_health"
    work = "work"
    home = "home"
    daily_life = "daily_life"


class Flag(StrEnum):
    domestic = "domestic"
    honour_based = "honour_based"
    child_at_risk = "child_at_risk"
    adult_at_risk = "adult_at_risk"
    order_or_bail = "order_or_bail"
    sexual = "sexual"
    self_harm = "self_harm"
    reporter_threat = "reporter_threat"


class DangerClass(IntEnum):
    """Codebook §4: the control room's order, 1 first. A lower class is never put before a higher one."""

    life_at_risk = 1
    violence_threatened = 2
    veiled_or_stalking = 3
    everything_else = 4


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


class Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Turn(Contract):
    """One speaker's words in a call; `start` and `end` are seconds into the recording."""

    speaker: Speaker
    text: str
    start: float | None = None
    end: float | None = None


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


class Contact(Contract):
    name: str | None = None
    phone: str | None = None
    email: str | None = None

    @property
    def can_ask_for_a_review(self) -> bool:
        """An ASB Case Review is never for somebody anonymous: a name, and a way to be reached."""
        return bool(self.name and (self.phone or self.email))


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


class Event(Contract):
    """`type_` names and versions an event on the wire; `step` makes its id the same however often it is made."""

    type_: ClassVar[str]
    step: ClassVar[str]
    report_id: UUID
    revision: PositiveInt = 1

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
    low_trust: bool = Field(False, description="sent in a flood, or by what is hardly a person; a mark, never a delay")


class Evidence(Contract):
    """The words, or the answer, that show a fact. `start` and `end` are None where it is not in the text."""

    fact: str = Field(description="a codebook id (F1, H7 …), with its value where it has several (F5.race)")
    rule: str = Field(description="the rulebook's id of the pattern or reader that found it")
    origin: Literal["text", "answer", "history", "model"] = "text"
    start: NonNegativeInt | None = None
    end: NonNegativeInt | None = None
    quote: str


class HeldRule(Contract):
    """A label with the rule that gave it and the facts it rests on."""

    label: Label
    rule: str
    facts: tuple[str, ...]
    why: str


class Missing(Contract):
    """What was missing for the next label up, in words that may be read to the reporter."""

    label: Label
    fact: str
    words: str


class RiskGroup(StrEnum):
    """The parts of the risk picture, in the order shown."""

    four = "four"
    sdash = "sdash"
    vulnerability = "vulnerability"
    weapons = "weapons"
    escalation = "escalation"


class Standing(StrEnum):
    """Unknown is not no: `absent` only where it was said not to be so."""

    present = "present"
    absent = "absent"
    unknown = "unknown"


class Finding(Contract):
    """One question of the risk picture, with the words that answer it. Never counted, never a score."""

    id: str
    group: RiskGroup
    asks: str
    standing: Standing
    evidence: tuple[Evidence, ...] = ()


class PossibleOffence(Contract):
    """An offence in England and Wales that the facts may make out. Shown to staff only while `staff_only`."""

    id: str
    name: str
    statute: str
    section: str
    line: str = Field(description="plain English, in careful words")
    facts: tuple[str, ...] = Field(description="the facts it rests on")
    checked: date | None = Field(None, description="when it was last checked; None: unverified")
    legal_review: Literal["due", "done"] = "due"
    staff_only: bool = True


class SupportOffered(Contract):
    """Help that fits what the reporter's own report says. A number or address is there only if it was checked."""

    id: str
    name: str
    line: str
    phone: str | None = None
    web: str | None = None
    checked: date | None = None


class Explanation(Contract):
    """Why, in paragraphs. `reporter` rests on their own report alone; `staff` has rules, facts, spans and links."""

    reporter: tuple[str, ...]
    staff: tuple[str, ...]


class Assessment(Contract):
    """The reading of one report: facts, labels, threat, and why. Same report and rulebook: same bytes."""

    rulebook: str = Field(description="content hash of the rules that said so")
    reading: PositiveInt = Field(1, description="1: the first, at once; 2: the second, slower and with the deep reader")
    primary: Label
    labels: tuple[Label, ...]
    repetition: Repetition
    effect: tuple[Effect, ...] = ()
    behaviours: tuple[str, ...] = ()
    fixation: bool = False
    strands: tuple[Strand, ...] = ()
    online: bool = False
    threat: Threat = Threat.none
    impact: tuple[Impact, ...] = ()
    reported_before: NonNegativeInt = 0
    happening_now: bool = False
    safe_contact: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    danger_class: DangerClass = DangerClass.everything_else
    notes: tuple[str, ...] = Field((), description="single_incident, ask_repetition, unread, language:xx …")
    held: tuple[HeldRule, ...] = ()
    missing: tuple[Missing, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    ask: str | None = Field(None, description="the one question to ask next")
    risk: tuple[Finding, ...] = Field((), description="FOUR, S-DASH, vulnerability, weapons, escalation: for staff")
    offences: tuple[PossibleOffence, ...] = Field((), description="for staff, save what is not `staff_only`")
    support: tuple[SupportOffered, ...] = ()
    explanation: Explanation | None = None


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


class ReportRouted(Event):
    """The receipt: it names where a report went, and closes intake's loop."""

    type_ = "heard.report.routed.v1"
    step = "routed"
    routed_at: AwareDatetime
    destinations: tuple[Destination, ...]
    danger_class: DangerClass
    grade: str
    responsible: tuple[str, ...] = Field((), description="bodies that are responsible for what is not ours, by name")


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
    position: PositiveInt
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

    On `reports.erased`, published until escalation's receipt, which names no destination. Intake has forgotten it by
    then; escalation keeps the id, so that nothing that is still on its way brings the report back.
    """

    type_ = "heard.report.erased.v1"
    step = "erased"
    erased_at: AwareDatetime
    by: str
    reason: str = Field(description="the ground that it is erased on, for the record: not a word of the report")


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
