"""Signing in and out of the pages, and how somebody wants them."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.escalation.domain.people import Preferences, Role, Theme
from services.escalation.errors import NotYours, WrongPassword
from services.escalation.handlers import people
from services.escalation.pages import page
from services.escalation.routers.dependencies import COOKIE, Now, OurPagesOnly, PersonDep, PoolDep, SettingsDep

router = APIRouter(dependencies=[OurPagesOnly], include_in_schema=False)

HOME = {
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


@router.get("/sign-in")
async def sign_in_page(request: Request, settings: SettingsDep) -> Response:
    return page(request, "sign_in.html", None, openid=False, demo=settings.demo_login, wrong=None)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    name: Annotated[str, Form()],
    password: Annotated[str, Form()],
    pool: PoolDep,
    settings: SettingsDep,
    now: Now,
) -> Response:
    """By name and password: in the demo alone."""
    if not settings.demo_login:
        raise NotYours("Sign in with your organisation.")
    try:
        await people.check_password(name, password, pool)
    except WrongPassword as error:
        return page(request, "sign_in.html", None, 401, openid=False, demo=True, wrong=error.title)
    return with_session(go("/"), await people.sign_in(name, pool, now))


@router.post("/sign-out")
async def sign_out(request: Request, pool: PoolDep) -> Response:
    await people.sign_out(request.cookies.get(COOKIE, ""), pool)
    answer = go("/sign-in")
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax", path="/")
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
