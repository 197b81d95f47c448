"""Reports by form or program, and how they stand. Open to the public: who tells us need not say who they are."""

from datetime import datetime
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.intake.domain.reports import Stage, normalised_secret
from services.intake.errors import KeyGuessable
from services.intake.handlers import reports
from services.intake.handlers.reports import Accepted, Told
from services.intake.routers.dependencies import IdempotencyKey, Now, PoolDep, SourceOrPublic, TogetherDep
from services.intake.routers.floods import Allowed
from shared.keepable import Kept, keepable_whole
from shared.security import bearer, sha256
from shared.told import PUBLIC, Answers, Channel, Contact, Place

router = APIRouter(prefix="/v1/reports", tags=["reports"])

NEXT: Final = (
    "If you or somebody else is in danger now, call 999.",
    "A person who can act on it is given your report. A threat of violence is put before a police control room first.",
    "Keep the reference and the secret: with them you can see how it stands, and nobody else can.",
)

UNGUESSABLE: Final = 20  # characters
GUESSABLE: Final = (
    f"Nothing of this was kept. Send {UNGUESSABLE} characters or more that nobody else thinks of, such as a new UUID "
    "(whoever sends yours has your answer), or leave the Idempotency-Key out."
)

Story = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]


Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Given(BaseModel):
    """What is sent to us: a field that we do not know is refused, lest an answer be lost by a slip of the pen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _keepable(cls, given: Any) -> Any:
        try:
            return keepable_whole(given)
        except RecursionError:
            raise ValueError("this is nested too deeply") from None


class AnswersGiven(Answers):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlaceGiven(Place):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContactGiven(Contact):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReportGiven(Given):
    text: Story = Field(description="what has been happening, in the reporter's own words; kept exactly as given")
    answers: AnswersGiven = AnswersGiven()
    place: PlaceGiven = PlaceGiven()
    contact: ContactGiven | None = None
    consent: tuple[str, ...] = Field((), description="kinds of agency that it may be shared with; unknown is no")
    case_review: bool = Field(False, description="asks for an ASB Case Review: needs a name, and a phone or email")

    @model_validator(mode="after")
    def _not_anonymous(self) -> Self:
        if self.case_review and not (self.contact and self.contact.can_ask_for_a_review):
            raise ValueError(
                "an ASB Case Review cannot be asked for anonymously: give contact.name, and phone or email"
            )
        return self


class ReportAccepted(BaseModel):
    reference: str
    secret: str = Field(description="opens the status page; shown only here")
    status_url: str
    what_happens_next: tuple[str, ...] = NEXT


class ReportStanding(BaseModel):
    reference: str
    received_at: datetime
    stage: Stage


def body_hash(given: BaseModel) -> str:
    return sha256(given.model_dump_json())


def public_key(key: str | None, body: str) -> str | None:
    """A key of the public with the hash of what it came with: it never stands in the way of a stranger's.

    Raises KeyGuessable: with a key and a body that are guessed, anybody is answered with the secret of the report.
    """
    if key is None:
        return None
    if len(key) < UNGUESSABLE:
        raise KeyGuessable(GUESSABLE)
    return sha256(f"{body} {key}")


def accepted(result: Accepted, response: Response) -> ReportAccepted:
    url = f"/v1/reports/{result.reference}"
    response.headers["Location"] = url
    return ReportAccepted(reference=result.reference, secret=result.secret, status_url=url)


@router.post("", status_code=202)
async def tell(
    given: ReportGiven,
    response: Response,
    together: TogetherDep,
    source: SourceOrPublic,
    allowed: Allowed,
    now: Now,
    idempotency_key: IdempotencyKey = None,
) -> ReportAccepted:
    """Keep a report. 202: it is on disk, and will reach somebody who can act."""
    body = body_hash(given)
    told = Told(
        channel=Channel.web,
        source=source,
        text=given.text,
        answers=given.answers,
        place=given.place,
        contact=given.contact,
        consent=given.consent,
        idempotency_key=public_key(idempotency_key, body) if source == PUBLIC else idempotency_key,
        body_hash=body,
        low_trust=allowed.over,
        turn=allowed.turn,
        asks_for_review=given.case_review,
    )
    return accepted(await together.accept(told, now), response)


@router.get("/{reference}")
async def standing(
    reference: Kept, pool: PoolDep, authorization: Annotated[str | None, Header()] = None
) -> ReportStanding:
    """How a report stands, for whoever holds its secret (`Authorization: Bearer <secret>`)."""
    found = await reports.standing(reference, normalised_secret(bearer(authorization) or ""), pool)
    return ReportStanding(reference=found.reference, received_at=found.received_at, stage=found.stage)
