"""What escalation's routes are given: nothing without a token."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Header, Request

from services.escalation import tokens
from services.escalation.errors import NotSignedIn, NotYours
from services.escalation.settings import Settings
from services.escalation.tokens import Principal
from shared.database import Pool
from shared.security import bearer


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _pool(request: Request) -> Pool:
    pool: Pool = request.app.state.pool
    return pool


def _now() -> datetime:
    return datetime.now(UTC)


SettingsDep = Annotated[Settings, Depends(_settings)]
PoolDep = Annotated[Pool, Depends(_pool)]
Now = Annotated[datetime, Depends(_now)]


def _principal(settings: SettingsDep, now: Now, authorization: Annotated[str | None, Header()] = None) -> Principal:
    token = bearer(authorization)
    if token is None:
        raise NotSignedIn("Ask for a token at /oauth/token, and send it as `Authorization: Bearer …`.")
    return tokens.read(token, settings.token_key.get_secret_value(), now)


def _operator(principal: Annotated[Principal, Depends(_principal)]) -> Principal:
    if principal.role != "operator":
        raise NotYours("Only a control room sees the queue.")
    return principal


def _agency(agency_id: str, principal: Annotated[Principal, Depends(_principal)]) -> Principal:
    if principal.role != "agency" or principal.belongs_to != agency_id:
        raise NotYours("An agency sees only what was routed to it.")
    return principal


OperatorDep = Annotated[Principal, Depends(_operator)]
AgencyDep = Annotated[Principal, Depends(_agency)]
