"""An agency asks for what was routed to it: pages of its feed, behind a cursor that only it can use."""

import base64
import binascii
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.escalation.errors import FeedRestored, NotACursor, UnknownReport
from services.escalation.handlers.arrivals import Arrivals
from services.escalation.repository import audit, deliveries, feeds
from services.escalation.repository.isolation import as_agency
from shared.database import Pool, transaction

LISTED: Final = 200
END: Final = 2**63  # no feed's positions reach it
READ_AGAIN: Final = (
    "Leave `after` out and read from the beginning: all that you are to have comes, some of it once more, under "
    "positions that may be others. Keep what you hold; what has not come again once we say that all of it has, erase."
)


class Place(NamedTuple):
    """Where an agency has read to: the position, and the mark of the entry there, which is empty at the beginning."""

    position: int = 0
    mark: str = ""


async def page(
    agency: str, after: Place, limit: int, wait: float, guests: Pool, arrivals: Arrivals, now: datetime
) -> list[Any]:
    """The entries behind a place; where there are none, those that come within `wait` seconds. Or FeedRestored."""
    rows = await _read(agency, after, limit, guests, now)
    if not rows and wait and await arrivals.beyond(agency, after.position, wait):
        rows = await _read(agency, after, limit, guests, now)
    return rows


async def _read(agency: str, after: Place, limit: int, guests: Pool, now: datetime) -> list[Any]:
    async with as_agency(guests, agency) as connection:
        here, rows = await feeds.feed(connection, agency, after.position, limit)
        if after.position and (here is None or after.mark not in ("", here)):  # one from before marks has none
            raise FeedRestored(READ_AGAIN)
        if unseen := [row["report_id"] for row in rows if row["state"] == "queued"]:
            await feeds.seen(connection, agency, unseen, now)
        return rows


async def held(agency: str, report_id: UUID, guests: Pool) -> tuple[list[Any], list[Any]]:
    """What the agency has of one report, and what it did about it. Raises UnknownReport."""
    async with as_agency(guests, agency) as connection:
        found = await deliveries.held(connection, agency, report_id)
        if not found:
            raise UnknownReport("Nothing with this id was delivered to you.")
        return found, await deliveries.steps(connection, agency, report_id)


async def opened(agency: str, report_id: UUID, guests: Pool, now: datetime) -> tuple[list[Any], list[Any]]:
    """As `held`, for a person who has it before them now."""
    async with as_agency(guests, agency) as connection:
        await feeds.seen(connection, agency, [report_id], now)
    return await held(agency, report_id, guests)


async def by_reference(agency: str, reference: str, pool: Pool, guests: Pool) -> UUID:
    """The id of a report that was delivered to the agency, however long ago. Raises UnknownReport."""
    async with transaction(pool) as connection:
        report_id = await audit.case_of(connection, reference)
    if report_id is not None:
        async with as_agency(guests, agency) as connection:
            if await deliveries.held(connection, agency, report_id):
                return report_id
    raise UnknownReport("Nothing with this reference was delivered to you.")


async def listed(agency: str, which: str, guests: Pool) -> tuple[list[Any], bool]:
    """The first of a list, and whether there are more."""
    async with as_agency(guests, agency) as connection:
        rows = await deliveries.listed(connection, agency, which, LISTED + 1)
    return rows[:LISTED], len(rows) > LISTED


def cursor(agency: str, place: Place) -> str:
    return base64.urlsafe_b64encode(f"{agency}:{place.position}:{place.mark}".encode()).decode().rstrip("=")


def place(agency: str, given: str) -> Place:
    """The place behind a cursor. Raises NotACursor for one that is broken, or another agency's."""
    try:
        decoded = base64.b64decode(given + "=" * (-len(given) % 4), b"-_", validate=True).decode()
        whose, _, behind = decoded.partition(":")
        number, _, mark = behind.partition(":")
        if whose == agency and 0 <= (position := int(number)) < END:
            return Place(position, mark)
    except (binascii.Error, ValueError):
        pass
    raise NotACursor("Send what `next` said in the last answer, or nothing, to read from the beginning.")
