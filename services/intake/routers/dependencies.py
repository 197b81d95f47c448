"""What intake's routes are given. All are coroutines: FastAPI runs what is not in a thread, at a cost.

Those of a report's way ask for no others: FastAPI goes through all that each asks for, as often as it is asked for.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request, Security
from fastapi.requests import HTTPConnection

from services.intake.domain.households import Keyring
from services.intake.domain.partners import Scope
from services.intake.errors import UnknownSource
from services.intake.handlers import partners
from services.intake.handlers.assessing import Classifier, classifier_at
from services.intake.handlers.together import Together
from services.intake.settings import Settings
from shared.clock import Clock
from shared.database import Pool
from shared.keepable import Kept
from shared.outbox import Bell
from shared.schemes import Bearer
from shared.security import bearer
from shared.told import PUBLIC


def of_the_app(name: str) -> Callable[[Request], Awaitable[Any]]:
    """What `main` put into the application's state under this name, for a route."""

    async def found(request: Request) -> Any:
        return getattr(request.app.state, name)

    return found


def classifier_of(connection: HTTPConnection) -> Classifier | None:
    return classifier_at(connection.app.state.settings, connection.app.state.http)


async def _classifier(request: Request) -> Classifier | None:
    return classifier_of(request)


async def _now(connection: HTTPConnection) -> datetime:
    clock: Clock = connection.app.state.clock
    return clock.now()


SettingsDep = Annotated[Settings, Depends(of_the_app("settings"))]
PoolDep = Annotated[Pool, Depends(of_the_app("pool"))]
BellDep = Annotated[Bell, Depends(of_the_app("bell"))]
ClassifierDep = Annotated[Classifier | None, Depends(_classifier)]
RingDep = Annotated[Keyring, Depends(of_the_app("ring"))]
TogetherDep = Annotated[Together, Depends(of_the_app("together"))]
Now = Annotated[datetime, Depends(_now)]
IdempotencyKey = Annotated[
    Kept | None,
    Header(
        min_length=1,
        max_length=200,
        description="send the same key again, and the report is kept only once; whoever has no key of an organisation "
        "makes it one that nobody guesses, of 20 characters or more",
    ),
]


WHICH_KEY: Final = "Send your key as `Authorization: Bearer …`. Ask the administrator for one."


Authorization = Annotated[
    str | None,
    Depends(
        Bearer(
            "key",
            "a key of an organisation, good for what stands beside it: for `reports` one of HEARD_INTAKE_KEYS or a "
            "partner's, for all else a partner's (`heard intake key make PARTNER --scope SCOPE`)",
        )
    ),
]


async def key_holder(settings: Settings, pool: Pool, authorization: str | None, scope: Scope) -> str:
    """Whose key was sent, where it is good for `scope`. Raises UnknownSource."""
    key = bearer(authorization) or ""
    of_ours = settings.holder_of(key) if scope is Scope.reports else None
    source = of_ours or await partners.holder_of(key, scope, pool)
    if source is None:
        raise UnknownSource(WHICH_KEY)
    return source


async def _source(request: Request, authorization: Authorization) -> str:
    state = request.app.state
    return await key_holder(state.settings, state.pool, authorization, Scope.reports)


async def _source_or_public(request: Request, authorization: Authorization) -> str:
    return await _source(request, authorization) if authorization else PUBLIC


Source = Annotated[str, Security(_source, scopes=[Scope.reports])]
SourceOrPublic = Annotated[str, Security(_source_or_public, scopes=[Scope.reports])]
