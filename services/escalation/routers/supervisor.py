"""The supervisor's page, its files, and drills."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Form, Request, Response

from services.escalation.domain.people import Worker
from services.escalation.errors import NothingThere
from services.escalation.handlers import drills, supervision
from services.escalation.pages import page
from services.escalation.routers.dependencies import Now, OurPagesOnly, PoolDep, RulesDep, SupervisorDep
from services.escalation.routers.sign_in import go
from services.escalation.rules_in_force import drills as exercises

router = APIRouter(dependencies=[OurPagesOnly], include_in_schema=False)

NAMES: Final = {
    "unclaimed": "Threats that nobody holds",
    "no_contact": "Held, and no contact made",
    "breached": "Past their target",
    "nearly": "Within ten minutes of their target",
    "not_placed": "No rule places them",
    "unread": "Nobody has read them",
    "folded": "Near-copies behind another case",
}
List = Literal["unclaimed", "no_contact", "breached", "nearly", "not_placed", "unread", "folded"]


async def _supervisor(person: SupervisorDep) -> Worker:
    return Worker(person.id, person.name, person.belongs_to)


SupervisingDep = Annotated[Worker, Depends(_supervisor)]


@router.get("/supervisor")
async def supervisor(request: Request, person: SupervisorDep, pool: PoolDep, now: Now) -> Response:
    found = await supervision.overview(person.belongs_to, pool, now)
    return page(request, "supervisor.html", person, overview=found, names=NAMES, now=now)


@router.get("/supervisor/{name}.csv")
async def export(name: List, person: SupervisorDep, pool: PoolDep, now: Now) -> Response:
    """A list to take away: recorded."""
    written = await supervision.export(name, person.belongs_to, person.id, pool, now)
    file = f'attachment; filename="heard-{name}-{now:%Y%m%d-%H%M}.csv"'
    return Response(written, media_type="text/csv", headers={"Content-Disposition": file})


@router.get("/drills")
async def drills_page(request: Request, person: SupervisorDep) -> Response:
    return page(request, "drills.html", person, drills=exercises().drills)


@router.post("/drills")
async def start(
    drill: Annotated[str, Form()], worker: SupervisingDep, pool: PoolDep, rules: RulesDep, now: Now
) -> Response:
    wanted = exercises().named(drill)
    if wanted is None:
        raise NothingThere("No drill is called so.")
    await drills.start(wanted, worker, pool, rules, now)
    return go("/board")


@router.post("/drills/end")
async def end(worker: SupervisingDep, pool: PoolDep, now: Now) -> Response:
    await drills.end(worker, pool, now)
    return go("/drills")
