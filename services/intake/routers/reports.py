"""Reports by form or program, and how they stand. Open to the public: who tells us need not say who they are."""

from datetime import datetime
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.intake.domain.reports import Stage, normalised_secret
from services.intake.errors import KeyGuessable
from services.intake.handlers import reports
from services.intake.handlers.reports import Accepted, Told
from services.intake.routers.dependencies import IdempotencyKey, Now, PoolDep, SourceOrPublic, TogetherDep
from services.intake.routers.floods import Allowed
from shared.events import SafeWords
from shared.keepable import Kept, keepable_whole
from shared.postcodes import postcode_of
from shared.schemes import Bearer
from shared.security import bearer, sha256
from shared.told import PUBLIC, AgencyKind, Answers, Channel, Contact, Place

router = APIRouter(prefix="/v1/reports", tags=["reports"])

NEXT: Final = (
    "If you or somebody else is in danger now, call 999.",
    "A person who can act on it is given your report. A threat of violence is put before a police control room first.",
    "Keep the reference and the secret: with them you can see how it stands, and nobody else can.",
)

STATUS_PAGE: Final = "/status"
AREA_WANTED: Final = (
    "an ASB Case Review is asked for, and no panel can have it without a postcode: it can be added on the status page"
)
SECRET: Final = Bearer("secret", "what whoever told it was given for this one report")

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


Consent = Annotated[
    tuple[AgencyKind, ...],
    Field(description="kinds of agency that the reporter agreed to, beside those with a legal ground; unknown is no"),
]


class ReportGiven(Given):
    text: Story = Field(description="what has been happening, in the reporter's own words; kept exactly as given")
    answers: AnswersGiven = AnswersGiven()
    place: PlaceGiven = PlaceGiven()
    contact: ContactGiven | None = None
    consent: Consent = ()
    case_review: bool = Field(
        False,
        description="asks for an ASB Case Review: needs a name, and a phone or email; and a postcode, or no panel "
        "can have it (`area_wanted`)",
    )

    @model_validator(mode="after")
    def _not_anonymous(self) -> Self:
        if self.case_review and not (self.contact and self.contact.can_ask_for_a_review):
            raise ValueError(
                "an ASB Case Review cannot be asked for anonymously: give contact.name, and phone or email"
            )
        return self


class ReportAccepted(BaseModel):
    reference: str
    secret: str = Field(description="opens the status page, and `status_url`; shown only here")
    status_page: str = Field(STATUS_PAGE, description="for people: a page that asks for the reference and the secret")
    status_url: str = Field(description="for programs: the same, with `Authorization: Bearer {secret}`")
    area_wanted: bool = Field(False, description=AREA_WANTED)
    what_happens_next: tuple[str, ...] = NEXT


class MessageGiven(BaseModel):
    words: SafeWords
    at: datetime


class ReportStanding(BaseModel):
    """Safe to be seen by whoever looks over a shoulder, as the status page is."""

    reference: str
    received_at: datetime
    stage: Stage
    messages: tuple[MessageGiven, ...] = Field(description="what the reporter is told, as on the status page")
    area_wanted: bool = Field(description=AREA_WANTED)


def body_hash(given: BaseModel) -> str:
    """Of what was said: the same after a release to which more can be said."""
    return sha256(given.model_dump_json(exclude_defaults=True))


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


@router.post("", status_code=202, openapi_extra={"security": [{}]})
async def tell(
    given: ReportGiven,
    response: Response,
    together: TogetherDep,
    source: SourceOrPublic,
    allowed: Allowed,
    now: Now,
    idempotency_key: IdempotencyKey = None,
) -> ReportAccepted:
    """Keep a report. 202: it is on disk, and will reach somebody who can act.

    Anybody may; a key says in whose name. However many come they are taken: those over what is usual are marked.
    Another body under the same Idempotency-Key is refused (422 `KeyReused`) where both came with an organisation's
    key, and is a report of its own where not.
    """
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
    taken = accepted(await together.accept(told, now), response)
    return taken.model_copy(update={"area_wanted": given.case_review and postcode_of(given.place) is None})


@router.get("/{reference}")
async def standing(
    reference: Kept, pool: PoolDep, authorization: Annotated[str | None, Depends(SECRET)]
) -> ReportStanding:
    """How a report stands, for whoever holds its secret."""
    found = await reports.standing(reference, normalised_secret(bearer(authorization) or ""), pool)
    return ReportStanding(
        reference=found.reference,
        received_at=found.received_at,
        stage=found.stage,
        messages=tuple(MessageGiven(words=one.words, at=one.at) for one in found.messages),
        area_wanted=found.area_wanted,
    )
