"""A program is let in, given a new secret without a gap, shut out, or says who it is."""

import hmac
from datetime import UTC, datetime
from typing import Any

from services.escalation.errors import NotSo, UnknownClient
from services.escalation.repository import audit, clients, directories
from services.escalation.repository.audit import Entry
from services.escalation.tokens import SCOPES, Principal
from shared.database import Pool, transaction
from shared.security import sha256


async def let_in(who: Principal, secret: str, pool: Pool, now: datetime, old_until: datetime | None = None) -> None:
    """Give a client a secret. Those that it had stay good until `old_until`; without one they end at once.

    So they do where it is given to somebody else: whoever had it would go on as them. Raises NotSo where the directory
    has nobody that it could belong to: it would be shown an empty queue or feed.
    """
    async with transaction(pool) as connection:
        directory = await directories.in_force(connection)
        if directory and (lacks := directory.lacks(who.belongs_to, force=who.role == "operator")):
            raise NotSo(lacks)
        theirs = await clients.standing(connection, who.client) == (who.role, who.belongs_to)
        await clients.put_client(connection, who.client, who.role, who.belongs_to, SCOPES[who.role])
        ends_at = old_until if old_until and theirs else datetime.min.replace(tzinfo=UTC)
        await clients.end_secrets(connection, who.client, ends_at)
        await clients.put_secret(connection, who.client, sha256(secret))
        detail = {"client": who.client, "role": who.role, "belongs_to": who.belongs_to}
        await audit.record(connection, [Entry(now, "heard escalation client", "let a program in", detail=detail)])


async def shut_out(client_id: str, pool: Pool, now: datetime) -> None:
    """No secret of this client is good any more; tokens that it has run out within ten minutes. Or UnknownClient."""
    async with transaction(pool) as connection:
        if not await clients.remove_client(connection, client_id):
            raise UnknownClient(f"No client is called {client_id}.")
        done = Entry(now, "heard escalation shut-out", "shut a program out", detail={"client": client_id})
        await audit.record(connection, [done])


async def identify(client_id: str, secret: str, pool: Pool, now: datetime) -> Any:
    """The client's role, whose it is and its scopes. Raises UnknownClient, the same whichever of the two is wrong."""
    async with transaction(pool) as connection:
        row = await clients.client(connection, client_id, now)
    given = sha256(secret)
    if row is None or not sum(hmac.compare_digest(kept, given) for kept in row["secrets"]):
        raise UnknownClient("Check the client id and secret.")
    return row
