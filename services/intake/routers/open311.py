"""Open311 GeoReport v2, in JSON: authenticated, and never public, for these are no potholes.

There is one service: whoever tells us need not know what it is that they report. Its attributes are the form's own
questions. A request is answered by a token; with it, and with the key that sent it, one learns how it stands.
"""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, HTTPException, Security
from pydantic import BaseModel
from pydantic import Field as Described

from services.intake.catalogue import SOURCE, catalogue
from services.intake.domain import questions
from services.intake.domain.drafts import Draft
from services.intake.domain.partners import Scope
from services.intake.domain.questions import Field, Given, Kind, Reporting, asked
from services.intake.domain.reports import Stage
from services.intake.errors import TooMany, UnknownReference
from services.intake.handlers import drafts, reports
from services.intake.routers.dependencies import Authorization, BellDep, Now, PoolDep, RingDep, SettingsDep, key_holder
from services.intake.routers.floods import Allowance, FloodsDep
from services.intake.routers.form import FilledIn
from shared.keepable import Kept
from shared.security import sha256

router = APIRouter(prefix="/open311/v2", tags=["open311"])

CODE: Final = "report"
SERVICE: Final = {
    "service_code": CODE,
    "service_name": "Stalking, harassment, hate incidents and anti-social behaviour",
    "description": "Tell us what has been happening; what it counts as is found out here. In danger now: call 999.",
    "metadata": True,
    "type": "batch",
    "keywords": "stalking, harassment, hate, anti-social behaviour",
    "group": "safety",
}
DATATYPES: Final = {
    Kind.words: "text",
    Kind.line: "string",
    Kind.one_of: "singlevaluelist",
    Kind.any_of: "multivaluelist",
}
OWN: Final = {
    "story": "description",
    "postcode": "address_id",
    "place": "address_string",
    "phone": "phone",
    "email": "email",
}
"""The form's fields that GeoReport has a parameter of its own for; the others are attributes."""
QUESTIONS: Final = tuple(asked(Reporting.myself))
ASKED: Final = tuple(f for question in QUESTIONS for f in question.fields if f.name not in (*OWN, "name"))

POINT: Final = ("lat", "long")
NOT_OURS: Final = ("jurisdiction_id", "api_key", "device_id", "account_id", "media_url")
"""GeoReport's too: there is one jurisdiction, the key is in the header, and nothing is fetched from elsewhere."""
PARAMETERS: Final = (
    "service_code", "first_name", "last_name", *OWN.values(), *POINT, *NOT_OURS,
    *(f"attribute[{f.name}]" for f in ASKED),
)  # fmt: skip
UNKNOWN: Final = (
    "Nothing of this was kept, as we do not know: {}. The postcode goes in address_id, the place in address_string or "
    f"lat and long; the attributes are those of /open311/v2/services/{CODE}.json."
)
SEVERAL: Final = frozenset((*NOT_OURS, *(f"attribute[{f.name}]" for f in ASKED if f.kind is Kind.any_of)))
TWICE: Final = "Nothing of this was kept, as there is room for one value of each of these: {}. Put all of it into one."
NOT_FETCHED: Final = " What is at the media_url was not taken: say in a description what it shows."
BODY: Final = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {
            "schema": {
                "type": "object",
                "required": ["service_code", "description"],
                "properties": {name: {"type": "string"} for name in PARAMETERS}
                | {"service_code": {"type": "string", "enum": [CODE]}},
            }
        }
    },
}


async def _holder(settings: SettingsDep, pool: PoolDep, authorization: Authorization) -> str:
    return await key_holder(settings, pool, authorization, Scope.open311)


Holder = Annotated[str, Security(_holder, scopes=[Scope.open311])]


async def _allowance(holder: Holder, floods: FloodsDep) -> Allowance:
    return await floods.with_key(holder)


AllowanceDep = Annotated[Allowance, Depends(_allowance)]


class Token(BaseModel):
    token: str
    service_notice: str = "If anybody is in danger, call 999. Keep the token: with it you can ask how this stands."


class Standing(BaseModel):
    """Safe to be seen: no story, no agency's name."""

    service_request_id: str = Described(description="the token: it, and nothing shorter, opens the request")
    token: str
    status: str = "open"
    status_notes: Stage
    service_code: str = CODE
    service_name: str = SERVICE["service_name"]  # type: ignore[assignment]
    requested_datetime: datetime


@router.get("/services.json")
async def services(_: AllowanceDep) -> list[dict[str, Any]]:
    return [SERVICE]


@router.get("/services/{service_code}.json")
async def definition(service_code: str, _: AllowanceDep) -> dict[str, Any]:
    """The questions that may be answered; none of them has to be."""
    _known(service_code)
    return {"service_code": CODE, "attributes": [_attribute(order, f) for order, f in enumerate(ASKED, 1)]}


