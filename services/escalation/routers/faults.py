"""What goes wrong, said as a page to a person and as a problem to a program or to a page's own script."""

import json
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from services.escalation.domain.people import Person
from services.escalation.errors import ElsewhereSent, SignInFirst
from services.escalation.handlers import people
from services.escalation.pages import page
from services.escalation.routers.dependencies import COOKIE, SAFE
from services.escalation.routers.texts import own_words
from shared import faults
from shared.database import DatabaseUnavailable
from shared.http import Application, too_large_problem, too_slow_problem

FOR_PROGRAMS: Final = ("/v1/", "/oauth/", "/livez", "/readyz", "/metrics", "/openapi.json")
KEPT: Final = ("retry-after", "connection", "allow")
"""Headers of a problem that its page has too."""
SIGN_IN: Final = "/sign-in"
ENDED: Final = {
    "title": "Your session has ended",
    "detail": "What you sent was not kept. It is still in this page, out of sight. "
    "Sign in in another tab, then come back to this one and send it again.",
}

NO_SUCH_PAGE: Final = {
    "title": "Nothing is here",
    "detail": "Check the address, or go back and start from there.",
    "errors": (),
}


def speak_to_people(app: Application) -> None:
    """Answer whoever asked for a page with a page; programs, and htmx, get what they got before."""
    faults.speak_to_people(app, _by_program, _page)

    async def too_large(request: Request) -> Response:
        told = await too_large_problem(request)
        return told if _by_program(request) else await _fault(request, told)

    async def too_slow(request: Request) -> Response:
        told = await too_slow_problem(request)
        return told if _by_program(request) else await _fault(request, told)

    app.too_large, app.too_slow = too_large, too_slow


def _by_program(request: Request) -> bool:
    return "HX-Request" in request.headers or request.url.path.startswith(FOR_PROGRAMS)


async def _page(request: Request, error: Exception, told: Response) -> Response:
    """Whatever was sent while it could not be taken goes back with the page, and is sent again by its button.

    A form that came from somebody else's page is never given back, to be sent from ours; nor is a password.
    """
    if isinstance(error, SignInFirst) and request.method in SAFE:
        return _on_their_way(told, request.url.path)
    if _no_such_page(error):
        return await _fault(request, told, **NO_SUCH_PAGE)
    if request.method in SAFE or isinstance(error, ElsewhereSent) or request.url.path == SIGN_IN:
        return await _fault(request, told)
    fields, _ = await faults.typed(request)
    if isinstance(error, SignInFirst):
        return await _fault(request, told, status=HTTPStatus.UNAUTHORIZED, again=fields, sign_in=SIGN_IN, **ENDED)
    if isinstance(error, DatabaseUnavailable):
        return await _fault(request, told, again=fields)
    return await _fault(request, told, written=own_words(fields))


def _on_their_way(told: Response, to: str) -> Response:
    """To the sign-in page, and from there to the page that a link led to."""
    if to != "/":
        there = told.headers["location"]
        told.headers["location"] = f"{there}{'&' if '?' in there else '?'}{urlencode({'to': to})}"
    return told


def _no_such_page(error: Exception) -> bool:
    if isinstance(error, RequestValidationError):
        return any(fault["loc"][0] == "path" for fault in error.errors())
    return isinstance(error, HTTPException) and error.status_code == HTTPStatus.NOT_FOUND


async def _fault(request: Request, told: Response, **more: Any) -> Response:
    who = await _who(request) if told.status_code != HTTPStatus.INTERNAL_SERVER_ERROR else None
    shown = {"errors": (), "again": None, "sign_in": None, "written": ()} | json.loads(bytes(told.body)) | more
    answer = page(request, "fault.html", who, **shown)
    answer.headers.update({name: told.headers[name] for name in KEPT if name in told.headers})
    return answer


async def _who(request: Request) -> Person | None:
    """Whoever is signed in, where that can be found out."""
    token, state = request.cookies.get(COOKIE), request.app.state
    try:
        return await people.who_is(token, state.pool, state.clock.now()) if token else None
    except DatabaseUnavailable:
        return None
