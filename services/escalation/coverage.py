"""Which district a postcode lies in, asked of a service with the interface of postcodes.io.

Only where it is configured, and only for a postcode that the directory's own table leaves open.

A postcode and nothing else is sent. A service that is slow or away costs a report a moment, never its place: what it
said last is kept in the database and holds, however old, or else every case of that postcode would leave its control
room when it is read anew. Where it never said, the area stays unknown, and a person decides.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import httpx
import stamina
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from services.escalation.repository import postcodes
from shared.database import Pool, transaction
from shared.http import NO_ANSWER

log = structlog.get_logger()

TIMEOUT: Final = httpx.Timeout(1.0)
ATTEMPTS: Final = 3
KEPT: Final = 20_000  # postcodes
FRESH: Final = 86_400.0  # seconds that an answer is used without asking again
FAILURES: Final = 5  # in a row, until it is left alone
LEFT_ALONE: Final = 30.0  # seconds

District = tuple[str, ...]
"""A district by its name and its code; empty where the service knows no such postcode."""


class _Codes(BaseModel):
    admin_district: str | None = None


class _Result(BaseModel):
    admin_district: str | None = None
    codes: _Codes = _Codes()


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    result: _Result


class _Busy(Exception):
    """The service answered that it cannot answer now."""


@dataclass
class Breaker:
    """Open after so many failures in a row: then nobody is asked until a while has passed."""

    clock: Callable[[], float]
    failed: int = 0
    open_until: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.clock() < self.open_until

    def note(self, worked: bool) -> None:
        self.failed = 0 if worked else self.failed + 1
        if self.failed >= FAILURES:
            self.open_until = self.clock() + LEFT_ALONE
            log.warning("postcode service left alone", seconds=LEFT_ALONE)


@dataclass
class Coverage:
    """`client` has the service's base URL; `clock` counts seconds."""

    client: httpx.AsyncClient
    pool: Pool
    clock: Callable[[], float] = time.monotonic
    _kept: "OrderedDict[str, tuple[float, District]]" = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.clock)

    async def district(self, postcode: str) -> District:
        """The district's name and code; empty where it is unknown, or where the service never said in time.

        Raises DatabaseUnavailable.
        """
        packed = "".join(postcode.split()).upper()
        kept = self._kept.get(packed)
        if kept and self.clock() - kept[0] < FRESH:
            return kept[1]
        if self.breaker.is_open:
            return await self._said_before(packed)
        try:
            found = await self._asked(packed)
        except (*NO_ANSWER, _Busy, ValidationError) as error:
            self.breaker.note(worked=False)
            log.warning("postcode service did not say", reason=type(error).__name__)
            return await self._said_before(packed)
        self.breaker.note(worked=True)
        return await self._kept_of(packed, found)

    async def _asked(self, postcode: str) -> District:
        async for attempt in stamina.retry_context(
            on=(httpx.TransportError, _Busy), attempts=ATTEMPTS, timeout=4, wait_initial=0.05, wait_max=0.5
        ):
            with attempt:
                answer = await self.client.get(f"/postcodes/{quote(postcode, safe='')}", timeout=TIMEOUT)
                if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code == 429:
                    raise _Busy
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return ()
        result = _Answer.model_validate_json(answer.raise_for_status().content).result
        return tuple(name for name in (result.admin_district, result.codes.admin_district) if name)

    async def _said_before(self, postcode: str) -> District:
        async with transaction(self.pool) as connection:
            return await postcodes.district(connection, postcode)

    async def _kept_of(self, postcode: str, said: District) -> District:
        """What was said, or before: a postcode that is given up, or a wrong address, takes no case from its area."""
        async with transaction(self.pool) as connection:
            found = said or await postcodes.district(connection, postcode)
            if said:
                await postcodes.keep(connection, postcode, said)
        self._kept[postcode] = (self.clock(), found)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found