def _attribute(order: int, field: Field) -> dict[str, Any]:
    words = catalogue(SOURCE)
    hint = f"field.{field.name}.hint"
    return {
        "variable": True,
        "code": field.name,
        "datatype": DATATYPES[field.kind],
        "required": False,
        "datatype_description": words(hint) if words.has(hint) else "",
        "order": order,
        "description": words(f"field.{field.name}.label"),
        "values": [{"key": key, "name": words(f"field.{field.name}.{key}")} for key in field.options],
    }


@router.post("/requests.json", status_code=201, openapi_extra={"requestBody": BODY})
async def tell(
    filled_in: FilledIn, holder: Holder, allowance: AllowanceDep, pool: PoolDep, bell: BellDep, ring: RingDep,
    now: Now, idempotency_key: Annotated[Kept | None, Header(max_length=200)] = None,
) -> list[Token]:  # fmt: skip
    """Keep a report sent as a form, `attribute[code]` for each answer. Over the limit it is marked, and goes on."""
    given = _by_name(filled_in)
    _known("".join(given.get("service_code", ())))
    if unknown := sorted(given.keys() - set(PARAMETERS)):
        raise HTTPException(400, UNKNOWN.format(", ".join(unknown)))
    if twice := sorted(name for name, values in given.items() if len(values) > 1 and name not in SEVERAL):
        raise HTTPException(400, TWICE.format(", ".join(twice)))
    told = drafts.as_told(_draft(given, now), holder, f"open311 {now.isoformat()}", allowance.over, allowance.turn)
    if idempotency_key:
        told = replace(told, idempotency_key=sha256(f"open311 {idempotency_key}"))
    accepted = await reports.accept(told, pool, bell, ring, now)
    token = Token(token=f"{accepted.reference}.{accepted.secret}")
    if "media_url" in given:
        token.service_notice += NOT_FETCHED
    return [token]


@router.get("/requests/{token}.json")
async def standing(token: Kept, holder: Holder, allowance: AllowanceDep, pool: PoolDep) -> list[Standing]:
    """How a report stands that was sent with a key of the same holder."""
    if allowance.over:
        error = TooMany(f"Ask again in {allowance.reset} seconds. What you send is taken all the same.")
        error.headers = {"Retry-After": str(allowance.reset)}
        raise error
    reference, _, secret = token.partition(".")
    found = await reports.standing(reference, secret, pool)
    if found.source != holder:
        raise UnknownReference("Check the token, and ask with the key of the organisation that sent it.")
    return [
        Standing(
            service_request_id=token,
            token=token,
            status_notes=found.stage,
            requested_datetime=found.received_at,
        )
    ]


@router.get("/tokens/{token}.json")
async def request_of(token: Kept, holder: Holder, allowance: AllowanceDep, pool: PoolDep) -> list[dict[str, str]]:
    """The id that belongs to a token: the token itself."""
    await standing(token, holder, allowance, pool)
    return [{"service_request_id": token, "token": token}]


def _known(service_code: str) -> None:
    if service_code != CODE:
        raise HTTPException(404, f"There is one service_code here: {CODE}.")


def _by_name(filled_in: Given) -> Given:
    """What was sent to each parameter; one of several values may be sent to `attribute[code][]`."""
    found: dict[str, tuple[str, ...]] = {}
    for name, values in filled_in.items():
        one = name.removesuffix("[]")
        found[one] = (*found.get(one, ()), *values)
    return found


def _draft(given: Given, now: datetime) -> Draft:
    """What was sent as the form's answers. Raises HTTPException naming what is wrong."""
    names = {name: OWN.get(name, f"attribute[{name}]") for question in QUESTIONS for name in _names(question)}
    answers = {name: tuple(given.get(sent, ())) for name, sent in names.items()}
    full_name = " ".join(value for name in ("first_name", "last_name") for value in given.get(name, ()))
    answers["name"] = (full_name,) if full_name else ()
    point = (f"{name} {value}" for name in POINT for value in given.get(name, ()) if value.strip())
    where = ", ".join((*filter(str.strip, answers["place"]), *point))
    answers["place"] = (where,) if where else ()
    draft = Draft(begun_at=now)
    for question in QUESTIONS:
        if wrong := questions.faults(question, answers, draft.reporting):
            words = catalogue(SOURCE)
            raise HTTPException(400, "; ".join(f"{names[n]}: {words(f'errors.{fault}')}" for n, fault in wrong.items()))
        draft = draft.with_answers(question, questions.answered(question, answers))
    return draft


def _names(question: questions.Question) -> list[str]:
    return [field.name for field in question.fields]
