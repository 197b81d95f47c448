"""What intake's routes are given."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.requests import HTTPConnection

from services.intake.domain.households import Keyring
from services.intake.errors import UnknownSource
from services.intake.handlers.assessing import Classifier
from services.intake.settings import Settings
from shared.database import Pool
from shared.outbox import Bell
from shared.security import bearer, holder_of


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _pool(request: Request) -> Pool:
    pool: Pool = request.app.state.pool
    return pool


def _bell(request: Request) -> Bell:
    bell: Bell = request.app.state.bell
    return bell


def classifier_of(connection: HTTPConnection) -> Classifier | None:
    """Where live assessments are asked for, if anywhere."""
    settings: Settings = connection.app.state.settings
    if not settings.classifier_url or not settings.classifier_key:
        return None
    return Classifier(connection.app.state.http, settings.classifier_url, settings.classifier_key.get_secret_value())


def _ring(request: Request) -> Keyring:
    ring: Keyring = request.app.state.ring
    return ring


def _now() -> datetime:
    return datetime.now(UTC)


SettingsDep = Annotated[Settings, Depends(_settings)]
PoolDep = Annotated[Pool, Depends(_pool)]
BellDep = Annotated[Bell, Depends(_bell)]
ClassifierDep = Annotated[Classifier | None, Depends(classifier_of)]
RingDep = Annotated[Keyring, Depends(_ring)]
Now = Annotated[datetime, Depends(_now)]
IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=200, description="send the same key again, and the report is kept only once"),
]


def source_of(settings: Settings, authorization: str | None) -> str:
    """Whose key this is. Raises UnknownSource."""
    key = bearer(authorization)
    source = holder_of(key, settings.keys) if key else None
    if source is None:
        raise UnknownSource("Send your key as `Authorization: Bearer …`. Ask the administrator for one.")
    return source


def _source(settings: SettingsDep, authorization: Annotated[str | None, Header()] = None) -> str:
    return source_of(settings, authorization)


def _source_or_public(settings: SettingsDep, authorization: Annotated[str | None, Header()] = None) -> str:
    return source_of(settings, authorization) if authorization else "public"


Source = Annotated[str, Depends(_source)]
SourceOrPublic = Annotated[str, Depends(_source_or_public)]
