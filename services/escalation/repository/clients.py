"""Who may ask for tokens."""

from typing import Any

from shared.database import Connection


async def put_client(connection: Connection, client_id: str, secret_hash: str, role: str, belongs_to: str) -> None:
    """Let a client in, or change its secret."""
    statement = """
        insert into client (id, secret_hash, role, belongs_to) values ($1, $2, $3, $4)
        on conflict (id) do update set secret_hash = excluded.secret_hash, role = excluded.role,
                                       belongs_to = excluded.belongs_to
    """
    await connection.execute(statement, client_id, secret_hash, role, belongs_to)


async def client(connection: Connection, client_id: str) -> Any:
    return await connection.fetchrow("select secret_hash, role, belongs_to from client where id = $1", client_id)
