"""Tokens for programs: OAuth 2.0 client credentials."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Form
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import BaseModel

from services.escalation import tokens
from services.escalation.errors import UnknownClient, UnknownGrant, UnknownScope
from services.escalation.handlers import clients
from services.escalation.routers.dependencies import Now, PoolDep, SettingsDep
from services.escalation.tokens import LIFETIME, Principal

router = APIRouter(prefix="/oauth", tags=["tokens"])

GRANT: Final = "client_credentials"

Basic = Annotated[HTTPBasicCredentials | None, Depends(HTTPBasic(auto_error=False))]


class Token(BaseModel):
    access_token: str
    scope: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: int = int(LIFETIME.total_seconds())


@router.post("/token", openapi_extra={"security": [{}]})
async def token(
    basic: Basic,
    pool: PoolDep,
    settings: SettingsDep,
    now: Now,
    grant_type: Annotated[str | None, Form(description=GRANT)] = None,
    client_id: Annotated[str | None, Form()] = None,
    client_secret: Annotated[str | None, Form()] = None,
    scope: Annotated[str | None, Form(description="fewer than the client may have, separated by spaces")] = None,
) -> Token:
    """Ten minutes' access, for a client id and secret in Basic authorization or in the form.

    What is refused is said as RFC 6749 has it, by `error` and `error_description`, within the problem.
    """
    if grant_type != GRANT:
        raise UnknownGrant(f"Send grant_type={GRANT}, as a form.")
    given = (basic.username, basic.password) if basic else (client_id, client_secret)
    if not given[0] or not given[1] or "\0" in given[0]:
        raise UnknownClient("Send the client id and secret as Basic authorization, or as form fields.")
    if settings.refuses(given[1]):
        raise UnknownClient("A secret of the demo lets nobody in outside it: ask for one of your own.")
    row = await clients.identify(given[0], given[1], pool, now)
    scopes = tuple(scope.split()) if scope else tuple(row["scopes"])
    if not set(scopes) <= set(row["scopes"]):
        raise UnknownScope(f"This client may have: {' '.join(row['scopes'])}.")
    who = Principal(given[0], row["role"], row["belongs_to"], scopes)
    signed = tokens.issue(who, settings.token_key.get_secret_value(), now)
    return Token(access_token=signed, scope=" ".join(scopes))
