"""What a postcode service said last, for all processes and for when it is away."""

from typing import Final

from shared.database import Connection

DISTRICT: Final = "select district from postcode_district where postcode = $1"

KEEP: Final = """
insert into postcode_district (postcode, district) values ($1, $2)
on conflict (postcode) do update set district = excluded.district
    where postcode_district.district <> excluded.district
"""


async def district(connection: Connection, postcode: str) -> tuple[str, ...]:
    """The district by its name and code; empty where the service never named one."""
    return tuple(await connection.fetchval(DISTRICT, postcode) or ())


async def keep(connection: Connection, postcode: str, district: tuple[str, ...]) -> None:
    """The newest answer that names one."""
    await connection.execute(KEEP, postcode, list(district))
