"""Partners and their keys."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.intake.domain.partners import Key, Partner, Scope
from shared.database import Connection

REGISTER: Final = """
insert into partner (id, name, colour, origins, way_back) values ($1, $2, $3, $4, $5)
on conflict (id) do update set name = $2, colour = $3, origins = $4, way_back = $5
"""
ONE: Final = "select id, name, colour, origins, way_back from partner where id = $1"
ADD_KEY: Final = "insert into partner_key (id, partner, hash, scopes, made_at) values ($1, $2, $3, $4, $5)"
REVOKE: Final = "update partner_key set revoked_at = coalesce(revoked_at, $2) where id = $1 returning id"
KEYS: Final = "select id, partner, scopes, made_at, revoked_at from partner_key order by made_at"
HOLDER: Final = """
select id, partner, scopes, made_at, revoked_at from partner_key where hash = $1 and revoked_at is null
"""
HOLDERS: Final = "select hash, partner from partner_key where revoked_at is null"


async def register(connection: Connection, partner: Partner) -> None:
    await connection.execute(
        REGISTER, partner.id, partner.name, partner.colour, list(partner.origins), partner.way_back
    )


async def one(connection: Connection, partner: str) -> Partner | None:
    row = await connection.fetchrow(ONE, partner)
    return Partner(**(dict(row) | {"origins": tuple(row["origins"])})) if row else None


async def add_key(connection: Connection, key: Key, digest: str) -> None:
    await connection.execute(ADD_KEY, key.id, key.partner, digest, list(key.scopes), key.made_at)


async def revoke(connection: Connection, key: UUID, now: datetime) -> bool:
    return await connection.fetchval(REVOKE, key, now) is not None


async def keys(connection: Connection) -> list[Key]:
    return [_key(dict(row)) for row in await connection.fetch(KEYS)]


async def holder(connection: Connection, digest: str) -> Key | None:
    row = await connection.fetchrow(HOLDER, digest)
    return _key(dict(row)) if row else None


async def holders(connection: Connection) -> dict[str, str]:
    """The hash of every key that is good for something, and whose it is."""
    return {row["hash"]: row["partner"] for row in await connection.fetch(HOLDERS)}


def _key(row: dict[str, object]) -> Key:
    scopes: object = row.pop("scopes")
    assert isinstance(scopes, list)
    return Key(**row, scopes=tuple(Scope(scope) for scope in scopes))  # type: ignore[arg-type]
