"""The auditor's page: everything that was recorded of one case."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.escalation.errors import NothingThere
from services.escalation.handlers import audit
from services.escalation.pages import page
from services.escalation.routers.dependencies import AuditorDep, Now, OurPagesOnly, PoolDep

router = APIRouter(dependencies=[OurPagesOnly], include_in_schema=False)


@router.get("/audit")
async def of_case(
    request: Request,
    person: AuditorDep,
    pool: PoolDep,
    now: Now,
    reference: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    entries, wrong = None, None
    try:
        entries = (await audit.of_case(reference, person.id, pool, now))[1] if reference else None
    except NothingThere as error:
        wrong = f"{error} Check each letter and digit of it."
    status = HTTPStatus.NOT_FOUND if wrong else HTTPStatus.OK
    return page(request, "audit.html", person, status, reference=reference or "", entries=entries, wrong=wrong)
