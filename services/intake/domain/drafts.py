"""A report while it is being written, and how it reads once it is sent."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.intake.domain.questions import BY_NAME, Question, Reporting
from shared.codebook import Impact, Strand
from shared.told import Answers, Contact, Place, Times


class Sent(BaseModel):
    """What the page after sending needs; gone when it is closed. `placed`: its area may be known by its postcode."""

    model_config = ConfigDict(frozen=True)

    report_id: UUID
    reference: str
    secret: str
    placed: bool = False


class Draft(BaseModel):
    """The answers given so far, by the name of the field, exactly as typed; `reached` is the last question come to."""

    model_config = ConfigDict(frozen=True)

    begun_at: AwareDatetime
    reporting: Reporting = Reporting.myself
    answers: Mapping[str, tuple[str, ...]] = {}
    reached: str | None = None
    saved: bool = False
    suspect: bool = False
    sent: Sent | None = None

    def one(self, name: str) -> str | None:
        values = self.answers.get(name, ())
        return values[0] if values else None

    def many(self, name: str) -> tuple[str, ...]:
        return self.answers.get(name, ())

    def with_answers(self, question: Question, answers: Mapping[str, tuple[str, ...]]) -> "Draft":
        """These answers in place of what was said to this question before."""
        others = {name: kept for name, kept in self.answers.items() if name not in {f.name for f in question.fields}}
        reached = max(filter(None, (self.reached, question.name)), key=list(BY_NAME).index)
        return self.model_copy(update={"answers": others | dict(answers), "reached": reached})


YES_NO = {"yes": True, "no": False}


def answers(draft: Draft) -> Answers:
    times = draft.one("times")
    return Answers(
        times=Times(times) if times else None,
        feeling=draft.many("feeling") + draft.many("feeling_words"),
        reported_before=_reported_before(draft),
        reported_to=draft.one("complaints")
        or _joined(draft.one("told_whom"), draft.one("told_when"), draft.one("told_reference")),
        when=draft.one("when"),
        happening_now=YES_NO.get(draft.one("now") or ""),
        party=_joined(_in_words(draft.one("relation")), draft.one("party")),
        party_organisation=draft.one("organisation"),
        strands=tuple(Strand(s) for s in draft.many("strands") if s in set(Strand)),
        online=YES_NO.get(draft.one("online") or ""),
        impact=tuple(Impact(i) for i in draft.many("impact") if i in set(Impact)),
        landlord=_landlord(draft),
        safe_contact=None if draft.reporting is Reporting.anonymous else _safe_contact(draft),
        on_behalf=_on_behalf(draft),
        wanted=draft.one("wanted"),
    )


def place(draft: Draft) -> Place:
    return Place(postcode=draft.one("postcode"), words=draft.one("place"))


def contact(draft: Draft) -> Contact | None:
    """How to reach the reporter; None where nothing was given, or where they stay anonymous."""
    if draft.reporting is Reporting.anonymous:
        return None
    found = Contact(name=draft.one("name"), phone=draft.one("phone"), email=draft.one("email"))
    return None if found == Contact() else found


def _on_behalf(draft: Draft) -> bool | None:
    somebody_else = draft.reporting is Reporting.somebody_else or draft.one("behalf") == "somebody_else"
    return True if somebody_else else None


def _reported_before(draft: Draft) -> int | None:
    """A number that is given counts whatever was chosen above it, as whoever was told does."""
    if draft.reporting is Reporting.case_review:
        made = draft.one("complaints_made")
        return int(made) if made else None
    if times := int(draft.one("told_times") or 0):
        return times
    return {"yes": 1, "no": 0}.get(draft.one("told") or "")


def _landlord(draft: Draft) -> str | None:
    kind = draft.one("landlord")
    return draft.one("landlord_name") or (_in_words(kind) if kind != "none" else None)


SAY = {"yes": "You may say who is calling.", "no": "Do not say who is calling."}


def _safe_contact(draft: Draft) -> str | None:
    """F11 in the reporter's own words, behind what each of them answers."""
    how, when, never = (draft.one(f"safe_{name}") for name in ("how", "when", "never"))
    parts = (
        how and ("Do not get in touch." if how == "none" else f"By {how}."),
        when and f"When: {when}",
        SAY.get(draft.one("safe_say") or ""),
        never and f"Never: {never}",
    )
    return " ".join(part for part in parts if part) or None


def _in_words(code: str | None) -> str | None:
    return code.replace("_", " ") if code else None


def _joined(*parts: str | None) -> str | None:
    return ", ".join(part for part in parts if part) or None
