"""Pages to read: the start, who can help, who to tell, the case review. Reading them leaves nothing with us."""

from fastapi import APIRouter, HTTPException, Response

from services.intake.guidance import guidance, local_names, whom_to_tell
from services.intake.routers.pages import DRAFT, LANGUAGE, VisitDep

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start(visit: VisitDep) -> Response:
    return visit.returned(visit.page("start.html", under_way=bool(visit.cookie(DRAFT))))


@router.get("/support")
async def support(visit: VisitDep) -> Response:
    return visit.page("support.html", services=guidance().support)


@router.get("/who-to-tell")
async def who_to_tell(visit: VisitDep) -> Response:
    return visit.page(
        "who_to_tell.html", guidance=guidance(), whom=whom_to_tell, near=local_names(visit.settings.directory)
    )


@router.get("/case-review")
async def case_review(visit: VisitDep) -> Response:
    return visit.page("case_review.html", under_way=bool(visit.cookie(DRAFT)))


@router.get("/leaving")
async def leaving(visit: VisitDep) -> Response:
    return visit.page("leaving.html")


@router.get("/language/{language}")
async def choose_language(visit: VisitDep, language: str) -> Response:
    if language not in visit.settings.languages:
        raise HTTPException(404, "This language is not offered.")
    return visit.with_cookie(visit.to("/"), LANGUAGE, language)
