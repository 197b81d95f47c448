"""What a person says in place of the rules, and for how long it holds."""

from typing import Final, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.escalation.domain.grading import ORDER, Grade, Grading
from services.escalation.domain.unread import NOT_READ, UNREAD, is_read
from shared.assessment import Assessment
from shared.codebook import DangerClass, Flag, Label, Repetition, Threat
from shared.events import ReportClassified
from shared.screen import screen
from shared.security import sha256

BY_THREAT = {
    Threat.imminent: DangerClass.life_at_risk,
    Threat.explicit: DangerClass.violence_threatened,
    Threat.implied: DangerClass.veiled_or_stalking,
    Threat.none: DangerClass.everything_else,
}

SHOWS_DANGER: Final = ("F4", "F7", "F10", "F12.self_harm", "O", "S", "X")
"""How the facts that a danger class rests on begin (codebook §4): threats, now, self-harm, stalking, their parts."""


class Said(BaseModel):
    """Labels, threat level or grade as a person gives them, and why; None leaves what the rules say."""

    model_config = ConfigDict(frozen=True)

    why: str = Field(min_length=1, max_length=4000)
    labels: tuple[Label, ...] | None = Field(None, min_length=1)
    threat: Threat | None = None
    grade: Grade | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.labels is None and self.threat is None and self.grade is None:
            raise ValueError("give labels, a threat level or a grade")
        return self


class Override(Said):
    """What was said, by whom and when. `of_danger` is the danger class of the reading that it was said of.

    `of_revision` is the earliest revision that any of it was said of, `of_length` and `of_words` are its text's length
    and SHA-256: one that is kept without them was said of no words that we know.
    """

    who: str
    at: AwareDatetime
    of_danger: DangerClass
    of_revision: int | None = None
    of_length: int = 0
    of_words: str | None = None

    def holds(self, reading: DangerClass) -> bool:
        """A later reading that is graver than the one it was said of ends it: nobody has judged that one yet."""
        return reading >= self.of_danger

    def is_of_all(self, event: ReportClassified) -> bool:
        """Whether nothing was told after it was said that nobody has read."""
        return is_read(event.assessment) or self.of_revision == event.revision

    def misses_danger(self, event: ReportClassified) -> bool:
        """Whether danger is read or screened in words that it was not said of: in any, where a call was told anew.

        Screened too, for a reading shows no more than a few of the words for each fact.
        """
        if self.of_revision == event.revision:
            return False
        text, evidence = event.report.text, event.assessment.evidence if event.assessment else ()
        known = self.of_length if sha256(text[: self.of_length]) == self.of_words else 0
        read = any(one.fact.startswith(SHOWS_DANGER) and (one.end or 0) > known for one in evidence)
        return read or bool(screen(text[known:]))

    def after(self, earlier: "Override | None") -> "Override":
        """This one, with what an earlier one, which is still in force, said of other things."""
        if earlier is None:
            return self
        kept = {name: getattr(earlier, name) for name in ("labels", "threat", "grade") if getattr(self, name) is None}
        if any(said is not None for said in kept.values()):
            kept |= {name: getattr(earlier, name) for name in ("of_revision", "of_length", "of_words")}
        return self.model_copy(update=kept)

    def applied(self, reading: Assessment | None, of_all: bool = True) -> Assessment | None:
        """The reading as this person has it. One that nobody made before is this person's alone.

        `of_all`: it is then a reading of all that was told, though nobody else has made one.
        """
        if self.labels is None and self.threat is None:
            return reading
        base = reading or _blank()
        labels = _in_order(self.labels) if self.labels else base.labels
        notes = tuple(note for note in base.notes if not (of_all and note.startswith(NOT_READ)))
        told = base.model_copy(
            update={"labels": labels, "primary": labels[0], "threat": self.threat or base.threat, "notes": notes}
        )
        return told.model_copy(update={"danger_class": _danger(base, told)})

    def applied_to(self, event: ReportClassified) -> ReportClassified:
        """The report with the reading as this person has it."""
        return event.model_copy(update={"assessment": self.applied(event.assessment, self.is_of_all(event))})

    def graded(self, grading: Grading, of_all: bool = True) -> Grading:
        """The grade as this person has it, with the reason said first; not `of_all`: and no lower than without them."""
        said, grade = f"Override: {self.who}: {self.why}", self.grade or grading.grade
        if not of_all:
            grade = min(grade, grading.grade, key=ORDER.index)
        return grading.model_copy(update={"grade": grade, "reasons": (said, *grading.reasons)})


def _blank() -> Assessment:
    return Assessment(
        rulebook="a person",
        primary=Label.other,
        labels=(Label.other,),
        repetition=Repetition.unclear,
        notes=(UNREAD,),
    )


def _in_order(labels: tuple[Label, ...]) -> tuple[Label, ...]:
    """The most specific first, with those that always come along (codebook §2)."""
    wanted = set(labels) | ({Label.harassment} if Label.stalking in labels else set())
    return tuple(label for label in Label if label in wanted)


def _danger(base: Assessment, told: Assessment) -> DangerClass:
    """Codebook §4; what made the reading graver than its level and labels do, such as life at risk, stays."""
    if base.danger_class < _plain(base):
        return min(base.danger_class, _plain(told))
    return _plain(told)


def _plain(reading: Assessment) -> DangerClass:
    found = [BY_THREAT[reading.threat]]
    if Flag.self_harm in reading.flags:
        found.append(DangerClass.violence_threatened)
    if Label.stalking in reading.labels:
        now = reading.happening_now
        found.append(DangerClass.violence_threatened if now else DangerClass.veiled_or_stalking)
    return min(found)
