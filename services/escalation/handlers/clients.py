"""A program is let in, given a new secret without a gap, shut out, or says who it is."""

import hmac
from datetime import UTC, datetime
from typing import Any

from services.escalation.errors import UnknownClient
from services.escalation.repository import clients
from services.escalation.tokens import SCOPES, Role
from shared.database import Pool, transaction
from shared.security import sha256


async def let_in(
    client_id: str, secret: str, role: Role, belongs_to: str, pool: Pool, old_until: datetime | None = None
) -> None:
    """Give a client a secret. Those that it had stay good until `old_until`; without one they end at once."""
    async with transaction(pool) as connection:
        await clients.put_client(connection, client_id, role, belongs_to, SCOPES[role])
        await clients.end_secrets(connection, client_id, old_until or datetime.min.replace(tzinfo=UTC))
        await clients.put_secret(connection, client_id, sha256(secret))


async def shut_out(client_id: str, pool: Pool) -> None:
    """No secret of this client is good any more; tokens that it has run out within ten minutes. Or UnknownClient."""
    async with transaction(pool) as connection:
        if not await clients.remove_client(connection, client_id):
            raise UnknownClient(f"No client is called {client_id}.")


async def identify(client_id: str, secret: str, pool: Pool, now: datetime) -> Any:
    """The client's role, whose it is and its scopes. Raises UnknownClient, the same whichever of the two is wrong."""
    async with transaction(pool) as connection:
        row = await clients.client(connection, client_id, now)
    given = sha256(secret)
    if row is None or not sum(hmac.compare_digest(kept, given) for kept in row["secrets"]):
        raise UnknownClient("Check the client id and secret.")
    return row
