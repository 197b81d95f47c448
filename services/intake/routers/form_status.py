"""How a report stands, safe to be seen over a shoulder: never the story, the labels or an agency's name."""

from fastapi import APIRouter, Response

from services.intake.routers.pages import FromHere, VisitDep

router = APIRouter(dependencies=[FromHere], include_in_schema=False)


@router.get("/status")
async def look_up(visit: VisitDep) -> Response:
    return visit.page("status_look_up.html")
