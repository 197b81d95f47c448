"""Notices from intake that have been heard."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from shared.database import Connection

REMEMBER: Final = """
insert into notice (event_id, report_id) select * from unnest($1::uuid[], $2::uuid[])
on conflict do nothing returning event_id
"""


async def remember(connection: Connection, about: Mapping[UUID, UUID]) -> set[UUID]:
    """Keep these notices, each with the case that it is about; returns those that had not been heard before."""
    rows = await connection.fetch(REMEMBER, list(about), list(about.values()))
    return {row["event_id"] for row in rows}
