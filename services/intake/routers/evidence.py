"""Files that came with reports, for those who deal with them: always to be saved, never to be looked at in place.

As they were given, to the byte: for police, and for nobody else (decision 0025). Who is given which stands on record.
"""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

import structlog
from fastapi import APIRouter, Response, Security

from services.intake.domain.partners import Key, Scope
from services.intake.errors import UnknownSource
from services.intake.handlers import evidence, partners
from services.intake.handlers.drafts import Drafts
from services.intake.routers.dependencies import WHICH_KEY, Authorization, BellDep, Now, PoolDep, SettingsDep
from shared.security import bearer

router = APIRouter(prefix="/v1/evidence", tags=["evidence"])

log = structlog.get_logger()


async def _key(file: UUID, pool: PoolDep, authorization: Authorization) -> Key:
    key = await partners.key_of(bearer(authorization) or "", Scope.evidence, pool)
    if key is None:
        log.warning("file refused", file=str(file), reason="no key that is good for files")
        raise UnknownSource(WHICH_KEY)
    return key


@router.get("/{file}", response_class=Response)
async def fetch(
    file: UUID,
    key: Annotated[Key, Security(_key, scopes=[Scope.evidence])],
    pool: PoolDep,
    settings: SettingsDep,
    bell: BellDep,
    now: Now,
) -> Response:
    """The file's bytes, as an attachment of no type that a browser would open. Scope `evidence`.

    That you were given it is recorded, each time.
    """
    name, kind, content = await evidence.fetched(file, key, Drafts(pool, settings.secrets), bell, now)
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Evidence-Type": kind,
        },
    )
