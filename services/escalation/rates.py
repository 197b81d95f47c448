"""How often a client may ask, and what it is told of that (draft-ietf-httpapi-ratelimit-headers)."""

import time
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from services.escalation.errors import TooOften

NAME: Final = "agency"


@dataclass
class Rates:
    """So many requests a minute for each client; counted by this process alone."""

    a_minute: int

    def __post_init__(self) -> None:
        self._item = RateLimitItemPerMinute(self.a_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def taken(self, client: str) -> dict[str, str]:
        """Count one request and return the headers that say what is left. Raises TooOften."""
        allowed = await self._limiter.hit(self._item, client)
        reset_at, left = await self._limiter.get_window_stats(self._item, client)
        seconds = max(1, round(reset_at - time.time()))
        headers = {
            "RateLimit-Policy": f'"{NAME}";q={self.a_minute};w=60',
            "RateLimit": f'"{NAME}";r={left};t={seconds}',
        }
        if not allowed:
            error = TooOften(f"Ask again in {seconds} s; with `wait=30` one request waits for the next report.")
            error.headers = {**headers, "Retry-After": str(seconds)}
            raise error
        return headers
