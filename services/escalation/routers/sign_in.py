"""Signing in and out of the pages, and how somebody wants them."""

import hmac
import re
from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import quote, unquote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator

from services.escalation.domain.people import Preferences, Role, Theme
from services.escalation.errors import NotLetIn, NotYours, WrongPassword
from services.escalation.handlers import people
from services.escalation.openid import Attempt
from services.escalation.pages import page
from services.escalation.routers.dependencies import (
    COOKIE,
    Now,
    OurPagesOnly,
    PersonDep,
    PoolDep,
    ProviderDep,
    SettingsDep,
)
from services.escalation.settings import Settings

router = APIRouter(dependencies=[OurPagesOnly], include_in_schema=False)

ATTEMPT: Final = "__Host-heard-attempt"
SIGNED_OUT: Final = "__Host-heard-signed-out"
"""The next to sign in, perhaps at a shared machine, has to do so anew: the provider still knows who signed out here."""
HOME: Final = {
    Role.operator: "/board",
    Role.supervisor: "/board",
    Role.admin: "/people",
    Role.auditor: "/audit",
    Role.agency: "/portal",
}


def go(to: str) -> RedirectResponse:
    return RedirectResponse(to, 303)


def with_session(answer: Response, token: str) -> Response:
    """The answer, with the session put into the browser."""
    answer.set_cookie(COOKIE, token, secure=True, httponly=True, samesite="lax", path="/")
    return answer


@router.get("/")
async def home(person: PersonDep) -> Response:
    return go(HOME[person.role])


def _ours(to: str) -> str:
    """The page that somebody was on their way to when they had to sign in; of ours, or the first one."""
    return to if re.fullmatch(r"(/[\w.-]+)+", to, re.ASCII) else "/"


To = Annotated[str, AfterValidator(_ours)]


@router.get("/sign-in")
async def sign_in_page(request: Request, settings: SettingsDep, ended: bool = False, to: To = "/") -> Response:
    return _sign_in_page(request, settings, to, ended=ended)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    name: Annotated[str, Form()],
    password: Annotated[str, Form()],
    pool: PoolDep,
    settings: SettingsDep,
    now: Now,
    to: Annotated[To, Form()] = "/",
) -> Response:
    """By name and password: in the demo alone."""
    if not settings.demo_login:
        raise NotYours("Sign in with your organisation.")
    try:
        await people.check_password(name, password, pool)
    except WrongPassword as error:
        return _sign_in_page(request, settings, to, 401, wrong=error.title, name=name)
    return with_session(go(to), await people.sign_in(name, pool, now))


def _sign_in_page(request: Request, settings: Settings, to: str, status: int = 200, **said: Any) -> Response:
    ways = {"openid": settings.openid_issuer is not None, "demo": settings.demo_login}
    told = {"to": to, "wrong": None, "name": "", "ended": False} | said
    return page(request, "sign_in.html", None, status, **ways, **told)


@router.get("/sign-in/openid")
async def leave(request: Request, provider: ProviderDep, settings: SettingsDep, to: To = "/") -> Response:
    """To the organisation's own sign-in; what is needed to trust whoever comes back stays in this browser."""
    attempt = Attempt.fresh()
    answer = go(await provider.leave_for(attempt, _back(settings), anew=SIGNED_OUT in request.cookies))
    kept = ".".join((attempt.state, attempt.nonce, attempt.verifier, quote(to, safe="")))
    answer.set_cookie(ATTEMPT, kept, max_age=600, secure=True, httponly=True, samesite="lax", path="/")
    return answer


@router.get("/sign-in/openid/back")
async def come_back(
    request: Request,
    provider: ProviderDep,
    settings: SettingsDep,
    pool: PoolDep,
    now: Now,
    state: str = "",
    code: str = "",
    error: str = "",
) -> Response:
    if error:
        raise NotLetIn("Your organisation did not let you in, or you turned back there. Sign in again.")
    *kept, to = request.cookies.get(ATTEMPT, "").split(".", 3)
    if len(kept) != 3 or not code or not hmac.compare_digest(kept[0].encode(), state.encode()):
        raise NotLetIn("You did not start from our sign-in page in this browser. Start again there.")
    person = await provider.come_back(code, Attempt(*kept), _back(settings), now)
    await people.let_in(person, pool, "OpenID provider", now)
    answer = with_session(go(_ours(unquote(to))), await people.sign_in(person.id, pool, now))
    for done in (ATTEMPT, SIGNED_OUT):
        answer.delete_cookie(done, secure=True, httponly=True, samesite="lax", path="/")
    return answer


def _back(settings: Settings) -> str:
    return f"{settings.public_url}/sign-in/openid/back"


@router.post("/sign-out")
async def sign_out(request: Request, pool: PoolDep) -> Response:
    await people.sign_out(request.cookies.get(COOKIE, ""), pool)
    answer = go("/sign-in")
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax", path="/")
    answer.set_cookie(SIGNED_OUT, "yes", secure=True, httponly=True, samesite="lax", path="/")
    return answer


@router.get("/preferences")
async def preferences_page(request: Request, person: PersonDep) -> Response:
    return page(request, "preferences.html", person)


@router.post("/preferences")
async def prefer(
    person: PersonDep,
    pool: PoolDep,
    theme: Annotated[Theme, Form()],
    muted: Annotated[bool, Form()] = False,
    keys: Annotated[bool, Form()] = False,
) -> Response:
    await people.prefer(person, Preferences(theme, muted, keys), pool)
    return go("/")


@router.post("/preferences/muted", status_code=204)
async def mute(person: PersonDep, pool: PoolDep, muted: Annotated[bool, Form()]) -> None:
    await people.prefer(person, replace(person.preferences, muted=muted), pool)
