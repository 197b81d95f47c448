"""What goes wrong, said as a page to a person and as a problem to a program."""

from http import HTTPStatus
from typing import Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from services.intake.catalogue import catalogue
from services.intake.errors import AlreadySent, DraftGone, NotFromHere, OtherDraft, TooBusy, UnknownPartner, VisitOver
from services.intake.routers.form import MAX_FORM
from services.intake.routers.form_status import carried_along
from services.intake.routers.origin import READS
from services.intake.routers.pages import Visit, visit_of
from shared import faults
from shared.database import DatabaseUnavailable
from shared.faults import typed
from shared.http import Application, ServiceError, problem, too_large_problem, too_slow_problem

FILES: Final = "/v1/transcripts/files"
FOR_PROGRAMS: Final = ("/v1/", "/open311/", "/livez", "/readyz", "/metrics", "/openapi.json")


def speak_to_people(app: Application) -> None:
    """Answer whoever asked for a page with a page; programs get what they got before."""
    faults.speak_to_people(app, _by_program, _page)

    async def too_large(request: Request) -> Response:
        if request.url.path == FILES:
            return problem(413, "Too large", "A file may be up to 64 MiB. Send the transcript without its recording.")
        if _by_program(request):
            return await too_large_problem(request)
        return await _before_all_else(request, 413, "too_large")

    async def too_slow(request: Request) -> Response:
        if _by_program(request):
            return await too_slow_problem(request)
        page = await _before_all_else(request, 408, "too_slow")
        page.headers["Connection"] = "close"
        return page

    app.too_large, app.too_slow = too_large, too_slow


async def _before_all_else(request: Request, status: int, why: str) -> Response:
    """A page from in front of any middleware."""
    return (await _visit(request)).page("fault.html", status, why=why)


def _by_program(request: Request) -> bool:
    return request.url.path.startswith(FOR_PROGRAMS)


async def _visit(request: Request) -> Visit:
    """With its partner, where that can be found out."""
    try:
        return await visit_of(request)
    except (DatabaseUnavailable, UnknownPartner):
        return Visit(request, request.app.state.settings, catalogue(request.app.state.settings.languages[0]))


async def _page(request: Request, error: Exception, _: Response) -> Response:
    visit = await _visit(request)
    match error:
        case DraftGone() | VisitOver() if visit.left and request.method in READS:
            return RedirectResponse(visit.settings.exit_to, 303)
        case DraftGone() | VisitOver() if visit.left:
            return visit.page("fault.html", HTTPStatus.GONE, why="left")
        case DraftGone():
            return visit.page("gone.html", HTTPStatus.GONE)
        case VisitOver():
            return await _to_look_up_again(visit)
        case DatabaseUnavailable() | TooBusy():
            return await _away(visit)
        case OtherDraft():
            return visit.page("fault.html", HTTPStatus.CONFLICT, why="other_draft")
        case AlreadySent():
            return visit.page("fault.html", HTTPStatus.CONFLICT, why="sent")
        case NotFromHere():
            return visit.page("fault.html", HTTPStatus.FORBIDDEN, why="elsewhere")
        case HTTPException(status_code=404) | UnknownPartner():
            return visit.page("fault.html", HTTPStatus.NOT_FOUND, why="not_found")
        case RequestValidationError():
            return visit.page("fault.html", HTTPStatus.UNPROCESSABLE_ENTITY, why="refused")
        case HTTPException() | ServiceError():
            status = error.status_code if isinstance(error, HTTPException) else error.status
            return visit.page("fault.html", status, why="refused")
        case _:
            return visit.page("fault.html", HTTPStatus.INTERNAL_SERVER_ERROR, why="unexpected")


async def _to_look_up_again(visit: Visit) -> Response:
    """What was typed goes with the page, out of sight, and is sent on once its report is looked up again."""
    request = visit.request
    posted = request.method == "POST"
    fields, _ = await typed(request, MAX_FORM) if posted else ((), False)
    carried = carried_along(request.url.path.rpartition("/")[2] if posted else "", fields)
    return visit.page("look_up.html", HTTPStatus.GONE, over=True, carried=carried)


async def _away(visit: Visit) -> Response:
    """What was typed goes back with the page, out of sight, and is sent again by its button."""
    request = visit.request
    again = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    posted = request.method == "POST"
    fields, files = await typed(request, MAX_FORM) if posted else ((), False)
    status = HTTPStatus.SERVICE_UNAVAILABLE
    page = visit.page("away.html", status, again=again, posted=posted, typed=fields, files=files)
    page.headers["Retry-After"] = "5"
    return page
