"""What an agency types into the portal's forms, and what is said of each that cannot be taken as it is."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from services.escalation.errors import NotNow, NotSo, NotYours, ToldSince, UnknownReport
from services.escalation.routers.texts import SAID, TYPED, own_words
from shared.events import SafeWords
from shared.http import ServiceError

CHOSEN: Final = BeforeValidator(lambda given: given or None)
"""A select left at its first choice sends nothing between its quotes."""

Short = Annotated[str, Field(max_length=2000), TYPED, SAID]
Told = Annotated[SafeWords | None, CHOSEN]


class Shown(BaseModel):
    """What the page showed: the newest entry about the report."""

    position: int | None = None


class Note(Shown):
    note: Annotated[str, Field(max_length=10_000), TYPED, SAID]
    tell_reporter: Told = None


class Return(Shown):
    reason: Short
    whose: Annotated[str | None, Field(max_length=63), CHOSEN] = None


class Closing(Shown):
    outcome: Short
    tell_reporter: Told = None


class Action(BaseModel):
    action: Short
    owner: Annotated[str, Field(min_length=1)]
    due_on: date


class Invitation(BaseModel):
    agency: Annotated[str, Field(min_length=1)]


class Plan(BaseModel):
    review_on: date


class ReviewClosing(BaseModel):
    outcome: Short
    tell_reporter: SafeWords


ASKED: Final = {
    "note": "Write what was done",
    "reason": "Write why it is not yours",
    "outcome": "Write what came of it",
    "action": "Write what is to be done",
    "owner": "Choose who does it",
    "due_on": "Give the day by which it is to be done",
    "agency": "Choose the agency",
    "review_on": "Give the day on which the plan is looked at again",
    "position": "Open the report again",
    "whose": "Choose whose it is, or that you do not know",
    "tell_reporter": "Choose what the reporter is told",
}

REFUSED: Final = (ValidationError, NotNow, NotSo, NotYours, ToldSince, UnknownReport)
Refused = ValidationError | ServiceError


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was typed into a form, and why it was not taken: by field, and with none where it is not about a field."""

    form: str
    typed: dict[str, str]
    faults: dict[str, str]
    status: int

    @property
    def written(self) -> list[str]:
        return own_words(self.typed.items())


def refusal(form: str, typed: dict[str, str], error: Refused) -> Refusal:
    if isinstance(error, ServiceError):
        return Refusal(form, typed, {"": str(error)}, error.status)
    faults: dict[str, str] = {}
    for fault in error.errors():
        name = str(fault["loc"][0])
        too_long = fault["type"] == "string_too_long"
        faults[name] = f"Shorten this to {fault['ctx']['max_length']:,} characters" if too_long else ASKED[name]
    return Refusal(form, typed, faults, 422)
