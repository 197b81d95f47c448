"""What the classifier's routes are given."""

from typing import Annotated, Final, Literal

from fastapi import Depends, Query, Request

from services.classifier.domain.rules import Rulebook
from services.classifier.errors import UnknownCaller
from services.classifier.settings import Settings
from shared.schemes import Bearer
from shared.security import bearer

KEY: Final = Bearer("key", "one of HEARD_CLASSIFIER_KEYS")


async def _rulebook(
    request: Request,
    reading: Annotated[
        Literal["first", "second"], Query(description="first: at once, by the rules alone; second: surer")
    ] = "second",
) -> Rulebook:
    rulebook: Rulebook = request.app.state.first if reading == "first" else request.app.state.rulebook
    return rulebook


async def _caller(request: Request, authorization: Annotated[str | None, Depends(KEY)]) -> str:
    settings: Settings = request.app.state.settings
    key = bearer(authorization)
    caller = settings.holder_of(key) if key else None
    if caller is None:
        raise UnknownCaller("Send your key as `Authorization: Bearer …`. Ask the administrator for one.")
    return caller


RulebookDep = Annotated[Rulebook, Depends(_rulebook)]
Caller = Annotated[str, Depends(_caller)]
