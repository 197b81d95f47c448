"""Who sits at the desk: a signed session in a cookie."""

import hashlib
import hmac
from typing import Annotated, Final

from fastapi import Request, Security
from itsdangerous import BadSignature, URLSafeTimedSerializer

from services.intake.domain.partners import Scope
from services.intake.errors import UnknownSource
from services.intake.routers.dependencies import Authorization, PoolDep, SettingsDep, key_holder
from services.intake.routers.origin import only_from_here
from services.intake.settings import Settings

COOKIE: Final = "__Host-desk"
LASTS: Final = 12 * 3600  # seconds: a shift


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret.get_secret_value(), salt="desk")


def _mark(source: str, settings: Settings) -> str | None:
    """Which key of the source it is, of no use to guess the key by: a browser's profile keeps what its cookies hold."""
    key = settings.keys.get(source)
    secret = settings.secret.get_secret_value()
    return hmac.new(secret.encode(), key.encode(), hashlib.sha256).hexdigest()[:16] if key else None


def session_for(source: str, settings: Settings) -> str:
    return _signer(settings).dumps({"source": source, "key": _mark(source, settings)})


def source_in(request: Request, settings: Settings) -> str | None:
    """Whose session the request brings; none once it is too old, or the key that opened it is another."""
    try:
        session = _signer(settings).loads(request.cookies.get(COOKIE, ""), max_age=LASTS)
    except BadSignature:
        return None
    source: str = session["source"]
    return source if _mark(source, settings) == session["key"] else None


async def _source_or_desk(request: Request, settings: SettingsDep, pool: PoolDep, authorization: Authorization) -> str:
    if authorization:
        return await key_holder(settings, pool, authorization, Scope.reports)
    source = source_in(request, settings)
    if source is None:
        raise UnknownSource("Send your key as `Authorization: Bearer …`, or sign in at the desk.")
    await only_from_here(request)
    return source


SourceOrDesk = Annotated[str, Security(_source_or_desk, scopes=[Scope.reports])]
