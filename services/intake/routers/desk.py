"""The operator's desk: a page that types, pastes or follows a call over the same routes as a telephone system."""

import json
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import StrictUndefined

from services.intake.routers.dependencies import SettingsDep
from services.intake.routers.origin import FromHere
from services.intake.routers.pages import pages as of_everybody
from services.intake.routers.sessions import COOKIE, LASTS, session_for, source_in
from shared.facts import FACTS
from shared.keepable import Kept

router = APIRouter(prefix="/desk", dependencies=[FromHere], include_in_schema=False)

pages: Final = of_everybody.overlay(undefined=StrictUndefined)
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def _page(source: str | None, wrong: str | None = None, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        pages.get_template("desk.html").render(source=source, wrong=wrong, facts=json.dumps(dict(FACTS))),
        status,
        {"Content-Security-Policy": POLICY},
    )


@router.get("")
async def desk(request: Request, settings: SettingsDep) -> Response:
    return _page(source_in(request, settings))


@router.post("/sign-in")
async def sign_in(key: Annotated[Kept, Form()], settings: SettingsDep) -> Response:
    """With the key of a source; the browser gets a session, and never keeps the key."""
    source = settings.holder_of(key)
    if source is None:
        return _page(None, "This is nobody's key. Ask the administrator for one.", 401)
    answer = RedirectResponse("/desk", 303)
    answer.set_cookie(
        COOKIE, session_for(source, settings), LASTS, path="/", secure=True, httponly=True, samesite="strict"
    )
    return answer


@router.post("/sign-out")
async def sign_out() -> Response:
    answer = RedirectResponse("/desk", 303)
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return answer
