"""Floods: how many reports come from one place or with one key. Over a limit a report is marked, and goes on."""

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Annotated, Final

import structlog
from fastapi import Depends, Request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection

from services.intake.routers.dependencies import Source, SourceOrPublic, of_the_app
from services.intake.settings import Settings
from shared.told import PUBLIC

log = structlog.get_logger()

TURN: Final = 16  # characters of such a hash
A_PERSON_TAKES: Final = timedelta(seconds=5)  # from the start page to sending, at the very least


def network_of(connection: HTTPConnection) -> str:
    """Where it comes from: an IPv4 address, or the /64 of an IPv6 one, all of whose addresses one person has."""
    host = connection.client.host if connection.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv4Address):
        return host
    return str(address.ipv4_mapped or IPv6Network((address.packed, 64), strict=False))


def _is_a_proxy_not_believed(request: Request) -> bool:
    """Where it is believed, uvicorn has put whom it names in its place. Nobody reports from a private address."""
    host = request.client.host if request.client else ""
    try:
        return ip_address(host).is_private and host not in request.headers.get("X-Forwarded-For", host)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Allowance:
    """Once nothing is left of a limit: by whom it takes turns with other floods, and `reset`, in how many seconds.

    No RateLimit fields go with it: at `r=0` a program stops, and what it sends is taken all the same.
    """

    reset: int
    turn: str | None

    @property
    def over(self) -> bool:
        return self.turn is not None


@dataclass
class Floods:
    """Counts in this process's memory, under hashes made with a salt that ends with it: no address is kept."""

    settings: Settings
    _warned: bool = False
    _salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    _limiter: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    async def from_place(self, request: Request) -> Allowance:
        if not self._warned and _is_a_proxy_not_believed(request):
            self._warned = True
            log.warning("not in FORWARDED_ALLOW_IPS: all behind it are one source", proxy=network_of(request))
        return await self._counted("place", network_of(request), RateLimitItemPerMinute(self.settings.reports_a_minute))

    async def with_key(self, holder: str) -> Allowance:
        return await self._counted("key", holder, RateLimitItemPerMinute(self.settings.requests_a_minute))

    async def _counted(self, kind: str, who: str, item: RateLimitItem) -> Allowance:
        name = hashlib.blake2b(who.encode(), key=self._salt).hexdigest()
        within = await self._limiter.hit(item, kind, name)
        stats = await self._limiter.get_window_stats(item, kind, name)
        reset = max(0, round(stats.reset_time - time.time()))
        return Allowance(reset, None if within else name[:TURN])


FloodsDep = Annotated[Floods, Depends(of_the_app("floods"))]


async def _allowed(request: Request, source: SourceOrPublic) -> Allowance:
    """Whether more came than usual."""
    floods: Floods = request.app.state.floods
    return await (floods.from_place(request) if source == PUBLIC else floods.with_key(source))


async def _allowed_with_key(source: Source, floods: FloodsDep) -> Allowance:
    return await floods.with_key(source)


Allowed = Annotated[Allowance, Depends(_allowed)]
AllowedWithKey = Annotated[Allowance, Depends(_allowed_with_key)]
