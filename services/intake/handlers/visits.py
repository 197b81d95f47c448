"""Somebody looking how their report stands: let in by reference and secret, and remembered for a while, sealed."""

from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from services.intake.domain import sealing
from services.intake.errors import VisitOver
from services.intake.handlers import reports
from services.intake.handlers.drafts import Drafts
from services.intake.repository import sealed
from shared.database import statement

OPEN_FOR: Final = timedelta(minutes=30)  # since it was last used


class Holder(BaseModel):
    """What opens one report."""

    model_config = ConfigDict(frozen=True)

    reference: str
    secret: str


async def enter(holder: Holder, drafts: Drafts, now: datetime) -> str:
    """The code of a visit. Raises UnknownReference."""
    await reports.standing(holder.reference, holder.secret, drafts.pool)
    code = sealing.new_code()
    shut = sealing.seal(holder.model_dump_json().encode(), code, drafts.secrets)
    async with statement(drafts.pool) as connection:
        await sealed.put(connection, sealing.place_of(code), shut, now + OPEN_FOR)
    return code


async def holder_of(code: str | None, drafts: Drafts, now: datetime) -> Holder:
    """Whose visit it is, which lasts on while it is used. Raises VisitOver where it was closed or is over."""
    if not code:
        raise VisitOver("The page was closed. Look it up again.")
    async with statement(drafts.pool) as connection:
        found = await sealed.renew(connection, sealing.place_of(code), now, now + OPEN_FOR)
    if found is None:
        raise VisitOver("The page was closed, or open for too long. Look it up again.")
    try:
        return Holder.model_validate_json(sealing.unseal(found, code, drafts.secrets))
    except sealing.Unopened as error:
        raise VisitOver("It was opened under another key. Look it up again.") from error


async def end(code: str | None, drafts: Drafts) -> None:
    async with statement(drafts.pool) as connection:
        await sealed.forget(connection, sealing.place_of(code or ""))
