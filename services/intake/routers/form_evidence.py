"""The form's page for files: what is in them is checked, and none is ever served back to be looked at."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from starlette.datastructures import UploadFile

from services.intake.domain import questions
from services.intake.domain.drafts import Draft
from services.intake.domain.files import MAX_FILE, MAX_FILES
from services.intake.domain.questions import EVIDENCE
from services.intake.handlers import evidence
from services.intake.handlers.drafts import Drafts
from services.intake.handlers.evidence import Fault, Upload
from services.intake.routers.dependencies import Now, SettingsDep
from services.intake.routers.form import DraftsDep, OfThisDraft, back_from, checking, draft_of
from services.intake.routers.origin import FromHere
from services.intake.routers.pages import DRAFT, Visit, VisitDep
from shared.database import DatabaseUnavailable

router = APIRouter(dependencies=[FromHere], include_in_schema=False)

MAX_UPLOAD: Final = 32 * 2**20  # bytes at once, with what a browser puts around the files
LIMITS: Final = {"count": MAX_FILES, "megabytes": MAX_FILE // 2**20, "at_once": 30}
"""As a person is told them: files, and megabytes for each and at a time."""


@router.get("/form/evidence")
async def ask(visit: VisitDep, kept: DraftsDep, now: Now) -> Response:
    draft = await draft_of(visit, kept, now)
    if draft.sent:
        return visit.to("/form/sent")
    return await _page(visit, draft, kept)


@router.post("/form/evidence", max_body_size=MAX_UPLOAD, dependencies=[OfThisDraft])
async def add(visit: VisitDep, request: Request, kept: DraftsDep, settings: SettingsDep, now: Now) -> Response:
    """Keep the files chosen, and go on; or stay, where there are more to add or one cannot be taken."""
    try:
        draft = await draft_of(visit, kept, now)
        async with request.form() as form:
            then, uploads = form.get("then"), [await _read(one) for one in form.getlist("files")]
        files = [one for one in uploads if one]
        if draft.sent and not files:
            return visit.to("/form/sent")
        if then == "more" and not files:
            return await _page(visit, draft, kept, [Fault("file_none", "")])
        wrong = await evidence.attach(visit.cookie(DRAFT) or "", files, settings.unsent_files * 2**20, kept, now)
    except DatabaseUnavailable:
        return visit.page("away.html", 503, again=visit.url("/form/evidence"), files=True)
    if wrong:
        return await _page(visit, draft, kept, wrong)
    if then == "more":
        return visit.to(_again(visit))
    if then == "save":
        return visit.to("/form/save")
    following = questions.after(EVIDENCE, draft.reporting)
    to_the_end = checking(visit) or then == "check"
    return visit.to("/form/check" if to_the_end or not following else f"/form/{following.name}")


async def _read(one: UploadFile | str) -> Upload | None:
    """None for the empty part that a browser sends where no file was chosen."""
    return Upload(one.filename, await one.read()) if isinstance(one, UploadFile) and one.filename else None


@router.post("/form/evidence/remove", dependencies=[OfThisDraft])
async def remove(visit: VisitDep, kept: DraftsDep, now: Now, file: Annotated[UUID, Form()]) -> Response:
    await evidence.remove(visit.cookie(DRAFT) or "", file, kept, now)
    return visit.to(_again(visit))


def _again(visit: Visit) -> str:
    return "/form/evidence?check" if checking(visit) else "/form/evidence"


async def _page(visit: Visit, draft: Draft, kept: Drafts, wrong: list[Fault] | None = None) -> Response:
    return visit.page(
        "evidence.html",
        400 if wrong else 200,
        files=await evidence.of_draft(visit.cookie(DRAFT) or "", kept),
        wrong=wrong or (),
        limits=LIMITS,
        reporting=draft.reporting,
        number=questions.number(EVIDENCE, draft.reporting),
        count=len(list(questions.asked(draft.reporting))),
        back=back_from(visit, EVIDENCE, draft.reporting),
        checking=checking(visit),
    )
