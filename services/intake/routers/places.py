"""Reports taken at once. Over a limit whoever sends one is told to come back, while those before it are still taken."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from fastapi import Depends, Request
from prometheus_client import Counter as Metric
from starlette.datastructures import State
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.intake.errors import TooBusy
from services.intake.handlers.partners import Partners
from services.intake.routers.floods import network_of
from services.intake.routers.form import MAX_FORM
from services.intake.settings import Settings
from shared.http import EMERGENCY, MAX_BODY, problem
from shared.security import bearer

SHED = Metric("heard_reports_shed_total", "Reports told to come back, because too many were being taken")
BY_PROGRAM: Final = ("/v1/reports", "/v1/transcripts")
TIMES_INSIDE: Final = 2
"""How many may be inside for each place that there is."""
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
COME_BACK: Final = f"Nothing was kept, so please send it again in a few seconds. {EMERGENCY}"


@dataclass
class Places:
    """No one source has more than half of them, so that there is one for the next."""

    many: int
    _of: Counter[str] = field(default_factory=Counter)

    def take(self, source: str) -> None:
        """Raises TooBusy."""
        if self._of.total() >= self.many or self._of[source] >= max(1, self.many // 2):
            SHED.inc()
            raise TooBusy(COME_BACK)
        self._of[source] += 1

    def leave(self, source: str) -> None:
        self._of[source] -= 1
        if not self._of[source]:
            del self._of[source]


async def _come(request: Request) -> None:
    """The whole form is here, and kept with the request: FastAPI reads what is no form before it asks for a place."""
    if request.headers.get("content-type", "").lower().startswith(FORMS):
        await request.form(max_part_size=MAX_FORM)


async def _place(request: Request) -> AsyncIterator[None]:
    if request.method != "POST":
        yield
        return
    await _come(request)
    places: Places = request.app.state.places
    source = source_of(request)
    places.take(source)
    try:
        yield
    finally:
        places.leave(source)


def source_of(connection: HTTPConnection) -> str:
    """Whose key it comes with, where that is known without asking anybody; otherwise where it comes from."""
    key = bearer(connection.headers.get("authorization"))
    if key and (holder := _holder(key, connection.app.state)):
        return f"key of {holder}"
    return network_of(connection)


def _holder(key: str, state: State) -> str | None:
    settings: Settings = state.settings
    partners: Partners = state.partners
    return settings.holder_of(key) or partners.holder(key)


class Door:
    """Turns reports by program away before they are looked at, once far more have come than there are places for.

    What is turned away only then takes as long as what is kept: in a flood everybody would wait. Who is still sending
    is not inside yet, and keeps nobody out.
    """

    def __init__(self, app: ASGIApp, many: int) -> None:
        self._app, self._inside = app, Places(many)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in BY_PROGRAM:
            await self._app(scope, receive, send)
            return
        source, come = source_of(HTTPConnection(scope)), await _body(receive)
        try:
            self._inside.take(source)
        except TooBusy as busy:
            await problem(busy.status, busy.title, str(busy), busy.headers, type=busy.type)(scope, receive, send)
            return
        try:
            await self._app(scope, _again(come, receive), send)
        finally:
            self._inside.leave(source)


async def _body(receive: Receive) -> list[Message]:
    """All that is sent, or as much as shows that it is too large."""
    come, size, more = [], 0, True
    while more and size <= MAX_BODY:
        come.append(await receive())
        size += len(come[-1].get("body", b""))
        more = come[-1].get("more_body", False)
    return come


def _again(come: Sequence[Message], receive: Receive) -> Receive:
    """What has come, as if it came now, and then what comes."""
    kept = iter(come)

    async def received() -> Message:
        return next(kept, None) or await receive()

    return received


OneOfThePlaces = Depends(_place, scope="function")
"""For routers by which reports come. Calls are not among them: who is on the line is never told to come back."""
