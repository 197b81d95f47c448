"""Files that came with reports, for those who deal with them: always to be saved, never to be looked at in place.

As they were given, to the byte: for police, and for nobody else (decision 0025).
"""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Response

from services.intake.domain.partners import Scope
from services.intake.handlers import evidence
from services.intake.handlers.drafts import Drafts
from services.intake.routers.dependencies import PoolDep, SettingsDep, key_holder

router = APIRouter(prefix="/v1/evidence", tags=["evidence"])


async def _allowed(settings: SettingsDep, pool: PoolDep, authorization: Annotated[str | None, Header()] = None) -> str:
    return await key_holder(settings, pool, authorization, Scope.evidence)


@router.get("/{file}", dependencies=[Depends(_allowed)], response_class=Response)
async def fetch(file: UUID, pool: PoolDep, settings: SettingsDep) -> Response:
    """The file's bytes, as an attachment of no type that a browser would open."""
    name, kind, content = await evidence.fetched(file, Drafts(pool, settings.secrets))
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Evidence-Type": kind,
        },
    )
