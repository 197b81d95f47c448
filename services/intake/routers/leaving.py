"""Leaving at once. It takes no place and asks no database: it has to work while nothing else does."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.catalogue import catalogue
from services.intake.routers.origin import FromHere, OnlyFromHere
from services.intake.routers.pages import DRAFT, LEFT, STATUS, Visit
from services.intake.settings import Settings

router = APIRouter(include_in_schema=False)


@router.get("/exit", dependencies=[OnlyFromHere])
async def leave(request: Request) -> Response:
    """Go at once to a page that gives nothing away, and forget on this device what was being written."""
    settings: Settings = request.app.state.settings
    framed = request.headers.get("sec-fetch-dest") == "iframe"
    return _forgotten(request, framed, RedirectResponse(settings.exit_to, 303))


@router.post("/exit", dependencies=[FromHere])
async def forget(request: Request) -> Response:
    """The same from inside a partner's frame, whose cookies the whole tab does not have."""
    return _forgotten(request, True, Response(status_code=204))


def _forgotten(request: Request, framed: bool, answer: Response) -> Response:
    settings: Settings = request.app.state.settings
    visit = Visit(request, settings, catalogue(settings.languages[0]), framed=framed)
    for cookie in (DRAFT, STATUS):
        visit.without_cookie(answer, cookie)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return visit.with_cookie(answer, LEFT, "1")
