"""The supervisor's page, its files, and drills."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from services.escalation.domain.alerting import Listed
from services.escalation.domain.people import Person
from services.escalation.domain.words import GRADES, QUEUES
from services.escalation.errors import NotFree, NothingThere
from services.escalation.handlers import drills, leases, supervision
from services.escalation.pages import page
from services.escalation.repository.supervision import MOST
from services.escalation.routers.case_pages import Words
from services.escalation.routers.dependencies import Now, OurPagesOnly, PoolDep, RulesDep, SupervisorDep
from services.escalation.routers.sign_in import go
from services.escalation.rules_in_force import drills as exercises
from shared.database import Pool

router = APIRouter(dependencies=[OurPagesOnly], include_in_schema=False)

NAMES: Final = {
    Listed.unclaimed: "Threats that nobody holds",
    Listed.no_contact: "Held, and no contact made",
    Listed.breached: "Past their target",
    Listed.nearly: "Within ten minutes of their target",
    Listed.in_review: "In review: a person decides",
    Listed.unread: "Nobody has read them",
    Listed.folded: "Near-copies behind another case",
}


@router.get("/supervisor")
async def supervisor(request: Request, person: SupervisorDep, pool: PoolDep, now: Now) -> Response:
    return await _overview(request, person, pool, now)


async def _overview(
    request: Request, person: Person, pool: Pool, now: datetime, error: NotFree | None = None, *written: str
) -> Response:
    found = await supervision.overview(person.belongs_to, pool, now)
    wrong = f"{error.title}. {error} The lists are as they are now." if error else None
    status = HTTPStatus.CONFLICT if wrong else HTTPStatus.OK
    shown = {"overview": found, "names": NAMES, "most": MOST, "queues": QUEUES, "grades": GRADES, "now": now}
    return page(request, "supervisor.html", person, status, wrong=wrong, written=written, **shown)


@router.post("/supervisor/claims/{report_id}")
async def claim(report_id: UUID, request: Request, person: SupervisorDep, pool: PoolDep, now: Now) -> Response:
    """From a list that may be older than what somebody else has claimed meanwhile."""
    try:
        await leases.claim(report_id, person.worker, None, pool, now)
    except NotFree as error:
        return await _overview(request, person, pool, now, error)
    return go(f"/board/cases/{report_id}")


@router.post("/supervisor/takeovers/{report_id}")
async def take_over(
    report_id: UUID,
    holder: Annotated[str, Form()],
    why: Words,
    request: Request,
    person: SupervisorDep,
    pool: PoolDep,
    now: Now,
) -> Response:
    """From the one whom the list showed, and from nobody else."""
    try:
        await leases.take_over(report_id, holder, person.worker, why, pool, now)
    except NotFree as error:
        return await _overview(request, person, pool, now, error, why)
    return go(f"/board/cases/{report_id}")


@router.get("/supervisor/{name}.csv")
async def export(name: Listed, person: SupervisorDep, pool: PoolDep, now: Now) -> Response:
    """A list to take away: recorded."""
    written = await supervision.export(name, person.belongs_to, person.id, pool, now)
    file = f'attachment; filename="heard-{name}-{now:%Y%m%d-%H%M}.csv"'
    return Response(written, media_type="text/csv", headers={"Content-Disposition": file})


@router.get("/drills")
async def drills_page(request: Request, person: SupervisorDep) -> Response:
    return page(request, "drills.html", person, drills=exercises().drills)


@router.post("/drills")
async def start(
    drill: Annotated[str, Form()], person: SupervisorDep, pool: PoolDep, rules: RulesDep, now: Now
) -> Response:
    wanted = exercises().named(drill)
    if wanted is None:
        raise NothingThere("No drill is called so.")
    await drills.start(wanted, person.worker, pool, rules, now)
    return go("/board")


@router.post("/drills/end")
async def end(person: SupervisorDep, pool: PoolDep, now: Now) -> Response:
    await drills.end(person.worker, pool, now)
    return go("/drills")
