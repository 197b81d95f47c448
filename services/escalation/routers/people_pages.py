"""Who may sign in: an administrator shuts somebody out at once, or lets them in again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from services.escalation.errors import NotSo
from services.escalation.handlers import people
from services.escalation.pages import page
from services.escalation.routers.dependencies import AdminDep, Now, OurPagesOnly, PoolDep
from services.escalation.routers.sign_in import go

router = APIRouter(prefix="/people", dependencies=[OurPagesOnly], include_in_schema=False)


@router.get("")
async def everybody(request: Request, person: AdminDep, pool: PoolDep) -> Response:
    return page(request, "people.html", person, people=await people.everybody(pool))


@router.post("")
async def let(
    admin: AdminDep, pool: PoolDep, now: Now, person: Annotated[str, Form()], active: Annotated[bool, Form()]
) -> Response:
    if person == admin.id:
        raise NotSo("Nobody shuts themselves out: ask another administrator.")
    await people.let(person, active, admin.id, pool, now)
    return go("/people")
