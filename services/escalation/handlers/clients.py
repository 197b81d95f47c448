"""A program is let in, or says who it is."""

import hmac
from typing import Any

from services.escalation.errors import UnknownClient
from services.escalation.repository import clients
from shared.database import Pool, transaction
from shared.security import sha256


async def let_in(client_id: str, secret: str, role: str, belongs_to: str, pool: Pool) -> None:
    """Give a client a secret, in place of the one it may have had."""
    async with transaction(pool) as connection:
        await clients.put_client(connection, client_id, sha256(secret), role, belongs_to)


async def identify(client_id: str, secret: str, pool: Pool) -> Any:
    """The client's role and whose it is. Raises UnknownClient, the same whichever of the two is wrong."""
    async with transaction(pool) as connection:
        row = await clients.client(connection, client_id)
    if row is None or not hmac.compare_digest(row["secret_hash"], sha256(secret)):
        raise UnknownClient("Check the client id and secret.")
    return row
