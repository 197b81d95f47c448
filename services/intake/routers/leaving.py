"""Leaving at once. It takes no place and asks no database: it has to work while nothing else does."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.catalogue import catalogue
from services.intake.routers.origin import FromHere, OnlyFromHere
from services.intake.routers.pages import LEFT, OPENING, Visit
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
    """Forget it for a script that has left already, perhaps from a partner's frame, whose cookies no tab has."""
    return _forgotten(request, "framed" in request.query_params, Response(status_code=204))


def _forgotten(request: Request, framed: bool, answer: Response) -> Response:
    settings: Settings = request.app.state.settings
    visit = Visit(request, settings, catalogue(settings.languages[0]), framed=framed)
    for cookie in OPENING:
        visit.without_cookie(answer, cookie)
    return visit.with_cookie(answer, LEFT, "1")
