"""The auditor's page: everything that was recorded of one case, or what somebody did on one day."""

from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.escalation.domain.local import day_of
from services.escalation.errors import NothingThere
from services.escalation.handlers import audit
from services.escalation.pages import page
from services.escalation.routers.dependencies import AuditorDep, Now, OurPagesOnly, PoolDep

router = APIRouter(dependencies=[OurPagesOnly], include_in_schema=False)


@router.get("/audit")
async def record(
    request: Request,
    person: AuditorDep,
    pool: PoolDep,
    now: Now,
    reference: Annotated[str | None, Query(max_length=100)] = None,
    who: Annotated[str | None, Query(max_length=300)] = None,
    day: Annotated[date | None, Query(ge=date(2000, 1, 1), lt=date(2100, 1, 1))] = None,
) -> Response:
    entries, more, wrong, day = None, False, None, day or day_of(now)
    try:
        if reference:
            entries = (await audit.of_case(reference, person.id, pool, now))[1]
        elif who:
            entries, more = await audit.of_person(who.strip(), day, person.id, pool, now)
    except NothingThere as error:
        wrong = f"{error} Check each letter and digit of it; one that was erased is found by its report's id alone."
    status = HTTPStatus.NOT_FOUND if wrong else HTTPStatus.OK
    asked = {"reference": reference or "", "whom": "" if reference else who or "", "day": day}
    return page(request, "audit.html", person, status, entries=entries, more=more, wrong=wrong, **asked)
