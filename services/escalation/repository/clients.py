"""Who may ask for tokens, and their secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from shared.database import Connection

PUT_CLIENT: Final = """
insert into client (id, role, belongs_to, scopes) values ($1, $2, $3, $4)
on conflict (id) do update set role = excluded.role, belongs_to = excluded.belongs_to, scopes = excluded.scopes
"""

END_SECRETS: Final = """
update client_secret set expires_at = least(coalesce(expires_at, 'infinity'), $2) where client_id = $1
"""

KEEP_HASH: Final = """
insert into client_secret (client_id, secret_hash) values ($1, $2)
on conflict (client_id, secret_hash) do update set expires_at = null
"""

CLIENT: Final = """
select role, belongs_to, scopes,
       array(select secret_hash from client_secret
             where client_id = $1 and (expires_at is null or expires_at > $2)) as secrets
from client where id = $1
"""


async def put_client(connection: Connection, client_id: str, role: str, belongs_to: str, scopes: Sequence[str]) -> None:
    await connection.execute(PUT_CLIENT, client_id, role, belongs_to, list(scopes))


async def standing(connection: Connection, client_id: str) -> tuple[str, str] | None:
    """The client's role and whose it is; None where there is none."""
    row = await connection.fetchrow("select role, belongs_to from client where id = $1 for update", client_id)
    return (row["role"], row["belongs_to"]) if row else None


async def end_secrets(connection: Connection, client_id: str, at: datetime) -> None:
    """None of the secrets that there are is good any more from then on."""
    await connection.execute(END_SECRETS, client_id, at)


async def put_secret(connection: Connection, client_id: str, secret_hash: str) -> None:
    await connection.execute(KEEP_HASH, client_id, secret_hash)


async def client(connection: Connection, client_id: str, now: datetime) -> Any:
    """Its role, whose it is, its scopes, and the hashes of the secrets that are good now."""
    return await connection.fetchrow(CLIENT, client_id, now)


async def remove_client(connection: Connection, client_id: str) -> bool:
    return await connection.fetchval("delete from client where id = $1 returning id", client_id) is not None
